"""What an evaluation of win rates found, as charts (PNG bytes) and as a table."""

import math

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from gopolicy.draw.figure import BLUE, GRAY, GREEN, ORANGE
from gopolicy.evaluation.accuracy_charts import chart_png, draw_dot, percent_axis
from gopolicy.evaluation.outcome_accuracy import OutcomeReport

_COLORS = (BLUE, ORANGE, GREEN)


def draw_outcome_charts(report: OutcomeReport) -> dict[str, bytes]:
    """Return the charts by file name."""
    return {
        "win-rate-by-move-number.png": chart_png(report, _draw_stages),
        "win-rate-calibration.png": chart_png(report, _draw_calibration),
    }


def outcome_table(report: OutcomeReport) -> list[list[str]]:
    """Return the figures as rows of cells, the first one naming the columns."""
    names = list(report.all_moves)
    head = ["moves", "positions", *(f"{name}, nats" for name in names), "Brier score"]
    rows = [[*head, "winners named", "score error"]]
    for row in [*report.by_move, {"moves": "all", **report.all_moves}]:
        best, error = row[names[0]], row[names[0]]["score_error"]
        nats = [f"{row[name]['log_loss']:.4f}" for name in names]
        shares = [f"{best['brier']:.4f}", f"{best['winners_named']:.1%}"]
        points = "" if error is None else f"{error:.1f}"
        rows.append([str(row["moves"]), f"{best['positions']:,}", *nats, *shares, points])
    return rows


def _draw_stages(axes: Axes, report: OutcomeReport) -> None:
    moves = [row["moves"] for row in report.by_move]
    for name, color in zip(report.all_moves, _COLORS, strict=False):
        figures = [row[name] for row in report.by_move]
        axes.plot(moves, [each["log_loss"] for each in figures], color=color, label=name)
        low, high = zip(
            *(each["log_loss_interval"] or (math.nan, math.nan) for each in figures), strict=True
        )
        axes.fill_between(moves, low, high, color=color, alpha=0.15, linewidth=0)
    axes.axhline(math.log(2), color=GRAY, linestyle="--", linewidth=1, label="always 50 %")
    axes.set(title="Log loss of the win rate", xlabel="moves played", ylabel="nats")
    axes.set_xticks(moves)
    axes.legend(frameon=False)


def _draw_calibration(axes: Axes, report: OutcomeReport) -> None:
    axes.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=1, label="perfect")
    said = [row["said"] for row in report.calibration]
    axes.plot(said, [row["won"] for row in report.calibration], color=BLUE, label="network")
    for row in report.calibration:
        draw_dot(axes, row["said"], row["won"], row["positions"])
    axes.set_title(f"Calibration of win rates: error {report.calibration_error:.2%}")
    axes.set(xlabel="win rate of Black", ylabel="how often Black won", xlim=(0, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(frameon=False)
    percent_axis(axes)
