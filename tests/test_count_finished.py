"""`tools/count_finished.py`: finished games, counted, into a store for outcome heads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.prepare_store import prepare
from gopolicy.data.store import open_store

TOOL = Path(__file__).parents[1] / "tools" / "count_finished.py"
WALLS = "".join(f";B[c{row}];W[d{row}]" for row in "abcdefghi")
"""Black's wall on the third line from the left of a 9x9 board and White's beside it: 27 to 54."""


def game(result: str, end: str, filler: str) -> str:
    return f"(;GM[1]FF[4]SZ[9]KM[6.5]RE[{result}]PB[{filler}]{WALLS}{end})"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    quiet = ";B[];W[]" * 41  # passes make it long enough to count as a game
    for name, text in {
        "right": game("W+33.5", quiet, "a"),
        "wrong": game("B+3.5", quiet + ";B[];W[]", "b"),
        "unknown": game("?", quiet + ";B[];W[]" * 2, "c"),
        "unfinished": game("W+R", quiet + ";B[aa]", "d"),
        "short": game("W+33.5", ";B[];W[]", "e"),
    }.items():
        (folder / f"{name}.sgf").write_text(text)
    prepare(folder, tmp_path / "store", PrepareOptions(size=9), processes=1)
    return tmp_path / "store"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *map(str, words)], capture_output=True, text=True, check=False
    )


def test_games_whose_count_agrees_with_the_record_are_kept(store: Path, tmp_path: Path) -> None:
    done = run(store, "--out", tmp_path / "counted")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 of 2 finished games agree")
    before, after = open_store(store).table, open_store(tmp_path / "counted").table
    assert after.games == 1
    assert "right.sgf" in after.names[0]
    number = list(before.names).index(after.names[0])
    assert np.array_equal(after.game_events(0), before.game_events(number))
    assert after.split_key[0] == before.split_key[number]
    ends = after.played_out
    assert ends is not None
    assert ends.scores.tolist() == [27 - 54]
    assert ends.starts.tolist() == [0]
    owners = ends.ownership(np.array([0]))[0].reshape(9, 9)
    assert (owners[:, :3] == 1).all()
    assert (owners[:, 3:] == -1).all()


def test_one_side_of_the_split_is_enough(store: Path, tmp_path: Path) -> None:
    chosen = open_store(store)
    right = next(k for k, name in enumerate(chosen.table.names) if "right.sgf" in name)
    inside = "train" if right in chosen.split("train").games else "validation"
    other = "validation" if inside == "train" else "train"
    done = run(store, "--out", tmp_path / "counted", "--split", inside)
    assert done.returncode == 0, done.stderr
    assert open_store(tmp_path / "counted").table.games == 1
    done = run(store, "--out", tmp_path / "none", "--split", other)
    assert done.returncode == 1
    assert "no finished game" in done.stderr
