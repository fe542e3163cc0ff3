"""``gopolicy predict`` from end to end on a small board."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from reference.commands import object_of
from reference.tiny_games import random_record, write_outcome_weights, write_weights
from sgfmill import sgf

from gopolicy.__main__ import main
from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Point
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.nets.weights import load_weights
from gopolicy.policy.outlook import balanced
from gopolicy.policy.policy import Policy
from gopolicy.sgf.read import read_game
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import write_game

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_weights(tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a network that has an outcome head."""
    return str(write_outcome_weights(tmp_path_factory.mktemp("knowing")))


@pytest.fixture(scope="module")
def record() -> GameRecord:
    return random_record(7, moves=30, black="Ann", white="Bob", black_rank="3k")


@pytest.fixture
def game(tmp_path: Path, record: GameRecord) -> str:
    path = tmp_path / "game.sgf"
    path.write_bytes(write_game(record))
    return str(path)


def predicted(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run predict with ``--json`` and return the object."""
    return object_of(capsys, "predict", *words, "--device", "cpu")


def test_handicap_without_stones_is_told_and_placed(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "game.sgf").write_bytes(b"(;GM[1]SZ[9]HA[4];W[ee];B[dd])")
    words = [str(tmp_path / "game.sgf"), "--weights", weights, "--move", "1", "--top", "81"]
    assert main(["predict", *words, "--json", "--device", "cpu"]) == 0
    captured = capsys.readouterr()
    assert "no stones for HA[4]; they stand on the fixed points" in captured.err
    found = json.loads(captured.out)
    assert found["to_play"] == "white"
    assert not {"C3", "G7", "C7", "G3"} & {move["vertex"] for move in found["moves"]}


def test_white_is_to_move_behind_handicap_stones_without_moves(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "game.sgf"
    path.write_bytes(b"(;GM[1]FF[4]SZ[9]HA[2]AB[gc][cg])")
    words = [str(path), "--weights", weights]
    assert predicted(capsys, *words)["to_play"] == "white"
    assert main(["predict", *words, "--annotate", str(path), "--device", "cpu"]) == 0
    assert b"White is expected at" in path.read_bytes()
    capsys.readouterr()
    assert predicted(capsys, *words)["to_play"] == "white"


def test_json_holds_what_the_network_says(
    game: str, weights: str, record: GameRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predicted(capsys, game, "--weights", weights, "--move", "11", "--top", "81")
    board = Board.from_events(9, record.events[:10])
    expected = Policy(load_weights(weights), device="cpu").predict(board)
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
    own = found["played_probability"]
    times = [move["probability"] / own for move in found["moves"]]
    assert found["played_rank"] == sum(share > 1.0001 for share in times) + 1
    assert found["played_equal"] == sum(0.9999 < share <= 1.0001 for share in times)


def test_eight_symmetries_are_the_mean_over_turned_boards(weights: str, record: GameRecord) -> None:
    from gopolicy.go.symmetry import symmetry_table

    loaded = load_weights(weights)
    single = Policy(loaded, device="cpu")
    table = symmetry_table(9)
    total = np.zeros(81)
    for turn in table:
        turned = Board(9)
        for event in record.events[:20].tolist():
            point = event & 0x3FF
            turned.play(PASS if point == 0x3FF else Point(int(turn[point])))
        total += single.predict(turned)[turn]
    board = Board.from_events(9, record.events[:20])
    averaged = Policy(loaded, device="cpu", symmetries=8).predict(board)
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


@pytest.mark.parametrize("number", [6, 7])
def test_who_is_ahead_is_told_by_networks_that_know(
    number: int,
    tmp_path: Path,
    knowing: str,
    record: GameRecord,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "game.sgf"
    path.write_bytes(write_game(replace(record, komi=-3.5)))
    words = [str(path), "--weights", knowing, "--move", str(number)]
    found = predicted(capsys, *words)
    board = Board.from_events(9, record.events[: number - 1], komi=-3.5)
    policy = Policy(load_weights(knowing), device="cpu")
    first = board.copy()
    first.play(policy(board).best_points(1)[0][0])
    now, after = policy.outlooks([board, first]) or []
    seen, _ = balanced(now, [after], [1.0])
    black = found["to_play"] == "black"
    wins = found["win_rate"] if black else 1 - found["win_rate"]
    lead = found["score_lead"] if black else -found["score_lead"]
    assert (wins, lead, found["score_spread"]) == pytest.approx(
        (seen.black_wins, seen.lead, seen.spread), abs=1e-4
    )
    assert main(["predict", *words, "--device", "cpu"]) == 0
    ahead, sign = ("Black", 1) if wins > 0.5 else ("White", -1)
    share = max(wins, 1 - wins)
    assert capsys.readouterr().out.endswith(
        f"{ahead} is ahead: win rate {share:.1%}, {sign * lead:+.1f} points "
        f"+- {seen.spread:.1f} (by area, komi -3.5)\n"
    )


def test_handicap_stones_are_no_points_by_territory(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for rules, komi in (("Japanese", 0.5), ("Chinese", 0.5)):
        path = tmp_path / f"{rules}.sgf"
        path.write_text(f"(;SZ[9]KM[{komi}]HA[3]AB[gc][cg][gg]RU[{rules}];W[ee];B[dd])")
        found[rules] = predicted(capsys, str(path), "--weights", knowing)["score_lead"]
        assert main(["predict", str(path), "--weights", knowing, "--device", "cpu"]) == 0
        counting = "by territory, komi 0.5" if rules == "Japanese" else "by area, komi 3.5"
        assert capsys.readouterr().out.endswith(f" ({counting})\n")
    # Black has placed two stones more than turns: worth 2 points by area; Chinese rules give 3
    assert found["Japanese"] - found["Chinese"] == pytest.approx(2 - 3, abs=1e-4)


def test_nothing_is_said_of_the_end_by_networks_that_know_moves_alone(
    game: str, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predicted(capsys, game, "--weights", weights)
    assert not {"win_rate", "score_lead", "score_spread"} & found.keys()
    assert main(["predict", game, "--weights", weights]) == 0
    assert "ahead" not in capsys.readouterr().out


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
    assert "SBK" not in text
    assert "choice number" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.sgf"], "missing.sgf"),
        (["GAME", "--move", "32"], "game.sgf: the game has 30 moves; expected 1 to 31, got 32"),
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
    ["", "not a game", "(;SZ[9];B[aa];W[aa])", "(;C[" + "x" * (9 << 20)],
    ids=["empty", "garbage", "illegal move", "too large"],
)
def test_a_bad_game_is_one_line_and_status_1(
    text: str, tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.sgf"
    path.write_text(text)
    assert main(["predict", str(path), "--weights", weights]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert "bad.sgf" in shown.err


def test_it_runs_as_a_program(game: str, weights: str) -> None:
    command = [sys.executable, "-m", "gopolicy", "predict", game, "--weights", weights, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size"] == 9


def test_an_illegal_move_is_named_with_its_file_and_number(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.sgf"
    path.write_text("(;SZ[9]AB[cc];B[aa];W[bb];B[aa])")
    assert main(["predict", str(path), "--weights", weights]) == 1
    assert f"{path}: move 3 is illegal: " in capsys.readouterr().err


def test_boards_of_other_sizes_are_played_with_a_word_about_it(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, seen = tmp_path / "game.sgf", tmp_path / "seen.sgf"
    path.write_text("(;SZ[13];B[dd];W[mm])")
    words = ["predict", str(path), "--weights", weights, "--annotate", str(seen), "--json"]
    assert main([*words, "--picture", str(tmp_path / "board.png")]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["size"], found["trained_size"], len(found["moves"])) == (13, 9, 5)
    assert "trained on 9x9 boards: on 13x13" in found["note"]
    assert found["note"] in shown.err
    assert seen.read_text().count("C[") == 3


def test_no_word_about_sizes_where_the_board_is_the_usual_one(
    game: str, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", game, "--weights", weights, "--json"]) == 0
    shown = capsys.readouterr()
    assert (json.loads(shown.out)["note"], shown.err) == ("", "")


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        (".png", b"\x89PNG"),
        (".jpg", b"\xff\xd8\xff"),
        (".JPEG", b"\xff\xd8\xff"),
        (".webp", b"RIFF"),
        (".pdf", b"%PDF"),
        (".svg", b"<svg"),
    ],
)
def test_the_ending_of_a_picture_is_its_format(
    ending: str, start: bytes, game: str, weights: str, tmp_path: Path
) -> None:
    picture = tmp_path / f"board{ending}"
    assert main(["predict", game, "--weights", weights, "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--picture", "game.sgf"),
        ("--picture", "board.bmp"),
        ("--picture", "board"),
        ("--annotate", "seen.png"),
        ("--annotate", "seen.sgf.gz"),
    ],
)
def test_other_endings_are_wrong_usage(
    option: str, name: str, game: str, weights: str, tmp_path: Path
) -> None:
    before = Path(game).read_bytes()
    assert main(["predict", game, "--weights", weights, option, str(tmp_path / name)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["game.sgf"]
    assert Path(game).read_bytes() == before


def test_a_picture_never_takes_the_place_of_the_game(
    game: str, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "game.png"
    Path(game).rename(odd)
    before = odd.read_bytes()
    assert main(["predict", str(odd), "--weights", weights, "--picture", str(odd)]) == 1
    assert "is an input of this command" in capsys.readouterr().err
    assert odd.read_bytes() == before


RICH = (
    "(;GM[1]FF[4]CA[Shift_JIS]SZ[9]PB[本因坊]PW[ソ表]GN[name]EV[event]XX[unknown]KM[6.5]"
    "C[A remark ソ\\] with a bracket]\r\n;B[ee]BL[100.5]TR[cc]LB[dd:a]C[first];W[cc]N[node]"
    "(;B[gg]CR[aa:cc];W[gc])(;B[cg]C[variation];W[gg]))\n(;SZ[9]C[another];B[aa])"
)


def test_annotating_a_file_over_itself_keeps_all_that_was_in_it(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rich.sgf"
    path.write_bytes(RICH.encode("cp932"))
    words = ["predict", str(path), "--weights", weights, "--annotate", str(path)]
    assert main(words) == 0
    once = path.read_bytes()
    text = once.decode("cp932")
    position = 0
    for character in RICH:  # every character is still there, in order
        position = text.index(character, position) + 1
    assert text.count("is expected at:") == 5  # the root and four moves
    assert "C[first\n\nMove 1, Black E5: " in text
    assert text.endswith("(;B[cg]C[variation];W[gg]))\n(;SZ[9]C[another];B[aa])")
    assert [entry.name for entry in tmp_path.iterdir()] == ["rich.sgf"]
    assert main(words) == 0
    assert path.read_bytes() == once  # nothing is said twice
    assert "annotated game" in capsys.readouterr().err


def test_annotated_games_have_the_graph_that_sabaki_draws(
    tmp_path: Path, knowing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = random_record(9, moves=135, komi=5.5)  # more than one batch
    path = tmp_path / "game.sgf"
    text = write_game(record).replace(b";W[", b"SBKV[12.5];W[", 1)  # somebody's, at move 1
    path.write_bytes(text)
    words = ["predict", str(path), "--weights", knowing, "--annotate", str(path), "--device", "cpu"]
    assert main(words) == 0
    once = path.read_bytes()
    nodes = sgf.Sgf_game.from_bytes(once).get_main_sequence()
    assert len(nodes) == 136
    assert len({node.get_raw_list("SBKV")[0] for node in nodes}) > 60
    assert nodes[1].get_raw_list("SBKV") == [b"12.5"]
    capsys.readouterr()
    for number in (0, 2, 3, 127, 128, 129, 135):
        found = predicted(capsys, str(path), "--weights", knowing, "--move", str(number + 1))
        black = found["to_play"] == "black"
        wins = found["win_rate"] if black else 1 - found["win_rate"]
        lead = found["score_lead"] if black else -found["score_lead"]
        (told,), (points,) = (nodes[number].get_raw_list(name) for name in ("SBKV", "SBKS"))
        # batches may be computed in bfloat16
        assert float(told) == pytest.approx(100 * wins, abs=0.4)
        assert float(points) == pytest.approx(lead, abs=0.4)
        assert "is ahead: win rate" in nodes[number].get("C")
    assert main(words) == 0
    assert path.read_bytes() == once


def test_a_damaged_file_is_written_anew_with_the_graph(tmp_path: Path, knowing: str) -> None:
    path, seen = tmp_path / "damaged.sgf", tmp_path / "seen.sgf"
    path.write_bytes(b"(;SZ[9]C[a [remark] here];B[ee];W[cc])")
    assert main(["predict", str(path), "--weights", knowing, "--annotate", str(seen)]) == 0
    nodes = sgf.Sgf_game.from_bytes(seen.read_bytes()).get_main_sequence()
    assert [node.has_property("SBKV") and node.has_property("SBKS") for node in nodes] == [True] * 3


def test_a_damaged_file_is_not_annotated_over_itself(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, seen = tmp_path / "damaged.sgf", tmp_path / "seen.sgf"
    path.write_bytes(b"(;SZ[9]C[a [remark] here];B[ee];W[cc])")
    words = ["predict", str(path), "--weights", weights, "--annotate"]
    assert main([*words, str(path)]) == 1
    assert "too damaged to add remarks to it" in capsys.readouterr().err
    assert path.read_bytes().endswith(b"here];B[ee];W[cc])")
    assert main([*words, str(seen)]) == 0
    assert f"{path} is damaged: {seen} holds its main line only" in capsys.readouterr().err
    assert read_game(seen).events.tolist() == read_game(path).events.tolist()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_refused_and_not_waited_for(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.sgf")
    assert main(["predict", str(tmp_path / "pipe.sgf"), "--weights", weights]) == 1
    assert "pipe.sgf: it is a pipe, expected a regular file" in capsys.readouterr().err


def test_an_archive_and_a_board_that_cannot_be_are_named(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "games.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    (tmp_path / "dead.sgf").write_bytes(b"(;SZ[9]AB[aa]AW[ab][ba];W[ee])")
    for name, words in (("games.zip", "an archive"), ("dead.sgf", "without liberties")):
        assert main(["predict", str(tmp_path / name), "--weights", weights]) == 1
        (line,) = capsys.readouterr().err.splitlines()[-1:]
        assert f"{name}: " in line
        assert words in line


def test_a_later_game_of_a_file_can_be_chosen(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.sgf"
    path.write_bytes(b"(;SZ[9];B[ee])(;SZ[9];B[cc];W[dd])")
    words = (str(path), "--weights", weights)
    assert predicted(capsys, *words, "--game", "2")["move_number"] == 3
    assert main(["predict", *words]) == 0
    assert "two.sgf: game 1 of several; --game chooses another" in capsys.readouterr().err
    assert main(["predict", *words, "--game", "3"]) == 1
    assert "two.sgf: there is no game 3 in it" in capsys.readouterr().err
    seen = str(tmp_path / "seen.sgf")
    assert main(["predict", *words, "--game", "2", "--annotate", seen]) == 1
    assert "--annotate writes into the first game" in capsys.readouterr().err


def test_figures_that_a_file_has_already_are_told_of_and_stay(
    knowing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "game.sgf"
    path.write_bytes(b"(;SZ[9]KM[6];B[ee]SBKV[33];W[cc])")
    words = ("predict", str(path), "--weights", knowing, "--annotate", str(path))
    assert main([*words]) == 0
    assert "has win rates or leads (SBKV, SBKS); they stay as they are" in capsys.readouterr().err
    game = sgf.Sgf_game.from_bytes(path.read_bytes()).get_main_sequence()
    assert [game[1].get_raw("SBKV"), game[1].has_property("SBKS")] == [b"33", False]
    assert game[2].has_property("SBKS")
