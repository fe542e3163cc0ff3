"""`tools/count_finished.py`: finished games, counted, into a store for outcome heads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gopolicy.data.outcome_targets import outcome_targets
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.prepare_store import prepare
from gopolicy.data.sampling import Draw
from gopolicy.data.store import open_store
from gopolicy.data.table import GameTable

TOOL = Path(__file__).parents[1] / "tools" / "count_finished.py"
WALLS = "".join(f";B[c{row}];W[d{row}]" for row in "abcdefghi")
"""Black's wall on the third line from the left of a 9x9 board and White's beside it: 27 to 54."""


def game(result: str, end: str, filler: str, komi: str = "6.5") -> str:
    return f"(;GM[1]FF[4]SZ[9]KM[{komi}]RE[{result}]PB[{filler}]{WALLS}{end})"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    quiet = ";B[];W[]" * 41  # passes make it long enough to count as a game
    for name, text in {
        "right": game("W+33.5", quiet, "a"),
        "without_passes": game("W+34.5", quiet + ";B[];W[];B[aa];W[ia]", "b"),
        "wrong": game("W+3.5", quiet + ";B[];W[]", "c"),
        "unknown": game("?", quiet + ";B[];W[]" * 2, "d"),
        "resigned": game("W+R", quiet + ";B[ba]", "e"),
        "by_the_clock": game("W+Time", quiet + ";B[aa]", "f"),
        "no_komi": game("W+R", quiet + ";B[ab]", "h", komi="0"),
        "short": game("W+33.5", ";B[];W[]", "g"),
    }.items():
        (folder / f"{name}.sgf").write_text(text)
    prepare(folder, tmp_path / "store", PrepareOptions(size=9), processes=1)
    return tmp_path / "store"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *map(str, words)], capture_output=True, text=True, check=False
    )


def numbers(table: GameTable) -> dict[str, int]:
    return {name.rpartition("/")[2].partition(".")[0]: k for k, name in enumerate(table.names)}


def test_ends_are_kept_where_the_count_is_that_of_the_record(store: Path, tmp_path: Path) -> None:
    done = run(store, store.parent / "games", "--out", tmp_path / "counted")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 of 3 games ended as recorded")
    before, after = open_store(store).table, open_store(tmp_path / "counted").table
    assert list(after.names) == list(before.names)
    assert np.array_equal(after.events, before.events)
    assert np.array_equal(after.split_key, before.split_key)
    ends, number = after.played_out, numbers(after)
    assert ends is not None
    known = {name for name, k in number.items() if ends.starts[k] == 0}
    assert known == {"right", "without_passes"}
    assert ends.scores[number["right"]] == 27 - 54
    owners = ends.ownership(np.array([number["right"]]))[0].reshape(9, 9)
    assert (owners[:, :3] == 1).all()
    assert (owners[:, 3:] == -1).all()
    lengths = np.diff(after.event_offsets)
    assert all(ends.starts[k] == lengths[k] for name, k in number.items() if name not in known)
    assert {name for name, k in number.items() if after.winner[k] != before.winner[k]} == {
        "by_the_clock",
        "no_komi",
    }
    assert not after.winner[[number["by_the_clock"], number["no_komi"]]].any()


def test_positions_of_games_that_are_not_counted_have_no_score(store: Path, tmp_path: Path) -> None:
    assert run(store, store.parent / "games", "--out", tmp_path / "counted").returncode == 0
    table = open_store(tmp_path / "counted").table
    ids = np.arange(table.positions)
    zeros = np.zeros(len(ids), np.int8)
    found = outcome_targets(table, Draw(ids, zeros, zeros.astype(bool)))
    games, number = table.locate(ids).games, numbers(table)
    counted = {number["right"], number["without_passes"]}
    assert set(games[found.counted].tolist()) == counted
    assert found.counted[np.isin(games, list(counted))].all()
    assert not found.won[games == number["by_the_clock"]].any()


def test_one_side_of_the_split_is_enough(store: Path, tmp_path: Path) -> None:
    chosen = open_store(store)
    right = numbers(chosen.table)["right"]
    inside = "train" if right in chosen.split("train").games else "validation"
    words = (store, store.parent / "games", "--out", tmp_path / "counted", "--split")
    done = run(*words, inside)
    assert done.returncode == 0, done.stderr
    ends = open_store(tmp_path / "counted").table.played_out
    assert ends is not None
    assert ends.starts[right] == 0


def test_records_without_points_are_told(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    done = run(store, other, "--out", tmp_path / "none")
    assert done.returncode == 1
    assert not (tmp_path / "none").exists()
