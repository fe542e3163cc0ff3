"""What is said about points that are equally probable."""

import numpy as np

from gopolicy.go.types import Color, Point
from gopolicy.policy.annotate import MoveNote, NoteWords
from gopolicy.policy.view import View


def view(*shares: float) -> View:
    """Return the view about a board of which all points are legal but the last."""
    legal = np.ones(len(shares), np.bool_)
    legal[-1] = False
    return View(probabilities=np.array(shares, np.float32), legal=legal)


def test_tied_candidates_share_a_place() -> None:
    seen = view(0.05, 0.2, 0.2, 0.2000001, 0.2, 0.1, 0.2)
    assert [seen.rank(Point(p)) for p in range(7)] == [6, 1, 1, 1, 1, 5, None]
    assert [seen.equals(Point(p)) for p in range(7)] == [1, 4, 4, 4, 4, 1, 0]
    assert seen.choice_words(Point(4)) == "choice number 1, one of four equal"
    assert seen.choice_words(Point(5)) == "choice number 5"
    assert seen.choice_words(Point(6)) == "an illegal move"


def test_a_difference_beyond_rounding_decides() -> None:
    seen = view(0.4, 0.4002, 0.1, 0.0998)
    assert [(seen.rank(Point(p)), seen.equals(Point(p))) for p in (0, 1)] == [(2, 1), (1, 1)]


def test_points_without_any_probability_are_equal_and_last() -> None:
    seen = view(0.9, 0.0, 0.0, 0.1)
    assert [seen.rank(Point(p)) for p in range(3)] == [1, 2, 2]
    assert seen.equals(Point(1)) == 2


def test_one_of_four_equal_first_choices_counts_a_quarter() -> None:
    seen = view(0.2, 0.2, 0.2, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0)
    remarks = [
        MoveNote(color=Color.BLACK, played=Point(3), view=seen),
        MoveNote(color=Color.WHITE, played=Point(4), view=seen),
        MoveNote(color=Color.BLACK, played=None, view=seen),
    ]
    notes = NoteWords(3, 2, "nn").notes_from(remarks)
    assert notes[0].comment.startswith("Seen by nn: its first choice was played in 12.5% of 2 ")
    assert "Move 1, Black A2: 20.0%, choice number 1, one of four equal." in notes[1].comment
