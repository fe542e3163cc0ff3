"""Repaired boards are legal positions, and a sketch is the position its events describe."""

import numpy as np
import pytest

from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.diagram import parse_diagram
from gopolicy.go.types import BLACK, WHITE, Color
from gopolicy.views.repaired_boards import Sketch, repaired


def random_stones(seed: int, size: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.choice(3, p=[0.2, 0.4, 0.4], size=(size, size)).astype(np.int8)


@pytest.mark.parametrize("seed", range(30))
def test_repaired_stones_can_be_set_up_by_the_rules(seed: int) -> None:
    stones = random_stones(seed)
    board = Board(9)
    legal = repaired(stones)
    board.setup(black=np.flatnonzero(legal == BLACK), white=np.flatnonzero(legal == WHITE))
    assert (board.stones == legal).all()
    assert (legal[legal > 0] == stones[legal > 0]).all()
    assert (repaired(legal) == legal).all()


def test_what_is_repaired_was_not_legal() -> None:
    stones = random_stones(1)
    assert (repaired(stones) != stones).any()
    with pytest.raises(ConfigError, match="without liberties"):
        Board(9).setup(np.flatnonzero(stones == BLACK), np.flatnonzero(stones == WHITE))


def test_white_is_taken_first_and_black_breathes_again() -> None:
    stones = parse_diagram("O X . / X O X / O X O")
    assert repaired(stones).tolist() == parse_diagram(". X . / X . X / . X .").tolist()


def test_points_can_be_kept_empty() -> None:
    stones = parse_diagram("X . . / . O . / . . .")
    assert repaired(stones, keep_empty=[0])[0, 0] == 0


@pytest.mark.parametrize("seed", range(8))
def test_a_sketch_and_its_events_give_the_same_planes(seed: int) -> None:
    stones = repaired(random_stones(seed))
    white = np.flatnonzero(stones == WHITE)
    encoder = Encoder("alphago48", 9)
    for last in (None, int(white[seed % len(white)])):
        sketch = Sketch(stones, last)
        board = Board.from_events(9, sketch.events)
        assert board.to_move == Color.BLACK
        assert (board.stones == stones).all()
        expected = encoder.board(board.arrays, BLACK)
        assert (encoder.board(sketch.arrays, BLACK) == expected).all()
        assert board.last_move == last
