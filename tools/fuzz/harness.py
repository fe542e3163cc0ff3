"""Executions one after the other, each a function of a seed and its number.

A finding is an exception that is no `GoPolicyError`, a `Finding`, which says that something was
accepted and is wrong, a warning, or memory that one execution took and that nothing justifies.
`gopolicy` itself is what one would call a deliberate refusal.
"""

import random
import resource
import shutil
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gopolicy.errors import GoPolicyError

INPUT = "input"
"""What an execution reads is a file or folder of this name in its folder; a finding keeps it."""
KEPT_OF_A_KIND = 3
MOST_GROWTH = 1 << 20  # in KiB: one GiB in one execution

Execution = Callable[[random.Random], None]
"""Damages something and has gopolicy read it; raises `GoPolicyError` where that was refused."""


class Finding(Exception):
    """Something damaged was accepted, or was answered in the wrong way."""


@dataclass(slots=True)
class Counts:
    """What came of some executions."""

    accepted: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    """How many of each kind."""

    @property
    def executions(self) -> int:
        """How many there were."""
        return self.accepted + self.refused + self.findings.total()


def run_one(execute: Execution, seed: int, number: int, counts: Counts) -> str:
    """Run execution `number`; return the text of what was found, or nothing."""
    before = _peak_kib()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            execute(random.Random(f"{seed}/{number}"))
    except GoPolicyError:
        counts.refused += 1
    except Exception as error:
        counts.findings[_kind(error)] += 1
        return "".join(traceback.format_exception(error))
    else:
        if _peak_kib() - before > MOST_GROWTH:
            counts.findings["memory"] += 1
            return f"one execution took {_peak_kib() - before:,} KiB"
        counts.accepted += 1
    return ""


def keep(found: str, folder: Path, name: str, command: str) -> None:
    """Keep what was found: the text, the input, and the command that does it again."""
    kept = folder / "findings" / name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    source = folder / "work" / INPUT
    if source.is_dir():
        shutil.copytree(source, kept / INPUT)
    elif source.exists():
        shutil.copy(source, kept / INPUT)
    (kept / "found.txt").write_text(f"{command}\n\n{found}", encoding="utf-8", errors="replace")


def fresh(folder: Path) -> Path:
    """Return the place of the input, with nothing there."""
    place = folder / INPUT
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    return place


def _kind(error: Exception) -> str:
    """Return what tells one finding from others: the exception and where it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/gopolicy/" in frame.filename] or frames
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours]
    text = str(error)[:60] if isinstance(error, Finding | Warning) else ""
    return f"{type(error).__name__} {text} {' '.join(places[-2:])}"


def _peak_kib() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
