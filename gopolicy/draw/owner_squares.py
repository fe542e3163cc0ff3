"""Whose the points of a board are: a small black or white square on each."""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from gopolicy.draw.colors import INK, PAPER
from gopolicy.draw.heat_map import Grid
from gopolicy.draw.svg import element

OWNED = 0.18
"""Half the side of the square of a point that is somebody's for certain, in cells."""
LEAST_OWNED = 0.1
"""What is less certain than this is not drawn."""


def owner_squares(grid: Grid, owners: npt.NDArray[np.float32] | None) -> Iterable[str]:
    """Yield the squares of owners [A], 1 Black's to -1 White's; their area is the certainty.

    A stone on a point of its own color says it already.
    """
    if owners is None:
        return
    signs = np.array([0, 1, -1])[grid.stones]
    for point in np.flatnonzero((np.abs(owners) >= LEAST_OWNED) & (owners * signs <= 0)).tolist():
        x, y = grid.center(point)
        half = grid.cell * OWNED * math.sqrt(abs(float(owners[point])))
        fill, rim = (INK, PAPER) if owners[point] > 0 else (PAPER, INK)
        yield element(
            "rect",
            **{"x": x - half, "y": y - half, "width": 2 * half, "height": 2 * half},
            fill=fill,
            stroke=rim,
            stroke_width=grid.cell / 40,
            data_vertex=grid.name(point),
        )
