"""Memory that is kept between two steps instead of given back."""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_BYTES = 2**30


def keep_freed_memory() -> None:
    """Give back what is free now, and have the C library keep what is freed from now on.

    Every step of training asks for the same activations.  Left alone, glibc gives the large ones
    back to the system each time, which then has to clear the pages anew: up to a tenth of a step on
    a CPU.  Other C libraries are left as they are.
    """
    with suppress(OSError, AttributeError, TypeError):  # TypeError: no such handle on Windows
        library = ctypes.CDLL(None)
        library.malloc_trim(0)
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            library.mallopt(option, _BYTES)
