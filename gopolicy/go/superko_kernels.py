"""Superko for kernels: the positions of a game that have occurred, as Zobrist keys.

`gopolicy.go.superko.History` keeps whole positions and is exact.  Here a position is 64 bits, the
exclusive or of one random number for every stone: two different positions of a game share a key
with a probability of about the square of its length over 2 ** 64.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import LEGAL, BoardArrays, check_cell
from gopolicy.go.types import BLACK, BORDER, EMPTY, WHITE
from gopolicy.jit import kernel, small_kernel

Keys = npt.NDArray[np.uint64]

NO_SUPERKO, POSITIONAL, SITUATIONAL = 0, 1, 2
_ZERO, _ONE = np.uint64(0), np.uint64(1)


class PastArrays(NamedTuple):
    """The positions of one game.  P = cells of the padded board, T = a power of two."""

    zobrist: Keys  # [3, P] of a stone by color and cell; row 0: of who is to move
    key: Keys  # [1] of the present stones
    table: Keys  # [T] hash table of the positions that have occurred; 0 where it is free
    stood: npt.NDArray[np.bool_]  # [3, P] whether a stone of this color ever stood on a cell


def zobrist_keys(cells: int) -> Keys:
    """Return the random numbers of a padded board, [3, P], the same ones every time."""
    return np.random.default_rng(0x60B0A2D).integers(1, 1 << 64, (3, cells), np.uint64)


def table_size(positions: int) -> int:
    """Return the entries of a hash table for so many positions: at most half are taken.

    >>> table_size(500), table_size(512)
    (1024, 2048)
    """
    return 1 << (2 * positions).bit_length()


@small_kernel
def entry_of(past: PastArrays, key: np.uint64, to_move: int, rule: int) -> np.uint64:
    """Return what stands in the table for a position with to_move to move; never 0."""
    if rule == SITUATIONAL:
        key = key ^ past.zobrist[0, to_move]
    return _ONE if key == _ZERO else key


@kernel
def has_entry(table: Keys, entry: np.uint64) -> bool:
    """Return whether an entry is in the table."""
    last = np.uint64(table.shape[0] - 1)
    place = entry & last
    while table[np.int64(place)] != _ZERO:
        if table[np.int64(place)] == entry:
            return True
        place = (place + _ONE) & last
    return False


@kernel
def add_entry(table: Keys, entry: np.uint64) -> None:
    """Put an entry into the table, once."""
    last = np.uint64(table.shape[0] - 1)
    place = entry & last
    while table[np.int64(place)] != _ZERO and table[np.int64(place)] != entry:
        place = (place + _ONE) & last
    table[np.int64(place)] = entry


@kernel
def start_past(past: PastArrays, board: BoardArrays, to_move: int, rule: int) -> None:
    """Forget everything but the present position."""
    past.table[:] = _ZERO
    past.stood[:] = False
    key = _ZERO
    for at in range(board.stones.shape[0]):
        stone = board.stones[at]
        if stone in (BLACK, WHITE):
            key ^= past.zobrist[stone, at]
            past.stood[stone, at] = True
    past.key[0] = key
    add_entry(past.table, entry_of(past, key, to_move, rule))


@small_kernel
def chain_key(board: BoardArrays, head: int, row: Keys) -> np.uint64:
    """Return the key of the stones of one chain; row holds the numbers of its color."""
    key = _ZERO
    at = np.int64(head)
    while True:
        key ^= row[at]
        at = np.int64(board.chain_next[at])
        if at == head:
            break
    return key


@small_kernel
def is_counted_before(board: BoardArrays, at: int, step: int) -> bool:
    """Return whether a chain beside a cell was met at an earlier of its four steps."""
    head = board.chain_head[at + step]
    for earlier in (-board.stride, -1, 1):
        if earlier >= step:
            break
        if board.chain_head[at + earlier] == head:
            return True
    return False


@kernel
def key_after(past: PastArrays, board: BoardArrays, at: int, color: int) -> np.uint64:
    """Return the key of the stones after a move on a cell that simple ko and suicide allow."""
    key = past.key[0] ^ past.zobrist[color, at]
    lives = False
    for step in (-board.stride, -1, 1, board.stride):
        stone = board.stones[at + step]
        if stone == EMPTY:
            lives = True
        elif stone != BORDER:
            head = np.int64(board.chain_head[at + step])
            in_atari = board.chain_libs[head] == 1
            lives |= (stone == color) != in_atari
            if stone != color and in_atari and not is_counted_before(board, at, step):
                key ^= chain_key(board, head, past.zobrist[stone])
    if lives:
        return key
    key ^= past.zobrist[color, at]
    for step in (-board.stride, -1, 1, board.stride):
        if board.stones[at + step] == color and not is_counted_before(board, at, step):
            key ^= chain_key(board, np.int64(board.chain_head[at + step]), past.zobrist[color])
    return key


@kernel
def repeats(past: PastArrays, board: BoardArrays, at: int, color: int, rule: int) -> bool:
    """Return whether a move on a cell, allowed by simple ko and suicide, repeats a position."""
    if not past.stood[color, at] and check_cell(board, at, color, False) == LEGAL:
        return False
    key = key_after(past, board, at, color)
    return has_entry(past.table, entry_of(past, key, BLACK + WHITE - color, rule))


@kernel
def forbid_repeats(
    past: PastArrays, board: BoardArrays, color: int, rule: int, legal: npt.NDArray[np.bool_]
) -> None:
    """Take out of legal [N * N + 1], what simple ko and suicide allow, what repeats a position."""
    point = 0
    for row in range(1, board.size + 1):
        first = row * board.stride + 1
        for at in range(first, first + board.size):
            if legal[point] and repeats(past, board, at, color, rule):
                legal[point] = False
            point += 1


@kernel
def record(past: PastArrays, key: np.uint64, to_move: int, rule: int) -> None:
    """Note that the game has come to the stones of a key, with to_move to move."""
    past.key[0] = key
    add_entry(past.table, entry_of(past, key, to_move, rule))
