"""Commands run in this process, and what they said."""

import json
from typing import Any

import pytest

from gopolicy.__main__ import main


def object_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run a command with ``--json``, which must print one line alone; return the object."""
    assert main([*words, "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out)
    return found


def only_complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line in which a command said why it failed; it must have printed nothing."""
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = [line for line in shown.err.splitlines() if line.startswith("gopolicy: ")]
    return line
