"""``gopolicy predict`` from end to end on a small board."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from reference.tiny_games import random_record, write_weights

from gopolicy.__main__ import main
from gopolicy.engine.predictor import Predictor
from gopolicy.go.board import Board
from gopolicy.go.types import PASS
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.nets.weights import load_weights
from gopolicy.sgf.read import read_game
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import write_game

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_weights(tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def record() -> GameRecord:
    return random_record(7, moves=30, black="Ann", white="Bob", black_rank="3k")


@pytest.fixture
def game(tmp_path: Path, record: GameRecord) -> str:
    path = tmp_path / "game.sgf"
    path.write_bytes(write_game(record))
    return str(path)


def predicted(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """Run predict with ``--json`` and return the object."""
    assert main(["predict", *words, "--json", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found: dict[str, object] = json.loads(out)
    return found


def test_json_holds_what_the_network_says(
    game: str, weights: str, record: GameRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predicted(capsys, game, "--weights", weights, "--move", "11", "--top", "81")
    board = Board.from_events(9, record.events[:10])
    expected = Predictor(load_weights(weights), device="cpu").predict(board)
    legal = board.legal_mask()
    assert found["size"] == 9
    assert found["to_play"] == "black"
    assert found["move_number"] == 11
    assert len(found["moves"]) == legal.sum()
    shares = [move["probability"] for move in found["moves"]]
    assert shares == sorted(shares, reverse=True)
    for move in found["moves"]:
        point = parse_vertex(move["vertex"], 9)
        assert legal[point]
        assert move["probability"] == pytest.approx(float(expected[point]), rel=1e-5)


def test_move_n_is_the_position_before_move_n(
    game: str, weights: str, record: GameRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 15, 30):
        found = predicted(capsys, game, "--weights", weights, "--move", str(number))
        point = int(record.events[number - 1]) & 0x3FF
        assert found["played"] == ("pass" if point == 0x3FF else vertex_name(point, 9))
        assert found["move_number"] == number
        assert found["to_play"] == ("black" if number % 2 else "white")


def test_without_move_it_is_the_position_after_the_last_move(
    game: str, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predicted(capsys, game, "--weights", weights)
    assert found["move_number"] == 31
    assert found["played"] is None
    assert found["played_rank"] is None
    assert len(found["moves"]) == 5


def test_the_rank_of_the_move_played_is_its_place_in_the_list(
    game: str, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predicted(capsys, game, "--weights", weights, "--move", "3", "--top", "81")
    names = [move["vertex"] for move in found["moves"]]
    assert found["played_rank"] == names.index(found["played"]) + 1


def test_eight_symmetries_are_the_mean_over_turned_boards(weights: str, record: GameRecord) -> None:
    from gopolicy.go.symmetry import symmetry_table

    loaded = load_weights(weights)
    single = Predictor(loaded, device="cpu")
    table = symmetry_table(9)
    total = np.zeros(81)
    for turn in table:
        turned = Board(9)
        for event in record.events[:20].tolist():
            point = event & 0x3FF
            turned.play(PASS if point == 0x3FF else int(turn[point]))
        total += single.predict(turned)[turn]
    board = Board.from_events(9, record.events[:20])
    averaged = Predictor(loaded, device="cpu", symmetries=8).predict(board)
    assert averaged == pytest.approx(total / 8, rel=1e-4)


def test_setup_stones_before_a_move_are_on_the_board(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "handicap.sgf"
    path.write_text("(;SZ[9]HA[2]AB[cc][gg];W[ee];B[ec])")
    found = predicted(capsys, str(path), "--weights", weights, "--move", "1", "--top", "81")
    assert (found["to_play"], found["played"], len(found["moves"])) == ("white", "E5", 79)


def test_the_text_shows_board_moves_and_verdict(
    game: str, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", game, "--weights", weights, "--move", "12", "--top", "3"]) == 0
    shown = capsys.readouterr().out
    assert "Ann (3k) - Bob" in shown
    assert "Move 12, White to play" in shown
    assert "   A B C D E F G H J\n" in shown
    assert all(f"\n  {letter}  " in shown for letter in "abc")
    assert "Played: " in shown


def test_a_picture_and_an_annotated_game_are_written(
    game: str, weights: str, tmp_path: Path, record: GameRecord
) -> None:
    picture, seen = tmp_path / "board.png", tmp_path / "seen.sgf"
    words = ["--picture", str(picture), "--annotate", str(seen), "--weights", weights]
    assert main(["predict", game, "--move", "9", *words]) == 0
    with Image.open(picture) as image:
        assert image.width > image.height * 0.8 > 300
    again = read_game(seen)
    assert again.events.tolist() == record.events.tolist()
    text = seen.read_text("utf-8")
    assert text.count("C[") == 31
    assert text.count("LB[") == 31
    assert "choice number" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.sgf"], "missing.sgf"),
        (["GAME", "--move", "32"], "the game has 30 moves; expected 1 to 31"),
        (["GAME", "--weights", "no-such-network"], "no-such-network"),
    ],
    ids=["no file", "no such move", "no such weights"],
)
def test_bad_input_is_one_line_and_status_1(
    words: list[str], message: str, game: str, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [game if word == "GAME" else word for word in words]
    extra = [] if "--weights" in words else ["--weights", weights]
    assert main(["predict", *words, *extra]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert message in shown.err


@pytest.mark.parametrize(
    "text",
    ["", "not a game", "(;SZ[9];B[aa];W[aa])", "(;SZ[19];B[dd])", "(;C[" + "x" * (9 << 20)],
    ids=["empty", "garbage", "illegal move", "other size", "too large"],
)
def test_a_bad_game_is_one_line_and_status_1(
    text: str, tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.sgf"
    path.write_text(text)
    assert main(["predict", str(path), "--weights", weights]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_it_runs_as_a_program(game: str, weights: str) -> None:
    command = [sys.executable, "-m", "gopolicy", "predict", game, "--weights", weights, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size"] == 9
