"""An accuracy report as a folder: charts, the figures as JSON, one HTML page that holds it all."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment

from gopolicy.evaluation.accuracy import AccuracyReport
from gopolicy.evaluation.charts import draw_charts
from gopolicy.evaluation.page import PAGE_STYLE
from gopolicy.files import filling

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Accuracy of {{ network }}</title>
<style>
{{ style|safe }}
</style>
</head>
<body>
<h1>Accuracy of {{ network }}</h1>
<ul class="figures">
{%- for name, value, note in headline %}
<li>{{ name }}<b>{{ value }}</b>{{ note }}</li>
{%- endfor %}
</ul>
<p>{{ protocol }}</p>
<div class="charts">
{%- for name, data in charts %}
<img src="data:image/png;base64,{{ data }}" alt="{{ name }}">
{%- endfor %}
</div>
<div class="side">
<section><h2>By move number</h2>
<table><tr><th>moves</th><th>positions</th><th>top-1</th><th>nats</th></tr>
{%- for row in report.by_phase %}
<tr><td>{{ row.first_move }}&ndash;{{ row.last_move or "" }}</td>
<td>{{ "{:,}".format(row.positions) }}</td>
<td>{{ "%.1f"|format(100 * row.top1) }} %</td><td>{{ "%.3f"|format(row.nll) }}</td></tr>
{%- endfor %}
</table></section>
<section><h2>By rank of the player to move</h2>
<table><tr><th>rank</th><th>positions</th><th>top-1</th><th>nats</th></tr>
{%- for row in report.by_rank %}
<tr><td>{{ row.rank }}</td><td>{{ "{:,}".format(row.positions) }}</td>
<td>{{ "%.1f"|format(100 * row.top1) }} %</td><td>{{ "%.3f"|format(row.nll) }}</td></tr>
{%- endfor %}
</table></section>
</div>
<h2>How it was measured</h2>
<dl>
{%- for name, value in facts.items() %}
<dt>{{ name }}</dt><dd>{{ value }}</dd>
{%- endfor %}
</dl>
</body>
</html>
"""


def write_report(
    folder: str | os.PathLike[str],
    report: AccuracyReport,
    *,
    network: str,
    facts: Mapping[str, object],
) -> Path:
    """Write the folder and return its HTML page; facts say what was measured and how.

    All files appear, or none.
    """
    charts = draw_charts(report)
    page = render_page(report, charts, network=network, facts=facts)
    figures = json.dumps({"network": network, **asdict(report)}, indent=2, ensure_ascii=False)
    with filling(folder) as beside:
        for name, data in charts.items():
            (beside / name).write_bytes(data)
        (beside / "report.json").write_text(figures + "\n", encoding="utf-8")
        (beside / "index.html").write_text(page, encoding="utf-8")
    return Path(folder) / "index.html"


def render_page(
    report: AccuracyReport,
    charts: Mapping[str, bytes],
    *,
    network: str,
    facts: Mapping[str, object],
) -> str:
    """Return the HTML page with its charts inside."""
    template = Environment(autoescape=True).from_string(_PAGE)
    pictures = [(name, base64.b64encode(data).decode()) for name, data in charts.items()]
    return template.render(
        style=PAGE_STYLE,
        report=report,
        network=network,
        facts=facts,
        protocol=report.protocol,
        headline=headline(report),
        charts=pictures,
    )


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
        ("nats", f"{report.nll:.4f}", "mean, all points"),
        ("mean rank", f"{report.mean_rank:.2f}", "of the move played"),
        ("calibration", f"{100 * report.calibration_error:.2f} %", "expected error"),
        ("positions", f"{report.positions:,}", f"{report.games:,} games"),
    ]
