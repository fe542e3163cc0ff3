"""``gopolicy review`` from end to end on small boards, its page in a real browser."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference.commands import object_of
from reference.tiny_games import random_record, write_outcome_weights, write_weights
from reference.web_browser import open_browser

from gopolicy.__main__ import main
from gopolicy.go.board import Board
from gopolicy.sgf.read import read_game
from gopolicy.sgf.tree import read_trees
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


def test_a_review_and_predict_say_the_same_of_a_position(
    game: Path, knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (str(game), "--weights", knowing)
    found = reviewed(capsys, *words, "--out", str(tmp_path / "p.html"))["moves"]
    for each in found[4], found[19]:
        number = str(each["number"] + 1)
        said = object_of(capsys, "predict", *words, "--move", number, "--device", "cpu")
        sign = 1 if said["to_play"] == "black" else -1
        assert each["black_lead"] == pytest.approx(sign * said["score_lead"], abs=0.011)
        number = str(each["number"])
        said = object_of(capsys, "predict", *words, "--move", number, "--device", "cpu")
        assert each["probability"] == pytest.approx(said["played_probability"], abs=1e-5)


def test_a_network_that_knows_moves_alone_says_nothing_of_losses(
    game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = str(write_weights(tmp_path / "plain"))
    found = reviewed(capsys, str(game), "--weights", plain, "--out", str(tmp_path / "p.html"))
    assert found["lost_most"] == []
    assert len(found["least_expected"]) == 10


def test_one_of_several_games_is_chosen(
    tmp_path: Path,
    knowing: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "two.sgf"
    path.write_bytes(b"(;GM[1]SZ[7];B[cc];W[dd])(;GM[1]SZ[7];B[cd];W[dc];B[ee])")
    words = (str(path), "--weights", knowing, "--out", str(tmp_path / "p.html"))
    assert len(reviewed(capsys, *words)["moves"]) == 2
    assert len(reviewed(capsys, *words, "--game", "2")["moves"]) == 3
    monkeypatch.chdir(tmp_path)
    for game, page in (("1", "two-review.html"), ("2", "two-2-review.html")):
        found = reviewed(capsys, str(path), "--weights", knowing, "--game", game)
        assert found["page"] == page
        assert Path(page).is_file()
    found = reviewed(capsys, *words[:-1], str(tmp_path / "new" / "pages"))
    assert Path(found["page"]) == tmp_path / "new" / "pages" / "two-review.html"
    assert Path(found["page"]).is_file()
    (tmp_path / "file").write_text("no folder")
    assert main(["review", *words[:-1], str(tmp_path / "file")]) == 2
    assert "expected a file that ends in .html, .htm" in capsys.readouterr().err
    assert main(["review", *words, "--game", "3"]) != 0
    assert "expected a game from 1 to 2, got 3" in capsys.readouterr().err


def test_a_game_behind_one_that_cannot_be_read_is_reviewed(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    game = tmp_path / "two.sgf"
    game.write_bytes(b"(;GM[2]PB[othello];B[dd])(;GM[1]SZ[9]PB[A];B[ee];W[cc];B[gg])")
    page = tmp_path / "page.html"
    assert main(["review", str(game), "--weights", knowing, "--out", str(page)]) == 0
    said = capsys.readouterr().err
    assert "GM[2] is not Go" in said
    assert "game 2 of 2" in said
    assert page.is_file()
    words = ("review", str(game), "--weights", knowing, "--out", str(page), "--game")
    page.unlink()
    assert main([*words, "1"]) == 1
    assert "two.sgf: other game: GM[2] is not Go" in capsys.readouterr().err
    assert main([*words, "3"]) == 1
    assert "expected a game from 1 to 2, got 3" in capsys.readouterr().err
    assert not page.exists()
    assert len(reviewed(capsys, *words[1:], "2")["moves"]) == 3
    assert len(read_game(game, game=2).events) == 3  # the same game for whoever counts


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("", "expected something, got an empty word"),
        ("two.sgf/sub", "two.sgf is a file, so there is no folder two.sgf/sub"),
        ("page.pdf", "expected a file that ends in .html, .htm, got 'page.pdf'"),
        ("/dev/null", "expected a file that ends in .html, .htm, got '/dev/null'"),
        ("pipe", "pipe is a pipe, expected a file to write"),
    ],
)
def test_what_can_be_no_page_is_refused_before_anything_is_asked(
    out: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.sgf").write_bytes(b"(;SZ[9];B[ee])")
    os.mkfifo("pipe")
    assert main(["review", "two.sgf", "--weights", "none of this name", "--out", out]) == 2
    assert message in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pipe", "two.sgf"]


def test_a_folder_of_any_name_takes_the_page(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.sgf").write_bytes(b"(;SZ[9];B[ee])")
    (tmp_path / "p.html").mkdir()
    for folder in ("p.html", "new.d/"):
        words = (str(tmp_path / "a.sgf"), "--weights", knowing, "--out", f"{tmp_path}/{folder}")
        assert Path(reviewed(capsys, *words)["page"]) == tmp_path / folder / "a-review.html"
        assert (tmp_path / folder / "a-review.html").is_file()


def test_a_file_that_is_no_game_leaves_no_page(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.sgf").write_bytes(b"no game at all")
    page = tmp_path / "p.html"
    words = ("review", str(tmp_path / "bad.sgf"), "--weights", knowing, "--out", str(page))
    assert main([*words]) != 0
    assert "bad.sgf" in capsys.readouterr().err
    assert not page.exists()


def nodes_of(
    capsys: pytest.CaptureFixture[str], folder: Path, knowing: str, text: bytes
) -> list[dict[str, Any]]:
    """Return the nodes on the page of a game."""
    (folder / "game.sgf").write_bytes(text)
    page = folder / "nodes.html"
    words = (str(folder / "game.sgf"), "--weights", knowing, "--out", str(page))
    assert main(["review", *words]) == 0
    assert "left out" not in page.read_text("utf-8")
    (data,) = re.findall(r'id="data"[^>]*>(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    nodes: list[dict[str, Any]] = json.loads(data)["nodes"]
    return nodes


def stones_at(nodes: list[dict[str, Any]], index: int) -> dict[int, int]:
    """Return the stones of a node, put together from the root on as the page does."""
    path = []
    while index >= 0:
        path.append(index)
        index = nodes[index]["parent"]
    found: dict[int, int] = {}
    for each in reversed(path):
        found |= dict(map(tuple, nodes[each]["set"]))
    return {point: color for point, color in found.items() if color}


def test_setup_that_is_a_position_only_with_the_next_node_is_on_the_page(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = b"(;SZ[9];AW[aa]AB[ba][ab];AE[aa]C[now];B[ee];W[ff])"
    nodes = nodes_of(capsys, tmp_path, knowing, text)
    assert [each.get("vertex") for each in nodes] == [None, None, None, "E5", "F4"]
    assert stones_at(nodes, 1) == {}
    assert stones_at(nodes, 2) == {1: 1, 9: 1}
    assert [each["decides"] for each in nodes] == [False, False, True, True, True]


def test_every_node_of_a_tree_has_its_stones_whatever_was_seen_before(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    branch = b"(;W[ba](;B[ab])(;W[ab];B[ii];AW[cc];W[ca]))(;W[bb];C[x];W[cb])"
    text = b"(;SZ[9];B[aa]" + branch + b"(;AE[aa];B[hh]))"
    nodes = nodes_of(capsys, tmp_path, knowing, text)
    tree = read_trees(text, "game.sgf")[0][0]
    boards = {}
    for node in tree.nodes.values():
        board = Board(9)
        for each in node.path():
            board.carry_out(each.events(9))
        flat = board.stones.ravel()
        boards[node.number] = {int(at): int(flat[at]) for at in np.flatnonzero(flat)}
    assert len(nodes) == len(boards)
    shown = [json.dumps(stones_at(nodes, k), sort_keys=True) for k in range(len(nodes))]
    assert sorted(shown) == sorted(json.dumps(each, sort_keys=True) for each in boards.values())


def test_a_node_without_a_move_keeps_the_last_one(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = nodes_of(capsys, tmp_path, knowing, b"(;SZ[9];B[ee];C[only words];W[ff];TB[aa])")
    assert [(each["ply"], each.get("last")) for each in nodes[1:]] == [
        (1, 40), (1, 40), (2, 50), (2, 50),
    ]  # fmt: skip


def test_an_empty_game_says_so(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes_of(capsys, tmp_path, knowing, b"(;GM[1]FF[4]SZ[9])")
    text = (tmp_path / "nodes.html").read_text("utf-8")
    assert "The game has no moves." in text
    assert "moves alone" not in text


def test_suicide_is_a_move_where_the_rules_of_the_record_say_so(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = b"(;SZ[9]RU[NZ];W[ac];W[bb];W[ca];B[aa];B[ba];B[ab];W[ee])"
    nodes = nodes_of(capsys, tmp_path, knowing, text)
    assert stones_at(nodes, 6) == {2: 2, 10: 2, 18: 2}
    (tmp_path / "game.sgf").write_bytes(text.replace(b"NZ", b"Chinese"))
    assert main(["review", str(tmp_path / "game.sgf"), "--weights", knowing]) == 1
    assert "A8 on 9x9: it is suicide" in capsys.readouterr().err


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
