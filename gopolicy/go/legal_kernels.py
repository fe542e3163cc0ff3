"""Which points may be played, kept up to date from move to move, as numba kernels.

legal [2, A] says for Black and White which of A = N * N + 1 actions simple ko and the rule on
suicide allow.  Whether a point is legal depends on itself, on its neighbors, on which chains beside
it are in atari, and on ko; so a move changes only what lies near the chains that it touches.
"""

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import LEGAL, BoardArrays, check_cell, count_word, point_of_cell
from gopolicy.go.types import BLACK, EMPTY, WHITE
from gopolicy.jit import kernel, small_kernel

Legal = npt.NDArray[np.bool_]

_MANY = 8
"""Captured stones from which on looking at the whole board is quicker."""
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@small_kernel
def update_cell(board: BoardArrays, at: int, suicide: bool, legal: Legal) -> None:
    """Note whether a cell on the board may be played."""
    point = point_of_cell(board, at)
    legal[0, point] = check_cell(board, at, BLACK, suicide) == LEGAL
    legal[1, point] = check_cell(board, at, WHITE, suicide) == LEGAL


@kernel
def update_all(board: BoardArrays, suicide: bool, legal: Legal) -> None:
    """Note which points may be played; a pass always is."""
    for row in range(1, board.size + 1):
        for at in range(row * board.stride + 1, row * board.stride + 1 + board.size):
            update_cell(board, at, suicide, legal)
    legal[:, board.size * board.size] = True


@kernel
def update_liberties(board: BoardArrays, head: int, suicide: bool, legal: Legal) -> None:
    """Note which liberties of a chain may be played."""
    for word in range(board.lib_bits.shape[1]):
        bits = board.lib_bits[head, word]
        while bits != _ZERO:
            at = (word << 6) + count_word((bits & (~bits + _ONE)) - _ONE)
            update_cell(board, at, suicide, legal)
            bits &= bits - _ONE


@kernel
def update_captured(
    board: BoardArrays, head: int, captured: int, suicide: bool, legal: Legal
) -> None:
    """Note what may be played where a chain, given by its former head, was captured.

    Of the chains beside it, those that were in atari have at most captured + 1 liberties now.
    """
    at = int(head)
    while True:
        update_cell(board, at, suicide, legal)
        for step in (-board.stride, -1, 1, board.stride):
            beside = int(board.chain_head[at + step])
            if beside > 0 and board.chain_libs[beside] <= captured + 1:
                update_liberties(board, beside, suicide, legal)
        at = int(board.chain_next[at])
        if at == head:
            break


@kernel
def note_atari(board: BoardArrays, at: int, color: int, heads: npt.NDArray[np.int16]) -> None:
    """Before a move of color on a cell, note which chain each of heads [4] captures, or 0."""
    for i in range(4):
        near = at + (-board.stride, -1, 1, board.stride)[i]
        head = int(board.chain_head[near])
        taken = head > 0 and board.stones[near] != color and board.chain_libs[head] == 1
        heads[i] = head if taken else 0


@kernel
def update_after_move(
    board: BoardArrays,
    at: int,
    captured: int,
    heads: npt.NDArray[np.int16],
    suicide: bool,
    legal: Legal,
) -> None:
    """Note what may be played after a move on a cell, as `place_stone` and `note_atari` told.

    Ko as it was before the move is not looked at.
    """
    if captured < 0 or captured > _MANY:
        update_all(board, suicide, legal)
        return
    if captured > 0:
        for i in range(4):
            if heads[i] > 0:
                update_captured(board, int(heads[i]), captured, suicide, legal)
    update_cell(board, at, suicide, legal)
    for step in (0, -board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == EMPTY:
            update_cell(board, near, suicide, legal)
        else:
            head = int(board.chain_head[near])
            if head > 0 and board.chain_libs[head] == 1:
                update_liberties(board, head, suicide, legal)
