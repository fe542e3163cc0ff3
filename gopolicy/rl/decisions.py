"""What there is to learn from in games that were played: the decisions of one mover.

Letters: G games, M decisions, E events, A = N * N points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.features.encode import Encoder, Planes, Samples
from gopolicy.go.batch_kernels import new_games
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import (
    BLACK,
    EVENT_COLOR_SHIFT,
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    EVENT_SETUP,
    WHITE,
)
from gopolicy.rl.decision_kernels import mark_choices
from gopolicy.rl.games import SUPERKO
from gopolicy.rl.self_play import FinishedGame, SelfPlaySettings
from gopolicy.rl.self_play_kernels import new_self_play_scratch

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Positions in which a mover chose a point, game by game and in order within a game.

    A pass is no decision: it is only played where there is no sensible move left.
    """

    events: npt.NDArray[np.uint16]
    """All games one after the other, [E]."""
    starts: Ints
    """Where the game of a decision begins in events, [M]."""
    moves: Ints
    """Which event was chosen, [M]."""
    games: Ints
    """Which of the games, from 0, [M]."""
    colors: Ints
    """BLACK or WHITE: who chose, [M]."""

    def __len__(self) -> int:
        return len(self.moves)

    @property
    def sides(self) -> Ints:
        """A number for each player of each game, ascending, [M]."""
        sides: Ints = 2 * self.games + (self.colors == WHITE)
        return sides

    def take(self, chosen: Ints) -> "Decisions":
        """Return some decisions, by their numbers."""
        return Decisions(
            self.events,
            self.starts[chosen],
            self.moves[chosen],
            self.games[chosen],
            self.colors[chosen],
        )


def decisions_of(games: Sequence[FinishedGame], mover: int = 0) -> Decisions:
    """Return the decisions of one mover, sorted by game, then by player, then by time.

    Moves that a game began with (its start) are nobody's.
    """
    rows: list[tuple[int, Ints, Ints]] = []
    offset = 0
    for number, game in enumerate(games):
        events = game.events.astype(np.int64)
        played = (events & EVENT_SETUP == 0) & (events & EVENT_POINT_MASK != EVENT_NO_POINT)
        played[: game.start] = False
        color_e = (events >> EVENT_COLOR_SHIFT) & 3
        for color, who in ((BLACK, game.black), (WHITE, game.white)):
            if who == mover:
                found = np.flatnonzero(played & (color_e == color))
                rows.append((number, np.full(len(found), color), offset + found))
        offset += len(events)
    lengths = np.array([len(game.events) for game in games], np.int64)
    begins = np.cumsum(lengths) - lengths
    counts = [len(moves) for _, _, moves in rows]
    of_game = np.repeat(np.array([number for number, _, _ in rows], np.int64), counts)
    nothing = [np.zeros(0, np.int64)]
    return Decisions(
        events=np.concatenate([np.zeros(0, np.uint16), *(game.events for game in games)]),
        starts=begins[of_game] if len(of_game) else nothing[0],
        moves=np.concatenate(nothing + [moves for _, _, moves in rows]),
        games=of_game,
        colors=np.concatenate(nothing + [colors for _, colors, _ in rows]),
    )


def draw_per_game(decisions: Decisions, most: int, draw: np.random.Generator) -> Ints:
    """Return the numbers of at most so many decisions of each player of each game; 0: all."""
    if most == 0:
        return np.arange(len(decisions))
    shuffled = draw.permutation(len(decisions))
    order = shuffled[np.argsort(decisions.sides[shuffled], kind="stable")]
    sides = decisions.sides[order]
    firsts = np.searchsorted(sides, sides)
    return np.sort(order[np.arange(len(order)) - firsts < most])


@dataclass(frozen=True, slots=True)
class EncodedDecisions:
    """Some decisions as networks take them, turned."""

    planes: Planes
    """int8 [M, C, N, N]."""
    points: Ints
    """What was played, [M]."""
    choices: npt.NDArray[np.bool_]
    """What could have been played, [M, A]."""


class DecisionEncoder:
    """Encodes decisions of games that were played by some settings, for one plane set."""

    def __init__(self, plane_set: str, settings: SelfPlaySettings) -> None:
        self._encoder = Encoder(plane_set, settings.size)
        self._turns = symmetry_table(settings.size).astype(np.int64)
        self._scratch = new_self_play_scratch(settings.size)
        self._settings = settings

    def choices(self, games: Sequence[FinishedGame], decisions: Decisions) -> npt.NDArray[np.bool_]:
        """Return the sensible points of each decision, [M, A]: what self-play chose from."""
        out = np.zeros((len(decisions), self._settings.size**2), np.bool_)
        rows = np.full(len(decisions.events), -1, np.int64)
        rows[decisions.moves] = np.arange(len(decisions))
        longest = max((len(game.events) for game in games), default=0)
        arrays = new_games(
            1,
            self._settings.size,
            superko=SUPERKO[self._settings.superko],
            suicide=self._settings.suicide,
            most_events=longest + 1,
        )
        offset = 0
        for game in games:
            part = rows[offset : offset + len(game.events)]
            first = int(game.events[game.start]) if len(part) > game.start else 0
            begin = (game.start, (first >> EVENT_COLOR_SHIFT) & 3)
            mark_choices(arrays, game.events, begin, part, self._scratch, out)
            offset += len(part)
        return out

    def encode(
        self,
        decisions: Decisions,
        choices: npt.NDArray[np.bool_],
        symmetries: npt.NDArray[np.int8],
    ) -> EncodedDecisions:
        """Return decisions and their choices [M, A] turned by symmetries [M]."""
        samples = Samples(decisions.starts, decisions.moves, symmetries)
        planes, points = self._encoder.batch(decisions.events, samples)
        return EncodedDecisions(planes, points, self.turned(choices, symmetries))

    def owned(
        self,
        decisions: Decisions,
        ownership: npt.NDArray[np.int8],
        symmetries: npt.NDArray[np.int8],
    ) -> npt.NDArray[np.float32]:
        """Return whose the points were at the end, [M, A], turned.

        1 the mover's, 0 the opponent's, 0.5 nobody's; ownership [G, A] as in `FinishedGame`.
        """
        signs = np.where(decisions.colors == BLACK, 1, -1)[:, None]
        mine = (1 + signs * ownership[decisions.games]) / np.float32(2)
        turned: npt.NDArray[np.float32] = self.turned(mine.astype(np.float32), symmetries)
        return turned

    def turned(self, values: npt.NDArray[Any], symmetries: npt.NDArray[np.int8]) -> Any:
        """Return what is said of points, [M, A], of boards that are turned."""
        turned = np.empty_like(values)
        np.put_along_axis(turned, self._turns[symmetries], values, axis=1)
        return turned
