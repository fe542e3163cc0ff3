"""Candidate moves as frontends want to read them, in the dialects of Leela Zero and KataGo.

*Visits* are the probability in thousandths, which makes frontends draw it as heat; the *variation*
of a candidate is the game that goes on with the network's first choice for both sides.  *Win rate*
and lead of a candidate are what the network says of the position after it, made to agree with what
it says now (`gopolicy.policy.outlook.balanced`).  One that has learned moves alone has no opinion
on that: then they are one estimate by playouts for the whole position, the same for every
candidate.

A pass is never a candidate: frontends drop it, and the network does not predict it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.board import Board
from gopolicy.go.rules import Rules
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.play.any_bot import AnyBot, outlooks_around
from gopolicy.policy.outlook import Outlook

VISITS = 1000
LONGEST_VARIATION = 12
_FEWEST, _MOST = 1, 20
_LEAST_PROBABILITY = 0.002
_VARIATIONS = 6
"""How many candidates get a variation; further ones stand for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the arguments of an analysis command ask for."""

    color: Color
    interval: float = 1.0
    """Seconds between two reports."""
    min_moves: int = 0
    max_moves: int = _MOST
    allowed: frozenset[Point] | None = None
    """The only moves to be looked at, if given."""
    avoided: frozenset[Point] = frozenset()
    ownership: bool = False
    root: bool = False
    pv_visits: bool = False


@dataclass(slots=True)
class Candidate:
    """A move with its probability and how the network thinks the game would go on."""

    point: Point
    prior: float
    variation: list[Point]
    board: Board
    """After the variation."""
    ended: bool = False


@dataclass(slots=True)
class Analysis:
    """The candidates of one position, ordered by probability; variations grow with time."""

    board: Board
    """With the komi that the rules give it, see `Rules.by_area`."""
    wishes: Wishes
    bot: AnyBot
    rules: Rules
    candidates: list[Candidate] = field(init=False)
    outlook: Outlook = field(init=False)
    after: list[Outlook] = field(init=False)
    """After each candidate; the same for all where the network knows moves alone."""

    def __post_init__(self) -> None:
        color = self.wishes.color
        prior_a = self.bot.probabilities([self.board], [color])[0]
        points = choose_points(prior_a, self.board.legal_mask(color), self.wishes)
        self.candidates = [self._candidate(point, float(prior_a[point])) for point in points]
        self.outlook, self.after = outlooks_of(
            self.bot, self.board, color, prior_a, points, self.rules
        )

    def deepen(self) -> bool:
        """Make every growing variation one move longer; return whether any grew."""
        return grow(self.bot, self.candidates[:_VARIATIONS])

    def _candidate(self, point: Point, prior: float) -> Candidate:
        board = self.board.copy()
        board.play(point, self.wishes.color)
        return Candidate(point, prior, [point], board)


def choose_points(
    prior_a: NDArray[np.float32], legal_a: NDArray[np.bool_], wishes: Wishes
) -> list[Point]:
    """Return the points worth a report, the most probable first."""
    allowed_a = legal_a.copy()
    if wishes.allowed is not None:
        asked_for = np.zeros_like(allowed_a)
        asked_for[[point for point in wishes.allowed if point >= 0]] = True
        allowed_a &= asked_for
    allowed_a[[point for point in wishes.avoided if point >= 0]] = False
    order = np.argsort(np.where(allowed_a, -prior_a, np.inf), kind="stable")
    order = order[: int(allowed_a.sum())]
    probable = int((prior_a[order] >= _LEAST_PROBABILITY).sum())
    count = min(max(probable, wishes.min_moves, _FEWEST), max(wishes.max_moves, _FEWEST))
    return [Point(int(point)) for point in order[:count]]


def outlooks_of(
    bot: AnyBot,
    board: Board,
    color: Color,
    prior_a: NDArray[np.float32],
    points: Sequence[Point],
    rules: Rules,
) -> tuple[Outlook, list[Outlook]]:
    """Return the outlook on a position with color to move, and one after each of points.

    They do not depend on which points are asked about: what is made to agree are always the
    position and its most probable moves.  The board has the komi that the rules give it.
    """
    usual = choose_points(prior_a, board.legal_mask(color), Wishes(color=color))
    shares = dict.fromkeys(points, 0.0) | {point: float(prior_a[point]) for point in usual}
    now, after = outlooks_around(bot, board, color, shares, rules)
    known = dict(zip(shares, after or [now] * len(shares), strict=True))
    return now, [known[point] for point in points]


def grow(bot: AnyBot, candidates: Sequence[Candidate], longest: int = LONGEST_VARIATION) -> bool:
    """Make every variation that is shorter than longest one move longer; return whether any grew.

    The boards of the candidates must have one size.
    """
    growing = [each for each in candidates if not each.ended and len(each.variation) < longest]
    if not growing:
        return False
    boards = [candidate.board for candidate in growing]
    prior_ba = bot.probabilities(boards, [board.to_move for board in boards])
    for candidate, prior_a in zip(growing, prior_ba, strict=True):
        _extend(candidate, prior_a)
    return True


def _extend(candidate: Candidate, prior_a: NDArray[np.float32]) -> None:
    """Play the most probable legal move on the candidate's board; the variation ends if none is."""
    board = candidate.board
    legal_a = board.legal_mask()
    if not legal_a.any():
        candidate.ended = True
        return
    best = Point(int(np.argmax(np.where(legal_a, prior_a, -1.0))))
    board.play(best)
    candidate.variation.append(best)


Dialect = Callable[[Analysis], str]


def report(analysis: Analysis, dialect: Dialect, wait: Callable[[float], bool]) -> Iterator[str]:
    """Yield a report at once, then one every interval until interrupted.

    Once the variations have stopped growing nothing new is computed.
    """
    growing = True
    yield from _some(dialect(analysis))
    while True:
        end = time.monotonic() + analysis.wishes.interval
        while growing and time.monotonic() < end:
            growing = analysis.deepen()
            if wait(0):
                return
        if wait(max(end - time.monotonic(), 0.01)):
            return
        yield from _some(dialect(analysis))


def report_once(analysis: Analysis, dialect: Dialect, seconds: float) -> Iterator[str]:
    """Yield one report after deepening for so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and analysis.deepen():
        pass
    yield from _some(dialect(analysis))


def _some(line: str) -> Iterator[str]:
    if line:
        yield line


def leela_line(analysis: Analysis) -> str:
    """Return the report in Leela Zero's dialect: win rate and prior in ten-thousandths."""
    texts = []
    for order, (c, after) in enumerate(_seen(analysis)):
        wins = round(10000 * shown_win_rate(after, analysis.wishes.color))
        texts.append(
            f"info move {_name(analysis, c.point)} visits {_visits(c)} winrate {wins}"
            f" prior {round(10000 * c.prior)} lcb {wins} order {order} pv {_variation(analysis, c)}"
        )
    return " ".join(texts)


def kata_line(analysis: Analysis) -> str:
    """Return the report in KataGo's dialect, with what was asked for at its end."""
    if not analysis.candidates:
        return ""
    parts = [
        _kata_candidate(analysis, candidate, after, order)
        for order, (candidate, after) in enumerate(_seen(analysis))
    ]
    if analysis.wishes.root:
        values = _kata_values(analysis.outlook, analysis.wishes.color)
        parts.append(f"rootInfo visits {sum(map(_visits, analysis.candidates))} {values}")
    if analysis.wishes.ownership:
        ownership = analysis.outlook.ownership_for(analysis.wishes.color)
        owners = " ".join(f"{value:.3f}" for value in ownership)
        parts.append(f"ownership {owners}")
    return " ".join(parts)


def _kata_values(outlook: Outlook, color: Color) -> str:
    wins, lead = shown_win_rate(outlook, color), outlook.lead_of(color)
    return (
        f"utility {2 * wins - 1:.6f} winrate {wins:.6f} scoreMean {lead:.3f}"
        f" scoreStdev {outlook.spread:.3f} scoreLead {lead:.3f} scoreSelfplay {lead:.3f}"
    )


def _kata_candidate(analysis: Analysis, candidate: Candidate, after: Outlook, order: int) -> str:
    visits = _visits(candidate)
    values = _kata_values(after, analysis.wishes.color)
    wins = shown_win_rate(after, analysis.wishes.color)
    text = (
        f"info move {_name(analysis, candidate.point)} visits {visits} edgeVisits {visits} {values}"
        f" prior {candidate.prior:.6f} lcb {wins:.6f} utilityLcb {2 * wins - 1:.6f}"
        f" weight {visits:.1f} order {order} pv {_variation(analysis, candidate)}"
    )
    if analysis.wishes.pv_visits:
        text += " pvVisits " + " ".join([str(visits)] * len(candidate.variation))
    return text


def cgos_report(analysis: Analysis) -> dict[str, object]:
    """Return what the CGOS client passes on to spectators."""
    color = analysis.wishes.color
    moves = [
        {
            "move": _name(analysis, candidate.point),
            "winrate": round(shown_win_rate(after, color), 4),
            "score": round(after.lead_of(color), 2),
            "prior": round(candidate.prior, 6),
            "pv": _variation(analysis, candidate),
            "visits": _visits(candidate),
        }
        for candidate, after in _seen(analysis)
    ]
    return {
        "winrate": round(shown_win_rate(analysis.outlook, color), 4),
        "score": round(analysis.outlook.lead_of(color), 2),
        "visits": sum(map(_visits, analysis.candidates)),
        "moves": moves,
        "ownership": encode_ownership(analysis.outlook.ownership_for(analysis.wishes.color)),
    }


_OWNERSHIP = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"


def encode_ownership(ownership: NDArray[np.float32]) -> str:
    """Return one character a point, A for -1 and + for 1.

    >>> encode_ownership(np.array([-1, 0, 1], dtype=np.float32))
    'Af+'
    """
    steps = np.rint((np.clip(ownership, -1, 1) + 1) / 2 * (len(_OWNERSHIP) - 1))
    return "".join(_OWNERSHIP[int(step)] for step in steps)


def shown_win_rate(outlook: Outlook, color: Color) -> float:
    """Return the estimate for color, kept off the ends of the scale."""
    return min(max(outlook.win_rate(color), 0.01), 0.99)


def _seen(analysis: Analysis) -> Iterator[tuple[Candidate, Outlook]]:
    return zip(analysis.candidates, analysis.after, strict=True)


def _visits(candidate: Candidate) -> int:
    """Return the probability in thousandths, at least 1."""
    return max(1, round(VISITS * candidate.prior))


def _name(analysis: Analysis, point: Point) -> str:
    return vertex_name(point, analysis.board.size)


def _variation(analysis: Analysis, candidate: Candidate) -> str:
    return " ".join(_name(analysis, point) for point in candidate.variation)


def heat_rows(values_a: NDArray[Any], size: int, form: str) -> list[str]:
    """Return one line of formatted numbers for each row of the board."""
    rows = values_a.reshape(size, size)
    return [" ".join(format(value, form) for value in row) for row in rows]
