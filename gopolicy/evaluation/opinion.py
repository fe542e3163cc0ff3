"""What a network thinks of one position, in words that people use: legal moves in order."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.types import EVENT_SETUP, Color, Point
from gopolicy.sgf.record import GameRecord


class Judge(Protocol):
    """Whatever can give probabilities for a board, such as a `Predictor`."""

    def predict(self, board: Board, color: Color | None = None) -> npt.NDArray[np.float32]:
        """Return a probability per point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A position of a recorded game, just before its next move."""

    board: Board
    number: int
    """The number of the next move, from 1; passes count."""
    to_play: Color
    played: Point | None
    """The next move of the record, which may be `PASS`; None after the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A network's view of one position."""

    probabilities: npt.NDArray[np.float32]
    """[A] over all points, as the network gives them, illegal ones included."""
    legal: npt.NDArray[np.bool_]
    """[A] where the side to move may play."""

    def best(self, count: int) -> list[tuple[Point, float]]:
        """Return up to count legal points and their probabilities, most probable first."""
        scores = np.where(self.legal, self.probabilities, -1.0)
        order = np.argsort(-scores, kind="stable")[: min(count, int(self.legal.sum()))]
        return [(Point(int(point)), float(scores[point])) for point in order]

    def rank(self, point: Point) -> int | None:
        """Return the place of a point among the legal points, from 1; None if it is not one."""
        if point < 0 or not self.legal[point]:
            return None
        own = self.probabilities[point]
        equal_before = (self.probabilities == own) & (np.arange(len(self.legal)) < point)
        return 1 + int((self.legal & ((self.probabilities > own) | equal_before)).sum())


def moment_before(record: GameRecord, number: int | None = None) -> Moment:
    """Return the position before move number (1 is the first); None: after the last move."""
    moves = np.flatnonzero(record.events < EVENT_SETUP)
    if number is not None and not 1 <= number <= len(moves) + 1:
        raise ConfigError(f"the game has {len(moves)} moves; expected 1 to {len(moves) + 1}")
    number = len(moves) + 1 if number is None else number
    stop = int(moves[number - 1]) if number <= len(moves) else len(record.events)
    board = Board.from_events(record.size, record.events[:stop])
    if stop == len(record.events):
        return Moment(board=board, number=number, to_play=board.to_move, played=None)
    event = int(record.events[stop])
    to_play, played = Color(event_color(event)), Point(event_point(event))
    return Moment(board=board, number=number, to_play=to_play, played=played)


def opinion_of(judge: Judge, moment: Moment) -> Opinion:
    """Ask a network about a position."""
    return Opinion(
        probabilities=judge.predict(moment.board, moment.to_play),
        legal=moment.board.legal_mask(moment.to_play),
    )
