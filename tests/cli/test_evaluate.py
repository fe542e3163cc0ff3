"""``gopolicy evaluate`` from end to end on a small board."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from reference.commands import object_of
from reference.tiny_games import (
    random_record,
    write_games,
    write_outcome_weights,
    write_weights,
)

from gopolicy.__main__ import main
from gopolicy.go.board import Board
from gopolicy.go.types import EVENT_SETUP, Color
from gopolicy.nets.weights import load_weights
from gopolicy.policy import policy as policy_module
from gopolicy.policy.backend_choice import BackendChoice
from gopolicy.policy.policy import SMALL_BATCH, Policy
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import write_game

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_weights(tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[GameRecord]]:
    folder = tmp_path_factory.mktemp("games")
    return str(folder), write_games(folder, 5)


def evaluated(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run evaluate with ``--json`` and return the object."""
    return object_of(capsys, "evaluate", *words, "--device", "cpu")


def slow_figures(records: list[GameRecord], weights: str, min_rank: int = 0) -> dict[str, float]:
    """Replay move by move, ask the network one position at a time, and count."""
    policy = Policy(load_weights(weights), device="cpu", precision="fp32")
    ranks, masked, nats = [], [], []
    for record in records:
        board = Board(record.size)
        for event in record.events.tolist():
            point, color = event & 0x3FF, Color((event >> 10) & 3)
            assert not event & EVENT_SETUP
            if point == 0x3FF:
                board.play("pass")
                continue
            mover = record.black_rank if color == Color.BLACK else record.white_rank
            if int(mover[:-1]) >= min_rank:
                shares = policy.predict(board)
                order = np.argsort(-shares, kind="stable").tolist()
                legal = [p for p in order if board.legal(p)]
                ranks.append(order.index(point) + 1)
                masked.append(legal.index(point) + 1)
                nats.append(-float(np.log(shares[point])))
            board.play(point)
    ranks_, masked_ = np.array(ranks), np.array(masked)
    return {
        "positions": len(ranks),
        "top1": float((ranks_ == 1).mean()),
        "top5": float((ranks_ <= 5).mean()),
        "top10": float((ranks_ <= 10).mean()),
        "top1_legal": float((masked_ == 1).mean()),
        "nll": float(np.mean(nats)),
        "mean_rank": float(ranks_.mean()),
    }


def test_figures_agree_with_asking_move_by_move(
    archive: tuple[str, list[GameRecord]],
    weights: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, records = archive
    exact = ("--precision", "fp32", "--batch-size", "7")
    found = evaluated(capsys, path, "--weights", weights, *exact)
    assert found["games"] == 5
    assert found["rejected"] == 0
    for name, value in slow_figures(records, weights).items():
        assert found[name] == pytest.approx(value, rel=1e-4), name
    assert {"by_phase", "by_rank", "calibration_error", "seconds", "protocol"} <= found.keys()
    assert [row["rank"] for row in found["by_rank"]] == ["1d", "2d", "3d", "4d", "5d", "6d"]


def test_min_rank_counts_the_moves_of_strong_players_only(
    archive: tuple[str, list[GameRecord]],
    weights: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, records = archive
    words = ("--weights", weights, "--precision", "fp32", "--min-rank", "4d")
    found = evaluated(capsys, path, *words)
    for name, value in slow_figures(records, weights, 4).items():
        assert found[name] == pytest.approx(value, rel=1e-4), name


def test_limit_looks_at_the_same_positions_every_time(
    archive: tuple[str, list[GameRecord]], weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (archive[0], "--weights", weights, "--limit", "25")
    first, second = evaluated(capsys, *words), evaluated(capsys, *words)
    assert first["positions"] == 25
    assert first["games"] == 5
    assert first["nll"] == second["nll"]


@pytest.mark.parametrize("positions", [SMALL_BATCH - 1, SMALL_BATCH])
def test_the_number_format_told_is_the_one_computed_in(
    archive: tuple[str, list[GameRecord]],
    weights: str,
    positions: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    logits = BackendChoice.logits

    def noted(self: BackendChoice, planes: torch.Tensor, precision: str) -> torch.Tensor:
        asked.append(precision)
        return logits(self, planes, precision)

    monkeypatch.setattr(policy_module, "has_fast_bfloat16", lambda _: True)
    monkeypatch.setattr(BackendChoice, "logits", noted)
    words = ("--weights", weights, "--backend", "torch", "--limit", str(positions))
    found = evaluated(capsys, archive[0], *words)
    assert set(asked) == {found["precision"]}


def test_a_store_gives_the_same_figures_as_its_archives(
    archive: tuple[str, list[GameRecord]],
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = str(tmp_path / "store")
    assert main(["prepare", archive[0], "--out", store, "--size", "9", "--json"]) == 0
    capsys.readouterr()
    direct = evaluated(capsys, archive[0], "--weights", weights)
    stored = evaluated(capsys, store, "--split", "all", "--weights", weights)
    for name in ("games", "positions", "top1", "nll", "by_rank", "calibration"):
        assert stored[name] == direct[name]
    strong = evaluated(capsys, store, "--split", "all", "--weights", weights, "--min-rank", "4d")
    assert 0 < strong["positions"] < stored["positions"]


def test_a_store_with_a_changed_byte_is_refused(
    archive: tuple[str, list[GameRecord]],
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / "store"
    assert main(["prepare", archive[0], "--out", str(store), "--size", "9"]) == 0
    capsys.readouterr()
    data = bytearray((store / "events.npy").read_bytes())
    data[-5] ^= 1
    (store / "events.npy").write_bytes(data)
    assert main(["evaluate", str(store), "--weights", weights]) == 1
    assert "events.npy is damaged" in capsys.readouterr().err


def test_a_report_has_charts_and_one_page_that_needs_nothing_else(
    archive: tuple[str, list[GameRecord]], weights: str, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "report"
    assert main(["evaluate", archive[0], "--weights", weights, "--report", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    charts = {"top-k.png", "by-move-number.png", "by-rank.png", "calibration.png"}
    assert names == charts | {"index.html", "report.json"}
    for chart in charts:
        with Image.open(folder / chart) as image:
            assert image.size == (960, 630)
    page = (folder / "index.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page
    assert "passes are neither predicted" in page
    assert json.loads((folder / "report.json").read_text("utf-8"))["games"] == 5


def test_the_page_of_a_report_says_its_facts_in_words(
    archive: tuple[str, list[GameRecord]], weights: str, tmp_path: Path
) -> None:
    assert main(["evaluate", archive[0], "--weights", weights, "--report", str(tmp_path)]) == 0
    facts = (tmp_path / "index.html").read_text("utf-8").split("How it was measured")[1]
    assert not re.search(r"[{}]|&#39;|[0-9][.][0-9]{6}", facts)
    assert "<dd></dd>" not in facts
    assert re.search(r"<dd>alphago \(filters: \d+, layers: \d+", facts)


def test_the_text_says_how_it_counts(
    archive: tuple[str, list[GameRecord]], weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", archive[0], "--weights", weights]) == 0
    shown = capsys.readouterr().out
    assert "top-1" in shown
    assert "illegal points left out" in shown
    assert "passes are neither predicted" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.tar.gz"], "missing.tar.gz"),
        (["EMPTY"], "EMPTY"),
        (["GAMES", "--split", "train"], "--split needs a store"),
        (["GAMES", "--min-rank", "9p"], "rank"),
        (["GAMES", "--weights", "no-such-network"], "no-such-network"),
        (["GAMES", "--report", "FILE"], "is not a folder"),
        (["GAMES", "--playouts", "9"], "--playouts needs a network that says how games end"),
    ],
    ids=["no path", "empty", "split of archives", "nobody", "weights", "report", "playouts"],
)
def test_bad_input_is_one_line_and_status_1(
    words: list[str],
    message: str,
    archive: tuple[str, list[GameRecord]],
    weights: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    places = {"GAMES": archive[0], "EMPTY": str(tmp_path / "EMPTY"), "FILE": str(tmp_path / "f")}
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "f").touch()
    words = [places.get(word, word) for word in words]
    extra = [] if "--weights" in words else ["--weights", weights]
    assert main(["evaluate", *words, *extra]) == 1
    shown = capfd.readouterr()
    last = shown.err.rstrip("\n").split("\n")[-1]
    assert shown.out == ""
    assert last.startswith("gopolicy: ")
    assert message in last
    assert "Traceback" not in shown.err


def test_it_runs_as_a_program(archive: tuple[str, list[GameRecord]], weights: str) -> None:
    command = [sys.executable, "-m", "gopolicy", "evaluate", archive[0], "--weights", weights]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["games"] == 5


def test_boards_of_other_sizes_are_measured_with_a_word_about_it(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    games, store = str(tmp_path / "games"), str(tmp_path / "store")
    records = write_games(Path(games), 3, size=7)
    assert main(["evaluate", games, "--weights", weights]) == 1
    assert "3 skipped (other size 3)" in capsys.readouterr().err
    assert main(["evaluate", games, "--weights", weights, "--size", "7", "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["games"], found["size"], found["trained_size"]) == (3, 7, 9)
    assert found["positions"] == sum(int((r.events & 0x3FF != 0x3FF).sum()) for r in records)
    assert "trained on 9x9 boards: on 7x7" in found["note"]
    assert found["note"] in shown.err
    assert main(["prepare", games, "--out", store, "--size", "7", "--json"]) == 0
    capsys.readouterr()
    stored = evaluated(capsys, store, "--split", "all", "--weights", weights)
    assert all(stored[name] == found[name] for name in ("top1", "nll", "size", "note"))


def test_ties_are_told_in_text_json_and_page(
    archive: tuple[str, list[GameRecord]],
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ties = evaluated(capsys, archive[0], "--weights", weights)["ties"]
    assert ties["top1_low"] <= ties["top1_chance"] <= ties["top1_high"]
    words = ["evaluate", archive[0], "--weights", weights, "--report", str(tmp_path / "report")]
    assert main(words) == 0
    told = f"top-1 of any order: {100 * ties['top1_low']:.2f} to {100 * ties['top1_high']:.2f} %"
    assert told in capsys.readouterr().out
    assert told in (tmp_path / "report" / "index.html").read_text("utf-8")


def test_win_rates_are_measured_where_the_network_knows_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knowing, games = str(write_outcome_weights(tmp_path / "weights")), tmp_path / "games"
    games.mkdir()
    for seed in range(5):
        record = random_record(seed, 9, 60, komi=6.5, result="B+R" if seed % 2 else "W+3.5")
        (games / f"{seed}.sgf").write_bytes(write_game(record))
    words = (str(games), "--weights", knowing, "--precision", "fp32")
    page = tmp_path / "report"
    found = evaluated(capsys, *words, "--playouts", "20", "--report", str(page))["outcome"]
    assert [row["moves"] for row in found["by_move"]] == [0, 50]
    assert found["games"] == 5
    rows = [found["all_moves"], *found["by_move"]]
    assert all({"network", "playouts", "fitted playouts"} <= row.keys() for row in rows)
    policy = Policy(load_weights(knowing), device="cpu", precision="fp32")
    board = Board(9)
    board.komi = 6.5
    played = board.copy()
    played.play(policy(board).best_points(1)[0][0])
    looks = [each.black_wins for each in policy.outlooks([board, played]) or []]
    nats = 3 * math.log(1 - sum(looks) / 2) + 2 * math.log(sum(looks) / 2)
    assert found["by_move"][0]["network"]["log_loss"] == pytest.approx(-nats / 5, abs=1e-4)
    text = (page / "index.html").read_text("utf-8")
    assert "fitted playouts, nats" in text
    assert json.loads((page / "report.json").read_text("utf-8"))["outcome"]["games"] == 5
    assert (page / "win-rate-calibration.png").stat().st_size > 1000
    assert main(["evaluate", *words]) == 0
    assert "always 50 %: 0.6931" in capsys.readouterr().out


def test_networks_that_know_moves_alone_have_no_win_rates(
    archive: tuple[str, list[GameRecord]], weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluated(capsys, archive[0], "--weights", weights)["outcome"] is None
