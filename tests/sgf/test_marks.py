"""What a file draws on the board, against marks written by hand."""

from gopolicy.go.types import Point
from gopolicy.sgf.marks import marks_at
from gopolicy.sgf.tree import read_trees


def marks(properties: bytes, size: int = 9) -> dict[Point, str]:
    trees, _ = read_trees(b"(;GM[1]SZ[%d]%s)" % (size, properties), "game.sgf")
    return marks_at(trees[0].root, size)


def test_labels_and_signs_are_read() -> None:
    assert marks(b"LB[aa:A][cb:12345]TR[ba]MA[ca]SQ[da]CR[ea]") == {
        0: "A",
        11: "123",
        1: "\u25b3",
        2: "\u00d7",
        3: "\u25a1",
        4: "\u25cb",
    }


def test_a_rectangle_is_all_of_its_points_and_a_label_wins() -> None:
    assert marks(b"TR[aa:bb]LB[bb:x]") == dict.fromkeys([0, 1, 9], "\u25b3") | {10: "x"}
    assert marks(b"SQ[bb:aa]").keys() == {0, 1, 9, 10}


def test_what_is_no_point_of_the_board_is_left_out() -> None:
    assert marks(b"TR[jj][][a][AA]LB[aa][zz:A][:B]SQ[ii:kk]") == {80: "\u25a1"}
