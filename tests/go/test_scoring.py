"""Area and territory scores of drawn positions."""

import random

import numpy as np
import pytest
from reference.go_twin import TwinGame

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.diagram import parse_diagram
from gopolicy.go.scoring import (
    Score,
    area_score,
    owners_by_area,
    territory_owners,
    territory_score,
)
from gopolicy.go.types import Color
from gopolicy.go.vertex import parse_vertex

FINISHED = """
    . X O . .
    X X O O .
    . X X O O
    O X . X O
    . X X X O
    """
"""A2 is dead; as long as it stands, A1 and A3 are nobody's."""


@pytest.mark.parametrize(
    ("text", "black", "white"),
    [
        (". . . / . . . / . . .", 0, 0),
        (". . . / . X . / . . .", 9, 0),
        (". . . / . O . / . . .", 0, 9),
        ("X . O / X . O / X . O", 3, 3),
        (". X O / . X O / . X O", 6, 3),
        (". X O . / X X O O / . X O . / X X O O", 8, 8),
        ("X . / . O", 1, 1),
        (FINISHED, 12, 11),
    ],
)
def test_area_counts_stones_and_points_that_touch_one_color(
    text: str, black: int, white: int
) -> None:
    score = area_score(parse_diagram(text))
    assert (score.black, score.white) == (black, white)


def test_a_dead_chain_is_given_by_any_of_its_stones() -> None:
    stones = parse_diagram(". X . . / X X O O / . X O . / X X O O")
    without = area_score(stones)
    assert (without.black, without.white) == (8, 6)
    dead = [parse_vertex("D3", 4)]
    assert area_score(stones, dead=dead) == Score(black=16, white=0)
    both = [parse_vertex("D3", 4), parse_vertex("C1", 4)]
    assert area_score(stones, dead=both) == Score(black=16, white=0)


def test_dead_stones_decide_the_region_they_stood_in() -> None:
    stones = parse_diagram(FINISHED)
    dead = [parse_vertex("A2", 5)]
    assert area_score(stones, dead=dead) == Score(black=15, white=10)
    assert area_score(stones) == Score(black=12, white=11)


def test_territory_counts_empty_points_and_prisoners_twice_under_dead_stones() -> None:
    stones = parse_diagram(FINISHED)
    captures = {Color.BLACK: 3, Color.WHITE: 1}
    score = territory_score(stones, captures, komi=6.5, dead=[parse_vertex("A2", 5)])
    assert score == Score(black=(1 + 3 + 1) + 3 + 1, white=3 + 1 + 6.5)


def test_board_scores_with_its_komi_and_prisoners() -> None:
    board = Board.from_diagram("O X . / . X . / . . .", komi=2.5)
    board.play("A2")
    assert board.area_score() == Score(black=9, white=2.5)
    assert board.territory_score() == Score(black=7, white=2.5)


def test_empty_points_are_no_dead_stones() -> None:
    with pytest.raises(ConfigError, match="A1"):
        area_score(parse_diagram("X . / . ."), dead=[parse_vertex("A1", 2)])


@pytest.mark.parametrize(
    ("black", "white", "text", "winner"),
    [
        (40, 36.5, "B+3.5", Color.BLACK),
        (40, 40.5, "W+0.5", Color.WHITE),
        (41, 40, "B+1", Color.BLACK),
        (40, 40, "0", Color.EMPTY),
        (361, 7.1, "B+353.9", Color.BLACK),
    ],
)
def test_results_read_as_in_records(black: int, white: float, text: str, winner: Color) -> None:
    score = Score(black=black, white=white)
    assert str(score) == text
    assert score.winner is winner


@pytest.mark.parametrize(
    ("size", "shares"),
    [(2, (0.3, 0.6)), (5, (0.05, 0.3, 0.6)), (9, (0.05, 0.3, 0.6)), (19, (0.6,)), (25, (0.7,))],
)
def test_area_agrees_with_the_slow_twin(size: int, shares: tuple[float, ...]) -> None:
    rng = random.Random(size)
    for share in shares:
        stones = np.zeros((size, size), np.int8)
        twin = TwinGame(size)
        for row in range(size):
            for column in range(size):
                if rng.random() < share:
                    color = 1 if (column * 2 < size) == (rng.random() < 0.9) else 2
                    stones[row, column] = twin.stones[row, column] = color
        score = area_score(stones)
        assert (score.black, score.white) == (twin.area(1), twin.area(2))
        owners = owners_by_area(stones)
        assert (np.sum(owners == 1), np.sum(owners == 2)) == (twin.area(1), twin.area(2))
        points = territory_owners(stones, tax="NONE")
        assert (points[points != 0] == np.where(stones, 0, owners)[points != 0]).all()
