"""Boards made of arrays of stones: repaired until legal, given a last move, encoded."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, cell_of, new_board, play, rebuild_chains
from gopolicy.go.types import BLACK, EMPTY, PASS, WHITE, Point, move_event, setup_event

Stones = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A position with Black to move: stones that were always there and White's last move."""

    stones: Stones
    """[N, N], the last move included; every chain has a liberty."""
    last: int | None = None
    """The point of White's last move, or None."""

    @property
    def arrays(self) -> BoardArrays:
        """The position for kernels and the encoder."""
        board = new_board(len(self.stones))
        for point in np.flatnonzero(self.stones):
            if point != self.last:
                board.stones[cell_of(board, int(point))] = self.stones.flat[point]
        rebuild_chains(board)
        if self.last is not None:
            play(board, self.last, WHITE)
        return board

    @property
    def events(self) -> npt.NDArray[np.uint16]:
        """The position as events: setup, then the last move if there is one."""
        events = [
            setup_event(Point(int(point)), color)
            for color in (BLACK, WHITE)
            for point in np.flatnonzero(self.stones == color)
            if point != self.last
        ]
        if self.last is None:
            return np.array([*events, setup_event(PASS, BLACK)], np.uint16)
        return np.array(
            [*events, setup_event(PASS, WHITE), move_event(Point(self.last), WHITE)], np.uint16
        )


def repaired(stones: Stones, keep_empty: Iterable[int] = ()) -> Stones:
    """Return the stones that make a legal position: chains without a liberty are taken off.

    White's come first, as if Black had captured them, then those of Black that still have none.
    """
    legal = stones.copy()
    legal.flat[list(keep_empty)] = EMPTY
    for color in (WHITE, BLACK):
        for point in _breathless(legal, color):
            legal.flat[point] = EMPTY
    return legal


def _breathless(stones: Stones, color: int) -> list[int]:
    board = Sketch(stones).arrays
    cells = {int(p): cell_of(board, int(p)) for p in np.flatnonzero(stones == color)}
    return [p for p, at in cells.items() if board.chain_libs[board.chain_head[at]] == 0]
