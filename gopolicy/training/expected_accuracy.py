"""What accuracy a network of a size reaches after so many positions, from runs that were measured.

The figures are those of `weights/LOG.md`, which has the command of each run: the rate came down to
zero, kernels were tied, planes `alphago48`, games of strong players on KGS, top-1 on validation
games of the same kind.  Between two runs of one size the accuracy goes straight along the logarithm
of the positions; beyond them nothing is claimed but a bound.
"""

import math
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """One run that was trained to its end."""

    filters: int
    layers: int
    positions: int
    top1: float


MEASURED = (
    MeasuredRun(32, 7, 149_968, 0.3975),  # 2026-11-25, short trials, first line
    MeasuredRun(64, 9, 119_936, 0.4230),  # 2026-11-24, short trials
    MeasuredRun(64, 9, 2_950_016, 0.4824),  # 2026-11-25, end of the first descent
    MeasuredRun(64, 9, 3_800_064, 0.4844),  # 2026-11-25
    MeasuredRun(96, 11, 119_936, 0.4333),  # 2026-11-24, short trials, of 9 layers
    MeasuredRun(96, 11, 3_000_064, 0.4980),  # 2026-11-25, shortly before the end of a descent
    MeasuredRun(96, 11, 4_100_096, 0.5080),  # 2026-11-25
)
"""Rows of one size stand together, in the order of their positions."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a run may come to."""

    top1: float
    bound: str = "about"
    """``about``, or ``less than`` and ``at least`` where no run was so short or so long."""

    def __str__(self) -> str:
        """Return it in words.

        >>> str(Expectation(0.476)), str(Expectation(0.4844, "at least"))
        ('about 47.6 %', 'at least 48.4 %')
        """
        return f"{self.bound} {100 * self.top1:.1f} %"


def expected_top1(filters: int, layers: int, positions: int) -> Expectation | None:
    """Return what a run of this size and length may come to; None for a size never measured.

    >>> str(expected_top1(64, 9, 600_000))
    'about 45.3 %'
    """
    runs = [run for run in MEASURED if (run.filters, run.layers) == (filters, layers)]
    if not runs:
        return None
    if positions < runs[0].positions:
        return Expectation(runs[0].top1, "less than")
    for low, high in pairwise(runs):
        if positions <= high.positions:
            at = math.log(positions / low.positions) / math.log(high.positions / low.positions)
            return Expectation(low.top1 + at * (high.top1 - low.top1))
    return Expectation(runs[-1].top1, "at least" if positions > runs[-1].positions else "about")
