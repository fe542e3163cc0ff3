"""How the C library hands out memory, for work that glibc's habits do not suit.

Other C libraries are left as they are.
"""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MEBIBYTE = 2**20


def keep_freed_memory() -> None:
    """Give back what is free now, and keep what is freed from now on; for training.

    Every step of training asks for the same activations.  Left alone, glibc gives the large ones
    back to the system each time, which then has to clear the pages anew: up to a tenth of a step on
    a CPU.
    """
    _set({_TRIM_THRESHOLD: 1024 * _MEBIBYTE, _MMAP_THRESHOLD: 1024 * _MEBIBYTE})


def map_large_blocks() -> None:
    """Give every large block pages of its own; for arrays that grow beside many small objects.

    They grow in place then.  Left alone, glibc soon puts them between the small objects, where
    every growth leaves a hole: 1.5 million games took 0.7 GB more.
    """
    _set({_MMAP_THRESHOLD: _MEBIBYTE // 4})


def _set(options: dict[int, int]) -> None:
    with suppress(OSError, AttributeError, TypeError):  # TypeError: no such handle on Windows
        library = ctypes.CDLL(None)
        library.malloc_trim(0)
        for option, value in options.items():
            library.mallopt(option, value)
