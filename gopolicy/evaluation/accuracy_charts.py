"""The four charts of an accuracy report, as PNG bytes."""

from collections.abc import Callable
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from gopolicy.draw.figure import BLUE, GRAY, ORANGE, figure_png, new_axes, new_figure
from gopolicy.evaluation.accuracy import AccuracyReport

Report = TypeVar("Report")
FEW = 30
"""Bins with fewer positions are drawn pale: they say little."""


def draw_accuracy_charts(report: AccuracyReport) -> dict[str, bytes]:
    """Return the charts by file name."""
    return {
        "top-k.png": chart_png(report, _draw_topk),
        "by-move-number.png": chart_png(report, _draw_phases),
        "by-rank.png": chart_png(report, _draw_ranks),
        "calibration.png": chart_png(report, _draw_calibration),
    }


def chart_png(report: Report, draw: Callable[[Axes, Report], None]) -> bytes:
    """Return a chart of a report as PNG; draw fills the axes."""
    figure = new_figure(6.4, 4.2)
    (axes,) = new_axes(figure)
    draw(axes, report)
    return figure_png(figure)


def _draw_topk(axes: Axes, report: AccuracyReport) -> None:
    ks = range(1, len(report.topk) + 1)
    axes.plot(ks, report.topk, marker="o", markersize=4, color=BLUE)
    for k in (1, 2, 3, 5, 10, 20):
        share = report.topk[k - 1]
        place = {"xytext": (4, -14), "textcoords": "offset points", "fontsize": 9}
        axes.annotate(f"{share:.1%}", (k, share), **place)  # type: ignore[arg-type]
    axes.set(title="The move played is among the k most probable", xlabel="k")
    axes.set_ylabel("share of positions")
    axes.set_xticks([1, 5, 10, 15, 20])
    percent_axis(axes)


def _draw_phases(axes: Axes, report: AccuracyReport) -> None:
    rows = report.by_phase
    places = list(range(len(rows)))
    axes.plot(places, [row["top1"] for row in rows], color=BLUE, zorder=2)
    for place, row in zip(places, rows, strict=True):
        draw_dot(axes, place, row["top1"], row["positions"])
    _average(axes, report)
    names = [f"{r['first_move']}\u2013{r['last_move'] or ''}" for r in rows]
    axes.set_xticks(places, names, rotation=45, ha="right")
    axes.set(title="Top-1 by move number", xlabel="move number", ylabel="top-1")
    percent_axis(axes)


def _draw_ranks(axes: Axes, report: AccuracyReport) -> None:
    rows = report.by_rank
    for place, row in enumerate(rows):
        pale = 0.35 if row["positions"] < FEW else 1.0
        axes.bar(place, row["top1"], width=0.7, color=BLUE, alpha=pale)
        label = f"{row['positions']:,}"
        axes.annotate(label, (place, row["top1"]), ha="center", va="bottom", fontsize=7)
    _average(axes, report)
    axes.set_xticks(range(len(rows)), [row["rank"] for row in rows])
    axes.tick_params(axis="x", rotation=45 if len(rows) > 8 else 0)
    axes.set_title("Top-1 by the rank of the player to move (positions above the bars)")
    axes.title.set_fontsize(10)
    axes.set_ylabel("top-1")
    percent_axis(axes)


def _draw_calibration(axes: Axes, report: AccuracyReport) -> None:
    axes.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=1, label="perfect")
    rows = [row for row in report.calibration if row["positions"] >= FEW] or report.calibration
    confidence = [row["confidence"] for row in rows]
    axes.plot(confidence, [row["accuracy"] for row in rows], color=BLUE, label="network")
    for row in report.calibration:
        draw_dot(axes, row["confidence"], row["accuracy"], row["positions"])
    axes.set_title(f"Calibration: error {report.calibration_error:.2%}")
    axes.set(xlabel="probability of the most probable move", ylabel="how often it was played")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(frameon=False)
    percent_axis(axes)


def draw_dot(axes: Axes, x: float, y: float, positions: int) -> None:
    """Draw the mark of a bin, pale where it has few positions."""
    axes.scatter([x], [y], s=28, color=BLUE, alpha=0.35 if positions < FEW else 1.0, zorder=3)


def _average(axes: Axes, report: AccuracyReport) -> None:
    name = f"all positions {report.top1:.1%}"
    axes.axhline(report.top1, color=ORANGE, linestyle="--", linewidth=1, label=name)
    axes.legend(facecolor="white", framealpha=0.85, edgecolor="none", loc="lower right", fontsize=8)


def percent_axis(axes: Axes) -> None:
    """Let the vertical axis show percentages from zero."""
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    top = axes.get_ylim()[1]
    axes.set_ylim(0.0, 1.0 if top > 0.75 else 1.05 * top)
