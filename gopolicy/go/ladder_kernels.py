"""Which moves capture in a ladder, and which escape from one, as numba kernels.

What the liberties of the chains tell is settled without reading: a chain that gets three liberties
by extending is out, one that gets none or one is not.  `ladder_reading_kernels` reads the rest.
"""

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, count_word, liberties_joined
from gopolicy.go.ladder_reading_kernels import CAUGHT, SAFE, LadderScratch, read_move
from gopolicy.go.types import BLACK, EMPTY, WHITE
from gopolicy.jit import kernel, small_kernel

CAPTURES, ESCAPES = 1, 2
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@small_kernel
def first_of(bits: np.uint64, word: int) -> int:
    """Return the first cell of one word of a bit set, which is not empty."""
    return (word << 6) + count_word((bits & (~bits + _ONE)) - _ONE)


@small_kernel
def liberty_of(board: BoardArrays, head: int, after: int) -> int:
    """Return the first liberty of a chain behind a cell, 0 if there is none."""
    for word in range(board.lib_bits.shape[1]):
        bits = board.lib_bits[head, word]
        if bits != _ZERO and first_of(bits, word) == after:
            bits &= bits - _ONE
        if bits != _ZERO and first_of(bits, word) > after:
            return first_of(bits, word)
    return 0


@small_kernel
def liberties_extended(board: BoardArrays, target: int, at: int, extension: int) -> int:
    """Return the liberties of the chain at target, attacked at a cell, after extending; 3 is many.

    extension is its only other liberty.  The attack changes nothing beside extension: a chain that
    it captures has no liberty but the attack's cell.  Cell 0 stands for no attack.  What extending
    captures is not counted.
    """
    runner = board.stones[target]
    libs = 0
    for step in (-board.stride, -1, 1, board.stride):
        near = extension + step
        libs += (board.stones[near] == EMPTY) & (near != at)
        if board.stones[near] == runner and board.chain_libs[board.chain_head[near]] >= 5:
            return 3
    if libs >= 3:
        return 3
    return min(liberties_joined(board, extension, runner, at), 3)


@small_kernel
def mark_captures(
    board: BoardArrays, target: int, scratch: LadderScratch, out: npt.NDArray[np.int8]
) -> None:
    """Set bit `CAPTURES` of out at the moves that catch the chain of this head (two liberties)."""
    chaser = BLACK + WHITE - np.int64(board.stones[target])
    one = liberty_of(board, target, 0)
    two = liberty_of(board, target, one)
    for at in (one, two):
        if out[at] & CAPTURES != 0 or liberties_extended(board, target, at, one + two - at) == 3:
            continue
        if read_move(board, at, chaser, target, scratch) == CAUGHT:
            out[at] |= CAPTURES


@small_kernel
def list_captures(board: BoardArrays, target: int, out: npt.NDArray[np.int16]) -> int:
    """List in out the moves that capture a chain beside the one at target; return their number."""
    other = BLACK + WHITE - board.stones[target]
    count = 0
    stone = np.int64(target)
    while True:
        for step in (-board.stride, -1, 1, board.stride):
            head = np.int64(board.chain_head[stone + step])
            if board.chain_libs[head] != 1 or board.stones[stone + step] != other:
                continue
            at = liberty_of(board, head, 0)
            known = False
            for i in range(count):
                known |= out[i] == at
            if not known:
                out[count] = at
                count += 1
        stone = np.int64(board.chain_next[stone])
        if stone == target:
            return count


@small_kernel
def liberties_running(board: BoardArrays, target: int, extension: int) -> int:
    """Return how many liberties extending gives a chain in atari: 0, 1, 3 for more, or 2.

    2 also stands for less if extending captures something.
    """
    libs = liberties_extended(board, target, 0, extension)
    for step in (-board.stride, -1, 1, board.stride):
        near = extension + step
        hostile = board.stones[near] == BLACK + WHITE - board.stones[target]
        if hostile and board.chain_libs[board.chain_head[near]] == 1:
            libs = max(libs, 2)
    return libs


@small_kernel
def mark_escapes(
    board: BoardArrays, target: int, scratch: LadderScratch, out: npt.NDArray[np.int8]
) -> None:
    """Set bit `ESCAPES` of out at the moves that save the chain with this head (in atari)."""
    runner = np.int64(board.stones[target])
    extension = liberty_of(board, target, 0)
    count = list_captures(board, target, scratch.answers)
    libs = liberties_running(board, target, extension)
    if libs == 3:
        out[extension] |= ESCAPES
    elif libs == 2:
        scratch.answers[count] = extension
        count += 1
    for i in range(count):
        at = np.int64(scratch.answers[i])
        if out[at] & ESCAPES == 0 and read_move(board, at, runner, target, scratch) == SAFE:
            out[at] |= ESCAPES


@kernel
def mark_ladders(
    board: BoardArrays, color: int, scratch: LadderScratch, out: npt.NDArray[np.int8]
) -> None:
    """Write into out [P] the bits `CAPTURES` and `ESCAPES` of every move of color."""
    out[:] = 0
    for at in range(board.stones.shape[0]):
        if at > 0 and board.chain_head[at] == at:
            if board.stones[at] == color:
                if board.chain_libs[at] == 1:
                    mark_escapes(board, at, scratch, out)
            elif board.chain_libs[at] == 2:
                mark_captures(board, at, scratch, out)
