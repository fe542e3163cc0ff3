"""Rules as pictures: what Black and White play, and what the board looks like afterwards."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gopolicy.errors import GoPolicyError, IllegalMove, Refusal
from gopolicy.go.board import Board
from gopolicy.go.diagram import format_diagram, parse_diagram
from gopolicy.go.superko import Superko
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import parse_vertex


@dataclass(frozen=True)
class Case:
    """A position, moves such as "B C3", the stones that the last one captures, and the outcome."""

    before: str
    moves: tuple[str, ...]
    captured: int
    after: str


CASES = {
    "corner stone": Case(
        """
        O X .
        . . .
        . . .
        """,
        ("B A2",),
        1,
        """
        . X .
        X . .
        . . .
        """,
    ),
    "edge stone": Case(
        """
        X O X
        . . .
        . . .
        """,
        ("B B2",),
        1,
        """
        X . X
        . X .
        . . .
        """,
    ),
    "a move into four single stones": Case(
        """
        . . X . .
        . X O X .
        X O . O X
        . X O X .
        . . X . .
        """,
        ("B C3",),
        4,
        """
        . . X . .
        . X . X .
        X . X . X
        . X . X .
        . . X . .
        """,
    ),
    "everything but one point": Case(
        """
        O O O O O
        O O O O O
        O O O O O
        O O O O O
        . O O O O
        """,
        ("B A1",),
        24,
        """
        . . . . .
        . . . . .
        . . . . .
        . . . . .
        X . . . .
        """,
    ),
    "a chain along the whole edge": Case(
        """
        O O O O .
        X X X X .
        . . . . .
        . . . . .
        . . . . .
        """,
        ("B E5",),
        4,
        """
        . . . . X
        X X X X .
        . . . . .
        . . . . .
        . . . . .
        """,
    ),
    "capturing comes before suicide": Case(
        """
        . X O .
        X O . O
        . X O .
        . . . .
        """,
        ("B C3",),
        1,
        """
        . X O .
        X . X O
        . X O .
        . . . .
        """,
    ),
    "snapback": Case(
        """
        . O X . .
        . O X . .
        O O X . .
        X X X . .
        . . . . .
        """,
        ("B A5", "W A4", "B A5"),
        5,
        """
        X . X . .
        . . X . .
        . . X . .
        X X X . .
        . . . . .
        """,
    ),
    "ko taken back after a threat and its answer": Case(
        """
        . X O . .
        X O . O .
        . X O . .
        . . . . .
        . . . . .
        """,
        ("B C4", "W E1", "B A1", "W B4"),
        1,
        """
        . X O . .
        X O . O .
        . X O . .
        . . . . .
        X . . . O
        """,
    ),
    "a stone taken by two stones may be retaken": Case(
        """
        . O X . .
        O X . X .
        . O O X .
        . . . . .
        . . . . .
        """,
        ("W C4", "W E1"),
        0,
        """
        . O X . .
        O . O X .
        . O O X .
        . . . . .
        . . . . O
        """,
    ),
    "two captured, one recaptured at once": Case(
        """
        . . . . .
        . . . . .
        . . . . .
        X X O . .
        . O . O .
        """,
        ("W A1", "B C1", "W B1"),
        1,
        """
        . . . . .
        . . . . .
        . . . . .
        X X O . .
        . O . O .
        """,
    ),
    "the other ko of a double ko": Case(
        """
        . X O . . . .
        X O . O . . .
        . X O . . . .
        . . . . . . .
        . X O . . . .
        X . X O . . .
        . X O . . . .
        """,
        ("B C6", "W B2"),
        1,
        """
        . X O . . . .
        X . X O . . .
        . X O . . . .
        . . . . . . .
        . X O . . . .
        X O . O . . .
        . X O . . . .
        """,
    ),
}


def play(board: Board, move: str) -> int:
    color, vertex = move.split()
    return board.play(vertex, Color.BLACK if color == "B" else Color.WHITE)


def same_stones(board: Board, text: str) -> bool:
    return np.array_equal(board.stones, parse_diagram(text))


@pytest.mark.parametrize("name", CASES)
def test_moves_lead_from_one_picture_to_the_other(name: str) -> None:
    case = CASES[name]
    board = Board.from_diagram(case.before)
    captured = [play(board, move) for move in case.moves]
    assert same_stones(board, case.after), f"\n{board}"
    assert captured[-1] == case.captured
    for _ in case.moves:
        board.undo()
    assert same_stones(board, case.before)


KO = """
    . X O . .
    X O . O .
    . X O . .
    . . . . .
    . . . . .
    """
DOUBLE_KO = CASES["the other ko of a double ko"].before
SEND_TWO = CASES["two captured, one recaptured at once"].before


def test_a_ko_may_not_be_retaken_at_once_by_the_opponent() -> None:
    board = Board.from_diagram(KO)
    board.play("C4")
    assert board.refusal("B4", Color.WHITE) is Refusal.KO
    assert not board.legal_mask(Color.WHITE)[parse_vertex("B4", 5)]
    with pytest.raises(IllegalMove, match="move 2, white B4 on 5x5: it retakes a ko"):
        board.play("B4")
    assert board.legal("B4", Color.BLACK), "filling the ko is no retaking"


@pytest.mark.parametrize("superko", ["none", "situational", "positional"])
def test_after_two_passes_only_superko_still_forbids_the_ko(superko: Superko) -> None:
    board = Board.from_diagram(KO, superko=superko)
    for vertex in ("C4", "pass", "pass"):
        board.play(vertex)
    expected = None if superko == "none" else Refusal.SUPERKO
    assert board.refusal("B4") is expected


@pytest.mark.parametrize("superko", ["none", "situational", "positional"])
def test_sending_two_returning_one_repeats_only_the_stones(superko: Superko) -> None:
    board = Board.from_diagram(SEND_TWO, to_move=Color.WHITE, superko=superko)
    board.play("A1")
    assert board.play("C1") == 2
    expected = Refusal.SUPERKO if superko == "positional" else None
    assert board.refusal("B1") is expected


@pytest.mark.parametrize("superko", ["none", "situational"])
def test_sending_two_again_repeats_the_situation(superko: Superko) -> None:
    board = Board.from_diagram(SEND_TWO, to_move=Color.WHITE, superko=superko)
    for vertex in ("A1", "C1", "B1", "pass"):
        board.play(vertex)
    expected = Refusal.SUPERKO if superko == "situational" else None
    assert board.refusal("A1") is expected


def test_positional_superko_ends_a_double_ko_one_pass_earlier_than_situational() -> None:
    cases: list[tuple[Superko, str]] = [("positional", "B6"), ("situational", "B2")]
    for superko, refused in cases:
        board = Board.from_diagram(DOUBLE_KO, to_move=Color.WHITE, superko=superko)
        for vertex in ("B2", "C6", "pass", "C2"):
            board.play(vertex)
        if superko == "situational":
            board.play("B6")
            board.play("pass")
        assert board.refusal(refused) is Refusal.SUPERKO
        assert not board.legal(refused)


def test_undoing_the_cause_makes_a_repeating_move_legal_again() -> None:
    board = Board.from_diagram(KO, superko="positional")
    for vertex in ("C4", "E1", "A1", "B4"):
        board.play(vertex)
    board.play("pass")
    board.play("pass")
    assert board.refusal("C4") is Refusal.SUPERKO
    for _ in range(6):
        board.undo()
    assert board.legal("C4")


def test_a_threat_and_its_answer_make_the_position_new_under_superko() -> None:
    board = Board.from_diagram(KO, superko="positional")
    for vertex in ("C4", "E1", "A1"):
        board.play(vertex)
    assert board.play("B4") == 1


@pytest.mark.parametrize(
    ("before", "vertex", "lost"),
    [
        (". X . / X . X / . X .", "B2", 1),
        (". . . / X X . / O . X", "B1", 2),
        (". X . / X . . / . . .", "A3", 1),
        (". X X . / X O O X / X O . X / . X X .", "C2", 4),
    ],
)
def test_suicide_is_refused_or_takes_the_chain_off(before: str, vertex: str, lost: int) -> None:
    board = Board.from_diagram(before, to_move=Color.WHITE)
    assert board.refusal(vertex) is Refusal.SUICIDE
    assert board.legal(vertex, Color.BLACK)
    allowed = Board.from_diagram(before, to_move=Color.WHITE, suicide=True)
    assert allowed.play(vertex) == -lost
    assert allowed.captures == {Color.BLACK: lost, Color.WHITE: 0}
    assert not (allowed.stones == Color.WHITE).any()
    allowed.undo()
    assert same_stones(allowed, before)
    assert allowed.captures == {Color.BLACK: 0, Color.WHITE: 0}


def test_suicide_of_one_stone_repeats_the_position_but_not_the_situation() -> None:
    before = ". X . / X . X / . X ."
    reasons = {
        superko: Board.from_diagram(
            before, to_move=Color.WHITE, superko=superko, suicide=True
        ).refusal("B2")
        for superko in ("none", "positional", "situational")
    }
    assert reasons == {"none": None, "positional": Refusal.SUPERKO, "situational": None}


def test_capturing_gives_liberties_back_to_the_neighbors() -> None:
    board = Board.from_diagram("O X . / O X . / . . .")
    assert len(board.liberties("B2")) == 3
    board.play("A1")
    assert len(board.liberties("B2")) == 5
    assert len(board.chain("B2")) == 2
    assert board.chain("A3") == board.liberties("A3") == ()


def test_setup_refuses_chains_without_liberties_and_changes_nothing() -> None:
    board = Board(3)
    board.play("B2")
    with pytest.raises(ValueError, match="without liberties"):
        board.setup(white=["A1"], black=["A2", "B1"])
    assert board.stones.sum() == 1
    assert board.ply == len(board.events) == 1


def test_points_off_the_board_are_refused() -> None:
    board = Board(5)
    assert board.refusal(Point(25)) is board.refusal(Point(-2)) is Refusal.OFF_BOARD
    with pytest.raises(IllegalMove, match="black point 25 on 5x5: the point is off the board"):
        board.play(Point(25))
    with pytest.raises(ValueError, match="F1"):
        board.play("F1")
    assert board.legal("pass")


def test_board_knows_last_move_passes_and_colors() -> None:
    board = Board(5)
    assert board.last_move is None
    for vertex in ("C3", "pass", "pass"):
        board.play(vertex)
    assert board.last_move == PASS
    assert board.passes == 2
    assert board.color_at("C3") is Color.BLACK
    assert board.color_at("C4") is Color.EMPTY
    board.setup(to_move=Color.BLACK)
    assert board.last_move is None
    assert board.passes == 0


def test_undo_of_nothing_is_an_error() -> None:
    board = Board(5)
    with pytest.raises(GoPolicyError, match="no move to take back"):
        board.undo()


def test_a_copy_goes_its_own_way() -> None:
    board = Board.from_diagram(KO, superko="positional", komi=0.5, suicide=True)
    board.play("C4")
    copy = board.copy()
    copy.play("E1")
    copy.undo()
    copy.undo()
    assert copy.legal("C4")
    assert board.ply == 1
    assert board.refusal("B4") is Refusal.KO
    assert (copy.komi, copy.superko, copy.suicide) == (0.5, "positional", True)


@pytest.mark.parametrize(
    "settings",
    [{"size": 1}, {"size": 26}, {"superko": "japanese"}, {"komi": float("nan")}],
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Board(**settings)


def test_events_make_the_same_board_again() -> None:
    board = Board(9, superko="positional")
    board.place_handicap(4)
    for vertex in ("E5", "D5", "pass", "A1"):
        board.play(vertex)
    board.setup(white=["H8"], empty=["E5"], to_move=Color.BLACK)
    board.play("E5")
    again = Board.from_events(9, board.events, superko="positional")
    assert str(again) == str(board)
    assert again.events.tolist() == board.events.tolist()
    assert again.to_move is board.to_move
    assert np.array_equal(again.legal_mask(), board.legal_mask())
    assert again.ply == board.ply == 5
    again.undo()
    again.undo()
    assert again.color_at("E5") is Color.WHITE


@pytest.mark.parametrize("size", [2, 3, 9, 13, 19, 25])
def test_diagrams_are_read_back_as_they_were_written(size: int) -> None:
    stones = np.random.default_rng(size).integers(0, 3, (size, size)).astype(np.int8)
    for last in (PASS, Point(0), Point(size - 1), Point(size * size - 1)):
        text = format_diagram(stones, last)
        assert np.array_equal(parse_diagram(text), stones)
        assert text.count("(") == (last != PASS)


def test_board_prints_coordinates_star_points_and_the_last_move() -> None:
    board = Board(7)
    board.play("C3")
    board.play("D4")
    assert str(board) == (
        "   A B C D E F G\n"
        " 7 . . . . . . . 7\n"
        " 6 . . . . . . . 6\n"
        " 5 . . + . + . . 5\n"
        " 4 . . .(O). . . 4\n"
        " 3 . . X . + . . 3\n"
        " 2 . . . . . . . 2\n"
        " 1 . . . . . . . 1\n"
        "   A B C D E F G"
    )


@pytest.mark.parametrize(
    "text", ["", ". . / . . .", ". .", ". Q / . .", "\n".join(["." * 26] * 26)]
)
def test_other_pictures_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.compile("expected", re.IGNORECASE)):
        parse_diagram(text)
