"""The chart of a transfer experiment."""

import os

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from gopolicy.files import replacing
from gopolicy.train.transfer import TransferResult

BLUE, GRAY = "#0072b2", "#8a8a8a"
LABELS = {
    "scratch": "from\nscratch",
    "last": "transfer,\nlast layer\nlearns",
    "top": "transfer,\nall behind the\nconvolutions learn",
    "all": "transfer,\nall layers\nlearn",
}


def write_transfer_chart(
    path: str | os.PathLike[str], result: TransferResult, per_class: int
) -> None:
    """Draw every repeat, and the means with their 95 % intervals, as PNG."""
    figure = Figure(figsize=(7.2, 4.4), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    ways = list(result.accuracy)
    for trial in result.trials:
        values = [trial.accuracy[way] for way in ways]
        axes.plot(range(len(ways)), values, color=GRAY, linewidth=0.8, alpha=0.6, zorder=1)
    for place, way in enumerate(ways):
        mean = result.accuracy[way]
        low, high = mean.interval
        reach = [[mean.mean - low], [high - mean.mean]]
        axes.errorbar(place, mean.mean, reach, fmt="o", color=BLUE, capsize=5, zorder=2)
        axes.annotate(
            f"{mean.mean:.1%}", (place, mean.mean), xytext=(9, 0), textcoords="offset points"
        )
    axes.set_xticks(range(len(ways)), [LABELS[way] for way in ways])
    axes.set_xlim(-0.4, len(ways) - 0.4)
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, 0.0), min(top, 1.0))  # intervals may reach beyond
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("held out pictures named right")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_title(
        f"New classes from {per_class} pictures each, after learning others\n"
        f"gray: {len(result.trials)} repeats; blue: means with 95 % intervals",
        fontsize=11,
    )
    with replacing(path) as beside:
        figure.savefig(beside, format="png")
