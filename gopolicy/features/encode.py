"""Planes for people and for training: the Python doors to the kernels.

Everything returned is int8 of shape [..., C, N, N], a view of an array [..., N, N, C], so torch
sees it as channels-last.
"""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.features import plane_kernels as kernels
from gopolicy.features.move_kernels import new_move_scratch
from gopolicy.features.planes import GROUPS, plane_set
from gopolicy.go.batch_kernels import GameArrays
from gopolicy.go.kernels import BoardArrays, new_board
from gopolicy.go.ladder_reading_kernels import new_ladder_scratch
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP, player

Planes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Samples:
    """Positions to encode.  B = batch.

    Position b is the board just before event ``moves[b]`` of the game that begins at ``starts[b]``;
    both index one array of events.
    """

    starts: npt.NDArray[np.int64]  # [B]
    moves: npt.NDArray[np.int64]  # [B]
    symmetries: npt.NDArray[np.int8]  # [B] 0 to 7
    forget: npt.NDArray[np.bool_] | None = None  # [B] show stones as if played long ago; None: none


class _Workspace(threading.local):
    """A board and scratch memory for each thread."""

    def __init__(self, size: int) -> None:
        self.board = new_board(size)
        cells, words = self.board.lib_bits.shape
        self.scratch = kernels.EncodeScratch(
            ladder=new_ladder_scratch(),
            ladder_marks=np.zeros(cells, np.int8),
            move=new_move_scratch(words),
        )


class Encoder:
    """Turns positions of one board size into one plane set; safe to share between threads."""

    def __init__(self, plane_set_name: str, size: int) -> None:
        """`ConfigError` for an unknown plane set, ValueError for a size outside 2 to 25."""
        self.plane_set = plane_set(plane_set_name)
        self.size = size
        first = [self.plane_set.first(group.name) for group in GROUPS]
        self._layout = kernels.PlaneLayout(np.array(first, np.int16), symmetry_table(size))
        self._workspace = _Workspace(size)

    def _empty(self, count: int) -> kernels.Encoded:
        shape = (count, self.size * self.size, self.plane_set.count)
        return kernels.Encoded(np.empty(shape, np.int8), np.empty(count, np.int64))

    def _view(self, planes: npt.NDArray[np.int8]) -> Planes:
        side = self.size
        square = planes.reshape(len(planes), side, side, self.plane_set.count)
        view: Planes = square.transpose(0, 3, 1, 2)
        return view

    def board(self, board: BoardArrays, to_move: int, symmetry: int = 0) -> Planes:
        """Return the planes [C, N, N] of one position with to_move (BLACK or WHITE) to move.

        `ConfigError` where to_move is neither.
        """
        out = self._empty(1).planes
        scratch = self._workspace.scratch
        kernels.encode_position(
            board, int(player(to_move)), symmetry, self._layout, scratch, out[0]
        )
        planes: Planes = self._view(out)[0]
        return planes

    def game(self, events: npt.NDArray[np.uint16]) -> tuple[Planes, npt.NDArray[np.int64]]:
        """Return the planes [M, C, N, N] before each of M board moves, and the moves [M].

        The game must be legal (`gopolicy.go.kernels.replay` tells).
        """
        is_move = (events & EVENT_SETUP == 0) & (events & EVENT_POINT_MASK != EVENT_NO_POINT)
        result = self._empty(int(is_move.sum()))
        space = self._workspace
        kernels.encode_moves(space.board, events, self._layout, space.scratch, result)
        return self._view(result.planes), result.targets

    def batch(
        self, events: npt.NDArray[np.uint16], samples: Samples
    ) -> tuple[Planes, npt.NDArray[np.int64]]:
        """Return the planes [B, C, N, N] of chosen positions of many games, and their moves [B].

        The games must be legal, and ``samples.moves`` must point at board moves.
        """
        rows = np.zeros((len(samples.starts), 4), np.int64)
        rows[:, 0], rows[:, 1], rows[:, 2] = samples.starts, samples.moves, samples.symmetries
        if samples.forget is not None:
            rows[:, 3] = samples.forget
        result = self._empty(len(rows))
        space = self._workspace
        kernels.encode_batch(space.board, events, rows, self._layout, space.scratch, result)
        return self._view(result.planes), result.targets

    def empty(self, count: int) -> Planes:
        """Return room for the planes of count positions, [count, C, N, N], in the order of `games`.

        Its memory lies point by point, [count, N, N, C], like that of everything returned here.
        """
        return self._view(self._empty(count).planes)

    def games(
        self, games: GameArrays, colors: npt.NDArray[np.int8], out: Planes, part: tuple[int, int]
    ) -> None:
        """Write into out, made by `empty`, the planes of games part[0] to before part[1].

        colors [G] are to move, BLACK or WHITE.
        """
        flat = out.transpose(0, 2, 3, 1).reshape(len(out), -1, self.plane_set.count)
        kernels.encode_games(games, part, colors, self._layout, self._workspace.scratch, flat)
