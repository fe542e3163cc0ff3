"""The heat map on a board: a colored square for every probable point, and its scale.

A square's color is that of the square root of the probability, so that small ones are seen; faint
squares lie below the lines of the board, bold ones cover them, so that a label can be read.
"""

import math
from collections.abc import Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gopolicy.draw.colors import PALE_WOOD, RGB, SOFT_INK, blend, heat_color
from gopolicy.draw.svg import element

FAINTEST = 0.002
"""Probabilities below this are not drawn."""
BOLD = 0.03
"""From this probability on, color covers the lines."""
LEGEND_TICKS = (0.01, 0.05, 0.2, 0.5, 1.0)


class Grid(Protocol):
    """The drawing of a board that the heat map lies on; lengths are in pixels."""

    size: int
    """The side of the board, in points."""
    cell: int
    """The distance between two lines."""
    side: int
    """The width of the wood."""
    stones: npt.NDArray[np.int8]
    """[A] 0 where a point is empty."""

    def center(self, point: int) -> tuple[float, float]:
        """Return x and y of a point."""

    def name(self, point: int) -> str:
        """Return the vertex of a point."""

    def words(self, at: tuple[float, float], text: str, share: float) -> str:
        """Return a text that begins there; share is its size in cells."""


def heat_on_wood(probability: float) -> RGB:
    """Return the color of a probability on the board; square roots make small ones visible."""
    share = math.sqrt(min(max(probability, 0.0), 1.0))
    return blend(PALE_WOOD, heat_color(share), min(1.0, 0.25 + 3.0 * share))


def heat_squares(
    grid: Grid, heat: npt.NDArray[np.float32] | None, least: float, below: float
) -> Iterable[str]:
    """Yield the squares of the empty points whose probability [A] is at least this, but below."""
    if heat is None:
        return
    half = grid.cell * 0.47
    for point in np.flatnonzero((heat >= least) & (heat < below) & (grid.stones == 0)).tolist():
        x, y = grid.center(point)
        name, chance = grid.name(point), float(heat[point])
        yield element(
            "rect",
            element("title", f"{name} {chance:.1%}"),
            **{"x": x - half, "y": y - half, "width": 2 * half, "height": 2 * half},
            rx=grid.cell * 0.06,
            fill=heat_on_wood(chance),
            data_vertex=name,
        )


def heat_gradient() -> str:
    """Return the colors of the scale, to be defined before `heat_legend` is drawn."""
    stops = (
        element("stop", offset=k / 24, stop_color=heat_on_wood((1 - k / 24) ** 2))
        for k in range(25)
    )
    return element("linearGradient", *stops, id="heat-scale", x2=0, y2=1)


def heat_legend(grid: Grid) -> str:
    """Return the scale, to the right of the board."""
    left, top = grid.side + grid.cell * 0.35, grid.center(0)[1]
    length = min((grid.size - 1) * grid.cell, grid.cell * 8)
    box = {"x": left, "y": top, "width": grid.cell * 0.35, "height": length}
    words = (
        grid.words(
            (left + grid.cell * 0.45, top + length * (1 - math.sqrt(tick))), f"{tick:.0%}", 0.32
        )
        for tick in LEGEND_TICKS
    )
    scale = element(
        "rect",
        **box,
        fill="url(#heat-scale)",
        rx=grid.cell * 0.05,
        stroke=SOFT_INK,
        stroke_width=0.5,
    )
    return element("g", scale, *words, class_="legend")
