"""The eight symmetries of the square board.

Symmetry s first swaps row and column if ``s & 4``, then turns the board upside down if ``s & 1``,
then mirrors it left to right if ``s & 2``.  Symmetry 0 changes nothing.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SYMMETRIES = 8


@lru_cache(maxsize=32)
def symmetry_table(size: int) -> npt.NDArray[np.int16]:
    """Return [8, N * N] int16: ``table[s, point]`` is the flat point where point goes under s."""
    rows, cols = np.divmod(np.arange(size * size), size)
    table = np.empty((SYMMETRIES, size * size), np.int16)
    for s in range(SYMMETRIES):
        row, col = (cols, rows) if s & 4 else (rows, cols)
        row = size - 1 - row if s & 1 else row
        col = size - 1 - col if s & 2 else col
        table[s] = row * size + col
    table.setflags(write=False)
    return table


def inverse(symmetry: int) -> int:
    """Return the symmetry that undoes this one.

    >>> [inverse(s) for s in range(8)]
    [0, 1, 2, 3, 4, 6, 5, 7]
    """
    return next(s for s in range(SYMMETRIES) if compose(symmetry, s) == 0)


def compose(first: int, second: int) -> int:
    """Return the symmetry that does first, then second.

    >>> compose(4, 1), compose(1, 4)
    (5, 6)
    """
    table = symmetry_table(3)
    both = table[second][table[first]]
    return next(s for s in range(SYMMETRIES) if np.array_equal(table[s], both))
