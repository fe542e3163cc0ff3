"""Position to planes, as numba kernels.

The one place where planes are made: single positions, whole games and random batches all end in
`encode_position`.  It writes into an array [N * N, C], one row of C planes per point, so all planes
of a point lie side by side and a batch is in the channels-last order that convolutions like.  The
row of a point is where the symmetry sends it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import (
    LEGAL,
    LONG_AGO,
    BoardArrays,
    apply_event,
    bit_of,
    cell_of,
    check_cell,
    clear,
    count_word,
    event_color,
    event_point,
)
from gopolicy.go.ladder_kernels import CAPTURES, ESCAPES, LadderScratch, mark_ladders
from gopolicy.go.types import BLACK, BORDER, EMPTY, EVENT_SETUP, WHITE
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


class Layout(NamedTuple):
    """Where planes go.  A = N * N points."""

    first: npt.NDArray[np.int16]  # [13] first plane of each group, -1 for one that is not wanted
    rows: npt.NDArray[np.int16]  # [8, A] the row of the output that a point goes to, by symmetry


class Encoded(NamedTuple):
    """What encoding many positions writes.  M = positions, A = N * N points, C = planes."""

    planes: npt.NDArray[np.int8]  # [M, A, C]
    targets: npt.NDArray[np.int64]  # [M] the point played, after the symmetry


class EncodeScratch(NamedTuple):
    """Working memory of one encoding thread.  P = cells of the padded board, W = bit set words."""

    ladder: LadderScratch
    ladder_marks: npt.NDArray[np.int8]  # [P] what `mark_ladders` found
    libs: npt.NDArray[np.uint64]  # [W] liberties of the chain a move would make
    heads: npt.NDArray[np.int64]  # [8] own chains (0-3) and chains captured (4-7) by a move
    sizes: npt.NDArray[np.int64]  # [3] capture size, self-atari size, liberties of a move


@small_kernel
def one_hot(row: npt.NDArray[np.int8], first: int, value: int) -> None:
    """Set one of eight planes, for 1 to 7 and for 8 or more; none for 0."""
    if value > 0:
        row[first + min(value, 8) - 1] = 1


@kernel
def write_points(
    board: BoardArrays,
    color: int,
    first: npt.NDArray[np.int16],
    rows: npt.NDArray[np.int16],
    out: npt.NDArray[np.int8],
) -> None:
    """Write the planes that describe what stands on each point."""
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
def chains_beside(
    board: BoardArrays, at: int, color: int, heads: npt.NDArray[np.int64]
) -> tuple[int, int]:
    """Find the own chains (heads[0:]) and opponent chains in atari (heads[4:]) beside a cell."""
    own, prey = 0, 0
    for step in (-board.stride, -1, 1, board.stride):
        stone = board.stones[at + step]
        if stone in (EMPTY, BORDER):
            continue
        head = np.int64(board.chain_head[at + step])
        if stone == color:
            known = False
            for i in range(own):
                known |= heads[i] == head
            if not known:
                heads[own] = head
                own += 1
        elif board.chain_libs[head] == 1:
            known = False
            for i in range(prey):
                known |= heads[4 + i] == head
            if not known:
                heads[4 + prey] = head
                prey += 1
    return own, prey


@kernel
def add_freed_cells(
    board: BoardArrays, at: int, own: int, prey: int, scratch: EncodeScratch
) -> None:
    """Add the stones a move captures to its chain's liberties, where they touch that chain."""
    heads = scratch.heads
    for k in range(4, 4 + prey):
        stone = heads[k]
        while True:
            for step in (-board.stride, -1, 1, board.stride):
                near = stone + step
                beside = near == at
                if board.chain_head[near] != 0:
                    for i in range(own):
                        beside |= board.chain_head[near] == heads[i]
                if beside:
                    scratch.libs[stone >> 6] |= bit_of(stone)
            stone = np.int64(board.chain_next[stone])
            if stone == heads[k]:
                break


@kernel
def liberties_after(
    board: BoardArrays, at: int, own: int, prey: int, scratch: EncodeScratch
) -> int:
    """Return the liberties of the chain that a legal move at a cell makes."""
    libs = scratch.libs
    words = board.lib_bits.shape[1]
    for word in range(words):
        libs[word] = 0
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == EMPTY:
            libs[near >> 6] |= bit_of(near)
    for i in range(own):
        for word in range(words):
            libs[word] |= board.lib_bits[scratch.heads[i], word]
    libs[at >> 6] &= ~bit_of(at)
    if prey > 0:
        add_freed_cells(board, at, own, prey, scratch)
    total = 0
    for word in range(words):
        total += count_word(libs[word])
    return total


@kernel
def is_own_eye(board: BoardArrays, at: int, color: int) -> bool:
    """Return whether an empty cell is an eye of color, by its neighbors and diagonals alone."""
    for step in (-board.stride, -1, 1, board.stride):
        if board.stones[at + step] not in (color, BORDER):
            return False
    edge, hostile = 0, 0
    for step in (-board.stride - 1, 1 - board.stride, board.stride - 1, board.stride + 1):
        stone = board.stones[at + step]
        if stone == BORDER:
            edge = 1
        elif stone == BLACK + WHITE - color:
            hostile += 1
    return hostile + edge < 2


@kernel
def write_move(
    board: BoardArrays,
    at: int,
    color: int,
    scratch: EncodeScratch,
    sizes: npt.NDArray[np.int64],
) -> None:
    """Write into sizes [3] the capture size, self-atari size and liberties of a legal move."""
    heads = scratch.heads
    own, prey = chains_beside(board, at, color, heads)
    captured = 0
    for k in range(4, 4 + prey):
        captured += np.int64(board.chain_size[heads[k]])
    libs = liberties_after(board, at, own, prey, scratch)
    stones = 1
    for i in range(own):
        stones += np.int64(board.chain_size[heads[i]])
    sizes[0] = captured
    sizes[1] = stones if libs == 1 else 0
    sizes[2] = libs


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
    sizes = scratch.sizes
    for point in range(rows.shape[0]):
        at = cell_of(board, point)
        if check_cell(board, at, color, False) != LEGAL:
            continue
        row = out[rows[point]]
        write_move(board, at, color, scratch, sizes)
        if first[CAPTURE_SIZE] >= 0:
            one_hot(row, first[CAPTURE_SIZE], sizes[0])
        if first[SELF_ATARI_SIZE] >= 0:
            one_hot(row, first[SELF_ATARI_SIZE], sizes[1])
        if first[LIBERTIES_AFTER] >= 0:
            one_hot(row, first[LIBERTIES_AFTER], sizes[2])
        if first[SENSIBLENESS] >= 0 and not is_own_eye(board, at, color):
            row[first[SENSIBLENESS]] = 1


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
    layout: Layout,
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
    layout: Layout,
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
    layout: Layout,
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
