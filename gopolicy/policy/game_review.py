"""The figures of a review: how a network saw the moves of a game, and what each of them cost.

The page of `gopolicy review` and the review of `gopolicy board` show them.  *Lost* is the
difference between two positions with the opponent to move: the one after the network's own first
choice and the one after the move that was played.  It is 0 where they are the same move, and
below 0 where the network, having seen the answer, likes the move played better than its own.
What a pass costs is not told, because the network has not learned to pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.balanced_views import (
    Behind,
    balance,
    first_choices,
    outlooks_behind,
    position_behind,
)
from gopolicy.policy.outlook import Outlook
from gopolicy.policy.policy import Policy
from gopolicy.policy.view import View
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.positions import Position, board_after, positions
from gopolicy.sgf.record import GameRecord

_TOGETHER = 64
"""Positions of a game that are asked about at once."""
_TURNING = 0.05
"""The win rate that a turning point loses at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFigures:
    """How the network saw one move of a game."""

    number: int
    """The number of the move, from 1; passes count."""
    color: Color
    played: Point
    """The move, which may be `PASS`."""
    share: float | None
    """The probability of the move, legal or not; None for a pass."""
    rank: int | None
    """Its place among the legal points, 1 for the first; None for a pass."""
    equals: int
    """How many points are as probable as it, itself included; 0 for a pass."""
    best: tuple[tuple[Point, float], ...]
    """The most probable legal points, up to 5 of them, and their probabilities, best first."""
    outlook: Outlook | None = None
    """Before the move, the mean of what the network says there and after its first choice: see
    `balanced`.  None here and below where the network has learned moves alone."""
    next_outlook: Outlook | None = None
    """Such a mean after the move."""
    after: Outlook | None = None
    """What the network says after the move."""
    after_best: Outlook | None = None
    """What it says after its first choice instead; None for a pass and where there is no choice."""

    @property
    def win_rate_lost(self) -> float | None:
        """The win rate, of the player, that the first choice would have kept."""
        if self.after is None or self.after_best is None:
            return None
        return self.after_best.win_rate(self.color) - self.after.win_rate(self.color)

    @property
    def points_lost(self) -> float | None:
        """The points that the first choice would have kept."""
        if self.after is None or self.after_best is None:
            return None
        return self.after_best.lead_of(self.color) - self.after.lead_of(self.color)

    def facts(self, size: int) -> dict[str, Any]:
        """Return it for JSON, on a board of this size; what is not known is None.

        Win rate and lead are Black's after the move, losses those of the player.
        """
        best, after = self.best[0] if self.best else None, self.next_outlook
        return {
            "number": self.number,
            "color": self.color.name.lower(),
            "played": vertex_name(self.played, size),
            "probability": _rounded(self.share, 5),
            "rank": self.rank,
            "best": vertex_name(best[0], size) if best else None,
            "best_probability": _rounded(best[1], 5) if best else None,
            "black_win_rate": _rounded(after.black_wins if after else None, 4),
            "black_lead": _rounded(after.lead if after else None, 2),
            "win_rate_lost": _rounded(self.win_rate_lost, 4),
            "points_lost": _rounded(self.points_lost, 2),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerFigures:
    """What comes out for one player; None where there is nothing to take a mean of."""

    color: Color
    moves: int
    """Board moves; passes are not counted."""
    top1: float | None
    """The share of them that were the first choice; of n equal ones each is 1/n of it."""
    top5: float | None
    """The share of them that were among the five most probable legal points."""
    win_rate_lost: float | None
    """The mean loss of a board move."""
    points_lost: float | None


def review_moves(policy: Policy, asked: Sequence[Position]) -> list[MoveFigures]:
    """Return the figures of the moves played next in some positions, which must be known.

    Positions that follow each other in one game cost less when they stand side by side: then what
    is found before a move serves as what is found after the one before it.  Raises ConfigError for
    boards of another size than the network's, and IllegalMove.
    """
    views = policy(asked)
    if not views or not policy.knows_outcomes:
        return [_figures(position, view) for position, view in zip(asked, views, strict=True)]
    reached = [position_behind(view, _played(view)) for view in views]
    follows = [_is_same(asked[k], each) for k, each in enumerate(reached[:-1], start=1)] + [False]
    ends = policy([each for each, known in zip(reached, follows, strict=True) if not known])
    seen, rest = [*views, *ends], iter(range(len(views), len(views) + len(ends)))
    after = [index + 1 if known else next(rest) for index, known in enumerate(follows)]
    behind = _behind(policy, seen, after)
    means = [view.outlook for view in balance(seen, behind)]
    figures = []
    for index, (position, view) in enumerate(zip(asked, views, strict=True)):
        choice = _choice(view)
        found = replace(
            _figures(position, view),
            outlook=means[index],
            next_outlook=means[after[index]],
            after=seen[after[index]].outlook,
            after_best=None if choice is None else behind[index, choice],
        )
        figures.append(found)
    return figures


def review_game(
    policy: Policy, record: GameRecord, *, progress: Progress = SILENT
) -> list[MoveFigures]:
    """Return the figures of every move of a record, by its komi, 0 where it has none.

    Raises ConfigError for another size than the network's, and IllegalMove, which names the record
    and the move, where the rules refuse one.
    """
    board_after(record)  # a game that cannot be played to its end is refused at once
    found: list[MoveFigures] = []
    progress.start("review", record.moves, "moves")
    ahead = positions(record)
    try:
        while some := list(islice(ahead, _TOGETHER)):
            found += review_moves(policy, some)
            progress.advance(len(some))
    finally:
        progress.finish()
    return found


def players(figures: Iterable[MoveFigures]) -> dict[Color, PlayerFigures]:
    """Return what comes out for each of both players."""
    told = [each for each in figures if each.share is not None]
    return {
        color: _player(color, [each for each in told if each.color == color])
        for color in (Color.BLACK, Color.WHITE)
    }


def lost_most(figures: Iterable[MoveFigures], count: int = 10) -> list[MoveFigures]:
    """Return the moves that lost most win rate, the worst first; none that lost nothing."""
    lost = [each for each in figures if (each.win_rate_lost or 0.0) > 0]
    return sorted(lost, key=lambda each: -(each.win_rate_lost or 0.0))[:count]


def least_expected(figures: Iterable[MoveFigures], count: int = 10) -> list[MoveFigures]:
    """Return the least probable moves, the most surprising first; no first choice is among them."""
    told = [each for each in figures if each.share is not None and each.rank != 1]
    return sorted(told, key=lambda each: each.share or 0.0)[:count]


def turning_points(figures: Iterable[MoveFigures]) -> list[MoveFigures]:
    """Return the moves that gave the game away: the player was ahead, the loss made it behind.

    Losses of less than 5 % of win rate are none, however close the game is.
    """
    return [
        each
        for each in figures
        if (each.win_rate_lost or 0.0) >= _TURNING
        and each.after
        and each.after_best
        and each.after.win_rate(each.color) < 0.5 <= each.after_best.win_rate(each.color)
    ]


def _behind(policy: Policy, seen: Sequence[View], after: Sequence[int]) -> Behind:
    """Return the outlooks behind the moves played and behind every first choice."""
    behind: Behind = {}
    for index, place in enumerate(after):
        outlook = seen[place].outlook
        assert outlook is not None
        behind[index, _played(seen[index])] = outlook
    waiting = [each for each in first_choices(seen) if each not in behind]
    return behind | outlooks_behind(policy, seen, waiting)


def _played(view: View) -> Point:
    """Return the move that follows in the record."""
    assert view.position is not None
    assert view.position.played is not None
    return view.position.played


def _choice(view: View) -> Point | None:
    """Return what the network would have played; None where a pass was, and with no legal move."""
    best = view.best_points(1)
    return best[0][0] if best and _played(view) != PASS else None


def _is_same(one: Position, other: Position) -> bool:
    """Say whether two positions are one, with the same player to move."""
    same = one.to_play == other.to_play and one.board.komi == other.board.komi
    return same and np.array_equal(one.board.events, other.board.events)


def _figures(position: Position, view: View) -> MoveFigures:
    """Return what the network says of the move, but for what becomes of the game."""
    played = _played(view)
    return MoveFigures(
        number=position.number,
        color=position.to_play,
        played=played,
        share=None if played == PASS else view[played],
        rank=view.rank(played),
        equals=view.equals(played),
        best=tuple(view.best_points(5)),
    )


def _player(color: Color, told: Sequence[MoveFigures]) -> PlayerFigures:
    return PlayerFigures(
        color=color,
        moves=len(told),
        top1=_mean([1 / each.equals if each.rank == 1 else 0.0 for each in told]),
        top5=_mean([float((each.rank or 6) <= 5) for each in told]),
        win_rate_lost=_mean([each.win_rate_lost for each in told]),
        points_lost=_mean([each.points_lost for each in told]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
