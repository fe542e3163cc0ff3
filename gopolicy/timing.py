"""Timing some works side by side, and what is printed of it.

Work on one core is timed by that thread's processor time, so other programs disturb it less; rounds
of what is compared take turns and the best round counts.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 3
PATIENCE = 15.0
"""Seconds that work must be slow before anything is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """One measurement."""

    name: str
    value: float
    unit: str
    reference: str = ""
    """What the ratio compares with."""
    ratio: float | None = None
    must: float | None = None
    """What is required of the ratio, or of the value where there is no ratio."""
    aim: float | None = None
    """What would be good."""
    smaller_is_better: bool = False
    """Whether it should stay below must, not above."""

    @property
    def holds(self) -> bool | None:
        """Whether the requirement is met; None where there is none."""
        if self.must is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured <= self.must if self.smaller_is_better else measured >= self.must


@dataclass(frozen=True, slots=True)
class Work:
    """Something to time: one call does so many units."""

    call: Callable[[], object]
    units: int


def best_rates(
    works: Mapping[str, Work],
    *,
    seconds: float = 0.3,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.thread_time,
) -> dict[str, float]:
    """Return units per second of every work: the best of some rounds that take turns.

    Each round repeats its call for at least so many seconds; a first call only warms up.
    """
    best = dict.fromkeys(works, 0.0)
    for work in works.values():
        work.call()
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = max(best[name], _rate(work, seconds, clock))
    return best


def _rate(work: Work, seconds: float, clock: Callable[[], float]) -> float:
    begin, calls = clock(), 0
    while (spent := clock() - begin) < seconds or not calls:
        work.call()
        calls += 1
    return calls * work.units / spent


class SpeedWatch:
    """Notices that work has become much slower than it was."""

    def __init__(self) -> None:
        self._best = self._slow = 0.0
        self._patience = PATIENCE

    def halved(self, speed: float, seconds: float) -> bool:
        """Return whether the speed has been below half of the best for some time.

        speed is that of the last seconds.  Whoever is told so begins to watch anew, and is told
        again only after twice the time.
        """
        self._best = max(self._best, speed)
        self._slow = self._slow + seconds if speed < self._best / 2 else 0.0
        if self._slow < self._patience:
            return False
        self._best = self._slow = 0.0
        self._patience *= 2
        return True
