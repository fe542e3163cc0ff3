"""Position to planes, as numba kernels.

The one place where planes are made: single positions, whole games and random batches all end in
`encode_position`.  It writes into an array [N * N, C], one row of C planes per point, so all planes
of a point lie side by side and a batch is in the channels-last order that convolutions like.  The
row of a point is where the symmetry sends it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.features.move_kernels import MoveScratch, is_own_eye, measure_move
from gopolicy.go.batch_kernels import GameArrays, board_of
from gopolicy.go.kernels import (
    LONG_AGO,
    BoardArrays,
    apply_event,
    cell_of,
    clear,
    event_color,
    event_point,
)
from gopolicy.go.ladder_kernels import CAPTURES, ESCAPES, mark_ladders
from gopolicy.go.ladder_reading_kernels import LadderScratch
from gopolicy.go.types import BLACK, EMPTY, EVENT_SETUP
from gopolicy.jit import kernel, small_kernel

# Rows of the array of first planes; the order of `planes.GROUPS`.
(
    STONE_COLOR,
    ONES,
    TURNS_SINCE,
    LIBERTIES,
    CAPTURE_SIZE,
    SELF_ATARI_SIZE,
    LIBERTIES_AFTER,
    LADDER_CAPTURE,
    LADDER_ESCAPE,
    SENSIBLENESS,
    ZEROS,
    STONES,
    BLACK_TO_MOVE,
) = range(13)


class PlaneLayout(NamedTuple):
    """Where planes go.  A = N * N points."""

    first: npt.NDArray[np.int16]  # [13] first plane of each group, -1 for one that is not wanted
    rows: npt.NDArray[np.int16]  # [8, A] the row of the output that a point goes to, by symmetry


class Encoded(NamedTuple):
    """What encoding many positions writes.  M = positions, A = N * N points, C = planes."""

    planes: npt.NDArray[np.int8]  # [M, A, C]
    targets: npt.NDArray[np.int64]  # [M] the point played, after the symmetry


class EncodeScratch(NamedTuple):
    """Working memory of one encoding thread.  P = cells of the padded board."""

    ladder: LadderScratch
    ladder_marks: npt.NDArray[np.int8]  # [P] what `mark_ladders` found
    move: MoveScratch


@small_kernel
def one_hot(row: npt.NDArray[np.int8], first: int, value: int) -> None:
    """Set one of eight planes, for 1 to 7 and for 8 or more; none for 0."""
    if value > 0:
        row[first + min(value, 8) - 1] = 1


@kernel
def write_stones(
    board: BoardArrays, color: int, rows: npt.NDArray[np.int16], out: npt.NDArray[np.int8]
) -> None:
    """Write the two planes of the set `stones`, without a question for each point."""
    side = np.int8(1 if color == BLACK else -1)
    point = 0
    for row in range(1, board.size + 1):
        first = row * board.stride + 1
        for at in range(first, first + board.size):
            stone = board.stones[at]
            to = rows[point]
            out[to, 0] = (stone & 1) - (stone >> 1)
            out[to, 1] = side
            point += 1


@kernel
def write_points(
    board: BoardArrays,
    color: int,
    first: npt.NDArray[np.int16],
    rows: npt.NDArray[np.int16],
    out: npt.NDArray[np.int8],
) -> None:
    """Write the planes that describe what stands on each point."""
    if first[STONES] == 0 and first[BLACK_TO_MOVE] == 1 and out.shape[1] == 2:
        write_stones(board, color, rows, out)
        return
    for point in range(rows.shape[0]):
        at = cell_of(board, point)
        stone = board.stones[at]
        row = out[rows[point]]
        if first[STONE_COLOR] >= 0:
            row[first[STONE_COLOR] + (2 if stone == EMPTY else (0 if stone == color else 1))] = 1
        if first[ONES] >= 0:
            row[first[ONES]] = 1
        if first[STONES] >= 0 and stone != EMPTY:
            row[first[STONES]] = 1 if stone == BLACK else -1
        if first[BLACK_TO_MOVE] >= 0:
            row[first[BLACK_TO_MOVE]] = 1 if color == BLACK else -1
        if stone == EMPTY:
            continue
        if first[TURNS_SINCE] >= 0:
            one_hot(row, first[TURNS_SINCE], board.ply[0] - board.birth[at] + 1)
        if first[LIBERTIES] >= 0:
            one_hot(row, first[LIBERTIES], board.chain_libs[board.chain_head[at]])


@kernel
def write_moves(
    board: BoardArrays,
    color: int,
    first: npt.NDArray[np.int16],
    rows: npt.NDArray[np.int16],
    scratch: EncodeScratch,
    out: npt.NDArray[np.int8],
) -> None:
    """Write the planes that describe what a move on each point would do."""
    sizes = scratch.move.sizes
    captures, ataris = np.int64(first[CAPTURE_SIZE]), np.int64(first[SELF_ATARI_SIZE])
    after, sensible = np.int64(first[LIBERTIES_AFTER]), np.int64(first[SENSIBLENESS])
    point = -1
    for line in range(board.stride + 1, board.stride * board.stride, board.stride):
        for at in range(line, line + board.size):
            point += 1
            if board.stones[at] != EMPTY or not measure_move(board, at, color, scratch.move):
                continue
            row = out[rows[point]]
            if captures >= 0:
                one_hot(row, captures, sizes[0])
            if ataris >= 0:
                one_hot(row, ataris, sizes[1])
            if after >= 0:
                one_hot(row, after, sizes[2])
            if sensible >= 0 and not is_own_eye(board, at, color):
                row[sensible] = 1


@kernel
def write_ladders(
    board: BoardArrays,
    color: int,
    first: npt.NDArray[np.int16],
    rows: npt.NDArray[np.int16],
    scratch: EncodeScratch,
    out: npt.NDArray[np.int8],
) -> None:
    """Write the two ladder planes."""
    marks = scratch.ladder_marks
    mark_ladders(board, color, scratch.ladder, marks)
    for point in range(rows.shape[0]):
        mark = marks[cell_of(board, point)]
        if mark & CAPTURES and first[LADDER_CAPTURE] >= 0:
            out[rows[point], first[LADDER_CAPTURE]] = 1
        if mark & ESCAPES and first[LADDER_ESCAPE] >= 0:
            out[rows[point], first[LADDER_ESCAPE]] = 1


@small_kernel
def wants_any(first: npt.NDArray[np.int16], start: int, stop: int) -> bool:
    """Return whether any group from start to before stop is wanted."""
    wanted = False
    for group in range(start, stop):
        wanted |= first[group] >= 0
    return wanted


@kernel
def encode_position(
    board: BoardArrays,
    color: int,
    symmetry: int,
    layout: PlaneLayout,
    scratch: EncodeScratch,
    out: npt.NDArray[np.int8],
) -> None:
    """Write the planes of one position, color to move, into out [A, C]."""
    out[:] = 0
    first, rows = layout.first, layout.rows[symmetry]
    write_points(board, color, first, rows, out)
    if wants_any(first, CAPTURE_SIZE, LADDER_CAPTURE) or first[SENSIBLENESS] >= 0:
        write_moves(board, color, first, rows, scratch, out)
    if wants_any(first, LADDER_CAPTURE, SENSIBLENESS):
        write_ladders(board, color, first, rows, scratch, out)


@kernel
def encode_moves(
    board: BoardArrays,
    events: npt.NDArray[np.uint16],
    layout: PlaneLayout,
    scratch: EncodeScratch,
    result: Encoded,
) -> None:
    """Write the position before every board move of a legal game."""
    clear(board)
    position = 0
    for i in range(events.shape[0]):
        event = np.int64(events[i])
        point = event_point(event)
        if event & EVENT_SETUP == 0 and point >= 0:
            color = event_color(event)
            encode_position(board, color, 0, layout, scratch, result.planes[position])
            result.targets[position] = point
            position += 1
        apply_event(board, event)


@kernel
def encode_batch(
    board: BoardArrays,
    events: npt.NDArray[np.uint16],
    samples: npt.NDArray[np.int64],
    layout: PlaneLayout,
    scratch: EncodeScratch,
    result: Encoded,
) -> None:
    """Write chosen positions of many legal games.

    ``samples`` [M, 4]: where the game begins in events, which event is predicted, which symmetry,
    and whether (1 or 0) to forget when the stones were played.
    """
    for b in range(samples.shape[0]):
        clear(board)
        begin, move, symmetry = samples[b, 0], samples[b, 1], samples[b, 2]
        for i in range(begin, move):
            apply_event(board, np.int64(events[i]))
        if samples[b, 3]:
            board.birth[:] = LONG_AGO
        event = np.int64(events[move])
        color = event_color(event)
        encode_position(board, color, symmetry, layout, scratch, result.planes[b])
        result.targets[b] = layout.rows[symmetry, event_point(event)]


@kernel
def encode_games(
    games: GameArrays,
    part: tuple[int, int],
    colors: npt.NDArray[np.int8],
    layout: PlaneLayout,
    scratch: EncodeScratch,
    out: npt.NDArray[np.int8],
) -> None:
    """Write the positions of games part[0] to before part[1], colors [G] to move, into out."""
    for g in range(part[0], part[1]):
        encode_position(board_of(games, g), np.int64(colors[g]), 0, layout, scratch, out[g])


@kernel
def mark_games_own_eyes(
    games: GameArrays, colors: npt.NDArray[np.int8], out: npt.NDArray[np.bool_]
) -> None:
    """Write into out [G, N * N] whether each point is empty and an eye of colors [G]."""
    for g in range(out.shape[0]):
        board, color = board_of(games, g), np.int64(colors[g])
        for point in range(out.shape[1]):
            at = cell_of(board, point)
            out[g, point] = board.stones[at] == EMPTY and is_own_eye(board, at, color)
