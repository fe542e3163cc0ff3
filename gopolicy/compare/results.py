"""From the results of trials to figures: means, intervals over games, differences of networks.

Two things make a figure uncertain: which games (or pictures) it was measured on, and the seed of
the training.  The first is estimated as in `gopolicy.evaluation.accuracy`, each game being one
independent draw; all networks are measured on the same ones, so differences are taken game by game.
The second is the spread over seeds of the two networks compared, each with its own variance, with
Student's t because seeds are few (B. L. Welch, "The generalization of Student's problem", 1947).
In a difference both parts are added as variances are; a single figure has an interval over games,
and the figure of every seed is given beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median, variance
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.compare.matching import Cost
from gopolicy.compare.network_spec import Group, NetworkSpec
from gopolicy.compare.sweep import Sweep
from gopolicy.compare.trial_result import Measured, TrialResult
from gopolicy.evaluation.accuracy import interval
from gopolicy.stats import Estimate, student, wilson_interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """A network with all that is known about it."""

    spec: NetworkSpec
    cost: Cost
    sweep: Sweep
    trial_results: tuple[TrialResult, ...]
    """One per seed."""
    served_per_second: float = math.nan
    ratio: float | None = None
    """Its cost as a multiple of what it was to match."""
    probes: tuple[dict[str, Any], ...] = ()
    """Further measurements, one per seed (see `gopolicy.compare.patterns`)."""

    @property
    def measured(self) -> list[Measured]:
        """The figures of every seed."""
        return [
            trial_result.measured for trial_result in self.trial_results if trial_result.measured
        ]

    def mean(self, metric: str) -> float:
        """Return a figure, averaged over seeds."""
        return fmean(getattr(measured, metric) for measured in self.measured)

    @property
    def pace(self) -> float:
        """Seconds of training per example, of the median stretch between two measurements.

        The median, because other work on the machine makes some stretches slower.
        """
        return median(pace for trial_result in self.trial_results for pace in trial_result.paces)

    @property
    def seconds(self) -> float:
        """Training time, at this pace."""
        return self.pace * self.trial_results[0].examples

    @property
    def spread(self) -> float | None:
        """The standard deviation of top-1 over seeds; None for one seed."""
        values = [measured.top1 for measured in self.measured]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The rows of a group, in its order."""

    group: Group
    rows: tuple[ResultRow, ...]
    blind: Measured
    blind_patterns: dict[str, Any] = field(default_factory=dict)
    """What is measured on moved patterns, of who never looks; where it was asked for."""

    @property
    def reference(self) -> ResultRow:
        """The row that others are compared with."""
        return next(row for row in self.rows if row.spec.title == self.group.reference)

    @property
    def pairs(self) -> list[tuple[ResultRow, ResultRow]]:
        """Each network with the one that it is compared with: the one before, or the reference."""
        if self.group.in_steps:
            return list(zip(self.rows[1:], self.rows, strict=False))
        return [(row, self.reference) for row in self.rows if row is not self.reference]

    def estimate(self, row: ResultRow, metric: str = "top1") -> Estimate:
        """Return a figure of one network with its interval over games."""
        found = _with_interval(_sums(row, metric), _counts(row))
        if metric == "top1" and found.low == found.high:  # all right or all wrong: as a share
            low, high = wilson_interval(found.value, len(_counts(row)))
            return replace(found, low=low, high=high)
        highest = 1.0 if metric == "top1" else math.inf
        return replace(found, low=max(found.low, 0.0), high=min(found.high, highest))

    def difference(self, one: ResultRow, other: ResultRow, metric: str = "top1") -> Estimate:
        """Return one minus other, game by game, with its interval over games and seeds."""
        sums = _sums(one, metric) - _sums(other, metric)
        values = [[getattr(m, metric) for m in row.measured] for row in (one, other)]
        found = _with_interval(sums, _counts(one), seed_error(values))
        return _as_shares(found, sums) if metric == "top1" else found

    def gain(self, row: ResultRow, metric: str = "top1") -> Estimate:
        """Return the gain of a network over who never looks."""
        sums = _sums(row, metric) - np.array(_of_units(self.blind, metric), np.float64)
        values = [getattr(m, metric) for m in row.measured]
        return _with_interval(sums, _counts(row), seed_error([values]))

    def moved_difference(self, one: ResultRow, other: ResultRow, pixels: int) -> Estimate:
        """Return one minus other in top-1 on pictures moved by so many pixels."""
        hits, of = zip(*(_moved_hits(row, pixels) for row in (one, other)), strict=True)
        values = [[m.by_shift[pixels]["top1"] for m in row.measured] for row in (one, other)]
        sums, counts = hits[0] - hits[1], np.full(len(hits[0]), of[0])
        return _as_shares(_with_interval(sums, counts, seed_error(values)), sums)


def _with_interval(
    sums: Floats, counts: npt.NDArray[np.int64], over_seeds: float = 0.0
) -> Estimate:
    """Return sums / counts; its interval joins that over units with that over seeds.

    A single unit says nothing of others: the interval of its figure has no ends.
    """
    value = float(sums.sum() / counts.sum())
    over_units = interval(sums, counts)
    half = (over_units[1] - over_units[0]) / 2 if over_units else math.inf
    half = math.hypot(half, over_seeds)
    return Estimate(value=value, low=value - half, high=value + half)


def _as_shares(found: Estimate, sums: Floats) -> Estimate:
    """Return a difference of shares, which is 1 at most.

    Where it is 0 in every unit, so many others may yet differ as Wilson's interval says.
    """
    if not sums.any():
        most = wilson_interval(0.0, len(sums))[1]
        found = replace(found, low=min(found.low, -most), high=max(found.high, most))
    return replace(found, low=max(found.low, -1.0), high=min(found.high, 1.0))


def _counts(row: ResultRow) -> npt.NDArray[np.int64]:
    return np.array(row.measured[0].units.counts, np.int64)


def _moved_hits(row: ResultRow, pixels: int) -> tuple[Floats, int]:
    """Return hits by picture, averaged over seeds, and how often each was moved."""
    parts = [m.by_shift[pixels] for m in row.measured]
    hits: Floats = np.mean([part["hits"] for part in parts], axis=0, dtype=np.float64)
    return hits, int(parts[0]["of"])


def _sums(row: ResultRow, metric: str) -> Floats:
    """Return hits or nats of every game, averaged over seeds."""
    each = [_of_units(measured, metric) for measured in row.measured]
    sums: Floats = np.mean(each, axis=0, dtype=np.float64)
    return sums


def _of_units(measured: Measured, metric: str) -> Sequence[float]:
    return measured.units.hits if metric == "top1" else measured.units.nats


def seed_error(samples: Sequence[Sequence[float]]) -> float:
    """Return half the 95 % interval that seeds cause in a figure, or in the difference of two.

    samples: the figure of every seed, for each network; 0.0 where each has a single seed.
    """
    parts = [(variance(sample) / len(sample), len(sample) - 1) for sample in samples if sample[1:]]
    total = sum(part for part, _ in parts)
    if not total:
        return 0.0
    freedom = total**2 / sum(part**2 / own for part, own in parts)
    return student(freedom) * math.sqrt(total)
