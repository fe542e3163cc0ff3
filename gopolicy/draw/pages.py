"""The pages of the package: of accuracy, of a training run, of a comparison, of a gallery."""

from collections.abc import Mapping, Sequence
from typing import Any

from gopolicy.draw.render import render_page


def accuracy_page(
    report: Mapping[str, Any],
    charts: Mapping[str, bytes],
    headline: Sequence[tuple[str, str, str]],
    *,
    network: str,
    facts: Mapping[str, object],
) -> str:
    """Return the page of an accuracy report, given as a dictionary, with its charts (PNG) inside.

    headline holds name, value and remark of the figures that matter most.
    """
    phases = [(_moves(row["first_move"], row["last_move"]), row) for row in report["by_phase"]]
    return render_page(
        "accuracy.html",
        title=f"Accuracy of {network}",
        headline=headline,
        protocol=report["protocol"],
        charts=charts,
        phases=phases,
        ranks=[(row["rank"], row) for row in report["by_rank"]],
        outcome=report.get("outcome"),
        facts=facts,
    )


def training_page(
    name: str,
    chart: bytes,
    *,
    headline: Sequence[tuple[str, str, str]],
    measured: Sequence[Mapping[str, Any]],
    facts: Mapping[str, object],
    complete: bool,
) -> str:
    """Return the page of a training run with its chart (PNG) inside.

    headline holds name, value and remark of the figures that matter most, the measured one first;
    measured has a row for each measurement.  Until the run is complete, a browser loads the page
    again by itself.
    """
    return render_page(
        "training.html",
        title=f"Training run {name}",
        chart=chart,
        headline=headline,
        measured=measured,
        facts=facts,
        complete=complete,
    )


def comparison_page(view: Mapping[str, Any], charts: Mapping[str, bytes]) -> str:
    """Return what a comparison shows as a page that holds the charts, PNG by name."""
    return render_page("comparison.html", **view, charts=charts)


def comparison_text(view: Mapping[str, Any]) -> str:
    """Return the same as Markdown that shows the charts by their names."""
    return render_page("comparison.md", **view).rstrip() + "\n"


def gallery_page(sections: Sequence[Mapping[str, Any]]) -> str:
    """Return the page that shows the described sections of a gallery one after the other."""
    title = "What a network has learned"
    return render_page("gallery.html", title=title, sections=sections, facts={})


def _moves(first: int, last: int | None) -> str:
    return f"{first}\N{EN DASH}{last}" if last else f"{first} or later"
