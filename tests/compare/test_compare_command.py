"""`gopolicy compare` on a real store of a few small games."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference.tiny_games import write_games

from gopolicy.__main__ import main
from gopolicy.compare.go_subject import GoOptions, open_go_subject
from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.subject import StoppedEarly
from gopolicy.nets.weights import load_weights
from gopolicy.progress import SILENT

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = ["--planes", "alphago4", "--filters", "8", "--layers", "3", "--batch-size", "8"]
SMALL += ["--positions", "64", "--sweep-positions", "16", "--learning-rates", "0.01"]
SMALL += ["--measured-positions", "60", "--tuning-positions", "40", "--device", "cpu"]
SMALL += ["--set", "precision=fp32", "--set", "memory_format=contiguous"]
SMALL += ["--set", "image.padding=same", "--set", "image.units=20", "--set", "image.filters=4"]
CHARTS = ("top-1", "by-examples", "by-time", "by-move-number")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_games(folder / "games", 24)
    words = ["prepare", str(folder / "games"), "--out", str(folder / "store"), "--size", "9"]
    assert main([*words, "--validation", "0.4"]) == 0
    return folder / "store"


def words(store: Path, out: Path, *more: str) -> list[str]:
    return ["compare", "--data", str(store), "--out", str(out), *SMALL, *more]


@pytest.fixture(scope="module")
def done(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert main(words(store, out)) == 0
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_page_tables_and_charts(done: Path) -> None:
    page = (done / "index.html").read_text("utf-8")
    for group in ("equal-parameters", "equal-multiply-adds"):
        for chart in CHARTS:
            assert (done / f"{group}-{chart}.png").read_bytes().startswith(b"\x89PNG")
            assert f'alt="{group}-{chart}.png"' in page
    text = (done / "README.md").read_text("utf-8")
    shown = re.findall(r"^!\[(.+)\]\(\1\)$", text, re.MULTILINE)
    assert shown == re.findall(r'alt="(.+?)"', page)
    assert all((done / name).exists() for name in shown)
    table = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 * (2 + 3)
    assert len(set(table)) == 1
    found = rows(done / "results.csv")
    assert [row["title"] for row in found] == 2 * ["alphago", "dense", "image"]
    for row in found:
        assert 0 <= float(row["top1_low"]) <= float(row["top1"]) <= float(row["top1_high"])
        assert float(row["top1"]) <= float(row["top5"])
        assert float(row["trained_per_second"]) > 0
        assert float(row["served_per_second"]) > 0
        assert int(row["bytes"]) > 4 * int(row["parameters"])
        assert int(row["seeds"]) == 2
    assert not list(done.glob("**/checkpoint-*"))
    assert not list(done.glob(".new-*"))


def test_sizes_match_and_the_match_is_told(done: Path) -> None:
    found = rows(done / "results.csv")
    for measure, three in (("parameters", found[:3]), ("multiply_adds", found[3:])):
        for row in three:
            ratio = int(row[measure]) / int(three[0][measure])
            assert float(row["match"]) == pytest.approx(ratio)
            assert ratio == pytest.approx(1, abs=0.25)  # a tiny network has few sizes to choose


def test_every_table_tells_of_every_network_and_seed(done: Path) -> None:
    curves = rows(done / "curves.csv")
    assert {(row["title"], row["seed"]) for row in curves} == {
        (name, seed) for name in ("alphago", "dense", "image") for seed in "12"
    }
    assert {float(row["examples"]) for row in curves} == {8.0 * k for k in range(1, 9)}
    for row in rows(done / "differences.csv"):
        assert row["minus"] == "alphago"
        assert float(row["top1_low"]) <= float(row["top1"]) <= float(row["top1_high"])
    chosen = [row for row in rows(done / "learning-rates.csv") if row["chosen"] == "True"]
    assert len(chosen) == 6
    assert {row["learning_rate"] for row in chosen} == {"0.01"}


def test_results_are_what_evaluating_the_weights_gives(done: Path, store: Path) -> None:
    options = GoOptions(planes="alphago4", measured_positions=60)
    subject = open_go_subject(store, options)
    ids = subject.spread(60)
    folder = done / "runs" / "go" / "alphago_filters-8_layers-3" / "seed-1"
    network = load_weights(folder / "weights").network
    hits = 0
    for position in ids:
        located = subject.store.table.locate(np.array([position]))
        from gopolicy.go.board import Board
        from gopolicy.go.types import Color

        start, index = int(located.starts[0]), int(located.indices[0])
        events = subject.store.table.events[start : start + index + 1]
        board = Board.from_events(9, events[:-1])
        planes = subject.policy(folder).planes_of(board.arrays, Color((int(events[-1]) >> 10) & 3))
        with torch.inference_mode():
            logits = network(torch.from_numpy(planes[None].astype(np.float32)))
        hits += int(logits.argmax()) == int(events[-1]) & 0x3FF
    kept = json.loads((folder / "result.json").read_text())["outcome"]["measured"]
    assert kept["examples"] == len(ids)
    assert kept["top1"] == pytest.approx(hits / len(ids))
    assert sum(kept["units"]["hits"]) == hits


def test_positions_that_choose_rates_are_of_other_games_than_those_measured(store: Path) -> None:
    subject = open_go_subject(store, GoOptions(planes="alphago4"))
    table = subject.store.table
    tuning, measured = (
        set(table.locate(ids).games.tolist()) for ids in (subject._tuning, subject._measured)
    )
    assert tuning
    assert measured
    assert not tuning & measured
    training = set(subject.store.split("train").games.tolist())
    assert not (tuning | measured) & training


def test_networks_see_the_same_positions_and_seeds_see_others(done: Path) -> None:
    kept: dict[str, Any] = {}
    for path in done.glob("runs/go/*/*/result.json"):
        trial_result = json.loads(path.read_text())["outcome"]
        kept.setdefault(path.parent.name, set()).add(trial_result["order"])
    assert len(kept["seed-1"]) == len(kept["seed-2"]) == 1
    assert kept["seed-1"] != kept["seed-2"]


def test_the_data_of_a_trial_does_not_depend_on_the_network(store: Path) -> None:
    subject = open_go_subject(store, GoOptions(planes="alphago4", batch_size=8))
    from gopolicy.compare.go_subject import _Source
    from gopolicy.training.world import World

    seen = []
    for network, lr in (("alphago", 0.1), ("dense", 0.2), ("image", 0.3)):
        spec = NetworkSpec(title=network, network=network)
        trial = Trial(spec=spec, lr=lr, seed=2, examples=64, final=True)
        config = subject.config(trial)
        source = _Source(subject.store, config, World(torch.device("cpu")), subject._tuning)
        batches = source.training(0)
        try:
            stream = iter(batches)
            seen.append([next(stream) for _ in range(5)])
        finally:
            batches.close()
    for one, two, three in zip(*seen, strict=True):
        assert (one.planes == two.planes).all()
        assert (one.planes == three.planes).all()
        assert (one.targets == three.targets).all()


class StopAtOnce:
    """A listener that asks for an end, as Ctrl-C does, when the first step is done."""

    def start(self, label: str, total: int | None, unit: str) -> None:
        pass

    def advance(self, count: int = 1, **figures: object) -> None:
        if count:
            signal.raise_signal(signal.SIGINT)

    def message(self, text: str) -> None:
        pass

    def finish(self) -> None:
        pass


def test_a_training_that_was_stopped_goes_on_and_comes_to_the_same(
    store: Path, tmp_path: Path
) -> None:
    exact = ("precision=fp32", "memory_format=contiguous")
    options = GoOptions(planes="alphago4", batch_size=8, changes=exact, device="cpu")
    subject = open_go_subject(store, options)
    spec = NetworkSpec(title="a", network="alphago", settings={"filters": 4, "layers": 2})
    trial = Trial(spec=spec, lr=0.01, seed=1, examples=64, final=True)
    whole = subject.run(trial, tmp_path / "whole", SILENT)
    with pytest.raises(StoppedEarly):
        subject.run(trial, tmp_path / "parts", StopAtOnce())
    assert list((tmp_path / "parts").glob("checkpoint-*"))
    parts = subject.run(trial, tmp_path / "parts", SILENT)
    assert parts.measured == whole.measured
    assert parts.tuning == whole.tuning
    assert [p["top1"] for p in parts.curve] == [p["top1"] for p in whole.curve]
    assert parts.examples == whole.examples == 64


def test_seeds_differ(done: Path) -> None:
    folder = done / "runs" / "go" / "alphago_filters-8_layers-3"
    one, two = (load_weights(folder / f"seed-{seed}" / "weights").info for seed in (1, 2))
    assert one.sha256 != two.sha256


def test_a_finished_comparison_is_told_again_as_json_without_training(
    done: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.glob("runs/**/model.safetensors")}
    capsys.readouterr()
    assert main(words(store, done, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [group["group"] for group in found["groups"]] == [
        "equal-parameters",
        "equal-multiply-adds",
    ]
    assert found["groups"][0]["findings"]
    assert found["report"] == str(done / "index.html")
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert len(before) == len(list(done.glob("runs/**/model.safetensors")))


def test_the_studies_of_the_three_properties(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--study", "small-patterns,subsampling,same-pattern", "--seeds", "1"]
    capsys.readouterr()
    assert main(words(store, tmp_path, *more, "--json")) == 0
    found = {group["group"]: group for group in json.loads(capsys.readouterr().out)["groups"]}
    assert list(found) == ["first-layer", "depth", "same-pattern", "subsampling"]
    names = {key: [row["title"] for row in group["results"]] for key, group in found.items()}
    assert names["first-layer"] == ["3x3 first", "5x5 first", "7x7 first"]
    assert names["depth"] == ["1 layer", "2 layers", "3 layers", "4 layers", "6 layers"]
    assert names["subsampling"][:4] == [
        "max pooling",
        "stride 2",
        "no subsampling",
        "one mean per filter",
    ]
    patterns = found["same-pattern"]["patterns"]
    assert [row["title"] for row in patterns] == ["alphago", "dense", "image"]
    assert all(0 <= row["same_move_in_all_8_views"] <= 1 for row in patterns)
    *said, blind = found["same-pattern"]["findings"]
    assert all("8 turned and mirrored views" in line for line in said)
    assert blind.endswith("who never looks at the stones: no pattern could be moved on this board.")
    charts = {path.name for path in tmp_path.glob("*.png")}
    assert {"same-pattern.png", "depth-by-time.png"} < charts
    assert "same-pattern-top-1.png" not in charts  # the same as with equal parameters


@pytest.mark.slow
def test_two_trainings_at_a_time_come_to_the_same(store: Path, done: Path, tmp_path: Path) -> None:
    few = ["--networks", "alphago,dense", "--match", "parameters", "--seeds", "1"]
    assert main(words(store, tmp_path, *few, "--parallel", "2")) == 0
    path = Path("runs/go/alphago_filters-8_layers-3/seed-1/weights/model.json")
    one, two = (json.loads((out / path).read_text())["sha256"] for out in (done, tmp_path))
    assert one == two


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--study", "everything"], "expected a study of networks"),
        (["--networks", "alphago,dens"], "did you mean 'dense'"),
        (["--networks", ","], "names separated by commas"),
        (["--match", "bytes"], "expected to match parameters or multiply_adds"),
        (["--networks", "alphago", "--match", "bytes"], "expected to match parameters or"),
        (["--set", "alphago.lr=0.5"], "lr is a setting of training, the same for all networks"),
        (["--set", "validation_positions=7"], "validation_positions is decided by the comparison"),
        (["--tuning-positions", "0"], "--tuning-positions: "),
        (["--learning-rates", "fast"], "--learning-rates: expected lr to be a number"),
        (["--positions", "many"], "whole number"),
        (["--set", "lr=0.1"], "lr is decided by the comparison"),
        (["--set", "lrr=0.1"], "lrr"),
        (["--set", "filters=9"], "say of which: NETWORK.filters="),
        (["--set", "image.filter=3"], "filter"),
        (["--set", "imag.filters=3"], "imag"),
        (["--planes", "alphago47"], "alphago47"),
        (["--epochs", "3"], "--epochs is about pictures: give --digits"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_one_clear_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    capsys.readouterr()
    assert main([*words(store, tmp_path / "out"), *more]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert not (tmp_path / "out" / "index.html").exists()


def test_a_store_without_games_to_measure_on_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_games(tmp_path / "games", 4)
    out = str(tmp_path / "store")
    assert main(["prepare", str(tmp_path / "games"), "--out", out, "--size", "9"]) == 0
    assert main(words(Path(out), tmp_path / "report")) == 1
    assert "prepare it with a larger --validation" in capsys.readouterr().err


def start(store: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gopolicy", *words(store, out, *more)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["1", "2"])
def test_ctrl_c_stops_and_the_same_command_goes_on(
    store: Path, tmp_path: Path, parallel: str
) -> None:
    long = ["--positions", "100k", "--networks", "alphago", "--set", "checkpoint_minutes=0"]
    process = start(store, tmp_path, *long, "--seeds", "8", "--parallel", parallel)
    for _ in range(2400):
        if list(tmp_path.glob("runs/go/*/seed-*/checkpoint-*")):
            break
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 130, error
    assert "the same command goes on" in error
    assert "Traceback" not in error
    assert not (tmp_path / "index.html").exists()
    assert len(list(tmp_path.glob("runs/go/*/seed-*"))) <= int(parallel)  # no other has begun
    left = list(tmp_path.glob("runs/go/*/seed-*/checkpoint-*"))
    assert left
