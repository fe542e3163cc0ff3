"""The scripts of examples/ run, on the bundled games, and say what they promise."""

import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gopolicy.samples import SAMPLE_GAME

EXAMPLES = Path(__file__).parent.parent / "examples"


def main_of(name: str) -> Callable[..., None]:
    """Return the main function of an example."""
    names: dict[str, Any] = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    main: Callable[..., None] = names["main"]
    return main


def test_every_example_is_short_and_tested() -> None:
    scripts = sorted(EXAMPLES.glob("*.py"))
    tests = Path(__file__).read_text("utf-8")
    assert len(scripts) >= 5
    for script in scripts:
        assert 20 <= len(script.read_text("utf-8").splitlines()) <= 60, script.name
        assert f'main_of("{script.stem}")' in tests


def test_best_moves(capsys: pytest.CaptureFixture[str]) -> None:
    main_of("best_moves")([str(SAMPLE_GAME), "40"])
    out = capsys.readouterr().out
    shares = [float(share) for share in re.findall(r"^ +[A-T]\d+ +([\d.]+)%$", out, re.MULTILINE)]
    assert len(shares) == 5
    assert shares == sorted(shares, reverse=True)
    assert re.search(r"^[A-T]\d+ was played: choice number \d+", out, re.MULTILINE)


def test_heat_map(tmp_path: Path) -> None:
    main_of("heat_map")([str(tmp_path / "heat.svg")])
    assert (tmp_path / "heat.svg").read_text("utf-8").startswith("<svg")


def test_annotate_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    games, out = tmp_path / "games", tmp_path / "out"
    games.mkdir()
    (games / "short.sgf").write_text("(;SZ[19];B[pd];W[dp];B[pq])", "utf-8")
    (games / "broken.sgf").write_text("not a game", "utf-8")
    main_of("annotate_folder")([str(games), str(out)])
    said = capsys.readouterr()
    assert said.out == "1 games annotated, 1 left out\n"
    assert "broken.sgf" in said.err
    assert (out / "short.sgf").read_text("utf-8").count("C[") >= 3


def test_train_tiny(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_of("train_tiny")([str(tmp_path), "256"])
    out = capsys.readouterr().out
    assert "trained on 256 positions" in out
    assert re.search(r"top-1 [\d.]+% of 500 moves", out)


def test_compare_two_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(SAMPLE_GAME, tmp_path / "game.sgf")
    names = ["alphago-64x8", "alphago-res-64x9"]
    main_of("compare_two_networks")([*names, str(tmp_path)], limit=40)
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["network", "top-1"]
    assert [row.split()[0] for row in rows] == names


def test_learn_by_playing(capsys: pytest.CaptureFixture[str]) -> None:
    main_of("learn_by_playing")(["20"])
    won = [int(share) for share in re.findall(r" (\d+)% are won", capsys.readouterr().out)]
    assert len(won) == 2
    assert won[-1] > 75  # half of the games in the beginning
