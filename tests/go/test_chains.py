"""What kernels keep about chains, counted afresh after every move of random games."""

import random

import numpy as np
import pytest
from reference.go_twin import liberties, region

from gopolicy.go.kernels import (
    BoardArrays,
    cell_of,
    copy_board,
    legal_points,
    new_board,
    play,
    point_of_cell,
    rebuild_chains,
    set_point,
)
from gopolicy.go.types import BLACK, EMPTY, WHITE


def describe(board: BoardArrays) -> list[tuple[object, ...]]:
    """Size, liberties and liberty set of the chain at every stone."""
    facts: list[tuple[object, ...]] = []
    for at in np.flatnonzero((board.stones == BLACK) | (board.stones == WHITE)):
        head = board.chain_head[at]
        bits = board.lib_bits[head].tobytes()
        facts.append((at, board.chain_size[head], board.chain_libs[head], bits))
    return facts


def chain_cells(board: BoardArrays, at: int) -> set[int]:
    cells, near = {at}, int(board.chain_next[at])
    while near != at:
        assert near not in cells, "the circle of a chain passes its start again"
        cells.add(near)
        near = int(board.chain_next[near])
    return cells


def check_fields(board: BoardArrays) -> None:
    """Compare every derived field with flood fill over the stones."""
    size = board.size
    spots = {
        divmod(point_of_cell(board, int(at)), size): int(board.stones[at])
        for at in np.flatnonzero((board.stones == BLACK) | (board.stones == WHITE))
    }
    for spot in spots:
        at = cell_of(board, spot[0] * size + spot[1])
        head = int(board.chain_head[at])
        chain, free = region(spots, spot, size), liberties(spots, spot, size)
        assert {
            divmod(point_of_cell(board, cell), size) for cell in chain_cells(board, at)
        } == chain
        assert {int(board.chain_head[cell]) for cell in chain_cells(board, at)} == {head}
        assert board.chain_size[head] == len(chain)
        assert board.chain_libs[head] == len(free)
        words = board.lib_bits[head]
        bits = {i for i in range(64 * len(words)) if int(words[i // 64]) >> (i % 64) & 1}
        assert bits == {cell_of(board, row * size + column) for row, column in free}
    empty = board.stones == EMPTY
    assert not board.chain_head[empty].any()


def random_move(board: BoardArrays, rng: random.Random, color: int, suicide: bool) -> None:
    legal = np.empty(board.size**2, np.bool_)
    legal_points(board, color, suicide, legal)
    points = np.flatnonzero(legal)
    play(board, int(rng.choice(points)) if len(points) else -1, color)


@pytest.mark.parametrize("suicide", [False, True])
@pytest.mark.parametrize(("size", "moves"), [(2, 60), (3, 80), (5, 150), (9, 200)])
def test_chain_fields_agree_with_flood_fill_after_every_move(
    size: int, moves: int, suicide: bool
) -> None:
    rng = random.Random(size)
    board = new_board(size)
    for move in range(moves):
        random_move(board, rng, BLACK + move % 2, suicide)
        check_fields(board)


@pytest.mark.parametrize("suicide", [False, True])
@pytest.mark.parametrize("size", [13, 19, 25])
def test_chain_fields_agree_with_a_rebuilt_board_after_every_move(size: int, suicide: bool) -> None:
    rng = random.Random(size)
    board = new_board(size)
    for move in range(size * size * 2):
        random_move(board, rng, BLACK + move % 2, suicide)
        rebuilt = copy_board(board)
        rebuild_chains(rebuilt)
        assert describe(rebuilt) == describe(board)
    check_fields(board)


def test_chain_fields_agree_with_flood_fill_after_setup() -> None:
    rng = random.Random(5)
    board = new_board(5)
    for _ in range(300):
        set_point(board, rng.randrange(25), rng.choice((EMPTY, BLACK, WHITE)))
        check_fields(board)


def test_birth_is_the_ply_of_the_stone_on_the_board() -> None:
    board = new_board(5)
    for ply, point in enumerate((12, 0, -1, 1), start=1):
        play(board, point, BLACK if ply % 2 else WHITE)
    births = [int(board.birth[cell_of(board, point)]) for point in (12, 0, 1)]
    assert births == [1, 2, 4]
