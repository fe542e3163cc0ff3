"""An accuracy report as a folder: charts, the figures as JSON, one HTML page that holds it all."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from gopolicy.draw.pages import accuracy_page
from gopolicy.evaluation.accuracy import AccuracyReport
from gopolicy.evaluation.accuracy_charts import draw_accuracy_charts
from gopolicy.evaluation.outcome_accuracy import OutcomeReport
from gopolicy.evaluation.outcome_charts import draw_outcome_charts, outcome_table
from gopolicy.files import filling, write_text


def write_accuracy_report(
    folder: str | os.PathLike[str],
    report: AccuracyReport,
    *,
    network: str,
    facts: Mapping[str, object],
    outcome: OutcomeReport | None = None,
) -> Path:
    """Write the folder and return its HTML page; facts say what was measured and how.

    outcome is told where the network says how games end.  All files appear, or none.
    """
    charts = draw_accuracy_charts(report)
    found = asdict(report) | {"outcome": None}
    if outcome is not None:
        charts |= draw_outcome_charts(outcome)
        found["outcome"] = asdict(outcome) | {"table": outcome_table(outcome)}
    page = accuracy_page(found, charts, headline(report), network=network, facts=facts)
    figures = json.dumps({"network": network, **found}, indent=2, ensure_ascii=False)
    with filling(folder) as beside:
        for name, data in charts.items():
            (beside / name).write_bytes(data)
        write_text(beside / "report.json", figures + "\n")
        write_text(beside / "index.html", page)
    return Path(folder) / "index.html"


def headline(report: AccuracyReport) -> list[tuple[str, str, str]]:
    """Return the figures that matter most: name, value, remark."""
    spread = "one game"
    if report.top1_interval is not None:
        low, high = report.top1_interval
        spread = f"{100 * low:.2f} to {100 * high:.2f} %"
    return [
        ("top-1", f"{100 * report.top1:.2f} %", spread),
        ("top-5", f"{100 * report.top5:.2f} %", "all points ranked"),
        ("top-10", f"{100 * report.top10:.2f} %", "all points ranked"),
        ("top-1, legal", f"{100 * report.top1_legal:.2f} %", "illegal points left out"),
        ("ties", f"{report.ties['positions']:,}", _about_ties(report)),
        ("nats", f"{report.nll:.4f}", "mean, all points"),
        ("mean rank", f"{report.mean_rank:.2f}", "of the move played"),
        ("calibration", f"{100 * report.calibration_error:.2f} %", "expected error"),
        ("positions", f"{report.positions:,}", f"{report.games:,} games"),
    ]


def _about_ties(report: AccuracyReport) -> str:
    """Return what top-1 would be if points of equal probability were in another order."""
    low, high = (f"{100 * report.ties[f'top1_{end}']:.2f}" for end in ("low", "high"))
    return f"equal first choices; top-1 of any order: {low} to {high} %"
