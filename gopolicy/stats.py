"""Figures and how far they may be trusted: what is equal, and intervals."""

import math
from dataclasses import dataclass

EQUAL = 1e-4
"""Probabilities are called equal if their logarithms differ by less: how a device sums up decides
about the last digits."""
NORMAL = 1.959963984540054
"""The 97.5 % point of the normal distribution: 95 % lie within so many standard deviations."""
STUDENT = (
    12.70620,
    4.30265,
    3.18245,
    2.77645,
    2.57058,
    2.44691,
    2.36462,
    2.30600,
    2.26216,
    2.22814,
)
"""The same of Student's t for 1 to 10 degrees of freedom."""


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


def wilson_interval(rate: float, games: int) -> tuple[float, float]:
    """Return the range in which the true rate lies with 95 % confidence.

    >>> [round(end, 3) for end in wilson_interval(0.8, 10)]
    [0.49, 0.943]
    >>> wilson_interval(0.5, 0)
    (0.0, 1.0)
    """
    if games == 0:
        return 0.0, 1.0
    z2 = NORMAL**2
    middle = (rate + z2 / (2 * games)) / (1 + z2 / games)
    spread = math.sqrt(rate * (1 - rate) / games + z2 / (4 * games**2))
    half = NORMAL * spread / (1 + z2 / games)
    low = 0.0 if rate == 0.0 else max(middle - half, 0.0)
    return low, 1.0 if rate == 1.0 else min(middle + half, 1.0)


def student(freedom: float) -> float:
    """Return the 97.5 % point of Student's t for 1 or more degrees of freedom.

    From a table, between its entries linear in 1 / freedom, which errs on the wide side; beyond it
    from the expansion of Cornish and Fisher to the second order.

    >>> [round(student(freedom), 3) for freedom in (1, 4, 30)]
    [12.706, 2.776, 2.042]
    """
    if freedom >= len(STUDENT):
        return NORMAL + 2.372 / freedom + 2.823 / freedom**2
    below = max(int(freedom), 1)
    low, high = STUDENT[below - 1 : below + 1]
    return low + (high - low) * (1 / below - 1 / max(freedom, 1.0)) * below * (below + 1)
