"""Vertices and handicap placements."""

from itertools import combinations

import pytest

from gopolicy.errors import ConfigError, GoPolicyError, VertexError
from gopolicy.go.board import Board
from gopolicy.go.handicap import fixed_handicap, free_handicap, largest_fixed_handicap, star_points
from gopolicy.go.types import MAX_SIZE, MIN_SIZE, PASS, Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name

SIZES = range(MIN_SIZE, MAX_SIZE + 1)


@pytest.mark.parametrize("size", SIZES)
def test_every_point_survives_the_way_to_its_vertex_and_back(size: int) -> None:
    names = [vertex_name(Point(point), size) for point in range(size * size)]
    assert len(set(names)) == size * size
    assert not any(name.startswith("I") for name in names)
    for point, name in enumerate(names):
        assert parse_vertex(name, size) == parse_vertex(name.lower(), size) == point


@pytest.mark.parametrize(
    ("vertex", "point"), [("A19", 0), ("T19", 18), ("A1", 342), ("T1", 360), ("J10", 9 * 19 + 8)]
)
def test_corners_of_19x19_have_the_points_of_row_0_at_the_top(vertex: str, point: int) -> None:
    assert parse_vertex(vertex, 19) == point


@pytest.mark.parametrize("text", ["pass", "PASS", " Pass "])
def test_pass_is_a_vertex_in_any_case(text: str) -> None:
    assert parse_vertex(text, 9) == PASS
    assert vertex_name(PASS, 9) == "pass"


@pytest.mark.parametrize(
    "text",
    [
        *("", "I5", "i5", "D0", "D10", "K1", "Z1", "AA1", "4D", "D", "4", "D4x", "D 4", "D04"),
        *("D-4", "resign", "D\u0664", "\u00c44", "D4\nE5", "D4\x00"),
    ],
)
def test_other_texts_are_refused_with_the_text_in_the_message(text: str) -> None:
    with pytest.raises(VertexError, match="expected a vertex like D4 on 9x9, got"):
        parse_vertex(text, 9)


@pytest.mark.parametrize("point", [-2, 81, 1000])
def test_points_off_the_board_have_no_vertex(point: int) -> None:
    with pytest.raises(VertexError):
        vertex_name(Point(point), 9)


HANDICAPS = {
    (19, 2): "D4 Q16",
    (19, 3): "D4 Q16 D16",
    (19, 4): "D4 Q16 D16 Q4",
    (19, 5): "D4 Q16 D16 Q4 K10",
    (19, 6): "D4 Q16 D16 Q4 D10 Q10",
    (19, 7): "D4 Q16 D16 Q4 D10 Q10 K10",
    (19, 8): "D4 Q16 D16 Q4 D10 Q10 K4 K16",
    (19, 9): "D4 Q16 D16 Q4 D10 Q10 K4 K16 K10",
    (13, 9): "D4 K10 D10 K4 D7 K7 G4 G10 G7",
    (9, 5): "C3 G7 C7 G3 E5",
    (7, 4): "C3 E5 C5 E3",
    (8, 4): "C3 F6 C6 F3",
    (25, 2): "D4 W22",
    (18, 4): "D4 P15 D15 P4",
}


@pytest.mark.parametrize(("size", "stones"), HANDICAPS)
def test_fixed_handicap_follows_the_table_of_the_protocol(size: int, stones: int) -> None:
    names = [vertex_name(point, size) for point in fixed_handicap(size, stones)]
    assert " ".join(names) == HANDICAPS[size, stones]


def test_only_odd_boards_above_7x7_have_room_for_nine_stones() -> None:
    room = {size: largest_fixed_handicap(size) for size in SIZES}
    assert all(room[size] == 0 for size in range(2, 7))
    assert room[7] == 4
    assert all(room[size] == 4 for size in range(8, 26, 2))
    assert all(room[size] == 9 for size in range(9, 26, 2))


@pytest.mark.parametrize(
    ("size", "stones"), [(19, 1), (19, 10), (19, 0), (18, 5), (7, 5), (6, 2), (5, 2)]
)
def test_impossible_fixed_handicaps_are_refused(size: int, stones: int) -> None:
    with pytest.raises(ConfigError, match="stones"):
        fixed_handicap(size, stones)


@pytest.mark.parametrize("size", SIZES)
def test_free_handicap_gives_different_points_starting_with_the_fixed_ones(size: int) -> None:
    for stones in (2, 3, size * size // 2, size * size - 1):
        points = free_handicap(size, stones)
        assert 2 <= len(points) <= stones
        assert len(set(points)) == len(points)
        assert all(0 <= point < size * size for point in points)
        spots = [divmod(point, size) for point in points]
        steps = [abs(a - c) + abs(b - d) for (a, b), (c, d) in combinations(spots, 2)]
        assert min(steps) >= 2  # no stone is put beside another
    assert set(star_points(size)) <= set(free_handicap(size, size * size - 1))


def test_place_handicap_leaves_white_to_move_and_counts_no_moves() -> None:
    board = Board(19)
    points = board.place_handicap(4)
    assert [vertex_name(point, 19) for point in points] == ["D4", "Q16", "D16", "Q4"]
    assert board.to_move is Color.WHITE
    assert board.ply == 0
    assert board.stones.sum() == 4


def test_set_handicap_takes_any_points_but_repeated_ones_or_a_full_board() -> None:
    vertices = [vertex_name(Point(point), 3) for point in range(9)]
    board = Board(3)
    board.set_handicap(vertices[:8])
    assert board.legal(vertices[8], Color.WHITE)
    for wrong in (["A1"], ["A1", "A1"], vertices, ["A1", "pass"], ["A1", "D1"]):
        with pytest.raises(GoPolicyError):
            Board(3).set_handicap(wrong)
    with pytest.raises(ConfigError, match="empty board"):
        board.set_handicap(["A1", "B2"])
