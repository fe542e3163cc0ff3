"""Matches: fair colors, faults, resuming, and what is kept of them."""

import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import gopolicy
from gopolicy.__main__ import main
from gopolicy.errors import ConfigError
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import Color
from gopolicy.go.vertex import vertex_name
from gopolicy.match.match_game import Played, Terms
from gopolicy.match.match_tally import add_up_games, elo_of
from gopolicy.match.matches import MatchFolder, MatchPlan, command_words, play_match
from gopolicy.match.openings import opening
from gopolicy.sgf.read import read_game
from gopolicy.stats import wilson_interval


@pytest.fixture(autouse=True)
def engines_find_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(gopolicy.__file__).parents[1]))


ENGINE = Path(__file__).parents[1] / "reference" / "fake_engine.py"
SMALL = Terms(size=5, komi=0.5, move_seconds=20.0)


def player(name: str, mode: str = "normal", seed: str = "1") -> str:
    words = [sys.executable, str(ENGINE), name, mode, seed]
    return shlex.join(words).replace(shlex.quote("{seed}"), "{seed}")


def plan(first: str, second: str, games: int = 2, **changes: object) -> MatchPlan:
    terms = replace(SMALL, **changes)  # type: ignore[arg-type]
    return MatchPlan(first=first, second=second, games=games, terms=terms)


def kept(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "games.jsonl").read_text().splitlines()]


def test_colors_alternate_and_every_opening_is_played_twice(tmp_path: Path) -> None:
    result = play_match(plan(player("one"), player("two"), games=4), tmp_path)
    assert (result.games, result.games_as_black) == (4, 2)
    assert result.wins + result.losses + result.draws == 4
    assert result.ends == {"score": 4}
    games = [read_game(tmp_path / f"game-{number:04d}.sgf") for number in (1, 2, 3, 4)]
    assert [game.black for game in games] == ["one 1.0", "two 1.0", "one 1.0", "two 1.0"]
    assert games[0].events[:2].tolist() == games[1].events[:2].tolist()
    assert games[0].komi == 0.5
    assert [game.result for game in games] == [line["result"] for line in kept(tmp_path)]


@pytest.mark.parametrize(
    ("mode", "end", "result"),
    [
        ("resigns", "resign", "R"),
        ("occupied", "illegal move", "F"),
        ("nonsense", "illegal move", "F"),
        ("crashes", "crash", "F"),
        ("refuses", "refusal", "F"),
    ],
)
def test_a_fault_loses_the_game_and_the_match_goes_on(
    mode: str, end: str, result: str, tmp_path: Path
) -> None:
    match = play_match(plan(player("good"), player("bad", mode)), tmp_path)
    assert (match.wins, match.ends) == (2, {end: 2})
    assert [line["result"] for line in kept(tmp_path)] == [f"B+{result}", f"W+{result}"]


def test_a_crash_is_told_with_the_last_words(tmp_path: Path) -> None:
    play_match(plan(player("good"), player("bad", "crashes"), games=1), tmp_path)
    assert "out of ideas" in str(kept(tmp_path)[0]["detail"])


def test_who_takes_too_long_loses_on_time(tmp_path: Path) -> None:
    slow = plan(player("good"), player("bad", "hangs"), games=1, move_seconds=2.0)
    assert play_match(slow, tmp_path).ends == {"time": 1}
    assert kept(tmp_path)[0]["result"] == "B+T"


def test_main_time_is_for_all_moves_together() -> None:
    match = play_match(plan(player("one"), player("two"), games=1, main_seconds=1e-6))
    assert (match.ends, match.losses) == ({"time": 1}, 1)


def test_a_game_that_gets_too_long_is_counted_as_it_stands() -> None:
    match = play_match(plan(player("one"), player("two"), games=1, max_moves=4))
    assert match.ends == {"too long": 1}
    assert match.moves == 4


def test_an_engine_that_counts_otherwise_is_noticed(tmp_path: Path) -> None:
    doubtful = plan(player("one"), player("two", "liar"), ask_score=True)
    result = play_match(doubtful, tmp_path)
    assert (result.claims, result.disputes) == (2, 2)
    assert kept(tmp_path)[0]["claims"][1] == "W+100"  # type: ignore[index]
    assert b"White counts W+100" in (tmp_path / "game-0001.sgf").read_bytes()


def test_only_a_game_that_was_counted_is_claimed_by_the_engines() -> None:
    result = play_match(plan(player("one"), player("two", "resigns"), ask_score=True))
    assert (result.claims, result.disputes) == (0, 0)


@pytest.mark.parametrize("mode", ["count-crashes", "count-hangs"])
def test_an_engine_that_fails_to_count_plays_the_next_game_as_if_it_were_the_first(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopolicy.match.match_game._PATIENCE", 1.0)
    result = play_match(plan(player("one"), player("two", mode), games=3, ask_score=True), tmp_path)
    assert (result.ends, result.claims) == ({"score": 3}, 3)
    games = [read_game(tmp_path / f"game-{number:04d}.sgf") for number in (1, 2, 3)]
    assert [game.white for game in games] == ["two 1.0", "one 1.0", "two 1.0"]


def test_a_count_that_says_the_same_in_other_words_is_no_dispute() -> None:
    even = replace(game(Color.BLACK), result="B+3", claims=("B+3.0", ""))
    other = replace(even, claims=("B+3", "B+4"))
    assert (even.disputed, other.disputed) == (False, True)


def test_a_match_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = plan(player("one"), player("two"), games=1)
    play_match(first, tmp_path)
    before = kept(tmp_path)
    with (tmp_path / "games.jsonl").open("a") as file:
        file.write('{"number": 2, "fir')
    result = play_match(replace(first, games=3), tmp_path)
    assert result.games == 3
    assert kept(tmp_path)[:1] == before
    assert [line["number"] for line in kept(tmp_path)] == [1, 2, 3]


SOUND = {
    "number": 1,
    "first_is_black": True,
    "winner": "black",
    "result": "B+3.5",
    "end": "score",
    "detail": "",
    "moves": 9,
    "seconds": 1.5,
    "claims": ["", ""],
}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xff\xfe", "line 2: expected JSON .*can't decode byte"),
        (b"[" * 100_000, "line 2: expected JSON .*nested too deeply"),
        (b'{"number": ' + b"9" * 5000 + b"}", "line 2: expected JSON .* at most 64 bits"),
        (b"[]", r"line 2: expected a game, got \[\]"),
        (b"", "line 2: expected JSON"),
        ({"number": "2"}, "line 2: expected a game, got number '2'"),
        ({"number": True}, "line 2: expected a game, got number True"),
        ({"number": 0}, "line 2: expected a game, got number 0"),
        ({"winner": "nobody"}, "line 2: expected a game, got winner 'nobody'"),
        ({"winner": ["black"]}, "line 2: expected a game, got winner"),
        ({"claims": ["", 3]}, "line 2: expected a game, got claims"),
        ({"claims": None}, "line 2: expected a game, got claims None"),
        ({"seconds": "1"}, "line 2: expected a game, got seconds '1'"),
        ({"first_is_black": 1}, "line 2: expected a game, got first_is_black 1"),
        ({"end": {}}, "line 2: expected a game, got end {}"),
    ],
)
def test_a_list_of_games_that_is_none_is_one_clear_line(
    tmp_path: Path, line: bytes | dict[str, object], message: str
) -> None:
    first = plan("nobody --one", "nobody --two", games=9)
    MatchFolder(tmp_path, first)
    second = line if isinstance(line, bytes) else json.dumps(SOUND | line).encode()
    (tmp_path / "games.jsonl").write_bytes(json.dumps(SOUND).encode() + b"\n" + second + b"\n")
    with pytest.raises(ConfigError, match=rf"games\.jsonl, {message}") as caught:
        play_match(first, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"\xff", b"[" * 100_000, b"{", b'{"seed": 1e999}'])
def test_a_match_description_that_is_none_is_one_clear_line(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "match.json").write_bytes(text)
    with pytest.raises(ConfigError, match=r"match\.json: expected JSON"):
        play_match(plan("nobody --one", "nobody --two", games=1), tmp_path)


def test_a_program_that_does_not_exist_does_not_block_the_corrected_match(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot start 'nobody-has-this': .*alphago-64x8"):
        play_match(plan(player("two"), "nobody-has-this", games=1), tmp_path / "match")
    assert not (tmp_path / "match").exists()
    assert play_match(plan(player("one"), player("two"), games=1), tmp_path / "match").games == 1


def test_another_match_does_not_go_into_the_same_folder(tmp_path: Path) -> None:
    first = plan(player("one"), player("two"), games=1)
    play_match(first, tmp_path)
    with pytest.raises(ConfigError, match="holds another match: terms"):
        play_match(plan(player("one"), player("two"), games=2, komi=1.5), tmp_path)


def test_games_can_be_played_in_parallel(tmp_path: Path) -> None:
    result = play_match(plan(player("one"), player("two"), games=5), tmp_path, parallel=2)
    assert result.games == 5
    assert sorted(line["number"] for line in kept(tmp_path)) == [1, 2, 3, 4, 5]  # type: ignore[type-var]


def test_a_seed_in_the_command_line_is_another_for_each_pair(tmp_path: Path) -> None:
    seeded = plan(player("one", seed="{seed}"), player("two"), games=4)
    play_match(seeded, tmp_path)
    games = [read_game(tmp_path / f"game-{number:04d}.sgf").events.tolist() for number in (1, 3)]
    assert games[0] != games[1]
    assert seeded.seed_of(1) == seeded.seed_of(2) != seeded.seed_of(3)


@pytest.mark.parametrize("command", ["no-such-program-here", f"{sys.executable} -c pass", "'", ""])
def test_what_is_no_engine_is_an_error_and_not_a_lost_game(command: str) -> None:
    with pytest.raises(ConfigError):
        play_match(plan(command, player("two")))


@pytest.mark.parametrize("what", ["x\\n", "\\0"])
def test_an_endless_answer_is_noticed_and_not_kept(what: str) -> None:
    flood = f'import sys\nwhile True: sys.stdout.write("{what}" * 65536)'
    with pytest.raises(ConfigError, match="the answer to name does not end"):
        play_match(plan(shlex.join([sys.executable, "-c", flood]), player("two")))


def test_openings_are_usual_moves_one_in_each_corner() -> None:
    corners = set()
    for seed in range(40):
        moves = opening(19, 4, seed)
        corners.add(tuple((move // 19 < 9, move % 19 < 9) for move in moves))
        assert len({(move // 19 < 9, move % 19 < 9) for move in moves}) == 4
        for move in moves:
            row, column = divmod(int(move), 19)
            lines = sorted(min(line, 18 - line) + 1 for line in (row, column))
            assert lines in [[3, 3], [3, 4], [3, 5], [4, 4], [4, 5]]
    assert len(corners) > 10
    assert len({opening(19, 4, seed) for seed in range(40)}) > 30
    assert all(len(opening(size, 4, 3)) == 2 for size in (5, 7, 9))
    assert symmetry_table(19).shape == (8, 361)
    assert vertex_name(opening(9, 1, 5)[0], 9)[0] in "DEF"


def game(winner: Color, number: int = 1) -> Played:
    return Played(
        number=number,
        first_is_black=number % 2 == 1,
        winner=winner,
        result="0",
        end="score",
        moves=10,
        seconds=1.0,
    )


def test_the_tally_is_from_the_side_of_the_first_player() -> None:
    colors = [Color.BLACK, Color.BLACK, Color.WHITE, Color.WHITE, Color.EMPTY]
    result = add_up_games([game(color, number) for number, color in enumerate(colors, 1)])
    assert (result.wins, result.losses, result.draws) == (2, 2, 1)
    assert (result.wins_as_black, result.games_as_black) == (1, 3)
    assert (result.win_rate, result.elo) == (0.5, 0.0)


def test_intervals_hold_the_rate_and_shrink_with_the_games() -> None:
    for wins, games in [(0, 5), (3, 10), (50, 100), (100, 100)]:
        low, high = wilson_interval(wins / games, games)
        assert 0.0 <= low <= wins / games <= high <= 1.0
    assert wilson_interval(0.5, 400)[0] == pytest.approx(0.4512, abs=1e-4)
    assert math.isinf(elo_of(1.0))
    assert elo_of(0.64) == pytest.approx(100, abs=0.5)


def test_weights_are_played_by_gopolicy_itself(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    words = command_words(str(tmp_path), 3)
    assert words[1:] == ["-m", "gopolicy", "gtp", "--weights", str(tmp_path)]


def test_the_command_prints_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["match", "--black", player("one", "resigns"), "--white", player("two")]
    assert main([*words, "--games", "1", "--size", "5", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["games"], result["losses"], result["elo"]) == (1, 1, None)
    assert main([*words, "--games", "1", "--size", "5"]) == 0
    assert "1 games: 0 won, 1 lost, 0 drawn" in capsys.readouterr().out


_THINKER = """
import os, pathlib, sys, time
for line in sys.stdin:
    if line.startswith("genmove"):
        pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} ")
        time.sleep(600)
    print("= 1\\n", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="another system has other signals")
def test_ctrl_c_waits_for_no_move_and_leaves_no_engine_behind(tmp_path: Path) -> None:
    thinking = tmp_path / "thinking"
    thinker = shlex.join([sys.executable, "-c", _THINKER, str(thinking)])
    words = [sys.executable, "-m", "gopolicy", "match", "--black", thinker, "--white", thinker]
    with subprocess.Popen([*words, "--size", "5"], stderr=subprocess.PIPE) as match:
        deadline = time.monotonic() + 60
        while not (thinking.exists() and thinking.read_text().endswith(" ")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        match.send_signal(signal.SIGINT)
        match.communicate(timeout=20)
    assert match.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(thinking.read_text()), 0)
