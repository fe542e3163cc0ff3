"""Known numbers: legal sequences by length (perft) and legal positions (census)."""

from pathlib import Path

import numpy as np
import pytest

from gopolicy.go.kernels import (
    LEGAL,
    BoardArrays,
    cell_of,
    check,
    copy_board,
    has_breathless_chain,
    new_board,
    play,
    rebuild_chains,
)
from gopolicy.go.types import BLACK, EMPTY, WHITE, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.jit import kernel

DATA = Path(__file__).parent.parent / "golden"


@kernel
def copy_into(source: BoardArrays, target: BoardArrays) -> None:
    for at in range(source.stones.shape[0]):
        target.stones[at] = source.stones[at]
        target.chain_head[at] = source.chain_head[at]
        target.chain_next[at] = source.chain_next[at]
        target.chain_size[at] = source.chain_size[at]
        target.chain_libs[at] = source.chain_libs[at]
        for word in range(source.lib_bits.shape[1]):
            target.lib_bits[at, word] = source.lib_bits[at, word]
    target.ko[0], target.ko[1] = source.ko[0], source.ko[1]


@kernel
def perft(boards: tuple[BoardArrays, ...], level: int, depth: int, color: int) -> int:
    """Count the legal sequences of depth moves from boards[level]."""
    if depth == 0:
        return 1
    total = 0
    for point in range(boards[level].size * boards[level].size):
        if check(boards[level], point, color, False) == LEGAL:
            copy_into(boards[level], boards[level + 1])
            play(boards[level + 1], point, color)
            total += perft(boards, level + 1, depth - 1, BLACK + WHITE - color)
    return total


@kernel
def census(board: BoardArrays) -> int:
    """Count the colorings of the board in which every chain has a liberty."""
    points = board.size * board.size
    legal = 0
    while True:
        rebuild_chains(board)
        legal += not has_breathless_chain(board)
        point = 0
        while point < points and board.stones[cell_of(board, point)] == WHITE:
            board.stones[cell_of(board, point)] = EMPTY
            point += 1
        if point == points:
            return legal
        board.stones[cell_of(board, point)] += 1


def read_perft(name: str) -> list[tuple[int, int]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return [(int(depth), int(count)) for depth, count in rows]


def split_by_first_move(size: int, depth: int) -> dict[str, int]:
    """Count the sequences that begin with each first move; their sum is the perft."""
    counts = {}
    for point in range(size * size):
        boards = tuple(new_board(size) for _ in range(10))
        play(boards[0], point, BLACK)
        counts[vertex_name(Point(point), size)] = perft(boards, 0, depth - 1, WHITE)
    return counts


@pytest.mark.parametrize("size", [2, 3, 5])
def test_legal_sequences_have_the_published_counts(size: int) -> None:
    for depth, expected in read_perft(f"{size}x{size}.perft"):
        split = split_by_first_move(size, depth)
        assert sum(split.values()) == expected, f"depth {depth} on {size}x{size}: {split}"


@pytest.mark.parametrize(("size", "positions"), [(2, 57), (3, 12_675)])
def test_census_of_legal_positions(size: int, positions: int) -> None:
    assert census(new_board(size)) == positions


@pytest.mark.slow
def test_census_of_legal_positions_on_4x4() -> None:
    assert census(new_board(4)) == 24_318_165


def test_a_copied_board_shares_nothing_with_its_original() -> None:
    board = new_board(3)
    play(board, 4, BLACK)
    copy = copy_board(board)
    play(copy, 0, WHITE)
    assert np.count_nonzero(board.stones == WHITE) == 0
    assert int(board.ply[0]) == 1
