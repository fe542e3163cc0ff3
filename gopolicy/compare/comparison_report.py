"""A comparison as a folder: charts, tables as CSV and JSON, and text that puts them together.

The text comes twice, as one HTML page that holds everything and as Markdown beside the charts.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gopolicy.compare.comparison_charts import draw_comparison_charts
from gopolicy.compare.findings import contrast, findings, pattern_findings, share
from gopolicy.compare.results import ResultRow, Results
from gopolicy.compare.tables import (
    curve_rows,
    detail_rows,
    difference_rows,
    pattern_rows,
    rate_rows,
    result_rows,
    to_csv,
)
from gopolicy.draw.pages import comparison_page, comparison_text
from gopolicy.draw.render import duration
from gopolicy.files import filling, write_text

METHOD = (
    "All networks are trained on the same examples in the same order; every seed has first weights"
    " and an order of its own. The learning rate of each network is the one that needs the fewest"
    " nats after a short training. Rates are chosen and learning curves drawn on some of the held"
    " out {units}, everything else is measured on others. Top-k is the share of {examples} whose"
    " right answer is among the k most probable, over all answers; nll is the mean negative"
    " logarithm of its probability, in nats. Intervals are 95 %; they treat each {unit} as one"
    " independent draw, of which networks are measured on the same. That of a single figure says"
    " nothing of other seeds, so the figure of each seed stands beside it; the interval of a"
    " difference also covers the spread over seeds of the two networks compared. No allowance is"
    " made for the number of comparisons: of twenty between equals, one is called clear. Learning"
    " curves show every seed pale and the mean strong. Speeds and times of training are those of"
    " its median stretch between two measurements, with as many trainings at a time as said below."
    " Multiply-adds are those of one forward pass."
)
BLIND = ("top1", "top5", "nll")
"""Figures of who never looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSection:
    """The results on one subject."""

    subject: str
    """The subject in a word or two."""
    example: str
    unit: str
    results: Sequence[Results]


def write_comparison_report(
    folder: Path, sections: Sequence[SubjectSection], facts: Mapping[str, object]
) -> Path:
    """Write the folder and return its HTML page; all files appear, or none."""
    several = len(sections) > 1
    charts: dict[str, bytes] = {}
    groups: list[dict[str, Any]] = []
    for section in sections:
        prefix = f"{section.subject}-" if several else ""
        for results in section.results:
            drawn = draw_comparison_charts(results, section.example, section.unit)
            mine = {f"{prefix}{name}": png for name, png in drawn.items()}
            charts |= mine
            groups.append(_group(section, results, list(mine)))
    view = _view(sections, groups, facts)
    with filling(folder) as beside:
        for name, png in charts.items():
            (beside / name).write_bytes(png)
        for section in sections:
            prefix = f"{section.subject}-" if several else ""
            for name, text in _tables(section).items():
                write_text(beside / f"{prefix}{name}", text)
        text = json.dumps(as_json(sections, facts), indent=2, ensure_ascii=False, allow_nan=False)
        write_text(beside / "comparison.json", text + "\n")
        write_text(beside / "README.md", comparison_text(view))
        write_text(beside / "index.html", comparison_page(view, charts))
    return folder / "index.html"


def as_json(sections: Sequence[SubjectSection], facts: Mapping[str, object]) -> dict[str, Any]:
    """Return everything that was found as what JSON can hold."""
    found = {
        "facts": dict(facts),
        "contrast": contrasts(sections),
        "groups": [
            {
                "subject": section.subject,
                "group": results.group.key,
                "title": results.group.title,
                "question": results.group.question,
                "findings": all_findings(results),
                "blind": {name: getattr(results.blind, name) for name in BLIND},
                "results": result_rows(results),
                "differences": difference_rows(results),
                "learning_rates": rate_rows(results),
                "patterns": pattern_rows(results),
            }
            for section in sections
            for results in section.results
        ],
    }
    return {name: _finite(value) for name, value in found.items()}


def all_findings(results: Results) -> list[str]:
    """Return the conclusions of a group: on moved patterns where it is about these, or on top-1."""
    return pattern_findings(results) or findings(results)


def contrasts(sections: Sequence[SubjectSection]) -> list[str]:
    """Return what subsampling does on the board and to pictures; nothing without both."""
    found = {
        section.example: results
        for section in sections
        for results in section.results
        if results.group.key == "subsampling"
    }
    if found.keys() != {"position", "picture"}:
        return []
    return contrast(found["position"], found["picture"])


def _finite(value: Any) -> Any:
    """Return what JSON can hold: numbers that are not finite become None."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tables(section: SubjectSection) -> dict[str, str]:
    makers = {
        "results.csv": result_rows,
        "differences.csv": difference_rows,
        "curves.csv": curve_rows,
        "parts.csv": detail_rows,
        "learning-rates.csv": rate_rows,
        "patterns.csv": pattern_rows,
    }
    rows = {name: [r for g in section.results for r in make(g)] for name, make in makers.items()}
    return {name: to_csv(found) for name, found in rows.items() if found}


def _view(
    sections: Sequence[SubjectSection], groups: list[dict[str, Any]], facts: Mapping[str, object]
) -> dict[str, Any]:
    method = METHOD.format(
        examples=" or ".join(f"{section.example}s" for section in sections),
        unit=" or ".join(section.unit for section in sections),
        units=" or ".join(f"{section.unit}s" for section in sections),
    )
    return {
        "title": "Networks on the same layers, compared",
        "method": method,
        "contrast": contrasts(sections),
        "several": len(sections) > 1,
        "groups": groups,
        "facts": facts,
    }


def _group(section: SubjectSection, results: Results, charts: list[str]) -> dict[str, Any]:
    return {
        "subject": section.subject,
        "title": results.group.title,
        "question": results.group.question,
        "findings": all_findings(results),
        "header": _HEADER,
        "rows": [_cells(results, row) for row in results.rows],
        "charts": charts,
    }


_HEADER = (
    "network",
    "parameters",
    "multiply-adds",
    "top-1",
    "top-5",
    "nll",
    "trained",
    "served",
    "file",
    "learning rate",
)


def _cells(results: Results, row: ResultRow) -> list[tuple[str, str]]:
    spec, cost = row.spec, row.cost
    settings = ", ".join(f"{key} {value}" for key, value in spec.settings.items())
    matched = f"{row.ratio:.1%} of the reference" if row.ratio is not None else ""
    by_compute = results.group.matched == "multiply_adds"
    top1, nll = results.estimate(row), results.estimate(row, "nll")
    value, _, span = share(top1).partition(" (")
    seeds = ", ".join(f"{100 * measured.top1:.2f}" for measured in row.measured)
    return [
        (spec.title, f"{spec.network}: {settings}" if settings else spec.network),
        (f"{cost.parameters:,}", "" if by_compute else matched),
        (f"{cost.multiply_adds:,}", matched if by_compute else ""),
        (value, f"{span.rstrip(')')}; seeds: {seeds}"),
        (f"{100 * row.mean('top5'):.2f} %", ""),
        (f"{nll.value:.4f}", f"{nll.low:.4f} to {nll.high:.4f}"),
        (f"{1 / row.pace:,.0f}/s", duration(row.seconds)),
        (f"{row.served_per_second:,.0f}/s", ""),
        (f"{row.trial_results[0].bytes / 1e6:.2f} MB", ""),
        (f"{row.sweep.best:g}", f"of {', '.join(f'{rate:g}' for rate in row.sweep.nll)}"),
    ]
