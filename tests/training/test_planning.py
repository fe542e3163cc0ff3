"""Runs that have so many minutes: the clock, the choice of a network, the schedule."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from reference.fake_source import FakeSource

from gopolicy.nets.weights import load_weights
from gopolicy.training import schedule
from gopolicy.training.checkpoint import checkpoints
from gopolicy.training.config import TrainConfig, override
from gopolicy.training.expected_accuracy import MEASURED, expected_top1
from gopolicy.training.loop import train_task
from gopolicy.training.planning import choose_network, plan_run
from gopolicy.training.recipes import RECIPES
from gopolicy.training.run_folder import resumed_config
from gopolicy.training.schedule import RunClock, learning_rate
from gopolicy.training.speed_trial import SpeedTrial
from gopolicy.training.task import Result, Task
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")
ALONE = World(torch.device("cpu"))

TIMED = TrainConfig(
    settings={"filters": 4, "layers": 3, "normalization": "batch"},
    planes="fake",
    positions=1000,
    minutes=1.0,
    batch_size=8,
    warmup=16,
    schedule="wsd",
    decay_share=0.5,
    precision="fp32",
    memory_format="channels_last",
    checkpoint_minutes=60,
    log_every=8,
    validation_every=80,
)


class FakeTime:
    """A clock that goes on by a second whenever somebody looks at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, each: float = 1.0) -> None:
        self.now, self.each = 0.0, each
        monkeypatch.setattr(schedule, "time", SimpleNamespace(perf_counter=self.look))

    def look(self) -> float:
        self.now += self.each
        return self.now


def rates(out: Path) -> list[float]:
    entries = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [entry["lr"] for entry in entries if entry["kind"] == "train"]


def run(out: Path, config: TrainConfig = TIMED, resume: bool = False) -> Result:
    source = FakeSource(config.batch_size)
    task = Task(config=config, source=source, out=out, world=ALONE, begun=0.0)
    return train_task(task, resume=resume)


def test_a_run_of_a_minute_ends_after_a_minute_with_its_rate_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeTime(monkeypatch)
    result = run(tmp_path)
    assert fake.now == pytest.approx(60, abs=5)
    found = rates(tmp_path)
    assert found[:2] == pytest.approx([TIMED.lr / 3, 2 * TIMED.lr / 3])
    assert max(found) == TIMED.lr
    assert found[-1] < 0.1 * TIMED.lr
    assert all(a >= b for a, b in pairwise(found[3:]))
    assert 8 * len(found) == result.positions < TIMED.positions


def test_a_machine_that_becomes_slow_has_its_rate_down_in_time_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeTime(monkeypatch, 0.25)
    usual = FakeSource.batch

    def slower(self: FakeSource, k: int) -> Any:
        fake.each = 0.25 if k < 40 else 2.0
        return usual(self, k)

    monkeypatch.setattr(FakeSource, "batch", slower)
    run(tmp_path)
    assert fake.now == pytest.approx(60, abs=8)
    assert rates(tmp_path)[-1] < 0.15 * TIMED.lr


def test_a_run_that_was_stopped_goes_on_where_its_time_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    fake = FakeTime(monkeypatch)
    usual = FakeSource.batch

    def stopping(self: FakeSource, k: int) -> Any:
        if k == 20:
            signal.raise_signal(signal.SIGINT)
        return usual(self, k)

    with monkeypatch.context() as patch:
        patch.setattr(FakeSource, "batch", stopping)
        assert run(tmp_path).signal == signal.SIGINT
    before = json.loads((checkpoints(tmp_path)[-1] / "state.json").read_text())["elapsed"]
    assert 20 < before < 60
    fake.now = 0.0  # another process, another day
    assert not run(tmp_path, resume=True).signal
    assert fake.now == pytest.approx(60 - before, abs=5)
    assert rates(tmp_path)[-1] < 0.1 * TIMED.lr
    longer = resumed_config(tmp_path, ["minutes=2"])
    fake.now = 0.0
    more = run(tmp_path, longer, resume=True)
    assert fake.now == pytest.approx(60, abs=8)
    assert load_weights(tmp_path / "weights").info.positions == more.positions


def test_a_number_of_positions_takes_the_place_of_minutes(tmp_path: Path) -> None:
    config = override(TIMED, ["positions=16"])
    assert config.minutes == 0
    assert run(tmp_path, config).positions == 16
    assert override(TIMED, ["positions=16", "minutes=3"]).minutes == 3


def test_time_is_kept_for_what_comes_after_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeTime(monkeypatch, 0.0)
    clock = RunClock(TIMED, 0.0, 0.0)
    clock.reserve("measurement", 5.0)
    clock.reserve("measurement", 10.0)
    clock.reserve("checkpoint", 5.0)
    fake.now = 22.5
    assert clock.share(1) == pytest.approx(0.5)
    fake.now = 45.0
    assert clock.share(2) == 1.0
    assert clock.left == pytest.approx(15.0)


def test_without_minutes_the_rate_is_that_of_the_step() -> None:
    config = override(TIMED, ["positions=800"])
    for step in range(config.steps):
        assert learning_rate(config, step) == learning_rate(config, step, 0.77)


def test_what_was_measured_is_what_is_expected() -> None:
    for row in MEASURED:
        found = expected_top1(row.filters, row.layers, row.positions)
        assert found is not None
        assert found.bound == "about"
        assert found.top1 == pytest.approx(row.top1)
    size = (MEASURED[-1].filters, MEASURED[-1].layers)
    assert str(expected_top1(*size, 10**9)) == f"at least {100 * MEASURED[-1].top1:.1f} %"
    assert str(expected_top1(*size, 1000)).startswith("less than ")
    assert expected_top1(40, 4, 10**6) is None


def test_more_time_gives_a_network_that_is_as_large_or_larger() -> None:
    found = [choose_network(lambda size: 400.0, 60.0 * 2**power) for power in range(18)]
    assert all(a <= b for a, b in pairwise(found))
    assert found[0] == (32, 7)
    assert (64, 9) in found
    assert (96, 11) in found
    assert found[-1] == (192, 15)


def test_a_plan_says_what_it_expects_and_measures_often_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SpeedTrial, "rate", lambda *_: 500.0)
    facts: dict[str, Any] = {"choose_size": True}
    plan = plan_run(RECIPES["default"], ALONE, (48, 19), supply=10**7, **facts)
    assert plan.config.settings["filters"] == 64
    assert plan.config.positions == int(500 * 3600 * 0.93)
    assert 5 <= plan.config.positions / plan.config.validation_every <= 20
    text = "\n".join(plan.lines)
    assert "64 filters and 9 layers, about 1,674,000 positions at 500 positions/s" in text
    assert "expect about 47.2 % top-1" in text
    few = plan_run(RECIPES["default"], ALONE, (48, 19), supply=100_000, **facts)
    assert "each will be seen 17 times" in few.lines[-1]
    given = plan_run(
        RECIPES["quick"], ALONE, (48, 19), supply=10**7, **facts | {"choose_size": False}
    )
    assert given.config.settings == RECIPES["quick"].settings


def test_a_trial_takes_steps_and_leaves_the_dice_alone() -> None:
    config = override(RECIPES["default"], ["filters=8", "layers=2", "pooled=8", "batch_size=4"])
    before = torch.get_rng_state()
    assert SpeedTrial(config, 3, 5, ALONE).rate(0.0) > 0
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("first_step", "expected"), [(0.6, 4 / 0.25), (2.0, 4 / 2.0)], ids=["new memory", "too slow"]
)
def test_a_slow_first_step_of_a_trial_is_forgiven_unless_it_is_very_slow(
    monkeypatch: pytest.MonkeyPatch, first_step: float, expected: float
) -> None:
    config = override(RECIPES["default"], ["filters=8", "layers=2", "pooled=8", "batch_size=4"])
    trial = SpeedTrial(config, 3, 5, ALONE)
    asked: list[int] = []

    def seconds(steps: int) -> float:
        asked.append(steps)
        return 0.25 * steps if len(asked) > 1 else first_step

    monkeypatch.setattr(trial, "_seconds", seconds)
    assert trial.rate(0.5, rival=4 / 0.26) == pytest.approx(expected)
