"""Names of files and classes that are no text, or are what programs take for something else."""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.tiny_games import write_games, write_weights

from gopolicy.__main__ import main
from gopolicy.cli.streams import set_up_streams


def output_of(written: io.BytesIO) -> bytes:
    """Return what was printed."""
    sys.stdout.flush()
    return written.getvalue()


pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has names that are no text"
)
ODD = os.fsdecode(b"caf\xe9")


def ascii_output(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Return what a standard output that only knows ASCII writes to."""
    target = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(target, encoding="ascii"))
    set_up_streams()
    return target


def test_a_store_of_an_archive_with_an_odd_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = ascii_output(monkeypatch)
    games, store = tmp_path / ODD, tmp_path / f"store-{ODD}"
    write_games(games, 2)
    (games / "bad.sgf").write_bytes(b"nothing")
    os.replace(games / "bad.sgf", os.fsencode(games) + b"/b\xffd.sgf")
    words = ["prepare", str(games), "--out", str(store), "--size", "9"]
    assert main(words) == 0
    assert main([*words, "--json"]) == 0
    lines = output_of(written).decode("ascii").splitlines()
    assert "/store-caf?: 2 games, " in lines[0]
    assert [source["label"] for source in json.loads(lines[-1])["sources"]] == [ODD]
    rejected = (store / "rejected.tsv").read_text("utf-8")
    assert "b\ufffdd.sgf\tunreadable" in rejected


def test_a_game_with_an_odd_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = ascii_output(monkeypatch)
    weights = str(write_weights(tmp_path / "weights"))
    game, seen = tmp_path / f"{ODD}.sgf", tmp_path / f"seen-{ODD}.sgf"
    game.write_text("(;SZ[9];B[ee])")
    words = ["predict", str(game), "--weights", weights, "--annotate", str(seen), "--json"]
    assert main(words) == 0
    assert json.loads(output_of(written).decode("ascii"))["file"] == str(game)
    assert seen.read_text().startswith("(;SZ[9]LB[")


def test_classes_with_odd_names_are_learned_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = ascii_output(monkeypatch)
    generator = np.random.default_rng(1)
    for shade, name in enumerate((ODD, "\u68cb", r"$\frac{$")):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(80 * shade, 80 * shade + 90, (12, 12)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
    data, run, report = (str(tmp_path / name) for name in ("data", "run", "report"))
    assert main(["image", "train", "--data", data, "--out", run, "--epochs", "1"]) == 0
    assert main(["image", "evaluate", data, "--weights", run, "--report", report]) == 0
    assert main(["image", "predict", f"{data}/{ODD}/1.png", "--weights", run, "--json"]) == 0
    line = output_of(written).decode("ascii").splitlines()[-1]
    classes = json.loads(line)["pictures"][0]["classes"]
    assert {entry["name"] for entry in classes} == {ODD, "\u68cb", r"$\frac{$"}
    assert {path.name for path in Path(report).iterdir()} >= {"confusion.png", "mistakes.png"}
