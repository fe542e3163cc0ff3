"""Ladders that a Go player can check by eye: the moves that catch, and the moves that save."""

import numpy as np
import pytest
from reference.planes_twin import LadderTwin, TwinPosition

from gopolicy.features import Encoder, plane_set
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name


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


# Found by a search for positions that take many nodes; composed ladders such as Nakayama's do too.
LONG_LADDERS = {
    "A9": """
13 X X O X X O O . . . X . O 13
12 . . . . O O X X X . O . X 12
11 . . . . X X O X O . X . . 11
10 X . . X . . . X X O . . . 10
 9 . . O O X . O O . X . . . 9
 8 X O . O O . X O . . O . O 8
 7 . . O O O . . . . X . . O 7
 6 . . . . . O . . X O O . . 6
 5 . . . . . . . . X O . X O 5
 4 . . . . . . O . O X . X . 4
 3 . . X . . X . . O X . O X 3
 2 X . O X X . O O . X O O X 2
 1 O . O . O . O . O X O X . 1
""",
    "N13": """
13 O . . O O . O O X . X . . 13
12 O . X . . X . . . . . O X 12
11 O X . . . . . . . . O . . 11
10 X . O . . . . . O . . . . 10
 9 . . . X O O O . . X . . . 9
 8 . O X O O X . . . O . . . 8
 7 X O . . . O X X . . . . . 7
 6 O X . . . X O . . O . X . 6
 5 . O X . . . O . X . . . . 5
 4 . . O . . O . O . . . . O 4
 3 . X X . X . X . . X O . . 3
 2 X O X O O . O . . . . . X 2
 1 . . O X . . X O X O . X X 1
""",
}

# The chain in the corner can be attacked in a hundred thousand hopeless ways before the right one.
LONG_LADDERS["M2"] = """
13 . . . . O X . . X . . . . 13
12 X O . O O O O . X . . . O 12
11 . X X O X X O O . . . X O 11
10 . O X . O . X . . O . X X 10
 9 O . X O . X . . X O . X . 9
 8 X O X . . O . X . X X X X 8
 7 . . O . X O X X X . O O O 7
 6 X . . . . X O O O . . O X 6
 5 . O . . . O X . O . . X . 5
 4 X X . O O . O . . X . . X 4
 3 O . O . X X X . . O X O . 3
 2 . X O O O X . . X . O . X 2
 1 O . . . . . X . O O . O X 1
"""


@pytest.mark.parametrize("vertex", LONG_LADDERS)
def test_a_ladder_of_three_thousand_nodes_is_read_to_its_end(vertex: str) -> None:
    board = Board.from_diagram(LONG_LADDERS[vertex])
    size = board.size
    stones = {
        divmod(int(at), size): int(board.stones.flat[at]) for at in np.flatnonzero(board.stones)
    }
    position = TwinPosition(size)
    position.stones = stones
    caught, saved = LadderTwin(size, patience=50_000).moves(position, Color.WHITE)
    assert divmod(parse_vertex(vertex, size), size) in caught
    for group, expected in (("ladder capture", caught), ("ladder escape", saved)):
        names = {vertex_name(Point(row * size + column), size) for row, column in expected}
        assert ladder_moves(board, Color.WHITE, group) == names
