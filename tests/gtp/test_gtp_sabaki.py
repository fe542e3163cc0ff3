"""The engine under the controller that Sabaki itself uses, in Node.

Needs ``node`` and the package: ``npm ci`` in ``tests/gtp/node``.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "node"


def node(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run node in the folder of the script."""
    return subprocess.run(
        ["node", *arguments],
        cwd=FOLDER,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def seen(tiny_weights: Path) -> dict[str, Any]:
    """Return what the controller saw in one session with the engine."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    if node("-e", "require('@sabaki/gtp')").returncode != 0:
        pytest.skip("needs the package @sabaki/gtp: npm ci in tests/gtp/node")
    engine = [sys.executable, "-m", "gopolicy", "gtp", "--weights", str(tiny_weights)]
    done = node("drive.js", *engine)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def infos(line: str) -> list[dict[str, str]]:
    """Return the candidates on a line, as Sabaki takes it apart."""
    found = []
    for part in line.split("info ")[1:]:
        words, _, variation = part.strip().partition(" pv ")
        pairs = words.split(" ")
        assert len(pairs) % 2 == 0
        found.append(dict(zip(pairs[::2], pairs[1::2], strict=True)) | {"pv": variation})
    return found


def test_it_attaches(seen: dict[str, Any]) -> None:
    attach = seen["attach"]
    assert (attach["name"], attach["protocol"]) == ("gopolicy", "2")
    assert {"kata-analyze", "kata-genmove_analyze", "lz-analyze", "undo"} <= set(attach["commands"])
    assert not {"analyze", "genmove_analyze"} & set(attach["commands"])


def test_it_follows_the_game(seen: dict[str, Any]) -> None:
    assert "Black to move, 5 moves played, komi 6.5" in seen["synced"]["board"]
    assert seen["synced"]["komi"] == "6.5"
    assert "Black to move, 4 moves played" in seen["back"]
    assert seen["sentForOneStepBack"] == ["undo"]


def test_it_moves_and_shows_what_it_thought(seen: dict[str, Any]) -> None:
    first, *middle, last, end = seen["genmoveLines"]
    assert (first, end) == ("=", "")
    assert last.startswith("play ")
    assert len(middle) == 1
    assert infos(middle[0])[0]["order"] == "0"


@pytest.mark.parametrize("command", ["kata-analyze", "lz-analyze"])
def test_analysis_starts_and_ends_when_asked(seen: dict[str, Any], command: str) -> None:
    analysis = seen[command]
    assert analysis["lines"][0] == "="
    assert analysis["lines"][-1] == ""
    assert analysis["answer"] == "2"
    assert analysis["milliseconds"] < 5000
    candidates = infos(analysis["lines"][1])
    assert [candidate["order"] for candidate in candidates] == list(
        map(str, range(len(candidates)))
    )
    assert all(candidate["pv"].split()[0] == candidate["move"] for candidate in candidates)


def test_handicap_stones_arrive(seen: dict[str, Any]) -> None:
    assert "Black to move, 1 moves played, komi 0.5" in seen["handicap"]
    assert "3 . . X" in seen["handicap"]


def test_a_board_that_is_not_square_is_refused(seen: dict[str, Any]) -> None:
    assert seen["rectangular"] == "refused"


def test_it_stops_at_once_and_leaves_no_trace(seen: dict[str, Any]) -> None:
    assert seen["stop"]["milliseconds"] < 3000
    remarks = [line for line in seen["stderr"] if "computing with" not in line]  # where faster
    assert remarks == []
