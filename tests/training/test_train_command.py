"""`gopolicy train` on a real store of a few games."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from gopolicy.__main__ import main
from gopolicy.errors import ConfigError
from gopolicy.files import writing_alone
from gopolicy.nets.weights import load_weights
from gopolicy.samples import SAMPLE_GAMES
from gopolicy.training.config import override
from gopolicy.training.loop import train_task
from gopolicy.training.recipes import RECIPES
from gopolicy.training.run import train
from gopolicy.training.run_folder import kept_stores
from gopolicy.training.source import StoreSource
from gopolicy.training.task import Task
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = ["--planes", "alphago4", "--filters", "4", "--layers", "2", "--batch-size", "8"]
SMALL += ["--device", "cpu", "--set", "precision=fp32", "--set", "memory_format=contiguous"]
SMALL += ["--set", "validation_positions=100", "--set", "log_every=16"]


def words(store: Path, out: Path, *more: str) -> list[str]:
    recipe = [] if "--resume" in more else ["--recipe", "plain"]
    return ["train", "--data", str(store), "--out", str(out), *recipe, *SMALL, *more]


def test_json_is_one_object_and_nothing_else(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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


def test_a_longer_run_continues_a_shorter_one(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
        (["--set", "optimizer=adagrad"], "no optimizer called 'adagrad'; there are adamw, muon"),
        (["--set", "mix=nowhere=1"], "nowhere"),
        (["--set", "validation_source=nowhere", "--positions", "8"], "nowhere"),
        (["--positions", "some"], "expected positions to be a whole number from 1"),
        (["--resume"], "holds no run to resume"),
        (["--resume", "--recipe", "quick"], "leave --recipe out"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_one_clear_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    capsys.readouterr()
    assert main(words(store, tmp_path / "run", *more)) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert not (tmp_path / "run").exists()


def test_a_run_of_so_many_minutes_plans_itself_and_goes_on_by_its_time(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    small = ["--data", str(store), "--out", str(out), "--device", "cpu", "--set", "batch_size=2"]
    small += ["--set", "validation_positions=20", "--set", "warmup=12345"]
    assert main(["train", *small, "--minutes", "0.05"]) == 0
    said = capsys.readouterr().err
    assert "planned for 0.05 minutes: alphago-res with 32 filters and 7 layers" in said
    assert "expect less than" in said
    run = json.loads((out / "run.json").read_text())
    assert run["config"]["minutes"] == 0.05
    assert run["config"]["warmup"] == 12345
    assert run["config"]["log_every"] < 1000
    assert "This run is complete" in (out / "index.html").read_text()
    seen = load_weights(out / "weights").info.positions
    assert resumed(out, "--positions", str(seen + 2)) == 0
    assert load_weights(out / "weights").info.positions == seen + 2


def test_time_and_positions_are_not_both_given(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(words(store, out, "--hours", "1", "--positions", "8")) == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("network", ["dense", "image"])
def test_networks_that_cannot_be_tied_train_without_a_recipe(
    store: Path, tmp_path: Path, network: str
) -> None:
    out = tmp_path / "run"
    short = ["--positions", "16", "--network", network, "--batch-size", "8", "--device", "cpu"]
    short += ["--planes", "alphago4", "--set", "validation_positions=8"]
    assert main(["train", "--data", str(store), "--out", str(out), *short]) == 0


def test_several_stores_are_weighed_and_found_again(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "run", tmp_path / "other"
    assert main(["prepare", str(SAMPLE_GAMES), "--out", str(other), "--handicap", "none"]) == 0
    both = ["--data", f"{other}:0.5", "--set", "schedule=constant", "--set", "warmup=0"]
    assert main(words(store, out, *both, "--positions", "32")) == 0
    assert kept_stores(out) == [(store, None), (other, 0.5)]
    again = ["train", "--resume", "--out", str(out), "--data", str(store), "--data", str(other)]
    assert main([*again, "--positions", "64"]) == 0
    assert kept_stores(out) == [(store, None), (other, 0.5)]
    whole = tmp_path / "whole"
    assert main(words(store, whole, *both, "--positions", "64")) == 0
    ours, theirs = (load_weights(path / "weights").info for path in (out, whole))
    assert ours.sha256 == theirs.sha256
    assert main(words(store, tmp_path / "x", *both, "--set", "mix=games=1")) == 1
    assert "weights to stores or to sources" in capsys.readouterr().err
    assert main(words(store, tmp_path / "x", "--data", f"{other}:-1")) == 2
    assert main(words(store, tmp_path / "x", "--data", f"{other}:nan")) == 2


@pytest.mark.parametrize("stores", [[], [7], [["a"]], [["a", "b"]], [[None, 1.0]], [["a", -1]]])
def test_a_run_that_lists_no_sound_stores_is_one_clear_error(
    tmp_path: Path, stores: list[object]
) -> None:
    run = {"format": 1, "config": {}, "store": "a" * 64, "compute": {}, "stores": stores}
    (tmp_path / "run.json").write_text(json.dumps(run))
    with pytest.raises(ConfigError, match="is damaged: expected stores"):
        kept_stores(tmp_path)


def test_evaluate_warns_of_games_that_were_learned_from(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(words(store, out, "--positions", "8")) == 0
    measure = ["evaluate", "--weights", str(out / "weights"), "--device", "cpu", "--limit", "500"]
    for paths, seen in (
        ([str(store), "--split", "validation"], 0),
        ([str(store), "--split", "train"], 88),
        ([str(SAMPLE_GAMES)], 88),
    ):
        capsys.readouterr()
        assert main([*measure, *paths, "--json"]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)["seen_games"] == seen
        assert ("that these weights were trained on" in said.err) == (seen > 0)


def test_a_run_is_not_overwritten(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(words(store, out, "--positions", "8")) == 0
    assert main(words(store, out, "--positions", "8")) == 1
    assert "already holds a run" in capsys.readouterr().err


def test_a_run_that_learned_nothing_does_not_block_the_corrected_command(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.json").write_text("{}")
    (out / "metrics.jsonl").touch()
    assert main(words(store, out, "--positions", "8")) == 0
    assert (out / "weights").is_dir()


def test_two_processes_do_not_write_one_run(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    with writing_alone(out):
        assert main(words(store, out, "--positions", "8")) == 1
    assert "run is being written by process" in capsys.readouterr().err


def test_a_file_in_the_place_of_the_run_is_refused_before_work_begins(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").write_text("mine")
    assert main(words(store, tmp_path / "run")) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("is not a folder; it is left as it is")
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_two_steps(store: Path, tmp_path: Path, name: str) -> None:
    from gopolicy.data.store import open_store

    shrink = ["positions=4", "batch_size=2", "validation_positions=4"]
    if "filters" in RECIPES[name].settings:
        shrink.append("filters=8")
    config = override(RECIPES[name], [*shrink, "precision=fp32", "memory_format=contiguous"])
    config = override(config, ["mix="])
    world = World(torch.device("cpu"))
    source = StoreSource(open_store(store), config, world)
    result = train_task(Task(config=config, source=source, out=tmp_path / "run", world=world))
    assert result.positions == 4
    assert load_weights(result.weights).info.plane_set == RECIPES[name].planes


def test_the_data_of_a_run_depends_on_seed_and_step_alone(store: Path) -> None:
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


def resumed(out: Path, *more: str) -> int:
    """Resume a run in this process, on its own store unless `more` says another."""
    return main(["train", "--resume", "--out", str(out), "--device", "cpu", *more])


def test_resume_needs_no_store_in_whatever_folder_it_is_called(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    monkeypatch.chdir(store.parent)
    assert main(words(Path(store.name), out, "--positions", "16")) == 0
    monkeypatch.chdir(tmp_path)
    assert resumed(out, "--positions", "32") == 0
    assert "32 positions in" in capsys.readouterr().out
    assert train(None, out, resume=True, device="cpu").positions == 32


def test_a_run_of_an_older_version_resumes_with_its_store_named(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(words(store, out, "--positions", "16")) == 0
    description = json.loads((out / "run.json").read_text())
    assert description.pop("store_path") == str(store)
    assert description.pop("stores") == [[str(store), None]]
    (out / "run.json").write_text(json.dumps(description))
    assert resumed(out, "--positions", "32") == 1
    assert "does not say where its store is; give the store" in capsys.readouterr().err
    assert resumed(out, "--positions", "32", "--data", str(store)) == 0
    assert kept_stores(out) == [(store, None)]


def test_a_moved_store_is_named_once(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, first, second = tmp_path / "run", tmp_path / "first", tmp_path / "second"
    shutil.copytree(store, first)
    assert main(words(first, out, "--positions", "16")) == 0
    first.rename(second)
    assert resumed(out, "--positions", "32") == 1
    assert f"was trained on {first}, which is no folder; give the store" in capsys.readouterr().err
    assert resumed(out, "--positions", "32", "--data", str(second)) == 0
    assert kept_stores(out) == [(second, None)]


def test_a_store_that_was_prepared_anew_is_refused(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, mine = tmp_path / "run", tmp_path / "store"
    shutil.copytree(store, mine)
    assert main(words(mine, out, "--positions", "16")) == 0
    assert main(["prepare", str(SAMPLE_GAMES), "--out", str(mine), "--validation", "0.3"]) == 0
    for more in ([], ["--data", str(mine)]):
        assert resumed(out, "--positions", "32", *more) == 1
        assert "run was trained on store " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "does not say where its store is; give the store"),
        ("", "does not say where its store is; give the store"),
        ("a\0b", "which is no folder; give the store"),
        ("x" * 5000, "which is no folder; give the store"),
        (7, "is damaged: expected store_path to be str"),
    ],
    ids=range(5),
)
def test_a_run_without_a_sound_path_of_its_store_asks_for_one(
    tmp_path: Path, path: Any, message: str
) -> None:
    run = {"format": 1, "config": {}, "store": "a" * 64, "compute": {}}
    told = run if path is None else run | {"store_path": path}
    (tmp_path / "run.json").write_text(json.dumps(told))
    with pytest.raises(ConfigError, match=message):
        kept_stores(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="file names there are text")
def test_a_store_whose_name_is_no_text_is_found_again(store: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "run", tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(store, mine)
    assert main(words(mine, out, "--positions", "16")) == 0
    assert resumed(out, "--positions", "32") == 0


def test_only_resume_makes_the_store_optional(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--out", str(tmp_path / "run")]) == 2
    assert "required: --data" in capsys.readouterr().err
    assert main(["train", "--resume"]) == 2
    assert "required: --out" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="expected a store to train on"):
        train(None, tmp_path / "run", device="cpu")


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(2400):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_stops(
    store: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
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
    store: Path, tmp_path: Path, moment: int
) -> None:
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
