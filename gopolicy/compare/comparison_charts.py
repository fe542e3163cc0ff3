"""The charts of a comparison, as PNG bytes."""

import math
from collections.abc import Callable, Sequence
from itertools import cycle
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from gopolicy.compare.results import ResultRow, Results
from gopolicy.draw.colors import SERIES
from gopolicy.draw.figure import GRAY, figure_png, new_axes, new_figure

MARKERS = "osD^vPX*"
LONG = 34
"""Longer names are broken in legends."""
NEAR = 0.5
"""Shares above this part of the highest are drawn on an axis that does not begin at 0."""
CROWDED = 8
"""Times of more than this ratio are drawn on a logarithmic axis."""
PATTERNS = (
    ("symmetries", "all", "one best move in\nall 8 views of\na position"),
    ("side", "follows", "pattern moved along\nthe side: best point\nmoves along"),
    ("center", "follows", "pattern moved about\nthe center: best point\nmoves along"),
)
"""What was measured, by its names in a probe, and in words."""


def draw_comparison_charts(results: Results, example: str, unit: str) -> dict[str, bytes]:
    """Return the charts of a group by file name; example and unit are what they are called."""
    key = results.group.key
    if results.rows[0].probes:
        return {f"{key}.png": _chart(lambda axes: _draw_patterns(axes, results))}
    charts = {
        "top-1": lambda axes: _draw_top1(axes, results, unit),
        "by-examples": lambda axes: _draw_curves(axes, results, "examples", example),
        "by-time": lambda axes: _draw_curves(axes, results, "minutes", example),
    }
    if results.rows[0].measured[0].by_phase:
        charts["by-move-number"] = lambda axes: _draw_phases(axes, results)
    if results.rows[0].measured[0].by_shift:
        charts["by-shift"] = lambda axes: _draw_shifts(axes, results)
    return {f"{key}-{name}.png": _chart(draw) for name, draw in charts.items()}


def _chart(draw: Callable[[Axes], None]) -> bytes:
    figure = new_figure(6.4, 4.8)
    (axes,) = new_axes(figure, grid="both")
    draw(axes)
    handles, names = axes.get_legend_handles_labels()
    if handles:
        columns = 3 if max(map(len, names)) < LONG // 2 else 2
        figure.legend(
            handles, names, loc="outside lower center", ncols=columns, frameon=False, fontsize=8
        )
    return figure_png(figure)


def _styles(results: Results) -> list[tuple[ResultRow, str, str]]:
    """Return every row with its color and marker, the same in all charts of a group."""
    return list(zip(results.rows, cycle(SERIES), cycle(MARKERS), strict=False))


def _draw_top1(axes: Axes, results: Results, unit: str) -> None:
    reached = [row.mean("top1") for row in results.rows]
    if min(reached) < NEAR * max(reached):  # otherwise it would press them together
        axes.axvline(results.blind.top1, color=GRAY, linestyle=":", label="who never looks")
    for place, (row, color, marker) in enumerate(_styles(results)):
        estimate = results.estimate(row)
        value = estimate.value
        reach = [[value - estimate.low], [estimate.high - value]]
        axes.errorbar(value, -place, xerr=reach, fmt=marker, color=color, capsize=4, markersize=7)
        seeds = [measured.top1 for measured in row.measured]
        axes.plot(seeds, [-place - 0.22] * len(seeds), "|", color=color, markersize=9)
        axes.annotate(f"{value:.1%}", (value, -place + 0.14), ha="center", fontsize=9)
    axes.set_yticks(
        [-place for place in range(len(results.rows))],
        [_broken(row.spec.title, 20) for row in results.rows],
    )
    axes.set_ylim(-len(results.rows) + 0.5, 0.6)
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_xlabel(f"top-1, with 95 % interval over {unit}s; ticks below: each seed")
    axes.set_title(f"{results.group.title}: top-1 at the end")


def _draw_curves(axes: Axes, results: Results, by: str, example: str) -> None:
    for row, color, marker in _styles(results):
        unit = row.pace / 60 if by == "minutes" else 1.0
        curves = [[(p["examples"] * unit, p["top1"]) for p in o.curve] for o in row.trial_results]
        for curve in curves:
            axes.plot(*zip(*curve, strict=True), color=color, alpha=0.3, linewidth=1)
        mean = [
            (fmean(x for x, _ in points), fmean(y for _, y in points))
            for points in zip(*curves, strict=False)
        ]
        xs, ys = zip(*mean, strict=True)
        _line(axes, xs, ys, (row, color, marker))
    _shares(axes)
    if by == "examples":
        axes.set_xlim(left=0.0)
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        axes.set_xlabel(f"{example}s seen")
    else:
        _time_axis(axes, results)
    axes.set_ylabel(f"top-1 on tuning {example}s")
    what = "time" if by == "minutes" else f"{example}s seen"
    axes.set_title(f"{results.group.title}: learning by {what}")


def _time_axis(axes: Axes, results: Results) -> None:
    """Give the short trainings room where others are much longer."""
    seconds = [row.seconds for row in results.rows]
    if max(seconds) < CROWDED * min(seconds):
        axes.set_xlim(left=0.0)
        axes.set_xlabel("minutes of training")
        return
    low, high = axes.dataLim.intervalx
    axes.set_xscale("log")
    ticks = [m * 10.0**e for e in range(-3, 5) for m in (1, 3) if low <= m * 10.0**e <= high]
    axes.set_xticks(ticks, [_short(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("minutes of training (logarithmic)")


def _draw_phases(axes: Axes, results: Results) -> None:
    phases = _draw_parts(axes, results, "by_phase")
    names = [f"{p['first_move']}\u2013{p['last_move'] or ''}" for p in phases]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    _shares(axes)
    axes.set(xlabel="move number", ylabel="top-1")
    axes.set_title(f"{results.group.title}: top-1 by move number")


def _draw_shifts(axes: Axes, results: Results) -> None:
    shifts = _draw_parts(axes, results, "by_shift")
    axes.set_xticks([p["pixels"] for p in shifts])
    _shares(axes)
    axes.set(xlabel="pixels that the pictures were moved by", ylabel="top-1")
    axes.set_title(f"{results.group.title}: top-1 of moved pictures")


def _draw_parts(axes: Axes, results: Results, name: str) -> list[dict[str, Any]]:
    """Draw top-1 of every row on some parts of what was measured; return the parts."""
    for row, color, marker in _styles(results):
        parts: list[list[dict[str, Any]]] = [getattr(m, name) for m in row.measured]
        top1 = [fmean(p["top1"] for p in same) for same in zip(*parts, strict=True)]
        places = [p.get("pixels", place) for place, p in enumerate(parts[0])]
        _line(axes, places, top1, (row, color, marker))
    return parts[0]


def _line(
    axes: Axes, xs: Sequence[float], ys: Sequence[float], style: tuple[ResultRow, str, str]
) -> None:
    row, color, marker = style
    name = _broken(row.spec.title)
    axes.plot(xs, ys, color=color, marker=marker, markersize=4, label=name)


def _draw_patterns(axes: Axes, results: Results) -> None:
    found = [(row.spec.title, color, row.probes) for row, color, _ in _styles(results)]
    if results.blind_patterns:
        found.append(("who never looks", GRAY, (results.blind_patterns,)))
    asked = [
        (kind, name, words)
        for kind, name, words in PATTERNS
        if kind == "symmetries" or found[0][2][0][kind]["follows"]
    ]
    width = 0.8 / len(found)
    for index, (title, color, probes) in enumerate(found):
        for place, (kind, name, _) in enumerate(asked):
            if kind not in probes[0]:
                continue
            x = place + (index - (len(found) - 1) / 2) * width
            height = fmean(probe[kind][name]["value"] for probe in probes)
            label = _broken(title) if kind == asked[-1][0] else None
            axes.bar(x, height, width=0.92 * width, color=color, label=label)
            spans = [probe[kind][name]["interval"] for probe in probes]
            half = fmean((high - low) / 2 for low, high in spans) if all(spans) else 0.0
            axes.errorbar(x, height, yerr=half, color="#222222", capsize=3, linewidth=1)
            top = (x, height + half + 0.01)
            axes.annotate(f"{height:.0%}", top, ha="center", va="bottom", fontsize=8)
    axes.set_xticks(range(len(asked)), [words for _, _, words in asked])
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(0, 1.08)
    axes.set_ylabel("share of cases, with 95 % interval")
    axes.set_title(f"{results.group.title}: does the answer follow?")


def _shares(axes: Axes) -> None:
    """Write the vertical axis in percent, from 0 unless all shares are near the highest."""
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    low, high = axes.dataLim.intervaly
    bottom = 0.05 * math.floor(20 * low - 0.2) if low > NEAR * high else 0.0
    axes.set_ylim(bottom, min(high + 0.05 * (high - bottom), max(high, 1.0)))


def _short(value: float, position: int | None = None) -> str:
    """Return a count in few letters.

    >>> _short(0.3), _short(150), _short(2_500_000)
    ('0.3', '150', '2.5 M')
    """
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:.3g}"


def _broken(name: str, width: int = LONG) -> str:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
