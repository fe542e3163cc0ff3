"""``gopolicy analysis`` from end to end: a process that is asked in JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from reference.tiny_games import write_weights

from gopolicy.__main__ import main

QUERY = {
    "moves": [["B", "C3"], ["W", "G7"]],
    "rules": "chinese",
    "boardXSize": 9,
    "boardYSize": 9,
    "includePolicy": True,
}


def test_queries_are_answered_to_the_end_of_the_input(tmp_path: Path) -> None:
    weights = write_weights(tmp_path / "weights")
    log = tmp_path / "log"
    lines = [
        {"id": "version", "action": "query_version"},
        {"id": "game", **QUERY, "analyzeTurns": [0, 1, 2]},
        {"id": "wrong", **QUERY, "komi": "much"},
    ]
    words = ["analysis", "--weights", str(weights), "--threads", "1", "--log", str(log)]
    done = subprocess.run(
        [sys.executable, "-m", "gopolicy", *words],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [reply["id"] for reply in replies] == ["version", "wrong", "game", "game", "game"]
    assert replies[1]["field"] == "komi"
    for reply in replies[2:]:
        shares = [share for share in reply["policy"] if share >= 0]
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert len(shares) == 82 - reply["turnNumber"]
        assert 0.01 <= reply["rootInfo"]["winrate"] <= 0.99
    assert "ready" in done.stderr
    assert log.read_text().count(" < ") == 5


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--weights", "nowhere"], 1, "nowhere"),
        (["--perspective", "RED"], 2, "invalid choice"),
        (["--at-once", "0"], 2, "whole number"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analysis", *words]) == status
    assert message in capsys.readouterr().err
