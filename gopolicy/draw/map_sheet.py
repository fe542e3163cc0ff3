"""Many small maps of numbers in one picture, such as activations; always with a scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap

from gopolicy.draw.colors import AGAINST, FOR, NEUTRAL, RGB, SCALE
from gopolicy.draw.figure import figure_png, new_axes, new_figure

FloatArray = npt.NDArray[np.floating[Any]]
DPI = 110
_LABEL = {"boxstyle": "round,pad=0.15", "facecolor": "#faf8f4", "edgecolor": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSheet:
    """What a sheet of maps shows."""

    title: str
    legend: str
    """What the colors mean, with its unit."""
    maps: FloatArray
    """[K, H, W]"""
    names: Sequence[str]
    """[K] written above the maps."""
    colors: Literal["heat", "signed", "gray"] = "heat"
    """heat: from 0 up; signed: around 0; gray: from black to white."""
    columns: int = 8
    note: str = ""
    inches: float = 0.95
    """The width of one map."""
    limit: float | None = None
    """The end of the scale; by default the largest value."""
    cells: Sequence[str] = ()
    """Short texts in the cells of the first map, row by row."""


def draw_maps(sheet: MapSheet) -> bytes:
    """Return the sheet as PNG."""
    count, height, width = sheet.maps.shape
    columns = min(sheet.columns, count)
    rows = math.ceil(count / columns)
    head = max(1, round(0.2 * width)) if any(sheet.names) else 0
    board = np.full((rows * (height + head), columns * (width + 1) - 1), np.nan, np.float32)
    inches = columns * sheet.inches, columns * sheet.inches * board.shape[0] / board.shape[1]
    size = (max(5.5, inches[0] + 1.2), inches[1] + 0.6 + (0.3 if sheet.note else 0.0))
    figure = new_figure(*size, dpi=DPI)
    (axes,) = new_axes(figure, grid="")
    for number, values in enumerate(sheet.maps):
        top, left = number // columns * (height + head) + head, number % columns * (width + 1)
        board[top : top + height, left : left + width] = values
        place = {"fontsize": 7, "va": "bottom", "clip_on": False}
        axes.text(left, top - 0.8, sheet.names[number], **place)  # type: ignore[arg-type]
    for number, text in enumerate(sheet.cells):
        row, column = divmod(number, width)
        axes.text(column, row + head, text, fontsize=7, ha="center", va="center", bbox=_LABEL)
    image = axes.imshow(board, interpolation="nearest", **_scale(sheet))
    axes.axis("off")
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3.0 / size[1]), pad=0.02)
    bar.set_label(sheet.legend, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    figure.suptitle(sheet.title, fontsize=11, x=0.01, ha="left")
    if sheet.note:
        figure.supxlabel(sheet.note, fontsize=8, x=0.01, ha="left", color="#69645c")
    return figure_png(figure)


def draw_table(
    values: FloatArray, rows: Sequence[str], columns: Sequence[str], *, title: str, legend: str
) -> bytes:
    """Return a table [R, C] of amounts from 0 up as colored cells with their names."""
    size = (2.6 + 0.42 * len(columns), 1.6 + 0.2 * len(rows))
    figure = new_figure(*size, dpi=DPI)
    (axes,) = new_axes(figure, grid="")
    image = axes.imshow(values, aspect="auto", cmap=heat_colors(), vmin=0.0)
    axes.set_yticks(range(len(rows)), rows, fontsize=7)
    axes.set_xticks(range(len(columns)), columns, fontsize=8, rotation=40, ha="right")
    axes.set_title(title, fontsize=10, loc="left")
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3.0 / size[1]), pad=0.02)
    bar.set_label(legend, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure_png(figure)


def _scale(sheet: MapSheet) -> dict[str, Any]:
    """Return how values become colors: one scale for all maps of a sheet."""
    values = sheet.maps[np.isfinite(sheet.maps)]
    most = sheet.limit or (float(np.abs(values).max()) if values.size else 0.0) or 1.0
    if sheet.colors == "signed":
        return {"cmap": signed_colors(), "vmin": -most, "vmax": most}
    cmap: Colormap = heat_colors() if sheet.colors == "heat" else colormaps["gray"]
    return {"cmap": cmap, "vmin": 0.0, "vmax": most}


def heat_colors() -> Colormap:
    """Return the scale of amounts for matplotlib, white at 0; gray where there is none."""
    return _color_map("heat", [NEUTRAL, *((int(r), int(g), int(b)) for r, g, b in SCALE)])


def signed_colors() -> Colormap:
    """Return the scale of signed values for matplotlib; gray where there is none."""
    return _color_map("signed", [AGAINST, NEUTRAL, FOR])


def _color_map(name: str, colors: Sequence[RGB]) -> Colormap:
    parts = [(red / 255, green / 255, blue / 255) for red, green, blue in colors]
    return LinearSegmentedColormap.from_list(name, parts).with_extremes(bad="#e4e0d8")
