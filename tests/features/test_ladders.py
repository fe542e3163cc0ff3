"""Ladders that a Go player can check by eye: the moves that catch, and the moves that save."""

import numpy as np
import pytest

from gopolicy.features import Encoder, plane_set
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import vertex_name


def ladder_moves(board: Board, color: Color, group: str) -> set[str]:
    """Return the vertices that a ladder plane marks."""
    plane = Encoder("alphago48", board.size).board(board.arrays, color)
    marked = np.flatnonzero(plane[plane_set("alphago48").first(group)])
    return {vertex_name(Point(int(point)), board.size) for point in marked}


OPEN_BOARD = """
9 . . . . . . . . . 9
8 . . . . . . . . . 8
7 . . . . . . . . . 7
6 . . . . . . . . . 6
5 . . X . . . . . . 5
4 . . X O . . . . . 4
3 . . . X . . . . . 3
2 . . . . . . . . . 2
1 . . . . . . . . . 1
"""
BREAKER = OPEN_BOARD.replace("7 . . . . . . .", "7 . . . . . . O")
CHASED = OPEN_BOARD.replace("X O .", "X O X")
TWO_WAYS_OUT = """
7 . . . . . . . 7
6 . . . . . . . 6
5 . . X . . . . 5
4 . . X O X O . 4
3 . . . X O . . 3
2 . . . . . . . 2
1 . . . . . . . 1
"""
EDGE = """
5 . . . . . 5
4 . . . . . 4
3 . . . . . 3
2 . . X . . 2
1 . . O . . 1
"""
LADDERS = [
    ("chasing along the open diagonal", OPEN_BOARD, "black", {"E4"}, set()),
    ("a stone on the way breaks it", BREAKER, "black", set(), set()),
    ("running is hopeless", CHASED, "white", set(), set()),
    ("running to a friend", BREAKER.replace("X O .", "X O X"), "white", set(), {"D5"}),
    ("running and capturing both save", TWO_WAYS_OUT, "white", set(), {"D5", "E5"}),
    ("on the first line either side catches", EDGE, "black", {"B1", "D1"}, set()),
]


@pytest.mark.parametrize(
    ("diagram", "color", "captures", "escapes"),
    [case[1:] for case in LADDERS],
    ids=[case[0] for case in LADDERS],
)
def test_ladder_planes_show_what_works(
    diagram: str, color: str, captures: set[str], escapes: set[str]
) -> None:
    board = Board.from_diagram(diagram)
    side = Color[color.upper()]
    assert ladder_moves(board, side, "ladder capture") == captures, str(board)
    assert ladder_moves(board, side, "ladder escape") == escapes, str(board)


def test_a_reading_leaves_the_board_as_it_was() -> None:
    board = Board.from_diagram(OPEN_BOARD)
    before = board.arrays.stones.copy()
    Encoder("alphago48", 9).board(board.arrays, Color.BLACK)
    assert np.array_equal(board.arrays.stones, before)
