"""The rules of Go as numba kernels on one bundle of arrays.

This is the bottom of the engine: placing stones, capturing, legality under simple ko, replaying a
whole game.  It knows no history beyond the ko point; superko, undo and counting live in `Board`.

The board is padded and one-dimensional.  A 3 x 3 board, with `#` for border cells::

    # # # #        the border column is shared by the end of one row and the start of the next,
    # . . .        so neighbors are always at -stride, -1, +1, +stride and need no edge test
    # . . .
    # . . .
    # # # # #

Callers speak flat points (``row * size + column``); only kernels see padded cells, and call them
``at``.  Liberties of a chain are a bit set over cells kept at the chain's head, so the union of the
liberties of several chains is a few machine words.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.types import (
    BLACK,
    BORDER,
    EMPTY,
    EVENT_COLOR_SHIFT,
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    EVENT_SETUP,
    MAX_SIZE,
    MIN_SIZE,
    WHITE,
)
from gopolicy.jit import kernel, small_kernel

LEGAL, OCCUPIED, KO, SUICIDE = 0, 1, 2, 3
LONG_AGO = -1_000_000

_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_H01 = np.uint64(0x0101010101010101)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_S1, _S2, _S4, _S56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


class BoardArrays(NamedTuple):
    """One position.  P = cells of the padded board, W = words of a bit set over cells."""

    stones: npt.NDArray[np.int8]  # [P] EMPTY, BLACK, WHITE or BORDER
    chain_head: npt.NDArray[np.int16]  # [P] the chain's representative cell; 0 where no stone
    chain_next: npt.NDArray[np.int16]  # [P] next stone of the same chain, circular
    chain_size: npt.NDArray[np.int16]  # [P] stones in the chain; valid at heads
    chain_libs: npt.NDArray[np.int16]  # [P] liberties of the chain; valid at heads
    lib_bits: npt.NDArray[np.uint64]  # [P, W] liberties as a bit set; valid at heads
    birth: npt.NDArray[np.int32]  # [P] ply at which the stone was played; LONG_AGO for setup
    ko: npt.NDArray[np.int16]  # [2] cell forbidden by ko or 0, and the color it is forbidden to
    ply: npt.NDArray[np.int32]  # [1] moves and passes so far
    size: int  # points on a side
    stride: int  # cells from one row to the next: size + 1


def new_board(size: int) -> BoardArrays:
    """Return an empty board; ValueError unless size is 2 to 25."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"expected a board size from {MIN_SIZE} to {MAX_SIZE}, got {size}")
    cells = (size + 1) * (size + 2) + 1
    stones = np.full(cells, BORDER, np.int8)
    for row in range(size):
        first = (row + 1) * (size + 1) + 1
        stones[first : first + size] = EMPTY
    return BoardArrays(
        stones=stones,
        chain_head=np.zeros(cells, np.int16),
        chain_next=np.zeros(cells, np.int16),
        chain_size=np.zeros(cells, np.int16),
        chain_libs=np.zeros(cells, np.int16),
        lib_bits=np.zeros((cells, (cells + 63) // 64), np.uint64),
        birth=np.full(cells, LONG_AGO, np.int32),
        ko=np.zeros(2, np.int16),
        ply=np.zeros(1, np.int32),
        size=size,
        stride=size + 1,
    )


def copy_board(board: BoardArrays) -> BoardArrays:
    """Return an independent copy."""
    return BoardArrays(*(f.copy() if isinstance(f, np.ndarray) else f for f in board))


@small_kernel
def cell_of(board: BoardArrays, point: int) -> int:
    """Return the padded cell of a flat point."""
    return point + point // board.size + board.size + 2


@small_kernel
def point_of_cell(board: BoardArrays, at: int) -> int:
    """Return the flat point of a padded cell on the board."""
    return (at // board.stride - 1) * board.size + at % board.stride - 1


@small_kernel
def count_word(word: np.uint64) -> int:
    """Return the number of set bits in one word of a bit set."""
    x = word - ((word >> _S1) & _M1)
    x = (x & _M2) + ((x >> _S2) & _M2)
    x = (x + (x >> _S4)) & _M4
    return np.int64((x * _H01) >> _S56)


@small_kernel
def bit_of(at: int) -> np.uint64:
    """Return the bit that stands for cell at within word ``at >> 6`` of a bit set."""
    return _ONE << np.uint64(at & 63)


@small_kernel
def liberties_joined(board: BoardArrays, at: int, color: int, without: int) -> int:
    """Return the liberties of the chain that a stone on an empty cell makes, captures left out.

    The cell without is not counted; cell 0, on the border, stands for none.
    """
    total = 0
    for word in range(board.lib_bits.shape[1]):
        bits = _ZERO
        for step in (-board.stride, -1, 1, board.stride):
            near = at + step
            if board.stones[near] == color:
                bits |= board.lib_bits[board.chain_head[near], word]
            elif board.stones[near] == EMPTY and near >> 6 == word:
                bits |= bit_of(near)
        if at >> 6 == word:
            bits &= ~bit_of(at)
        if without >> 6 == word:
            bits &= ~bit_of(without)
        total += count_word(bits)
    return total


@small_kernel
def give_liberty(board: BoardArrays, head: int, at: int) -> None:
    """Count cell at among the liberties of a chain, once."""
    word, bit = at >> 6, bit_of(at)
    if board.lib_bits[head, word] & bit == 0:
        board.lib_bits[head, word] |= bit
        board.chain_libs[head] += 1


@small_kernel
def take_liberty(board: BoardArrays, head: int, at: int) -> None:
    """Remove cell at from the liberties of a chain."""
    word, bit = at >> 6, bit_of(at)
    if board.lib_bits[head, word] & bit != 0:
        board.lib_bits[head, word] &= ~bit
        board.chain_libs[head] -= 1


@kernel
def clear(board: BoardArrays) -> None:
    """Empty the board and forget its history."""
    for at in range(board.stones.shape[0]):
        if board.stones[at] != BORDER:
            board.stones[at] = EMPTY
            board.chain_head[at] = 0
            board.birth[at] = LONG_AGO
    board.ko[0] = 0
    board.ply[0] = 0


@small_kernel
def check_cell(board: BoardArrays, at: int, color: int, suicide: bool) -> int:
    """Return LEGAL, OCCUPIED, KO or SUICIDE for color playing at a cell."""
    if board.stones[at] != EMPTY:
        return OCCUPIED
    if board.ko[0] == at and board.ko[1] == color:
        return KO
    for step in (-board.stride, -1, 1, board.stride):
        stone = board.stones[at + step]
        if stone == EMPTY:
            return LEGAL
        if stone != BORDER:
            libs = board.chain_libs[board.chain_head[at + step]]
            if (stone == color) == (libs > 1):
                return LEGAL
    return LEGAL if suicide else SUICIDE


@small_kernel
def check(board: BoardArrays, point: int, color: int, suicide: bool) -> int:
    """Return LEGAL, OCCUPIED, KO or SUICIDE for color playing at a flat point; passes are LEGAL."""
    if point < 0:
        return LEGAL
    return check_cell(board, cell_of(board, point), color, suicide)


@kernel
def legal_points(board: BoardArrays, color: int, suicide: bool, out: npt.NDArray[np.bool_]) -> None:
    """Write into out [N * N] whether color may play each point under simple ko."""
    for point in range(board.size * board.size):
        out[point] = check_cell(board, cell_of(board, point), color, suicide) == LEGAL


@small_kernel
def add_single(board: BoardArrays, at: int, color: int) -> None:
    """Put a stone on an empty cell as a chain of its own, with its empty neighbors as liberties."""
    board.stones[at] = color
    board.chain_head[at] = at
    board.chain_next[at] = at
    board.chain_size[at] = 1
    for word in range(board.lib_bits.shape[1]):
        board.lib_bits[at, word] = 0
    libs = 0
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == EMPTY:
            board.lib_bits[at, near >> 6] |= bit_of(near)
            libs += 1
    board.chain_libs[at] = libs


@small_kernel
def merge_chains(board: BoardArrays, one: int, other: int) -> int:
    """Join two different chains, given by their heads; return the head of the whole."""
    if board.chain_size[one] < board.chain_size[other]:
        one, other = other, one
    at = other
    while True:
        board.chain_head[at] = one
        at = board.chain_next[at]
        if at == other:
            break
    board.chain_next[one], board.chain_next[other] = board.chain_next[other], board.chain_next[one]
    board.chain_size[one] += board.chain_size[other]
    libs = 0
    for word in range(board.lib_bits.shape[1]):
        both = board.lib_bits[one, word] | board.lib_bits[other, word]
        board.lib_bits[one, word] = both
        libs += count_word(both)
    board.chain_libs[one] = libs
    return one


@kernel
def remove_chain(board: BoardArrays, head: int) -> int:
    """Take a chain off the board, giving its neighbors liberties; return its size."""
    color = board.stones[head]
    other = BLACK + WHITE - color
    at = np.int64(head)
    while True:
        board.stones[at] = EMPTY
        board.chain_head[at] = 0
        board.birth[at] = LONG_AGO
        for step in (-board.stride, -1, 1, board.stride):
            if board.stones[at + step] == other:
                give_liberty(board, board.chain_head[at + step], at)
        at = np.int64(board.chain_next[at])
        if at == head:
            break
    return np.int64(board.chain_size[head])


@small_kernel
def place_stone(board: BoardArrays, at: int, color: int) -> int:
    """Play a legal stone on a cell; return stones captured, or minus the size of a suicide."""
    add_single(board, at, color)
    board.birth[at] = board.ply[0]
    captured = 0
    prisoner = 0
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == BLACK + WHITE - color:
            head = np.int64(board.chain_head[near])
            take_liberty(board, head, at)
            if board.chain_libs[head] == 0:
                captured += remove_chain(board, head)
                prisoner = near
    head = np.int64(at)
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == color and board.chain_head[near] != head:
            take_liberty(board, board.chain_head[near], at)
            head = np.int64(merge_chains(board, head, board.chain_head[near]))
    if captured == 1 and board.chain_size[head] == 1 and board.chain_libs[head] == 1:
        board.ko[0] = prisoner
        board.ko[1] = BLACK + WHITE - color
    if board.chain_libs[head] == 0:
        return -remove_chain(board, head)
    return captured


@small_kernel
def play(board: BoardArrays, point: int, color: int) -> int:
    """Play a legal move or a pass (point < 0); return stones captured, negative for a suicide."""
    board.ply[0] += 1
    board.ko[0] = 0
    if point < 0:
        return 0
    return place_stone(board, cell_of(board, point), color)


@kernel
def rebuild_chains(board: BoardArrays) -> None:
    """Derive every chain from the stones alone."""
    board.chain_head[:] = 0
    for at in range(board.stones.shape[0]):
        color = board.stones[at]
        if color != BLACK and color != WHITE:
            continue
        add_single(board, at, color)
        head = np.int64(at)
        for step in (-board.stride, -1):
            near = board.chain_head[at + step]
            if board.stones[at + step] == color and near != head:
                head = np.int64(merge_chains(board, head, near))


@kernel
def set_point(board: BoardArrays, point: int, color: int) -> None:
    """Set a flat point to EMPTY, BLACK or WHITE as setup; nothing is captured, ko is forgotten."""
    at = cell_of(board, point)
    board.stones[at] = color
    board.birth[at] = LONG_AGO
    board.ko[0] = 0
    rebuild_chains(board)


@kernel
def has_breathless_chain(board: BoardArrays) -> bool:
    """Return whether some chain has no liberty, which only setup can bring about."""
    for at in range(board.stones.shape[0]):
        if board.chain_head[at] == at and at > 0 and board.chain_libs[at] == 0:
            return True
    return False


@small_kernel
def event_point(event: int) -> int:
    """Return the flat point of an event, -1 for none."""
    point = event & EVENT_POINT_MASK
    return -1 if point == EVENT_NO_POINT else point


@small_kernel
def event_color(event: int) -> int:
    """Return the color of an event."""
    return (event >> EVENT_COLOR_SHIFT) & 3


@small_kernel
def apply_event(board: BoardArrays, event: int) -> None:
    """Play a legal move or carry out a setup event; a change of turn (PL) changes nothing here."""
    point = event_point(event)
    if event & EVENT_SETUP == 0:
        play(board, point, event_color(event))
    elif point >= 0:
        set_point(board, point, event_color(event))


@kernel
def replay(board: BoardArrays, events: npt.NDArray[np.uint16], stop: int) -> int:
    """Carry out events[:stop] under simple ko without suicide.

    Returns -1, or the index of the first event that is illegal (for setup: the event after which
    some chain is left without liberties, or a point off the board), where the board stops.
    """
    points = board.size * board.size
    unsettled = -1
    for i in range(stop):
        event = np.int64(events[i])
        point = event_point(event)
        if point >= points:
            return i
        if event & EVENT_SETUP:
            unsettled = i
        else:
            if unsettled >= 0 and has_breathless_chain(board):
                return unsettled
            unsettled = -1
            if check(board, point, event_color(event), False) != LEGAL:
                return i
        apply_event(board, event)
    if unsettled >= 0 and has_breathless_chain(board):
        return unsettled
    return -1


@kernel
def stones_of(board: BoardArrays, out: npt.NDArray[np.int8]) -> None:
    """Write EMPTY, BLACK or WHITE of every flat point into out [N * N]."""
    for point in range(board.size * board.size):
        out[point] = board.stones[cell_of(board, point)]
