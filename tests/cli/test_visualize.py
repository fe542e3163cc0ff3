"""``gopolicy visualize`` from end to end: every view of every kind of network, on small boards."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from reference.commands import object_of, only_complaint
from reference.tiny_games import random_record, write_games
from reference.tiny_subjects import save_tiny

from gopolicy.__main__ import main
from gopolicy.cli.visualize import VIEWS
from gopolicy.sgf.write import write_game

torch.set_num_threads(1)

QUICK = {
    "filters": ["--positions", "20", "--top", "3"],
    "channels": ["--positions", "20", "--count", "2", "--boards", "2"],
    "maximize": ["--positions", "20", "--count", "1", "--steps", "3"],
    "activations": ["GAME", "--move", "9"],
    "saliency": ["GAME", "--move", "9"],
    "symmetries": ["--positions", "10"],
    "fool": ["--positions", "20", "--rounds", "1"],
}
GAMES_FROM_ARCHIVES = {"filters", "channels", "maximize", "symmetries", "fool"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with networks, games, and one game."""
    folder = tmp_path_factory.mktemp("visualize")
    for network in ("alphago", "alphago-res", "dense", "image"):
        save_tiny(folder / network, network)
    save_tiny(folder / "literal", "alphago", "stones")
    write_games(folder / "games", count=5)
    (folder / "game.sgf").write_bytes(write_game(random_record(7, moves=30)))
    return folder


def words_for(view: str, place: Path, network: str, out: Path) -> list[str]:
    words = [str(place / "game.sgf") if word == "GAME" else word for word in QUICK[view]]
    if view in GAMES_FROM_ARCHIVES:
        words += ["--games", str(place / "games")]
    return [view, *words, "--weights", str(place / network), "--out", str(out), "--device", "cpu"]


def visualized(capsys: pytest.CaptureFixture[str], words: list[str]) -> dict[str, Any]:
    """Run the command with ``--json`` and return the object."""
    return object_of(capsys, "visualize", *words)


@pytest.mark.parametrize("network", ["alphago", "alphago-res", "dense", "image", "literal"])
@pytest.mark.parametrize("view", list(QUICK))
def test_every_view_of_every_network(
    view: str, network: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = visualized(capsys, words_for(view, place, network, tmp_path))
    assert found["view"] == view
    assert found["pictures"]
    for name in found["pictures"]:
        with Image.open(name) as image:
            assert image.format == "PNG"
            assert min(image.size) > 100
    page = Path(found["page"]).read_text("utf-8")
    assert all(f'"{Path(name).name}"' in page for name in found["pictures"] + found["files"])
    assert f"gopolicy visualize {view}" in page


def test_the_command_on_the_page_makes_the_same_again(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_for("fool", place, "alphago", tmp_path)
    first = visualized(capsys, words)
    described = json.loads((tmp_path / "fool.json").read_text())
    again = visualized(capsys, described["command"].split()[2:])
    assert again == first


def test_moves_can_be_maximized_and_explained(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_for("maximize", place, "alphago", tmp_path)
    at = words.index("--count")
    del words[at : at + 2]  # it has no meaning there
    found = visualized(capsys, [*words, "--moves", "E5"])
    (unit,) = found["units"]
    assert unit["move"] == "E5"
    assert 0 < unit["free"]["probability"] < 1
    words = words_for("saliency", place, "alphago", tmp_path)
    found = visualized(capsys, [*words, "--chains"])
    assert found["removed"] == "chains"
    (again,) = [visualized(capsys, [*words, "--at", found["move"]])]
    assert again["move"] == found["move"]
    assert again["probability"] == found["probability"]


def test_one_position_can_be_turned(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(place / "game.sgf"), "--move", "4", "--weights", str(place / "alphago")]
    found = visualized(capsys, ["symmetries", *words, "--out", str(tmp_path)])
    assert len(found["first_moves"]) == 8


def test_the_text_says_what_was_found_and_where(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["visualize", *words_for("saliency", place, "alphago", tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "Saliency: which stones make the network play" in shown.out
    assert "saliency-stones.png" in shown.out
    assert f"page: {tmp_path / 'index.html'}" in shown.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["saliency", "GAME", "--move", "9", "--at", "A10"], "A10"),
        (["saliency", "GAME", "--move", "9", "--at", "pass"], "got a pass"),
        (["saliency", "GAME", "--move", "99"], "the game has 30 moves"),
        (["saliency"], "the game is on 19x19"),
        (["channels", "--layer", "conv7"], "no layer called 'conv7'; did you mean 'conv"),
        (["channels", "--channels", "6"], "has channels 0 to 5, not 6"),
        (["maximize", "--moves", "K10"], "K10"),
        (
            ["maximize", "--moves", "E5", "--layer", "conv2"],
            "--layer has no meaning beside --moves",
        ),
        (["maximize", "--moves", "E5", "--channels", "1"], "--channels has no meaning beside"),
        (["maximize", "--moves", "E5", "--count", "1"], "--count has no meaning beside --moves"),
        (["channels", "--channels", "1", "--count", "1"], "--count has no meaning beside --ch"),
        (["maximize", "--l1", "0"], "--l1 is for networks that look at pictures"),
        (["filters", "--names", "GAME"], "--names is for networks that look at pictures"),
        (["symmetries", "GAME"], "--games has no meaning beside a game"),
        (["filters", "--games", "missing"], "missing"),
        (["filters", "--weights", "no-such-network"], "no-such-network"),
        (["filters", "--out", "GAME"], "is not a folder"),
    ],
    ids=lambda value: "-".join(value[-2:]) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_nothing_is_written(
    words: list[str],
    message: str,
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [str(place / "game.sgf") if word == "GAME" else word for word in words]
    if words[0] in GAMES_FROM_ARCHIVES and "--games" not in words:
        words += ["--games", str(place / "games"), "--positions", "10"]
    if "--weights" not in words:
        words += ["--weights", str(place / "alphago")]
    if "--out" not in words:
        words += ["--out", str(tmp_path / "out")]
    assert main(["visualize", *words]) == 1
    assert message in only_complaint(capsys)
    assert not (tmp_path / "out").exists()


def test_a_damaged_gallery_is_found_before_the_work(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fool.json").write_text('{"format": "gopolicy gallery", "view": "fool"}')
    words = words_for("filters", place, "missing-network", tmp_path)
    assert main(["visualize", *words]) == 1
    assert "fool.json cannot be read (its part 'title' is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["portraits"],
        ["filters", "--top", "0"],
        ["fool", "--seed", "-1"],
        ["maximize", "--seed", "99999999999999999999999"],
        ["fool", "--rounds", "-1"],
        ["maximize", "--l1", "nan"],
        ["style", "a.png", "b.png", "--strength", "-1"],
        ["style", "a.png", "b.png", "--strength", "inf"],
    ],
)
def test_wrong_usage_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["visualize", *words]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("view", list(VIEWS))
def test_every_view_has_help_without_torch(view: str) -> None:
    code = f"""
import sys
from gopolicy.__main__ import main
assert main(["visualize", "{view}", "--help"]) == 0
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"usage: gopolicy visualize {view}" in done.stdout


@pytest.mark.parametrize("view", ["activations", "saliency", "symmetries"])
def test_a_game_on_a_board_of_another_size_is_shown_with_a_word_about_it(
    view: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    game = tmp_path / "game.sgf"
    game.write_text("(;SZ[7];B[dd];W[cc])")
    words = [view, str(game), "--weights", str(place / "alphago"), "--out", str(tmp_path / "out")]
    assert main(["visualize", *words, "--json", "--device", "cpu"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["pictures"]
    assert "trained on 9x9 boards: on 7x7" in shown.err


def test_a_damaged_store_is_refused_before_anything_is_made_of_it(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["prepare", str(place / "games"), "--size", "9", "--out", str(store)]) == 0
    with (store / "events.npy").open("rb+") as file:
        file.seek(150)
        file.write(b"\xa7" * 40)
    capsys.readouterr()
    words = ["filters", *QUICK["filters"], "--games", str(store), "--weights", str(place / "dense")]
    assert main(["visualize", *words, "--out", str(tmp_path / "out"), "--device", "cpu"]) == 1
    assert "events.npy is damaged: its checksum differs" in capsys.readouterr().err
