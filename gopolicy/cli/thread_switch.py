"""Finding out, on the work itself, with how many threads a network is fastest.

Threads that wait for each other beside other work can be many times slower than a single one.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy.cores import thread_counts
from gopolicy.policy.policy import Policy
from gopolicy.timing import SpeedWatch

_WARM_UP = 2
"""Batches that are not timed: kernels are made ready, and libraries tried."""


class ThreadSwitch:
    """A policy whose first batches are each computed with another number of threads.

    The fastest number stays, until the speed has halved for a while: then all are tried again.
    The threads are those of this process.
    """

    def __init__(self, policy: Policy, remark: Callable[[str], None]) -> None:
        self._policy, self._remark = policy, remark
        self._counts = thread_counts()
        self._untimed, self._watch = _WARM_UP, SpeedWatch()
        self._waiting = list(self._counts) if len(self._counts) > 1 else []
        self._rates: dict[int, float] = {}

    @property
    def plane_set(self) -> str:
        """The planes it wants."""
        return self._policy.plane_set

    @property
    def size(self) -> int:
        """The side of the boards it understands."""
        return self._policy.size

    def log_probabilities(self, planes_bcnn: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return what `Policy.log_probabilities` does."""
        trying = bool(self._waiting) and not self._untimed
        if trying:
            torch.set_num_threads(self._waiting[0])
        begin = time.perf_counter()
        found = self._policy.log_probabilities(planes_bcnn)
        seconds = max(time.perf_counter() - begin, 1e-9)
        rate = len(planes_bcnn) / seconds
        if trying:
            self._rates[self._waiting.pop(0)] = rate
            if not self._waiting:
                self._settle()
        elif self._untimed:
            self._untimed -= 1
        elif len(self._counts) > 1 and self._watch.halved(rate, seconds):
            self._remark(f"only {rate:.0f} positions/s by now: trying other numbers of threads")
            self._waiting = list(self._counts)
        return found

    def _settle(self) -> None:
        """Go on with the number of threads that was fastest, and say why."""
        best = max(self._rates, key=lambda count: self._rates[count])
        torch.set_num_threads(best)
        rates = ", ".join(f"{count}: {rate:.0f}" for count, rate in self._rates.items())
        words = f"{best} thread{'s' * (best > 1)}"
        self._remark(f"computing with {words} (positions/s by threads: {rates})")
