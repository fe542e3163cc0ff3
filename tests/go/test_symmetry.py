"""Laws of the eight symmetries, and the rules under them."""

import random

import numpy as np
import pytest

from gopolicy.go.board import Board
from gopolicy.go.symmetry import SYMMETRIES, compose, inverse, symmetry_table
from gopolicy.go.types import PASS, Point
from gopolicy.go.vertex import parse_vertex, vertex_name


@pytest.mark.parametrize("size", [2, 3, 9, 19, 25])
def test_symmetries_are_eight_different_permutations(size: int) -> None:
    table = symmetry_table(size)
    assert table.shape == (SYMMETRIES, size * size)
    assert np.array_equal(np.sort(table, axis=1), np.tile(np.arange(size * size), (8, 1)))
    assert len({row.tobytes() for row in table}) == 8
    assert np.array_equal(table[0], np.arange(size * size))


@pytest.mark.parametrize("size", [2, 5, 19])
def test_inverse_and_composition_agree_with_the_table(size: int) -> None:
    table = symmetry_table(size)
    for first in range(SYMMETRIES):
        assert np.array_equal(table[inverse(first)][table[first]], table[0])
        for second in range(SYMMETRIES):
            both = table[compose(first, second)]
            assert np.array_equal(both, table[second][table[first]])


def test_neighbors_stay_neighbors() -> None:
    table = symmetry_table(5)
    rows, columns = np.divmod(table, 5)
    for left, right in ((0, 1), (0, 5), (11, 12), (19, 24)):
        steps = np.abs(rows[:, left] - rows[:, right]) + np.abs(
            columns[:, left] - columns[:, right]
        )
        assert (steps == 1).all()


def test_corners_go_where_the_definition_says() -> None:
    table = symmetry_table(19)
    corner = parse_vertex("A19", 19)
    places = [vertex_name(Point(int(table[s, corner])), 19) for s in range(SYMMETRIES)]
    assert places == ["A19", "A1", "T19", "T1", "A19", "A1", "T19", "T1"]
    edge = parse_vertex("B19", 19)
    places = [vertex_name(Point(int(table[s, edge])), 19) for s in range(SYMMETRIES)]
    assert places == ["B19", "B1", "S19", "S1", "A18", "A2", "T18", "T2"]


@pytest.mark.parametrize("symmetry", range(SYMMETRIES))
def test_a_turned_game_is_the_same_game(symmetry: int) -> None:
    rng = random.Random(symmetry)
    table = symmetry_table(5)[symmetry]
    board, turned = Board(5, superko="positional"), Board(5, superko="positional")
    for _ in range(60):
        legal = np.flatnonzero(board.legal_mask())
        point = Point(int(rng.choice(legal))) if len(legal) else PASS
        captured = board.play(point)
        assert turned.play(point if point == PASS else Point(int(table[point]))) == captured
        assert np.array_equal(turned.stones.ravel()[table], board.stones.ravel())
        assert np.array_equal(turned.legal_mask()[table], board.legal_mask())
