"""`tools/ended_games.py`: samples of finished games, counted and played on by engines."""

import subprocess
import sys
from pathlib import Path

import pytest
from reference.tool_loader import TOOLS, load_tool

ENGINE = """
import sys
moves = 0
for line in sys.stdin:
    word = line.split()[0]
    answers = {"final_score": "B+3.5", "genmove": "D4" if moves == 0 else "pass"}
    moves += word == "genmove"
    print("=", answers.get(word, "false" if word == "known_command" else ""), "\\n", flush=True)
    if word == "quit":
        break
"""


def game(result: str, year: str, rules: str = "Japanese", moves: int = 160) -> str:
    quiet = ";B[];W[]" * (moves // 2)
    return f"(;GM[1]SZ[19]KM[6.5]RU[{rules}]DT[{year}-01-01]RE[{result}]{quiet})"


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    for name, text in {
        "right": game("B+3.50", "2001"),
        "wrong": game("W+9.50", "2002"),
        "area": game("B+3.50", "2001", "Chinese"),
        "resigned": game("B+R", "2001"),
        "short": game("B+3.50", "2001", moves=150),
        "late": game("B+3.50", "2003"),
        "nameless": game("B+3.50", "2001", "of our own"),
    }.items():
        (folder / f"{name}.sgf").write_text(text)
    return folder


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOLS / "ended_games.py", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sample_is_counted_and_played_on(games: Path, tmp_path: Path) -> None:
    sample, engine = tmp_path / "sample.tsv", tmp_path / "engine.py"
    years = ("--years", "2001", "2002", "--each", "1", "--scoring", "territory")
    done = run("sample", games, "--seed", 1, *years, "--out", sample)
    assert done.returncode == 0, done.stderr
    assert sample.read_text() == "games/right.sgf\tJapanese\ngames/wrong.sgf\tJapanese\n"
    engine.write_text(ENGINE)
    words = (games, "--sample", sample, "--engine", f"{sys.executable} {engine}")
    counted = run("count", *words).stdout.splitlines()
    assert counted[0].startswith("2 games: winner 1, points 1, ")
    assert counted[1] == "more than 10 points off: 1"
    assert counted[2] == "games/wrong.sgf Japanese record -9.5 counted 3.5"
    played = run("finish", *words).stdout.splitlines()
    assert played[0] == "2 games: 1 passed at once, 2 with the same count after"
    assert played[2] == "games/right.sgf before 3.5 after 3.5 d4 pass pass"


def test_a_game_that_is_missing_is_named(games: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.tsv"
    sample.write_text("games/gone.sgf\tJapanese\n")
    done = run("count", games, "--sample", sample)
    assert done.returncode == 1
    assert "games/gone.sgf: not in the archives" in done.stderr


@pytest.mark.parametrize(
    ("result", "margin"), [("B+3.50", 3.5), ("W+0.5", -0.5), ("0", 0.0), ("B+R", None), ("", None)]
)
def test_a_result_is_read_as_a_margin(result: str, margin: float | None) -> None:
    assert load_tool("ended_games").margin_of(result) == margin


def test_the_lists_in_the_repository_are_of_the_sizes_that_the_pages_say() -> None:
    lists = {path.stem: path.read_text().splitlines() for path in (TOOLS / "ended_games").iterdir()}
    sizes = {name: len(lines) for name, lines in lists.items()}
    assert sizes == {"all": 100, "other": 100, "kgs": 100, "japanese": 50, "chinese": 10}
    assert all(len(set(lines)) == len(lines) for lines in lists.values())
