"""Saliency by removal against boards set up by hand and SARFA in plain Python."""

import math

import numpy as np
import pytest

from gopolicy.data.position_sample import PositionSample
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.types import Point
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.saliency import chains_of, each_stone, planes_without, remove_each, sarfa


def test_taking_a_stone_away_is_setting_the_point_empty(sample: PositionSample) -> None:
    encoder = Encoder("alphago48", 9)
    for row in (11, 30, 47):
        position = sample.position(row)
        pieces = each_stone(position.board) + chains_of(position.board)
        found = planes_without(encoder, position.board, position.to_play, pieces)
        for piece, planes in zip(pieces, found, strict=True):
            board = position.board
            board.setup(empty=piece)  # the same by the rules' own door
            assert (encoder.board(board.arrays, int(position.to_play)) == planes).all()


def test_every_stone_and_every_chain_is_taken_once(sample: PositionSample) -> None:
    board = sample.position(40).board
    stones = [point for piece in each_stone(board) for point in piece]
    chained = [point for piece in chains_of(board) for point in piece]
    assert stones == sorted(chained) == np.flatnonzero(board.stones.reshape(-1)).tolist()


def test_support_is_the_fall_of_the_log_probability(
    subject: BoardLens, sample: PositionSample
) -> None:
    position = sample.position(25)
    move = position.played
    found = remove_each(subject, position.board, position.to_play, move)
    before = subject.policy.predict(position.board, position.to_play)
    assert found.probability == pytest.approx(float(before[move]), rel=1e-4)
    for (stone,), support in zip(found.pieces, found.support, strict=True):
        board = position.board
        board.setup(empty=[stone])
        after = subject.policy.predict(board, position.to_play)
        expected = math.log(before[move]) - math.log(after[move])
        assert support == pytest.approx(expected, abs=2e-4)
    points = found.per_point(found.support, 9)
    assert np.flatnonzero(points).tolist() == [
        int(p[0]) for p, s in zip(found.pieces, found.support, strict=True) if s
    ]


def slow_sarfa(before: list[float], after: list[float], move: int) -> float:
    """Puri et al. 2020: harmonic mean of the fall and of 1 / (1 + KL of the other moves)."""
    fall = before[move] - after[move]
    if fall <= 0:
        return 0.0
    old = [p for a, p in enumerate(before) if a != move]
    new = [p for a, p in enumerate(after) if a != move]
    old, new = [p / sum(old) for p in old], [p / sum(new) for p in new]
    divergence = sum(q * math.log(q / p) for p, q in zip(old, new, strict=True))
    same = 1 / (1 + divergence)
    return 2 * same * fall / (same + fall)


def test_sarfa_is_what_the_paper_says() -> None:
    rng = np.random.default_rng(2)
    before, after = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6), size=40)
    found = sarfa(before, after, 2)
    expected = [slow_sarfa(before.tolist(), row.tolist(), 2) for row in after]
    assert found == pytest.approx(expected, rel=1e-5)
    assert 0 < np.count_nonzero(found) < 40


def test_an_empty_board_has_nothing_to_take_away(subject: BoardLens) -> None:
    with pytest.raises(ConfigError, match="no stone on the board"):
        remove_each(subject, Board(9), Board(9).to_move, Point(40))
