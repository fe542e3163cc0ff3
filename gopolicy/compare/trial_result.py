"""What one training came to, and how it is kept on disk."""

import json
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.files import read_limited, write_text

RESULT = "result.json"
_POINT = {"examples", "seconds", "top1", "nll"}
"""What a point of a curve has."""
MAX_BYTES = 1 << 28
"""The largest file that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Sums over each independent draw of the examples: a game, or a single picture."""

    counts: list[int]
    hits: list[int]
    nats: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Figures on the examples that nothing was chosen by; shares are between 0 and 1."""

    examples: int
    top1: float
    top5: float
    nll: float
    units: Units
    by_phase: list[dict[str, Any]] = field(default_factory=list)
    """Go only: rows by move number, as `gopolicy evaluate` gives them."""
    by_shift: list[dict[str, Any]] = field(default_factory=list)
    """Pictures only: top-1 of pictures moved by so many pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """Everything that is known about a finished trial."""

    parameters: int
    multiply_adds: int
    """Of one forward pass."""
    bytes: int
    """The size of the weight file."""
    examples: int
    """Seen in training, repetitions counted."""
    seconds: float
    """Time spent training, measurements left out."""
    order: str
    """A hash of which examples came when; alike for all networks of one seed."""
    tuning: dict[str, float]
    """top1 and nll at the end, on the examples by which learning rates are chosen."""
    curve: list[dict[str, float]]
    """examples, seconds, top1 and nll along the training, on the same examples as tuning."""
    measured: Measured | None
    """None for a trial of a learning rate."""

    @property
    def paces(self) -> list[float]:
        """Seconds per example in every stretch between two measurements.

        Where they are too short to have been timed, that of the whole training.
        """
        points = [(0.0, 0.0)] + [(p["examples"], p["seconds"]) for p in self.curve]
        timed = [(n - m, end - start) for (m, start), (n, end) in pairwise(points) if end > start]
        timed = timed or [(self.examples, max(self.seconds, 1e-9))]
        return [seconds / examples for examples, seconds in timed]


def write_trial_result(folder: Path, facts: dict[str, Any], trial_result: TrialResult) -> None:
    """Keep a result with the settings that led to it."""
    text = json.dumps({"spec": facts, "outcome": asdict(trial_result)}, indent=1)
    write_text(folder / RESULT, text + "\n")


def read_trial_result(folder: Path, facts: dict[str, Any]) -> TrialResult | None:
    """Return the result in a folder; None without one; refuse one of other settings."""
    path = folder / RESULT
    if not path.exists():
        return None
    try:
        # not read_json: the nll of a learning rate that diverged is Infinity
        values = json.loads(read_limited(path, MAX_BYTES))
        if not all(isinstance(part, dict) for part in (values["outcome"], values["spec"])):
            raise ValueError("expected objects")
        found, before = _trial_result(values["outcome"]), values["spec"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); delete the folder") from error
    check_facts(folder, before, json.loads(json.dumps(facts)))
    return found


def check_facts(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse a run that was made with other settings."""
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old != new:
            raise ConfigError(
                f"{folder} was made with {name} {old!r}, not {new!r}; choose another --out"
            )


def _trial_result(values: dict[str, Any]) -> TrialResult:
    if not {"top1", "nll"} <= values["tuning"].keys():
        raise ValueError("expected top1 and nll in tuning")
    if not values["curve"] or not all(point.keys() >= _POINT for point in values["curve"]):
        raise ValueError(f"expected a curve of {', '.join(sorted(_POINT))}")
    measured = values.pop("measured")
    if measured is not None:
        measured = Measured(**(measured | {"units": Units(**measured["units"])}))
    return TrialResult(**values, measured=measured)
