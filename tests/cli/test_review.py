"""``gopolicy review`` from end to end on small boards, its page in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from reference.tiny_games import random_record, write_outcome_weights, write_weights
from reference.web_browser import open_browser

from gopolicy.__main__ import main
from gopolicy.sgf.write import write_game

torch.set_num_threads(1)

HOSTILE = "</script><script>document.title='taken'</script><b>x</b>"


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a network that has an outcome head."""
    return str(write_outcome_weights(tmp_path_factory.mktemp("knowing")))


@pytest.fixture
def game(tmp_path: Path) -> Path:
    """Return a game with names and a comment that try to become part of the page."""
    path = tmp_path / "game.sgf"
    data = write_game(random_record(7, moves=30, black=HOSTILE, white="Bob"))
    path.write_bytes(data.rstrip()[:-1] + b"C[" + HOSTILE.encode() + b"]TR[aa]LB[ba:<b>])")
    return path


def reviewed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run the command with ``--json`` and return the object."""
    assert main(["review", *words, "--json", "--device", "cpu"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_move_has_figures_and_the_page_is_written(
    game: Path, knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    found = reviewed(capsys, str(game), "--weights", knowing, "--out", str(page))
    assert [each["number"] for each in found["moves"]] == list(range(1, 31))
    assert [each["color"] for each in found["players"]] == ["black", "white"]
    passes = sum(each["played"] == "pass" for each in found["moves"])
    assert sum(each["moves"] for each in found["players"]) == 30 - passes
    lost = {each["number"]: each["win_rate_lost"] for each in found["moves"]}
    worst = [lost[number] for number in found["lost_most"]]
    assert worst == sorted(worst, reverse=True)
    assert worst[0] == max(value for value in lost.values() if value is not None)
    text = page.read_text("utf-8")
    assert "<script>document.title" not in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert knowing not in text  # whoever gets the page does not learn of the user's folders


def test_a_network_that_knows_moves_alone_says_nothing_of_losses(
    game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = str(write_weights(tmp_path / "plain"))
    found = reviewed(capsys, str(game), "--weights", plain, "--out", str(tmp_path / "p.html"))
    assert found["lost_most"] == []
    assert len(found["least_expected"]) == 10


def test_one_of_several_games_is_chosen(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.sgf"
    path.write_bytes(b"(;GM[1]SZ[7];B[cc];W[dd])(;GM[1]SZ[7];B[cd];W[dc];B[ee])")
    words = (str(path), "--weights", knowing, "--out", str(tmp_path / "p.html"))
    assert len(reviewed(capsys, *words)["moves"]) == 2
    assert len(reviewed(capsys, *words, "--game", "2")["moves"]) == 3
    assert main(["review", *words, "--game", "3"]) != 0
    assert "expected a game from 1 to 2, got 3" in capsys.readouterr().err


def test_a_game_behind_one_that_cannot_be_read_is_reviewed(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    game = tmp_path / "two.sgf"
    game.write_bytes(b"(;GM[2]PB[othello];B[dd])(;GM[1]SZ[9]PB[A];B[ee];W[cc];B[gg])")
    page = tmp_path / "page.html"
    assert main(["review", str(game), "--weights", knowing, "--out", str(page)]) == 0
    assert "GM[2] is not Go" in capsys.readouterr().err
    assert page.is_file()


def test_a_file_that_is_no_game_leaves_no_page(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.sgf").write_bytes(b"no game at all")
    page = tmp_path / "p.html"
    words = ("review", str(tmp_path / "bad.sgf"), "--weights", knowing, "--out", str(page))
    assert main([*words]) != 0
    assert "bad.sgf" in capsys.readouterr().err
    assert not page.exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as found:
        yield found


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1600, "light")])
def test_the_page_steps_and_runs_nothing_of_the_file(
    browser: Any, game: Path, knowing: str, tmp_path: Path, width: int, scheme: str
) -> None:
    page = tmp_path / "page.html"
    assert main(["review", str(game), "--weights", knowing, "--out", str(page)]) == 0
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    tab.goto(page.as_uri())
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.body.innerText.includes('Move 3: ')")
    tab.keyboard.press("ArrowLeft")
    tab.wait_for_function("document.body.innerText.includes('Move 2: ')")
    assert tab.locator("#board .mark").count() == 0
    tab.keyboard.press("End")
    tab.wait_for_function("document.body.innerText.includes('Move 30: ')")
    assert tab.locator("#board .mark").all_text_contents() == ["\u25b3", "<b>"]
    assert HOSTILE in tab.inner_text("body")
    assert "taken" not in tab.title() or HOSTILE in tab.title()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert faults == []
    tab.close()
