"""The choice of threads and processes, and the processes that a run starts by itself."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from reference.fake_source import FakeSource

from gopolicy import cores
from gopolicy.__main__ import main
from gopolicy.errors import GoPolicyError
from gopolicy.nets.weights import load_weights
from gopolicy.timing import SpeedWatch
from gopolicy.training import process_layout
from gopolicy.training.checkpoint import checkpoints
from gopolicy.training.config import TrainConfig, override
from gopolicy.training.launch import read_verdict
from gopolicy.training.loop import train_task
from gopolicy.training.process_layout import Layout, alone_is_faster, choose_layout
from gopolicy.training.speed_trial import SpeedTrial
from gopolicy.training.task import Task
from gopolicy.training.world import World

ALONE = World(torch.device("cpu"))
LONG = TrainConfig(
    settings={"filters": 4, "layers": 2}, positions=1_000_000, batch_size=8, planes="fake"
)


@pytest.fixture(autouse=True)
def one_thread_again() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


def choose(
    monkeypatch: pytest.MonkeyPatch,
    rates: dict[int, float],
    config: TrainConfig = LONG,
    **more: int,
) -> tuple[Layout, dict[Layout, float]]:
    """Choose where a trial finds these rates, by the number of threads."""
    monkeypatch.setattr(process_layout, "usable_cores", lambda: max(rates))
    monkeypatch.setattr(cores, "usable_cores", lambda: max(rates))
    monkeypatch.setattr(SpeedTrial, "rate", lambda *_: rates[torch.get_num_threads()])
    return choose_layout(config, 3, 5, ALONE, **more)


def test_several_processes_are_tried_where_threads_gain_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, rates = choose(monkeypatch, {1: 100.0, 2: 150.0})
    assert found == Layout(2, 1)
    assert rates == {Layout(1, 1): 100.0, Layout(1, 2): 150.0}
    assert torch.get_num_threads() == 2  # whoever goes on alone goes on with the best


def test_threads_that_gain_everything_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, {1: 100.0, 2: 199.0})[0] == Layout(1, 2)


def test_a_busy_machine_gets_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = choose(monkeypatch, {1: 637.0, 2: 85.0}, processes=1)
    assert found == Layout(1, 1)
    assert torch.get_num_threads() == 1


def test_what_is_asked_for_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {1: 100.0, 2: 150.0}
    assert choose(monkeypatch, rates, processes=2) == (Layout(2, 1), {})
    assert choose(monkeypatch, rates, processes=1)[0] == Layout(1, 2)
    assert choose(monkeypatch, rates, threads=2)[0] == Layout(1, 2)
    assert choose(monkeypatch, rates, processes=1, threads=1)[0] == Layout(1, 1)


def test_short_runs_try_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for short in (["positions=1000"], ["minutes=0.5"]):
        found = choose(monkeypatch, {1: 1.0, 2: 9.0}, override(LONG, short))
        assert found == (Layout(1, 1), {})
    brief = override(LONG, ["minutes=2"])
    assert choose(monkeypatch, {1: 1.0, 2: 1.2}, brief)[0] == Layout(1, 2)


def test_batches_are_shared_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = dataclasses.replace(LONG, batch_size=7)
    assert choose(monkeypatch, {1: 100.0, 2: 110.0}, odd)[0] == Layout(1, 2)


def test_one_process_is_not_faster_than_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpeedTrial, "rate", lambda *_: 100.0)
    assert not alone_is_faster(LONG, 3, 5, ALONE)
    assert torch.get_num_threads() == 1


def test_a_run_that_became_slow_ends_early_for_a_better_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpeedWatch, "halved", lambda *_: True)
    config = override(LONG, ["log_every=16", "precision=fp32", "memory_format=contiguous"])
    task = Task(config=config, source=FakeSource(), out=tmp_path, world=ALONE, recheck=lambda: True)
    result = train_task(task)
    assert result.relayout
    assert (result.positions, result.signal) == (16, 0)
    assert len(checkpoints(tmp_path)) == 1


def words(store: Path, out: Path, *more: str) -> list[str]:
    small = ["--recipe", "plain", "--planes", "alphago4", "--filters", "4", "--layers", "2"]
    small += ["--device", "cpu", "--batch-size", "8", "--set", "validation_positions=20"]
    small += ["--set", "precision=fp32", "--set", "memory_format=contiguous"]
    return ["train", "--data", str(store), "--out", str(out), *small, *more]


def test_a_run_starts_its_own_processes(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main([*words(store, out, "--positions", "64", "--processes", "2"), "--json"]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["positions"] == 64
    assert "Warning" not in said.err
    assert json.loads((out / "run.json").read_text())["sittings"][0]["processes"] == 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert main(words(store, out, "--positions", "8", "--processes", "2")) == 1
    said = capfd.readouterr()
    assert said.err.splitlines()[1:] == [
        f"gopolicy: {out} already holds a run; resume it or choose another folder"
    ]


def test_a_batch_that_cannot_be_shared_is_one_clear_line(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words(store, tmp_path / "run", "--positions", "64", "--processes", "3")) == 1
    said = capfd.readouterr().err.splitlines()
    assert said[-1] == "gopolicy: cannot split batch_size 8 over 3 processes"
    assert sum("cannot split" in line for line in said) == 1
    assert not (tmp_path / "run").exists()


@dataclass
class Failure:
    exitcode: int


@pytest.mark.parametrize(
    ("codes", "blamed"),
    [([-9], "SIGKILL"), ([-9, 1], "SIGKILL"), ([-9, -15], "SIGKILL"), ([-15], "SIGTERM")],
)
def test_a_signal_is_blamed_that_ended_a_process(
    tmp_path: Path, codes: list[int], blamed: str
) -> None:
    failures = {rank: Failure(code) for rank, code in enumerate(codes)}
    with pytest.raises(GoPolicyError, match=f"was ended by {blamed}; go on with --resume"):
        read_verdict(tmp_path / "none", failures, 0)


def test_no_signal_is_blamed_where_a_process_failed_by_itself(tmp_path: Path) -> None:
    failed = {0: Failure(1), 1: Failure(-15)}
    assert read_verdict(tmp_path / "none", failures=failed, stopped_by=0).status == 1
    assert read_verdict(tmp_path / "none", failures={}, stopped_by=2).status == 130


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


def started(store: Path, out: Path) -> subprocess.Popen[str]:
    endless = ["--positions", "100M", "--set", "checkpoint_minutes=0", "--processes", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gopolicy", *words(store, out, *endless)],
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(2400):
        if (out / "weights" / "model.safetensors").exists():
            return process
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    raise AssertionError("no weights appeared")


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@linux
def test_ctrl_c_stops_all_of_them_after_a_checkpoint(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = started(store, out)
    workers = workers_of(process)
    assert len(workers) == 2
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 130, error
    assert "stopped by SIGINT; go on with --resume" in error
    assert "Traceback" not in error
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    seen = load_weights(out / "weights").info.positions
    assert main(["train", "--resume", "--out", str(out), "--positions", str(seen + 8)]) == 0


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("numbers", "status"), [([signal.SIGHUP], 143), ([signal.SIGINT, signal.SIGINT], 130)]
)
def test_a_closed_terminal_or_an_impatient_user_leaves_a_run_that_goes_on(
    store: Path, tmp_path: Path, numbers: list[signal.Signals], status: int
) -> None:
    out = tmp_path / "run"
    process = started(store, out)
    workers = workers_of(process)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.05)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == status, error
    assert "Traceback" not in error
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    seen = load_weights(out / "weights").info.positions
    assert main(["train", "--resume", "--out", str(out), "--positions", str(seen + 800)]) == 0


@linux
@pytest.mark.slow
def test_a_killed_one_is_one_clear_error_and_the_run_goes_on(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = started(store, out)
    os.kill(workers_of(process)[1], signal.SIGKILL)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert "gopolicy: a training process was ended by SIGKILL; go on with --resume" in error
    assert "Traceback" not in error
    seen = load_weights(out / "weights").info.positions
    assert main(["train", "--resume", "--out", str(out), "--positions", str(seen + 800)]) == 0


@linux
@pytest.mark.slow
def test_processes_do_not_outlive_the_one_that_started_them(store: Path, tmp_path: Path) -> None:
    process = started(store, tmp_path / "run")
    workers = workers_of(process)
    process.kill()
    process.communicate()
    for _ in range(1200):
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            return
        time.sleep(0.05)
    raise AssertionError("they still run")
