"""With how many threads some work is fastest, found by doing it.

Small work keeps few cores busy, and threads that wait for a core which another program has can make
it ten times as slow; on an idle machine two threads take little more than half the time of one.
"""

import time
from collections.abc import Callable

import torch

from gopolicy.cores import thread_counts

_ROUNDS = 3
_WORTHWHILE = 1.1
"""More threads must be faster by this factor."""


def try_threads(work: Callable[[], object]) -> dict[int, float]:
    """Set torch's threads to the number that work is fastest with; return the seconds by threads.

    Work is done a few times.  Where there is one core, nothing is tried and the answer is empty.
    """
    counts = thread_counts()
    if len(counts) == 1:
        torch.set_num_threads(counts[0])
        return {}
    spent = dict.fromkeys(counts, 0.0)
    for _ in range(_ROUNDS):
        for count in counts:
            torch.set_num_threads(count)
            work()  # threads are started here
            begin = time.perf_counter()
            work()
            spent[count] += (time.perf_counter() - begin) / _ROUNDS
    best = counts[0]
    for count in counts[1:]:
        if spent[count] * _WORTHWHILE < spent[best]:
            best = count
    torch.set_num_threads(best)
    return spent


def trial_words(spent: dict[int, float]) -> str:
    """Return in words what a trial that has just been made came to."""
    best = torch.get_num_threads()
    listed = ", ".join(f"{count}: {1000 * seconds:.0f} ms" for count, seconds in spent.items())
    return f"computing with {best} thread{'s' * (best > 1)} (by threads: {listed})"
