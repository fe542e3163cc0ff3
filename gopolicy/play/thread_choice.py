"""How many threads a bot computes with, found by trying.

A few positions keep few cores busy, and threads that wait for a core which another program has
make a move ten times as slow; on an idle machine two threads take little more than half the time of
one.
"""

import time
from collections.abc import Callable

import torch

from gopolicy.cores import thread_counts
from gopolicy.timing import SpeedWatch

_ROUNDS = 3
_WORTHWHILE = 1.1
"""More threads must be faster by this factor."""


class ThreadChoice:
    """Runs looks of a network with the number of threads that a short trial found fastest.

    All numbers are tried again once a look has taken twice its time for a while.
    """

    def __init__(self, look: Callable[[], object], remark: Callable[[str], None] | None) -> None:
        """Try; look is called a few times, and stands for what will be computed."""
        self._look, self._remark = look, remark
        self._watch = SpeedWatch()
        self._try()

    def timed(self, seconds: float) -> None:
        """Learn how long one more look of the usual kind took."""
        if len(thread_counts()) > 1 and self._watch.halved(1 / max(seconds, 1e-9), seconds):
            self._try()

    def _try(self) -> None:
        counts = thread_counts()
        if len(counts) == 1:
            torch.set_num_threads(counts[0])
            return
        spent = dict.fromkeys(counts, 0.0)
        for _ in range(_ROUNDS):
            for count in counts:
                torch.set_num_threads(count)
                self._look()  # threads are started here
                begin = time.perf_counter()
                self._look()
                spent[count] += time.perf_counter() - begin
        best = counts[0]
        for count in counts[1:]:
            if spent[count] * _WORTHWHILE < spent[best]:
                best = count
        torch.set_num_threads(best)
        if self._remark:
            listed = ", ".join(f"{count}: {1000 * spent[count] / _ROUNDS:.0f}" for count in counts)
            threads = f"{best} thread{'s' * (best > 1)}"
            self._remark(f"computing with {threads} (milliseconds a look by threads: {listed})")
