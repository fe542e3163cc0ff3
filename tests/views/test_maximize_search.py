"""Boards from the search are legal and worth exactly what is said; search beats chance."""

from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_subjects import tiny_subject

from gopolicy.data.position_sample import PositionSample
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.kernels import BoardArrays
from gopolicy.go.types import BLACK, Point
from gopolicy.nets.probe import answers
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.filter_patterns import state_means
from gopolicy.views.maximize_search import BoardSearch, FoundBoard, Goal, Unit
from gopolicy.views.repaired_boards import Sketch, repaired

CENTER = 40
ENCODER = Encoder("alphago48", 9)


def answer(subject: BoardLens, layer: str, unit: Unit, board: BoardArrays) -> float:
    """Ask the network about a board."""
    planes = ENCODER.board(board, BLACK)
    with torch.no_grad():
        out = answers(subject.network, torch.from_numpy(planes[None]).float(), [layer])[layer]
    return float(
        out.flatten(2)[0, unit.channel, unit.place] if out.ndim == 4 else out[0, unit.channel]
    )


def searched(
    subject: BoardLens, sample: PositionSample, layer: str, goals: list[Goal], seed: int = 0
) -> list[FoundBoard]:
    means = state_means(subject.sample_input(sample, 20).numpy(), subject.plane_set)
    return BoardSearch(subject, layer, goals, means, seed).run(steps=25, rounds=5)


@pytest.fixture(scope="module")
def goals() -> list[Goal]:
    return [Goal(unit=Unit(k, CENTER), penalty=cost) for k in range(4) for cost in (0.0, 0.3)]


def test_the_value_is_the_answer_to_the_legal_board_and_beats_chance(
    subject: BoardLens, sample: PositionSample, goals: list[Goal]
) -> None:
    found = searched(subject, sample, "conv2", goals)
    rng = np.random.default_rng(0)
    for goal, each in zip(goals, found, strict=True):
        board = Board.from_events(9, each.sketch.events)  # raises unless it is legal
        assert (board.stones == each.sketch.stones).all()
        exact = answer(subject, "conv2", goal.unit, board.arrays)
        assert each.value == pytest.approx(exact, abs=1e-4)
        if goal.penalty == 0:
            drawn = [repaired(rng.choice(3, size=(9, 9)).astype(np.int8)) for _ in range(60)]
            values = [
                answer(subject, "conv2", goal.unit, Sketch(stones).arrays) for stones in drawn
            ]
            assert exact >= max(values)


def test_stones_that_cost_are_fewer(
    subject: BoardLens, sample: PositionSample, goals: list[Goal]
) -> None:
    found = searched(subject, sample, "conv2", goals)
    counts = [int((each.sketch.stones > 0).sum()) for each in found]
    assert sum(counts[1::2]) < sum(counts[::2])


def test_a_move_stays_legal_and_its_logit_is_climbed(
    subject: BoardLens, sample: PositionSample
) -> None:
    goals = [Goal(unit=Unit(point), move=point) for point in (0, CENTER)]
    for goal, each in zip(goals, searched(subject, sample, "position_bias", goals), strict=True):
        board = Board.from_events(9, each.sketch.events)
        assert board.legal(Point(goal.unit.channel))
        logit = answer(subject, "position_bias", goal.unit, board.arrays)
        assert each.value == pytest.approx(logit, abs=1e-4)
        assert logit > answer(subject, "position_bias", goal.unit, Board(9).arrays)


def test_the_same_seed_finds_the_same_boards(
    subject: BoardLens, sample: PositionSample, goals: list[Goal]
) -> None:
    one, two = (searched(subject, sample, "conv1", goals[:2], seed=7) for _ in range(2))
    other = searched(subject, sample, "conv1", goals[:2], seed=8)
    assert all((a.sketch.stones == b.sketch.stones).all() for a, b in zip(one, two, strict=True))
    assert any((a.sketch.stones != b.sketch.stones).any() for a, b in zip(one, other, strict=True))


def test_dense_layers_and_plane_sets_without_history_can_be_searched(
    tmp_path: Path, sample: PositionSample
) -> None:
    for network, planes in (("dense", "alphago4"), ("alphago-res", "stones")):
        subject = tiny_subject(tmp_path / network, network, planes)
        layer = "dense1" if network == "dense" else "conv1"
        place = 0 if network == "dense" else CENTER
        (found,) = searched(subject, sample, layer, [Goal(unit=Unit(2, place))])
        assert Board.from_events(9, found.sketch.events).size == 9
