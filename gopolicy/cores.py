"""The cores of this machine, and with how many threads it is worth trying to compute."""

import os


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_counts(cores: int | None = None) -> list[int]:
    """Return the numbers of threads worth trying on so many cores, ascending.

    >>> thread_counts(1), thread_counts(2), thread_counts(16)
    ([1], [1, 2], [1, 4, 16])
    """
    most = cores or usable_cores()
    return sorted({1, most, *([most // 4] if most >= 8 else [])})
