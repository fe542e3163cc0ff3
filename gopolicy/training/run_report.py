"""What a run looks like so far: a chart and a page in its folder, made anew as it goes on."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, PercentFormatter

from gopolicy.draw.figure import BLUE, GRAY, ORANGE, figure_png, new_axes, new_figure
from gopolicy.draw.pages import training_page
from gopolicy.files import parse_json, replacing, write_text
from gopolicy.training.config import HITS, as_changes, from_json
from gopolicy.training.journal import METRICS, read_run
from gopolicy.training.objective import PROTOCOLS

CHART, PAGE = "progress.png", "index.html"
MOST_DOTS = 400
"""Entries of a long log are joined until there are no more than this."""

_FIGURES = {
    "train": ("positions", "loss", "top1", "lr", "positions_per_second", "wait_share"),
    "validation": ("positions", "top1", "nll"),
}
"""What an entry of each kind has."""

Entries = Sequence[Mapping[str, Any]]


def write_run_report(run: Path, *, complete: bool) -> Path:
    """Write the chart and the page of a run from its log and its description; return the page."""
    logged, description = read_log(run), read_run(run)
    objective = from_json(description["config"]).objective
    chart = draw_progress(logged["train"], logged["validation"], HITS[objective])
    with replacing(run / CHART) as beside:
        beside.write_bytes(chart)
    page = training_page(
        run.resolve().name,
        chart,
        headline=_headline(logged, HITS[objective]),
        measured=logged["validation"],
        facts=_facts(description),
        complete=complete,
    )
    write_text(run / PAGE, page)
    return run / PAGE


def read_log(run: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the sound entries of the log by kind, ``train`` and ``validation``, in order."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _FIGURES}
    for line in (run / METRICS).read_text(encoding="utf-8").splitlines():
        try:
            entry = parse_json(line)
        except ValueError:  # a figure that no chart can show
            continue
        kind = str(entry.get("kind"))
        if kind in found and all(type(entry.get(key)) in (int, float) for key in _FIGURES[kind]):
            found[kind].append(entry)
    return found


def draw_progress(learned: Entries, measured: Entries, hits: str) -> bytes:
    """Return a PNG of loss and hits along the positions, with the learning rate below them."""
    figure = new_figure(9.6, 4.4)
    charts = new_axes(figure, columns=2)
    for axes, name, title in ((charts[0], "loss", "Loss (nats)"), (charts[1], "top1", "Top-1")):
        _draw_rate(axes, learned)
        xs, ys = _thinned(learned, name)
        axes.plot(xs, ys, color=GRAY, linewidth=1, label="while learning")
        key = "nll" if name == "loss" else name
        places = [entry["positions"] for entry in measured]
        values = [entry[key] for entry in measured]
        axes.plot(places, values, "o-", color=BLUE, markersize=4, label="on validation games")
        axes.set_title(title)
        axes.set_xlabel("positions")
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    charts[1].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    charts[0].legend(frameon=False, loc="upper right", fontsize=8)
    charts[1].legend(frameon=False, loc="lower right", fontsize=8)
    return figure_png(figure)


def _draw_rate(axes: Axes, learned: Entries) -> None:
    """Draw the learning rate behind a chart, as a share of its highest."""
    rates = [entry["lr"] for entry in learned]
    beside = axes.twinx()
    beside.set_ylim(0, 4 * max(rates, default=1.0) or 1.0)
    beside.axis("off")
    axes.set_zorder(beside.get_zorder() + 1)
    axes.patch.set_visible(False)
    places = [entry["positions"] for entry in learned]
    beside.fill_between(places, rates, color=ORANGE, alpha=0.25, linewidth=0)
    axes.fill_between([], [], color=ORANGE, alpha=0.25, linewidth=0, label="learning rate")


def _thinned(entries: Entries, name: str) -> tuple[list[float], list[float]]:
    """Return positions and means of a figure, over as many entries as one dot stands for."""
    each = max(1, -(-len(entries) // MOST_DOTS))
    groups = [entries[at : at + each] for at in range(0, len(entries), each)]
    ends = [float(group[-1]["positions"]) for group in groups]
    return ends, [sum(entry[name] for entry in group) / len(group) for group in groups]


def _headline(logged: Mapping[str, Entries], hits: str) -> list[tuple[str, str, str]]:
    """Return the figures that matter most: name, value, remark."""
    figures = []
    if logged["validation"]:
        last = logged["validation"][-1]
        best = max(entry["top1"] for entry in logged["validation"])
        figures += [
            (hits, f"{100 * last['top1']:.2f} %", f"validation games, at best {100 * best:.2f} %"),
            ("nats", f"{last['nll']:.4f}", "validation games"),
        ]
    seen = [entry["positions"] for entries in logged.values() for entry in entries]
    if seen:
        figures.append(("positions", f"{max(seen):,}", "seen so far"))
    if logged["train"]:
        last = logged["train"][-1]
        figures += [
            ("speed", f"{last['positions_per_second']:,.0f}", "positions per second"),
            ("waiting", f"{100 * last['wait_share']:.1f} %", "of the time, for data"),
            ("learning rate", f"{last['lr']:.2g}", "at the last entry"),
        ]
    return figures


def _facts(description: Mapping[str, Any]) -> dict[str, object]:
    """Return what the page tells about how the run was made."""
    config = from_json(description["config"])
    changes = as_changes(dataclasses.replace(config, network="alphago", settings={}))
    sessions = [
        f"{each['processes']} process{'es' * (each['processes'] > 1)} from {each['from']:,} on"
        for each in description.get("sittings", [])
    ]
    shape = " ".join(f"{key}={value}" for key, value in config.settings.items())
    return {
        "network": f"{config.network} {shape}",
        "measured on": PROTOCOLS[config.objective],
        "settings": " ".join(changes),
        "store": f"{description.get('store_path', '')} (digest {description['store'][:12]})",
        "computed in": ", ".join(map(str, description["compute"].values())),
        "sessions": sessions,
        "versions": f"gopolicy {description.get('gopolicy')}, torch {description.get('torch')}",
    }
