"""What `Board` needs from kernels beyond the rules: chains as points, looking ahead, rebuilding."""

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, apply_event, bit_of, cell_of, clear, point_of_cell
from gopolicy.go.types import EMPTY
from gopolicy.jit import kernel


@kernel
def rebuild(board: BoardArrays, events: npt.NDArray[np.uint16]) -> None:
    """Make the position after events, all of them known to be legal, from an empty board."""
    clear(board)
    for i in range(events.shape[0]):
        apply_event(board, int(events[i]))


@kernel
def chain_points(board: BoardArrays, point: int, out: npt.NDArray[np.int64]) -> int:
    """Write the points of the chain at a flat point into out [N * N]; return how many."""
    head = int(board.chain_head[cell_of(board, point)])
    if head == 0:
        return 0
    count = 0
    at = head
    while True:
        out[count] = point_of_cell(board, at)
        count += 1
        at = int(board.chain_next[at])
        if at == head:
            break
    return count


@kernel
def liberty_points(board: BoardArrays, point: int, out: npt.NDArray[np.int64]) -> int:
    """Write the liberties of the chain at a flat point into out [N * N]; return how many."""
    head = int(board.chain_head[cell_of(board, point)])
    if head == 0:
        return 0
    count = 0
    for near in range(board.size * board.size):
        at = cell_of(board, near)
        if board.lib_bits[head, at >> 6] & bit_of(at) != 0:
            out[count] = near
            count += 1
    return count


@kernel
def erase_chain(board: BoardArrays, head: int, out: npt.NDArray[np.int8]) -> None:
    """Empty the points of a chain in out [N * N], leaving the board as it is."""
    at = int(head)
    while True:
        out[point_of_cell(board, at)] = EMPTY
        at = int(board.chain_next[at])
        if at == head:
            break


@kernel
def stones_after(board: BoardArrays, point: int, color: int, out: npt.NDArray[np.int8]) -> None:
    """Turn out [N * N], the stones of the board, into those after a move that is not illegal."""
    at = cell_of(board, point)
    out[point] = color
    lives = False
    for step in (-board.stride, -1, 1, board.stride):
        stone = board.stones[at + step]
        head = int(board.chain_head[at + step])
        if stone == EMPTY:
            lives = True
        elif head > 0:
            last_liberty = board.chain_libs[head] == 1
            lives |= (stone == color) != last_liberty
            if stone != color and last_liberty:
                erase_chain(board, head, out)
    if lives:
        return
    out[point] = EMPTY
    for step in (-board.stride, -1, 1, board.stride):
        if board.stones[at + step] == color:
            erase_chain(board, int(board.chain_head[at + step]), out)
