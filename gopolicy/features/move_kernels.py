"""What a move on a point would do, as numba kernels: captures, liberties, eyes filled.

Cell 0 is a border cell, so a chain with head 0 has no stones and no liberties in `BoardArrays`:
here 0 stands for "no chain", and adding it to others changes nothing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, bit_of, count_word
from gopolicy.go.types import BLACK, BORDER, EMPTY, WHITE
from gopolicy.jit import kernel, small_kernel

MANY = 8
"""Liberties from here on are one and the same to every plane."""


class MoveScratch(NamedTuple):
    """Working memory for moves.  W = bit set words."""

    libs: npt.NDArray[np.uint64]  # [W] liberties of the chain a move would make
    heads: npt.NDArray[np.int64]  # [8] own chains (0-3) and chains captured (4-7) by a move
    sizes: npt.NDArray[np.int64]  # [3] capture size, self-atari size, liberties of a move


def new_move_scratch(words: int) -> MoveScratch:
    """Return working memory for boards whose bit sets have so many words."""
    return MoveScratch(
        libs=np.zeros(words, np.uint64), heads=np.zeros(8, np.int64), sizes=np.zeros(3, np.int64)
    )


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
def add_freed_cells(board: BoardArrays, at: int, own: int, prey: int, scratch: MoveScratch) -> None:
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
def liberties_capturing(
    board: BoardArrays, at: int, own: int, prey: int, scratch: MoveScratch
) -> int:
    """Return the liberties of the chain that a move makes which captures prey chains."""
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
    add_freed_cells(board, at, own, prey, scratch)
    total = 0
    for word in range(words):
        total += count_word(libs[word])
    return total


@kernel
def measure_capture(board: BoardArrays, at: int, color: int, scratch: MoveScratch) -> None:
    """Write the sizes of a move that captures."""
    heads, sizes = scratch.heads, scratch.sizes
    own, prey = chains_beside(board, at, color, heads)
    sizes[0] = 0
    for k in range(4, 4 + prey):
        sizes[0] += np.int64(board.chain_size[heads[k]])
    sizes[2] = liberties_capturing(board, at, own, prey, scratch)
    sizes[1] = chain_size_with(board, at, color, scratch) if sizes[2] == 1 else 0


@kernel
def chain_size_with(board: BoardArrays, at: int, color: int, scratch: MoveScratch) -> int:
    """Return the stones of the chain that a move makes, itself among them."""
    own, _ = chains_beside(board, at, color, scratch.heads)
    stones = 1
    for i in range(own):
        stones += int(board.chain_size[scratch.heads[i]])
    return stones


@small_kernel
def united_bits(
    board: BoardArrays, one: int, two: int, three: int, four: int, word: int
) -> np.uint64:
    """Return one word of the liberties of up to four chains."""
    bits = board.lib_bits
    united: np.uint64 = bits[one, word] | bits[two, word] | bits[three, word] | bits[four, word]
    return united


@small_kernel
def liberties_joining(
    board: BoardArrays, at: int, one: int, two: int, three: int, four: int
) -> int:
    """Return the liberties of the chain that a move without captures makes of some own chains."""
    first = max(one, two, three, four)
    several = ((one != 0) & (one != first)) | ((two != 0) & (two != first))
    several |= ((three != 0) & (three != first)) | ((four != 0) & (four != first))
    total = int(board.chain_libs[first])
    if several:
        total = 0
        for word in range(board.lib_bits.shape[1]):
            total += count_word(united_bits(board, one, two, three, four, word))
        for step in (-board.stride, -1, 1, board.stride):
            near = at + step
            fresh = united_bits(board, one, two, three, four, near >> 6) & bit_of(near) == 0
            total += fresh & (board.stones[near] == EMPTY)
    else:
        for step in (-board.stride, -1, 1, board.stride):
            near = at + step
            fresh = board.lib_bits[first, near >> 6] & bit_of(near) == 0
            total += fresh & (board.stones[near] == EMPTY)
    return total - 1


@small_kernel
def look_at(board: BoardArrays, near: int, color: int) -> tuple[int, int, int, int]:
    """Return whether a cell is empty, whether prey, and head and liberties of an own chain."""
    stone = board.stones[near]
    head = int(board.chain_head[near])
    libs = int(board.chain_libs[head])
    own = int(stone == color)
    prey = int(libs == 1) & (1 - own)
    return int(stone == EMPTY), prey, head * own, libs * own


@small_kernel
def measure_move(board: BoardArrays, at: int, color: int, scratch: MoveScratch) -> bool:
    """Return whether a move on an empty cell is legal, ko and suicide not allowed.

    Then ``scratch.sizes`` holds its capture size, self-atari size and liberties; of those, `MANY`
    stands for more, too.
    """
    sizes = scratch.sizes
    if board.ko[0] == at and board.ko[1] == color:
        return False
    room1, prey1, one, libs1 = look_at(board, at - board.stride, color)
    room2, prey2, two, libs2 = look_at(board, at - 1, color)
    room3, prey3, three, libs3 = look_at(board, at + 1, color)
    room4, prey4, four, libs4 = look_at(board, at + board.stride, color)
    if prey1 | prey2 | prey3 | prey4:
        measure_capture(board, at, color, scratch)
        return True
    libs = room1 + room2 + room3 + room4
    most = max(max(libs1, libs2), max(libs3, libs4))
    sizes[0], sizes[1] = 0, 0
    if most > MANY:
        libs = MANY
    elif most > 0:
        libs = liberties_joining(board, at, one, two, three, four)
    if libs == 1:
        sizes[1] = chain_size_with(board, at, color, scratch)
    sizes[2] = libs
    return libs > 0


@small_kernel
def is_own_eye(board: BoardArrays, at: int, color: int) -> bool:
    """Return whether an empty cell is an eye of color, by its neighbors and diagonals alone."""
    surrounded = True
    for step in (-board.stride, -1, 1, board.stride):
        stone = board.stones[at + step]
        surrounded &= (stone == color) | (stone == BORDER)
    if not surrounded:
        return False
    edge, hostile = 0, 0
    for step in (-board.stride - 1, 1 - board.stride, board.stride - 1, board.stride + 1):
        stone = board.stones[at + step]
        if stone == BORDER:
            edge = 1
        elif stone == BLACK + WHITE - color:
            hostile += 1
    return hostile + edge < 2
