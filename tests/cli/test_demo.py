"""``gopolicy demo`` and ``gopolicy bench``: first contact and measurements, in small."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from reference.tiny_games import write_games, write_weights

from gopolicy.__main__ import main

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_weights(tmp_path_factory.mktemp("weights"), 19, "alphago4"))


@pytest.mark.slow
def test_the_demo_shows_draws_trains_and_measures(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--weights", weights, "--out", str(tmp_path / "out"), "--seconds", "1"]
    assert main(["demo", *words, "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert "19 . . ." in shown
    assert "Played: " in shown
    assert "your network" in shown
    assert "the shipped one" in shown
    with Image.open(tmp_path / "out" / "board.png") as image:
        assert image.width > 800


@pytest.mark.slow
def test_the_demo_prints_json(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--weights", weights, "--out", str(tmp_path), "--seconds", "1", "--json"]
    assert main(["demo", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["moves"]) == 5
    assert found["trained_positions"] > 0
    assert 0 <= found["small_top1"] <= found["small_top5"] <= 1


def test_a_demo_that_cannot_write_says_so_before_it_trains(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["demo", "--weights", weights, "--out", str(tmp_path / "file")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_bench_prints_ratios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_games(tmp_path / "games", 3, 19)
    words = ["encode,loader", "--data", str(tmp_path / "games"), "--seconds", "0.002"]
    assert main(["bench", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {"machine", "encode", "loader"}
    replay = next(row for row in found["encode"] if row["name"] == "replay in kernels")
    assert replay["ratio"] > 1
    assert replay["must"] == 20
    assert main(["bench", *words]) == 0
    assert "replay in kernels" in capsys.readouterr().out


def test_bench_refuses_an_unknown_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "everything"]) == 2
    assert "there are encode, loader" in capsys.readouterr().err


@pytest.mark.slow
def test_bench_measures_training_and_inference(
    weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "inference", "--seconds", "0.1", "--weights", weights]
    assert main(["bench", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["unit"] for row in found["train"]] == ["positions/s", "positions/s", "%"]
    rows = [row for row in found["inference"] if ", torch " not in row["name"]]
    assert len(rows) >= 6
