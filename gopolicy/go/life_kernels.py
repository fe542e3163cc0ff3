"""Which chains live even if their owner never answers, as numba kernels.

Source: D. B. Benson, "Life in the game of Go", Information Sciences 10 (1976).  A *region* is a
connected set of cells without a stone of the color.  It is *vital* to a chain if all its empty
cells are liberties of the chain.  Chains live if each of them has two vital regions that border on
nothing but chains that live.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, bit_of, new_board
from gopolicy.go.types import BORDER, EMPTY
from gopolicy.jit import kernel, small_kernel

_ZERO = np.uint64(0)
TO_CLEAR = 4
"""Added to the owner of an empty cell in `mark_settled` where dead stones share its region."""


class LifeScratch(NamedTuple):
    """Working memory; one per thread.  P, W: see `BoardArrays`; regions are counted from 1."""

    region: npt.NDArray[np.int16]  # [P] the region of each cell, 0 for none
    queue: npt.NDArray[np.int16]  # [P]
    empty: npt.NDArray[np.uint64]  # [P, W] empty cells of each region as a bit set
    covered: npt.NDArray[np.uint64]  # [P, W] liberties of the chains that border on each region
    safe: npt.NDArray[np.bool_]  # [P] regions that border on living chains only
    hostile: npt.NDArray[np.bool_]  # [P] regions with stones of the opponent
    seen: npt.NDArray[np.int16]  # [P] by head: the last region that met this chain
    alive: npt.NDArray[np.bool_]  # [P] by head
    eyes: npt.NDArray[np.int16]  # [P] by head: vital regions that are safe
    pairs: npt.NDArray[np.int16]  # [4P, 3] region, head of a chain that borders on it, 1 if vital


def new_life_scratch(size: int) -> LifeScratch:
    """Return working memory for boards of this size."""
    cells, words = new_board(size).lib_bits.shape
    return LifeScratch(
        region=np.zeros(cells, np.int16),
        queue=np.zeros(cells, np.int16),
        empty=np.zeros((cells, words), np.uint64),
        covered=np.zeros((cells, words), np.uint64),
        safe=np.zeros(cells, np.bool_),
        hostile=np.zeros(cells, np.bool_),
        seen=np.zeros(cells, np.int16),
        alive=np.zeros(cells, np.bool_),
        eyes=np.zeros(cells, np.int16),
        pairs=np.zeros((4 * cells, 3), np.int16),
    )


@kernel
def mark_settled(
    board: BoardArrays, color: int, scratch: LifeScratch, out: npt.NDArray[np.int8]
) -> None:
    """Write color into out [P] where that color needs no answer; other cells stay as they are.

    These are the stones of chains that live, and the cells of regions that border on nothing else
    and are covered by their liberties: the opponent cannot live there.  Where he has stones there,
    `TO_CLEAR` is added for the empty cells.
    """
    find_living(board, find_regions(board, color, scratch), scratch)
    for at in range(board.stones.shape[0]):
        if board.stones[at] == color:
            if scratch.alive[board.chain_head[at]]:
                out[at] = color
            continue
        region = np.int64(scratch.region[at])
        if region == 0 or not scratch.safe[region]:
            continue
        if is_within(scratch.empty[region], scratch.covered[region]):
            clear = board.stones[at] == EMPTY and scratch.hostile[region]
            out[at] = color + TO_CLEAR if clear else color


@kernel
def find_regions(board: BoardArrays, color: int, scratch: LifeScratch) -> int:
    """Find the regions and pair them with the chains around them; return the pairs."""
    regions, pairs = 0, 0
    scratch.region[:] = 0
    scratch.seen[:] = 0
    for at in range(board.stones.shape[0]):
        stone = board.stones[at]
        if stone not in (color, BORDER) and scratch.region[at] == 0:
            regions += 1
            flood_region(board, at, color, regions, scratch)
            pairs = pair_region(board, regions, pairs, color, scratch)
    return pairs


@kernel
def flood_region(
    board: BoardArrays, start: int, color: int, region: int, scratch: LifeScratch
) -> None:
    """Mark the cells of one region; they are left in the queue, with a 0 behind them."""
    queue = scratch.queue
    scratch.empty[region, :] = _ZERO
    scratch.covered[region, :] = _ZERO
    scratch.hostile[region] = False
    scratch.region[start] = region
    queue[0] = start
    count, done = 1, 0
    while done < count:
        at = np.int64(queue[done])
        done += 1
        if board.stones[at] == EMPTY:
            scratch.empty[region, at >> 6] |= bit_of(at)
        else:
            scratch.hostile[region] = True
        for step in (-board.stride, -1, 1, board.stride):
            near = at + step
            inside = board.stones[near] not in (color, BORDER)
            if inside and scratch.region[near] == 0:
                scratch.region[near] = region
                queue[count] = near
                count += 1
    queue[count] = 0


@kernel
def pair_region(
    board: BoardArrays, region: int, pairs: int, color: int, scratch: LifeScratch
) -> int:
    """Pair the region in the queue with the chains around it; return the pairs so far."""
    i = 0
    while scratch.queue[i] != 0:
        at = np.int64(scratch.queue[i])
        i += 1
        for step in (-board.stride, -1, 1, board.stride):
            if board.stones[at + step] != color:
                continue
            head = np.int64(board.chain_head[at + step])
            if scratch.seen[head] == region:
                continue
            scratch.seen[head] = region
            scratch.alive[head] = True
            scratch.pairs[pairs, 0], scratch.pairs[pairs, 1] = region, head
            scratch.pairs[pairs, 2] = is_within(scratch.empty[region], board.lib_bits[head])
            pairs += 1
    scratch.safe[region] = True
    return pairs


@kernel
def find_living(board: BoardArrays, pairs: int, scratch: LifeScratch) -> None:
    """Find the chains that live and the regions that are safe, and cover these with liberties."""
    changed = True
    while changed:
        changed = False
        for i in range(pairs):
            scratch.eyes[scratch.pairs[i, 1]] = 0
        for i in range(pairs):
            if scratch.safe[scratch.pairs[i, 0]]:
                scratch.eyes[scratch.pairs[i, 1]] += scratch.pairs[i, 2]
        for i in range(pairs):
            region, head = scratch.pairs[i, 0], scratch.pairs[i, 1]
            if scratch.eyes[head] < 2:
                scratch.alive[head] = False
                changed |= scratch.safe[region]
                scratch.safe[region] = False
    for i in range(pairs):
        region, head = scratch.pairs[i, 0], scratch.pairs[i, 1]
        for word in range(board.lib_bits.shape[1]):
            scratch.covered[region, word] |= board.lib_bits[head, word]


@small_kernel
def is_within(few: npt.NDArray[np.uint64], many: npt.NDArray[np.uint64]) -> bool:
    """Return whether every bit of one bit set is in another."""
    outside = _ZERO
    for word in range(few.shape[0]):
        outside |= few[word] & ~many[word]
    return outside == _ZERO
