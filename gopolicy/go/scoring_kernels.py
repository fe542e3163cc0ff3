"""Counting a final position: whose every point is."""

import numpy as np
import numpy.typing as npt

from gopolicy.go.types import BLACK, BORDER, EMPTY, WHITE
from gopolicy.jit import kernel

_UNKNOWN = -1


@kernel
def fill_owners(
    stones: npt.NDArray[np.int8],
    stride: int,
    owners: npt.NDArray[np.int8],
    queue: npt.NDArray[np.int16],
) -> int:
    """Write the owner of each padded cell into owners [P]; return Black's area minus White's.

    stones are the padded cells of `BoardArrays`; a stone owns its cell, and an empty region belongs
    to the only color it touches, or to nobody (EMPTY).  queue [P] is scratch.
    """
    owners[:] = _UNKNOWN
    difference = 0
    for at in range(stones.shape[0]):
        stone = stones[at]
        if stone == EMPTY and owners[at] == _UNKNOWN:
            difference += claim_region(stones, stride, at, owners, queue)
        elif stone == BORDER:
            owners[at] = EMPTY
        elif stone != EMPTY:
            owners[at] = stone
            difference += 1 if stone == BLACK else -1
    return difference


@kernel
def claim_region(
    stones: npt.NDArray[np.int8],
    stride: int,
    start: int,
    owners: npt.NDArray[np.int8],
    queue: npt.NDArray[np.int16],
) -> int:
    """Give the empty region around start to its owner; return its size, negative for White's."""
    queue[0] = start
    owners[start] = EMPTY
    count = 1
    touches_black = touches_white = False
    done = 0
    while done < count:
        at = int(queue[done])
        done += 1
        for step in (-stride, -1, 1, stride):
            near = at + step
            if stones[near] == BLACK:
                touches_black = True
            elif stones[near] == WHITE:
                touches_white = True
            elif stones[near] == EMPTY and owners[near] == _UNKNOWN:
                owners[near] = EMPTY
                queue[count] = near
                count += 1
    if touches_black == touches_white:
        return 0
    owner = BLACK if touches_black else WHITE
    for i in range(count):
        owners[queue[i]] = owner
    return count if touches_black else -count
