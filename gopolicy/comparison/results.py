"""From outcomes to figures: means over seeds, intervals over games, differences between entrants.

Two things make a figure uncertain: which games (or pictures) it was measured on, and the seed of
the training.  The first is estimated as in `gopolicy.evaluation.accuracy`, each game being one
independent draw; all entrants are measured on the same ones, so differences are taken game by game.
The second is the spread over seeds, pooled over the two entrants compared, with Student's t because
they are few.  In a difference both parts are added as variances are; a single figure has an
interval over games, and its spread over seeds is given beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.comparison.entrant import Entrant, Group
from gopolicy.comparison.matching import Cost
from gopolicy.comparison.outcome import Measured, Outcome
from gopolicy.comparison.sweep import Sweep
from gopolicy.evaluation.accuracy import interval

STUDENT = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""97.5 % points of Student's t for 1 to 10 degrees of freedom."""
METRICS = ("top1", "nll")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entrant with all that is known about it."""

    entrant: Entrant
    cost: Cost
    sweep: Sweep
    outcomes: tuple[Outcome, ...]
    """One per seed."""
    served_per_second: float = math.nan
    ratio: float | None = None
    """Its cost as a multiple of what it was to match."""
    probes: tuple[dict[str, Any], ...] = ()
    """Further measurements, one per seed (see `gopolicy.comparison.patterns`)."""

    @property
    def measured(self) -> list[Measured]:
        """The figures of every seed."""
        return [outcome.measured for outcome in self.outcomes if outcome.measured]

    def mean(self, metric: str) -> float:
        """Return a figure, averaged over seeds."""
        return fmean(getattr(measured, metric) for measured in self.measured)

    @property
    def seconds(self) -> float:
        """Training time, averaged over seeds."""
        return fmean(outcome.seconds for outcome in self.outcomes)

    @property
    def examples_per_second(self) -> float:
        """Training speed over all seeds."""
        return sum(o.examples for o in self.outcomes) / sum(o.seconds for o in self.outcomes)

    @property
    def spread(self) -> float | None:
        """The standard deviation of top-1 over seeds; None for one seed."""
        values = [measured.top1 for measured in self.measured]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The rows of a group, in its order."""

    group: Group
    rows: tuple[Row, ...]

    @property
    def reference(self) -> Row:
        """The row that others are compared with."""
        return next(row for row in self.rows if row.entrant.title == self.group.reference)

    def estimate(self, row: Row, metric: str = "top1") -> Estimate:
        """Return a figure of one entrant with its interval over games."""
        found = _with_interval(_sums(row, metric), _counts(row))
        highest = 1.0 if metric == "top1" else math.inf
        return replace(found, low=max(found.low, 0.0), high=min(found.high, highest))

    def difference(self, one: Row, other: Row, metric: str = "top1") -> Estimate:
        """Return one minus other, game by game, with its interval over games and seeds."""
        sums = _sums(one, metric) - _sums(other, metric)
        values = [[getattr(m, metric) for m in row.measured] for row in (one, other)]
        return _with_interval(sums, _counts(one), seed_error(values))

    def moved_difference(self, one: Row, other: Row, pixels: int) -> Estimate:
        """Return one minus other in top-1 on pictures moved by so many pixels."""
        hits, of = zip(*(_moved_hits(row, pixels) for row in (one, other)), strict=True)
        values = [[m.by_shift[pixels]["top1"] for m in row.measured] for row in (one, other)]
        sums, counts = hits[0] - hits[1], np.full(len(hits[0]), of[0])
        return _with_interval(sums, counts, seed_error(values))


def _with_interval(
    sums: Floats, counts: npt.NDArray[np.int64], over_seeds: float = 0.0
) -> Estimate:
    """Return sums / counts; its interval joins that over units with that over seeds."""
    value = float(sums.sum() / counts.sum())
    over_units = interval(sums, counts)
    half = (over_units[1] - over_units[0]) / 2 if over_units else 0.0
    half = math.hypot(half, over_seeds)
    return Estimate(value=value, low=value - half, high=value + half)


def _counts(row: Row) -> npt.NDArray[np.int64]:
    """Return how many examples every unit has."""
    return np.array(row.measured[0].units.counts, np.int64)


def _moved_hits(row: Row, pixels: int) -> tuple[Floats, int]:
    """Return hits by picture, averaged over seeds, and how often each was moved."""
    parts = [m.by_shift[pixels] for m in row.measured]
    hits: Floats = np.mean([part["hits"] for part in parts], axis=0, dtype=np.float64)
    return hits, int(parts[0]["of"])


def _sums(row: Row, metric: str) -> Floats:
    """Return hits or nats of every game, averaged over seeds."""
    name = "hits" if metric == "top1" else "nats"
    sums: Floats = np.mean([getattr(m.units, name) for m in row.measured], axis=0, dtype=np.float64)
    return sums


def seed_error(samples: Sequence[Sequence[float]]) -> float:
    """Return half the 95 % interval that seeds cause in the difference of two means.

    samples: the figure of every seed, for both entrants; 0.0 where each has a single seed.
    """
    squares = sum((value - fmean(sample)) ** 2 for sample in samples for value in sample)
    freedom = sum(len(sample) - 1 for sample in samples)
    if not freedom:
        return 0.0
    t = STUDENT[freedom - 1] if freedom <= len(STUDENT) else 1.96 + 2.4 / freedom
    return t * math.sqrt(squares / freedom * sum(1 / len(sample) for sample in samples))
