"""One way from a matplotlib figure to a file, and one style for all charts."""

import io
import os
import warnings
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gopolicy.draw.colors import INK, PAPER, SERIES
from gopolicy.draw.svg import color_text
from gopolicy.files import replacing

DPI = 150
GRID = "#e4ded2"


STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": color_text(PAPER),
    "axes.edgecolor": color_text(INK),
    "axes.labelcolor": color_text(INK),
    "figure.facecolor": color_text(PAPER),
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": color_text(INK),
    "xtick.color": color_text(INK),
    "ytick.color": color_text(INK),
}
"""The settings of matplotlib that figures and axes are made with; they do not reach a legend."""
BLUE, ORANGE, GREEN = SERIES[:3]
GRAY = SERIES[-1]


def new_figure(width: float, height: float, *, dpi: int = DPI) -> Figure:
    """Return an empty figure, in inches, that keeps its parts apart."""
    with rc_context(STYLE):
        return Figure(figsize=(width, height), dpi=dpi, layout="constrained")


def new_axes(figure: Figure, rows: int = 1, columns: int = 1, *, grid: str = "y") -> list[Axes]:
    """Return the charts of a figure row by row; grid is "x", "y", "both" or "" for no lines."""
    with rc_context(STYLE):
        found = list(figure.subplots(rows, columns, squeeze=False).reshape(-1))
        for axes in found:
            if grid:
                axes.grid(axis=grid)
    return found


def figure_png(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    target = io.BytesIO()
    _save(figure, target, format="png", metadata={"Software": None})
    return target.getvalue()


def write_figure(path: str | os.PathLike[str], figure: Figure) -> None:
    """Write a figure as a file that appears whole or not at all; the ending is the format."""
    with replacing(path) as beside:
        _save(figure, beside)


def _save(figure: Figure, target: Any, **settings: Any) -> None:
    """Draw a figure into a file; letters that the font does not have are boxes."""
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(target, **settings)
