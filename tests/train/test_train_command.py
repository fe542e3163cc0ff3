"""`gopolicy train` on a real store of a few games."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from gopolicy.__main__ import main
from gopolicy.cli.samples import SAMPLE_GAMES
from gopolicy.nets.weights import load_weights
from gopolicy.train.config import override
from gopolicy.train.loop import Task, train
from gopolicy.train.recipes import RECIPES
from gopolicy.train.source import StoreSource
from gopolicy.train.world import World

SMALL = ["--planes", "alphago4", "--filters", "4", "--layers", "2", "--batch-size", "8"]
SMALL += ["--device", "cpu", "--set", "precision=fp32", "--set", "memory_format=contiguous"]
SMALL += ["--set", "validation_positions=100", "--set", "log_every=16"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "store"
    assert main(["prepare", str(SAMPLE_GAMES), "--out", str(path), "--validation", "0.2"]) == 0
    return path


def words(store: Path, out: Path, *more: str) -> list[str]:
    return ["train", "--data", str(store), "--out", str(out), *SMALL, *more]


def test_json_is_one_object_and_nothing_else(store, tmp_path, capsys):
    out = tmp_path / "run"
    capsys.readouterr()
    assert main(words(store, out, "--positions", "64", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["positions"] == 64
    assert found["complete"] is True
    assert found["weights"] == str(out / "weights")
    assert 0 <= found["top1"] <= 1
    assert found["validation_positions"] == 100
    loaded = load_weights(out / "weights", plane_set="alphago4", size=19)
    assert loaded.info.data == json.loads((store / "meta.json").read_text())["digest"]
    assert loaded.info.accuracy["top1"] == found["top1"]


def test_a_longer_run_continues_a_shorter_one(store, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(words(store, out, "--positions", "32", "--set", "schedule=constant")) == 0
    assert go_on(store, out, 48) == 0
    assert "48 positions in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--recipe", "quik"], "did you mean 'quick'"),
        (["--network", "alphgo"], "did you mean 'alphago'"),
        (["--planes", "alphago47"], "alphago47"),
        (["--set", "lrr=0.1"], "lrr"),
        (["--set", "mix=nowhere=1"], "nowhere"),
        (["--set", "validation_source=nowhere", "--positions", "8"], "nowhere"),
        (["--positions", "some"], "expected positions to be a whole number, got 'some'"),
        (["--resume"], "holds no run to resume"),
        (["--resume", "--recipe", "quick"], "leave --recipe out"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_one_clear_line(store, tmp_path, capsys, more, message):
    capsys.readouterr()
    assert main([*words(store, tmp_path / "run"), *more]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert not (tmp_path / "run" / "weights").exists()


def test_a_run_is_not_overwritten(store, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(words(store, out, "--positions", "8")) == 0
    assert main(words(store, out, "--positions", "8")) == 1
    assert "already holds a run" in capsys.readouterr().err


def test_a_file_in_the_place_of_the_run_is_refused_before_work_begins(store, tmp_path, capsys):
    (tmp_path / "run").write_text("mine")
    assert main(words(store, tmp_path / "run")) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("is not a folder; it is left as it is")
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_two_steps(store, tmp_path, name):
    from gopolicy.data.store import open_store

    shrink = ["positions=4", "batch_size=2", "validation_positions=4"]
    if "filters" in RECIPES[name].settings:
        shrink.append("filters=8")
    config = override(RECIPES[name], [*shrink, "precision=fp32", "memory_format=contiguous"])
    config = override(config, ["mix="])
    world = World(torch.device("cpu"))
    source = StoreSource(open_store(store), config, world)
    result = train(Task(config=config, source=source, out=tmp_path / "run", world=world))
    assert result.positions == 4
    assert load_weights(result.weights).info.plane_set == RECIPES[name].planes


def test_the_data_of_a_run_depends_on_seed_and_step_alone(store):
    from gopolicy.data.store import open_store

    config = override(RECIPES["quick"], ["batch_size=8"])
    source = StoreSource(open_store(store), config, World(torch.device("cpu")))
    from_start, later = source.training(0), source.training(3)
    try:
        straight = [next(iter(from_start)) for _ in range(5)]
        jumped = [next(iter(later)) for _ in range(2)]
    finally:
        from_start.close()
        later.close()
    for one, two in zip(straight[3:], jumped, strict=True):
        assert (one.planes == two.planes).all()
        assert (one.targets == two.targets).all()


def start(store: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """Begin a run that would take very long, in a process of its own."""
    command = [sys.executable, "-m", "gopolicy"]
    command += words(store, out, "--positions", "100M", "--set", "checkpoint_minutes=0", *more)
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)


def go_on(store: Path, out: Path, positions: int) -> int:
    """Resume a run in this process, up to so many positions."""
    data = ["--data", str(store), "--out", str(out), "--positions", str(positions)]
    return main(["train", "--resume", "--device", "cpu", *data])


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(2400):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_stops(store, tmp_path, number, status):
    out = tmp_path / "run"
    process = start(store, out)
    wait_for(out / "weights" / "model.safetensors", process)
    process.send_signal(number)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == status
    assert f"stopped by {number.name}; go on with --resume" in error
    assert "Traceback" not in error
    seen = load_weights(out / "weights").info.positions
    assert go_on(store, out, seen + 8) == 0
    assert load_weights(out / "weights").info.positions == seen + 8


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(4))
def test_kill_9_at_any_moment_leaves_weights_that_load_and_a_run_that_resumes(
    store, tmp_path, moment
):
    out = tmp_path / "run"
    process = start(store, out)
    wait_for(out / "weights" / "model.safetensors", process)
    time.sleep(0.037 * moment)
    process.kill()
    process.communicate(timeout=60)
    seen = load_weights(out / "weights").info.positions
    assert seen > 0
    assert go_on(store, out, seen + 800) == 0
    assert load_weights(out / "weights").info.positions == seen + 800
