"""Runs of self-play into a store: what is kept, stopping, killing and going on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gopolicy.__main__ import main
from gopolicy.data.store import Store, open_store
from gopolicy.errors import ConfigError, OutputError
from gopolicy.files import hold
from gopolicy.go.board import Board
from gopolicy.nets.weights import load_weights
from gopolicy.policy.policy import Policy
from gopolicy.rl.game_journal import GameJournal
from gopolicy.rl.self_play import FinishedGame, SelfPlay, SelfPlaySettings
from gopolicy.rl.store_starts import StoreStarts
from gopolicy.sgf.read import read_game

GAMES = 12


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small network of random weights for 7x7."""
    import torch

    from gopolicy.nets.registry import build_network
    from gopolicy.nets.weights import describe_network, save_weights

    torch.manual_seed(1)
    network = build_network("alphago", planes=4, size=7, filters=4, layers=2)
    folder = tmp_path_factory.mktemp("seven") / "seven"
    save_weights(folder, network, describe_network(network, "alphago4"))
    return folder


def words(weights: Path, out: Path, *more: str) -> list[str]:
    """Return the words of a command."""
    begin = ["selfplay", "--weights", str(weights), "--out", str(out), "--games", str(GAMES)]
    return [*begin, "--parallel", "4", "--device", "cpu", *more]


@pytest.fixture(scope="module")
def played(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of games, its journal gone."""
    out = tmp_path_factory.mktemp("played") / "store"
    assert main(words(weights, out, "--sgf", str(out.with_name("sgf")))) == 0
    return out


def final_boards(store: Store) -> list[Board]:
    """Return the last positions of the games of a store."""
    table = store.table
    boards = (Board.from_events(7, table.game_events(g), komi=0) for g in range(table.games))
    return list(boards)


def test_the_store_holds_the_score_and_the_owners_of_every_game(played: Path) -> None:
    store = open_store(played)
    ends = store.table.played_out
    assert ends is not None
    assert store.table.games == GAMES
    boards = final_boards(store)
    assert [board.area_score().margin for board in boards] == ends.scores.tolist()
    for board, ownership in zip(boards, ends.ownership(np.arange(GAMES)), strict=True):
        black = board.stones.ravel() == 1
        assert (ownership[black] == 1).all()
    assert store.table.sources == ["selfplay"]
    winners = np.where(ends.scores > 7.5, 1, 2)
    assert np.array_equal(store.table.winner, winners)
    assert not played.with_name("store.journal").exists()


def test_games_on_boards_of_another_size(weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "five"
    assert main(words(weights, out, "--size", "5", "--sgf", str(tmp_path / "sgf"))) == 0
    assert open_store(out).table.size == 5
    assert read_game(tmp_path / "sgf" / "game-000000.sgf").size == 5


def test_the_games_are_there_as_sgf(played: Path) -> None:
    store = open_store(played)
    folder = played.with_name("sgf")
    assert len(list(folder.iterdir())) == GAMES
    for number in (0, GAMES - 1):
        record = read_game(folder / f"game-{number:06d}.sgf")
        at = list(store.table.names).index(f"selfplay#{number}")
        assert np.array_equal(record.events, store.table.game_events(at))
        assert record.komi == 7.5
        assert record.result == f"{Board.from_events(7, record.events).area_score()}"


def test_the_report_as_json(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(weights, tmp_path / "store", "--json", "--temperature", "0.5")) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["finished"], report["wanted"]) == (GAMES, GAMES)
    assert report["games"] == open_store(tmp_path / "store").table.games
    assert 0 <= report["black_wins"] <= 1


def test_games_begin_at_positions_of_a_store(
    weights: Path, played: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "store"
    command = ["selfplay", "--weights", str(weights), "--from", str(played), "--out", str(out)]
    assert main([*command, "--per-game", "2", "--device", "cpu"]) == 0
    source, store = open_store(played), open_store(out)
    assert store.table.games == 2 * GAMES
    ends = store.table.played_out
    assert ends is not None
    given = {source.table.game_events(g).tobytes(): g for g in range(GAMES)}
    counts = np.zeros(GAMES, int)
    for g in range(store.table.games):
        prefix = store.table.game_events(g)[: ends.starts[g]].tobytes()
        parents = {parent for events, parent in given.items() if events.startswith(prefix)}
        (same,) = [p for p in parents if source.table.split_key[p] == store.table.split_key[g]]
        counts[same] += 1
    assert (counts == 2).all()
    assert len(set(ends.starts.tolist())) > GAMES / 2
    boards = final_boards(store)
    assert [board.area_score().margin for board in boards] == ends.scores.tolist()


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    weights: Path, played: Path, tmp_path: Path
) -> None:
    out = tmp_path / "store"
    command = [sys.executable, "-m", "gopolicy", *words(weights, out, "--resume")]
    dice = np.random.default_rng(1)
    kept = 0
    for _ in range(3):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        journal = out.with_name("store.journal")
        deadline = time.monotonic() + 120
        size = journal.stat().st_size if journal.exists() else 0
        while process.poll() is None and time.monotonic() < deadline:
            if journal.exists() and journal.stat().st_size > size + 400:
                time.sleep(float(dice.random()) / 20)
                process.kill()
                break
            time.sleep(0.002)
        process.wait()
        kept = max(kept, journal.stat().st_size if journal.exists() else 0)
    assert kept > 400
    assert main(words(weights, out, "--resume")) == 0
    assert open_store(out).digest == open_store(played).digest


def test_ctrl_c_keeps_what_has_ended(weights: Path, played: Path, tmp_path: Path) -> None:
    out = tmp_path / "store"
    many = words(weights, out)
    many[many.index("--games") + 1] = "100000"
    process = subprocess.Popen([sys.executable, "-m", "gopolicy", *many], stderr=subprocess.PIPE)
    journal = out.with_name("store.journal")
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 2000):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"stopped by SIGINT; go on with --resume" in said
    ended = open_store(out)
    assert 0 < ended.table.games < 100000
    fewer = words(weights, out, "--resume")
    fewer[fewer.index("--games") + 1] = "1"
    assert main(fewer) == 1
    assert open_store(out).digest == ended.digest
    assert journal.exists()


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_two_runs_do_not_write_one_journal(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    journal = tmp_path / "store.journal"
    journal.touch()
    with journal.open("rb") as file:
        hold(file.fileno(), journal)
        assert main(words(weights, tmp_path / "store", *more)) == 1
    assert "store.journal is being written by" in capsys.readouterr().err


def test_a_store_may_be_where_the_command_is_given(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words(weights, Path("."), "--games", "2")) == 0
    assert open_store(tmp_path).table.games == 2


def test_games_that_were_all_broken_off_are_kept_as_they_are(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = words(weights, tmp_path / "store", "--games", "3", "--most-moves", "9")
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "none of 3 games was played to its end, so there is no store; with --resume" in said
    assert main([*command, "--resume", "--sgf", str(tmp_path / "sgf")]) == 0
    assert (
        "3 of 3 games, none of them played to its end: there is no store" in capsys.readouterr().out
    )
    games = [read_game(path) for path in sorted((tmp_path / "sgf").iterdir())]
    assert [game.moves for game in games] == [9, 9, 9]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sgf"]


def test_positions_of_each_game_need_a_store(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(weights, tmp_path / "store", "--per-game", "2")) == 1
    assert "--per-game goes with --from" in capsys.readouterr().err


def test_short_games_begin_anywhere_in_the_games_of_a_store(weights: Path, played: Path) -> None:
    starts = StoreStarts(open_store(played), seed=1)
    settings = SelfPlaySettings(size=7, most_moves=3)
    policy = Policy(load_weights(weights), device="cpu")
    play = SelfPlay([policy], settings, games=4, seed=1, starts=starts)
    begun = {game.number: game.start for game in play.play(range(GAMES))}
    assert begun == {number: len(starts(number).events) for number in range(GAMES)}
    assert max(begun.values()) > 2 * settings.longest


def test_games_of_other_settings_are_not_mixed(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"network": "another"}
    GameJournal(tmp_path / "store.journal", facts, 7).close()
    assert main(words(weights, tmp_path / "store")) == 1
    assert "resume it, or delete it" in capsys.readouterr().err
    assert main(words(weights, tmp_path / "store", "--resume")) == 1
    assert "holds games with network 'another', not" in capsys.readouterr().err


def test_a_run_goes_on_with_the_library_it_began_with(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"network": load_weights(weights).info.sha256, "backend": "openvino"}
    GameJournal(tmp_path / "store.journal", facts, 7).close()
    assert main(words(weights, tmp_path / "store", "--resume")) == 1
    assert "holds games with backend 'openvino', not 'torch'" in capsys.readouterr().err


def made_game(number: int) -> FinishedGame:
    """Return a game of two passes."""
    return FinishedGame(
        number=number,
        events=np.array([1023 + 1024, 1023 + 2048], np.uint16),
        start=0,
        black=0,
        white=1,
        score=0,
        ownership=np.zeros(9, np.int8),
        ended="passes",
    )


def test_a_journal_ends_where_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = GameJournal(path, {"seed": 1}, 3)
    for number in range(5):
        journal.add(made_game(number))
    journal.close()
    whole = path.read_bytes()
    record = (len(whole) - whole.index(b"\n") - 1) // 5
    for cut in range(1, len(whole) - whole.index(b"\n")):
        path.write_bytes(whole[:-cut])
        again = GameJournal(path, {"seed": 1}, 3)
        assert sorted(again.games) == list(range(5 - -(-cut // record)))
        again.close()
    for place in range(whole.index(b"\n") + 1, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        again = GameJournal(path, {"seed": 1}, 3)
        assert len(again.games) == (place - whole.index(b"\n") - 1) // record
        again.add(made_game(7))
        again.close()
        last = GameJournal(path, {"seed": 1}, 3)
        assert 7 in last.games
        last.close()


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[1]\n", b"\xff" * 100_000])
def test_another_file_is_no_journal(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").write_bytes(content)
    with pytest.raises(ConfigError, match="is no journal of self-play"):
        GameJournal(tmp_path / "journal", {"seed": 1}, 3)
    assert (tmp_path / "journal").read_bytes() == content


def test_a_journal_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        GameJournal(tmp_path, {"seed": 1}, 3)
