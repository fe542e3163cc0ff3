"""What a network thinks of one position, in words that people use: legal moves in order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

import gopolicy
from gopolicy.errors import VertexError, wrong_kind
from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import point_of, vertex_name
from gopolicy.policy.outlook import Outlook
from gopolicy.sgf.positions import Position
from gopolicy.stats import EQUAL

_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


@runtime_checkable
class GivesProbabilities(Protocol):
    """Whatever can give probabilities for a board, such as a `Policy`."""

    def predict(self, board: Board, color: Color | None = None) -> npt.NDArray[np.float32]:
        """Return a probability per point."""


@runtime_checkable
class GivesOutlooks(Protocol):
    """Whatever may know who wins, such as a `Policy`."""

    def outlooks(
        self, boards: Sequence[Board], colors: Sequence[Color] | None = None
    ) -> list[Outlook] | None:
        """Return how games may end, with colors to move; None where only moves are known."""


@runtime_checkable
class CanLookAhead(GivesOutlooks, Protocol):
    """Whatever may know who wins and gives moves for many boards at once, such as a `Policy`.

    Both take rough, which says that fewer digits do.
    """

    def outlooks(
        self,
        boards: Sequence[Board],
        colors: Sequence[Color] | None = None,
        *,
        rough: bool = False,
    ) -> list[Outlook] | None:
        """Return what `GivesOutlooks` says."""

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], *, rough: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return a probability per point of each board, [B, A], with colors to move."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class View:
    """A network's view of one position."""

    probabilities: npt.NDArray[np.float32]
    """[A] over all points, as the network gives them, illegal ones included."""
    legal: npt.NDArray[np.bool_]
    """[A] where the side to move may play."""
    position: Position | None = None
    """What was looked at, where that is known."""
    outlook: Outlook | None = None
    """How the game may end; None where the network has learned moves alone."""

    @property
    def size(self) -> int:
        """The side N of the board."""
        return math.isqrt(len(self.legal))

    @property
    def heat(self) -> npt.NDArray[np.float32]:
        """The probabilities of the legal points as they lie on the board, [N, N].

        Row 0 is the top row (19 on a full board), column 0 is A; illegal points are 0.
        """
        heat = np.where(self.legal, self.probabilities, 0.0).astype(np.float32)
        return heat.reshape(self.size, self.size)

    def best(self, count: int = 5) -> list[tuple[str, float]]:
        """Return up to count legal moves as vertices, and their probabilities, best first.

        ConfigError unless count is a number from 0 on.
        """
        return [(vertex_name(at, self.size), share) for at, share in self.best_points(count)]

    def __getitem__(self, move: str | Point) -> float:
        """Return the probability of a vertex such as D16, or of a point; 0 for a pass.

        Raises VertexError where there is no such vertex.
        """
        point = self._point(move)
        return 0.0 if point < 0 else float(self.probabilities[point])

    def rank_of(self, move: str | Point) -> int | None:
        """Return the place of a move among the legal ones, 1 for the first; None for others."""
        return self.rank(self._point(move))

    def __repr__(self) -> str:
        """Return the most probable moves in one line."""
        moves = ", ".join(f"{vertex} {share:.1%}" for vertex, share in self.best(3))
        return f"<View of {self.size}x{self.size}: {moves or 'no legal move'}>"

    def _repr_svg_(self) -> str | None:
        """Draw the heat map, for notebooks; None where the position is not known."""
        return None if self.position is None else str(gopolicy.draw_board(self))

    def _point(self, move: str | Point) -> Point:
        """Return the point of a vertex; VertexError where it is not on this board."""
        point = point_of(move, self.size)
        if not PASS <= point < len(self.legal):
            raise VertexError(f"expected a point of the {self.size}x{self.size} board, got {point}")
        return point

    def best_points(self, count: int) -> list[tuple[Point, float]]:
        """Return up to count legal points and their probabilities, most probable first."""
        if isinstance(count, bool) or not hasattr(count, "__index__") or count < 0:
            raise wrong_kind("a number of moves from 0 on", count)
        scores = np.where(self.legal, self.probabilities, -1.0)
        order = np.argsort(-scores, kind="stable")[: min(count, int(self.legal.sum()))]
        return [(Point(int(point)), float(scores[point])) for point in order]

    def rank(self, point: Point) -> int | None:
        """Return the place of a point among the legal points; None if it is not one of them.

        It is one more than how many are more probable: points that are equal, but for rounding,
        share a place.
        """
        if point < 0 or not self.legal[point]:
            return None
        return 1 + int((self.legal & (self._times_as_probable(point) > 1 + EQUAL)).sum())

    def equals(self, point: Point) -> int:
        """Return how many legal points, the given one included, are as probable as this one."""
        if point < 0 or not self.legal[point]:
            return 0
        return int((self.legal & (np.abs(self._times_as_probable(point) - 1) <= EQUAL)).sum())

    def _times_as_probable(self, point: Point) -> npt.NDArray[np.float64]:
        """Return [A] how many times as probable as a point the others are."""
        least = np.finfo(np.float32).tiny
        shares = np.maximum(self.probabilities.astype(np.float64), least)
        times: npt.NDArray[np.float64] = shares / shares[point]
        return times

    def choice_words(self, point: Point) -> str:
        """Return in words the place that a point has among the legal points."""
        rank, equals = self.rank(point), self.equals(point)
        if rank is None:
            return "an illegal move"
        if equals == 1:
            return f"choice number {rank}"
        return f"choice number {rank}, one of {_WORDS.get(equals, equals)} equal"


def view_of(policy: GivesProbabilities, position: Position) -> View:
    """Ask a network about a position."""
    return View(
        probabilities=policy.predict(position.board, position.to_play),
        legal=position.board.legal_mask(position.to_play),
        position=position,
    )
