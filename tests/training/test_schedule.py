"""The learning rate."""

from itertools import pairwise
from typing import Any

import pytest

from gopolicy.training.config import TrainConfig
from gopolicy.training.schedule import learning_rate


def rates(**more: Any) -> list[float]:
    config = TrainConfig(**{"positions": 100, "batch_size": 1, "warmup": 10, "lr": 2.0, **more})
    return [learning_rate(config, step) for step in range(config.steps)]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd", "halving", "constant"])
def test_the_rate_rises_evenly_then_never_again(schedule: str) -> None:
    found = rates(schedule=schedule)
    assert found[:10] == pytest.approx([2.0 * (step + 1) / 11 for step in range(10)])
    assert found[10] == 2.0
    assert all(a >= b for a, b in pairwise(found[10:]))


@pytest.mark.parametrize(("schedule", "last"), [("cosine", 0.001), ("linear", 0.03), ("wsd", 0.1)])
def test_the_rate_is_all_but_zero_at_the_end(schedule: str, last: float) -> None:
    assert 0 < rates(schedule=schedule)[-1] < last


def test_cosine_and_linear_are_half_way_in_the_middle() -> None:
    for schedule in ("cosine", "linear"):
        assert rates(schedule=schedule)[55] == pytest.approx(1.0)


def test_wsd_stays_up_until_its_last_share() -> None:
    found = rates(schedule="wsd", decay_share=0.2)
    assert found[10:80] == pytest.approx([2.0] * 70)
    assert found[90] == pytest.approx(1.0)


def test_wsd_extended_before_its_end_is_as_if_longer_from_the_start() -> None:
    short, long = rates(schedule="wsd"), rates(schedule="wsd", positions=200)
    assert short[:76] == long[:76]


def test_a_warmup_longer_than_the_run_only_rises() -> None:
    found = rates(warmup=1000)
    assert len(found) == 100
    assert found == sorted(found)


def test_no_warmup_starts_at_the_top() -> None:
    assert rates(warmup=0)[0] == 2.0


def test_halving_halves_again_and_again() -> None:
    found = rates(schedule="halving", halve_every=30)
    assert [found[step] for step in (29, 30, 59, 60, 89, 90, 99)] == pytest.approx(
        [2.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    )
