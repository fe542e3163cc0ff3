"""Memory that is kept instead of given back between two steps."""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_BYTES = 2**30


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, for the rest of the process.

    Every step of training asks for the same activations.  Left alone, glibc gives the large ones
    back to the system each time, which then has to clear the pages anew: up to a tenth of a step on
    a CPU.  The process needs no more at its peak.  Other C libraries are left as they are.
    """
    with suppress(OSError, AttributeError, TypeError):  # TypeError: no such handle on Windows
        mallopt = ctypes.CDLL(None).mallopt
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            mallopt(option, _BYTES)
