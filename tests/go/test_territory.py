"""What is territory at the end of a game: false eyes, neutral points, eyes in a seki."""

import numpy as np
import pytest

from gopolicy.go.diagram import parse_diagram
from gopolicy.go.scoring import Score, Tax, stones_in_seki, territory_owners, territory_score
from gopolicy.go.types import Color
from gopolicy.go.vertex import parse_vertex, vertex_name

FALSE_EYE = """
    . . O . O X .
    O O O O X X X
    . O X X X . X
    O O X . X X X
    . O O X X . X
    O O O X . X X
    . O O X X X .
"""
"""E7 is in atari, in a ko: White must connect at D7."""
SEKI = """
    . O . X . X O
    O O X X X X O
    X X O O O O O
    . X O . O . O
    X X O O O O O
    . X X X X X X
    X X . X . X .
"""
"""Neither can play at C7 without being taken; A7 and E7 are eyes."""
CONNECTS_FIRST = """
    . . O X . . X
    . . O X . . X
    . . O X X . X
    . . O X . X .
    . O O O X . X
    O X O X . X X
    . X X . X X .
"""
"""Whoever plays at A1 is in atari, but can connect before, at A3 or at D1: no seki."""


def owners(text: str, vertex: str) -> Color:
    return Color(int(territory_owners(parse_diagram(text)).ravel()[parse_vertex(vertex, 7)]))


def changed(text: str, **stones: str) -> str:
    """Return a diagram of 7x7 with other letters at some vertices."""
    rows = [line.split() for line in text.strip().splitlines()]
    for vertex, letter in stones.items():
        row, column = divmod(int(parse_vertex(vertex, 7)), 7)
        rows[row][column] = letter
    return "\n".join(" ".join(row) for row in rows)


def test_a_false_eye_is_no_territory_because_it_must_be_filled() -> None:
    assert owners(FALSE_EYE, "D7") == Color.EMPTY
    assert owners(FALSE_EYE, "A7") == Color.WHITE
    assert territory_score(parse_diagram(FALSE_EYE), {}) == Score(black=6, white=5)


def test_a_false_eye_that_has_been_filled_costs_nothing_more() -> None:
    filled = parse_diagram(changed(FALSE_EYE, D7="O"))
    assert territory_score(filled, {}) == Score(black=6, white=5)


def test_what_must_be_filled_once_the_neutral_points_are_gone_is_no_territory() -> None:
    assert owners(changed(FALSE_EYE, F7=".", G7="X"), "D7") == Color.EMPTY


def test_a_chain_that_a_neutral_point_connects_needs_no_stone() -> None:
    assert owners(changed(FALSE_EYE, E6="."), "D7") == Color.WHITE


def test_colors_are_treated_alike() -> None:
    for text in (FALSE_EYE, SEKI, CONNECTS_FIRST, changed(FALSE_EYE, F7=".", G7="X")):
        stones = parse_diagram(text)
        swap = np.array([0, 2, 1], np.int8)
        assert np.array_equal(swap[territory_owners(stones)], territory_owners(swap[stones]))


def test_the_board_may_be_turned() -> None:
    for text in (FALSE_EYE, SEKI, CONNECTS_FIRST):
        stones = parse_diagram(text)
        turned = territory_owners(np.ascontiguousarray(np.rot90(stones)))
        assert np.array_equal(turned, np.rot90(territory_owners(stones)))


@pytest.mark.parametrize(("tax", "score"), [("SEKI", (5, 2)), ("NONE", (6, 3))])
def test_eyes_in_a_seki_are_no_points_where_the_rules_tax_them(
    tax: Tax, score: tuple[int, int]
) -> None:
    black, white = score
    assert territory_score(parse_diagram(SEKI), {}, tax=tax) == Score(black=black, white=white)


def test_the_chains_in_a_seki_are_those_that_share_a_liberty_nobody_can_fill() -> None:
    seki = stones_in_seki(parse_diagram(SEKI))
    names = {vertex_name(int(point), 7) for point in np.flatnonzero(seki)}
    assert names == {"A6", "B6", "B7", "C6", "D6", "E6", "F6", "D7", "F7"}
    assert not stones_in_seki(parse_diagram(FALSE_EYE)).any()


def test_a_seki_ends_when_one_side_is_called_dead() -> None:
    stones = parse_diagram(SEKI)
    dead = [parse_vertex("A6", 7)]
    assert not stones_in_seki(stones, dead).any()
    assert territory_score(stones, {}, dead=dead) == Score(black=6 + 4 + 1 + 3, white=2)


NEUTRAL_POINTS = """
    . X . O .
    X X . O O
    X X . O O
    . X . O .
    X X . O O
"""


def test_neutral_points_are_nobodys_and_make_no_seki() -> None:
    stones = parse_diagram(NEUTRAL_POINTS)
    assert territory_score(stones, {}) == Score(black=2, white=2)
    assert not stones_in_seki(stones).any()


def test_a_point_that_either_side_can_fill_after_connecting_makes_no_seki() -> None:
    stones = parse_diagram(CONNECTS_FIRST)
    assert not stones_in_seki(stones).any()
    assert territory_score(stones, {}) == Score(black=10, white=8)
    assert [owners(CONNECTS_FIRST, vertex) for vertex in ("A1", "A3", "D1")] == [Color.EMPTY] * 3
