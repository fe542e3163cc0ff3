"""Eight views of a position against boards that are really turned."""

import numpy as np
import pytest

from gopolicy.data.position_sample import PositionSample
from gopolicy.go.board import Board
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.symmetries import Views, sample_section, views_of, views_of_sample


def turned_board(events: np.ndarray, turn: np.ndarray) -> Board:
    moved = []
    for event in events.tolist():
        point = event & EVENT_POINT_MASK
        moved.append(event if point == EVENT_NO_POINT else event - point + int(turn[point]))
    return Board.from_events(9, moved)


def test_views_are_predictions_on_turned_boards(subject: BoardLens, sample: PositionSample) -> None:
    position = sample.position(33)
    views = views_of(subject, position.board, position.to_play)
    for s, turn in enumerate(symmetry_table(9)):
        board = turned_board(position.events, turn)
        expected = subject.policy.predict(board, position.to_play)[turn]
        assert views.probabilities[s] == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_a_sample_is_seen_like_single_positions(subject: BoardLens, sample: PositionSample) -> None:
    found = views_of_sample(subject, sample)
    assert len(found) == len(sample)
    for row in (0, 17, len(sample) - 1):
        position = sample.position(row)
        alone = views_of(subject, position.board, position.to_play)
        assert found[row].probabilities == pytest.approx(alone.probabilities, rel=1e-3, abs=1e-7)


def test_divergence_is_0_for_equal_views_and_the_entropy_for_disjoint_ones() -> None:
    equal = Views(np.tile([0.5, 0.3, 0.2], (8, 1)))
    assert equal.divergence == pytest.approx(0.0, abs=1e-12)
    assert equal.agree
    apart = Views(np.eye(8))
    assert apart.divergence == pytest.approx(np.log(8))
    assert not apart.agree
    assert apart.first_moves.tolist() == list(range(8))


def test_tied_points_are_no_disagreement() -> None:
    rows = np.tile([0.4, 0.4, 0.2], (8, 1))
    rows[::2, 0] += 1e-6
    rows[1::2, 1] += 1e-6
    tied = Views(rows)
    assert len(set(tied.probabilities.argmax(axis=1).tolist())) == 2
    assert tied.agree
    assert tied.alike
    rows[0, 1] -= 0.01
    rows[1, 0] -= 0.01
    assert not Views(rows).agree


def test_the_worst_positions_are_those_that_diverge_most(
    subject: BoardLens, sample: PositionSample
) -> None:
    found = views_of_sample(subject, sample)
    most = sorted((views.divergence for views in found), reverse=True)
    section = sample_section(subject, sample)
    worst = [each["divergence"] for each in section.findings["worst"]]
    assert worst == pytest.approx(most[: len(worst)], abs=1e-4)
    alike = sum(views.alike for views in found)
    assert f"In {alike} positions the eight views are alike." in section.text
    assert "or how many views" in section.pictures[0].caption
