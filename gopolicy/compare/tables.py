"""The figures of a comparison as flat rows: for CSV, JSON and the report."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

from gopolicy.compare.results import ResultRow, Results
from gopolicy.stats import Estimate


def result_rows(results: Results) -> list[dict[str, Any]]:
    """Return a row of figures per network."""
    return [_result_row(results, row) for row in results.rows]


def _result_row(results: Results, row: ResultRow) -> dict[str, Any]:
    top1, nll = results.estimate(row), results.estimate(row, "nll")
    return {
        "group": results.group.key,
        "title": row.spec.title,
        "network": row.spec.network,
        "settings": " ".join(f"{k}={v}" for k, v in row.spec.settings.items()),
        "parameters": row.cost.parameters,
        "multiply_adds": row.cost.multiply_adds,
        "match": row.ratio,
        "learning_rate": row.sweep.best,
        "seeds": len(row.trial_results),
        "examples": row.trial_results[0].examples,
        "top1": top1.value,
        "top1_low": top1.low,
        "top1_high": top1.high,
        "top1_seed_deviation": row.spread,
        "top5": row.mean("top5"),
        "nll": nll.value,
        "nll_low": nll.low,
        "nll_high": nll.high,
        "training_seconds": row.seconds,
        "trained_per_second": 1 / row.pace,
        "served_per_second": row.served_per_second,
        "bytes": row.trial_results[0].bytes,
    }


def curve_rows(results: Results) -> list[dict[str, Any]]:
    """Return a row per measurement along every training."""
    return [
        {"group": results.group.key, "title": row.spec.title, "seed": seed} | point
        for row in results.rows
        for seed, trial_result in enumerate(row.trial_results, 1)
        for point in trial_result.curve
    ]


def detail_rows(results: Results) -> list[dict[str, Any]]:
    """Return a row per network, seed and part of the game, or shift of the pictures."""
    return [
        {"group": results.group.key, "title": row.spec.title, "seed": seed}
        | {key: value for key, value in part.items() if key not in ("hits", "of")}
        for row in results.rows
        for seed, measured in enumerate(row.measured, 1)
        for part in (measured.by_phase or measured.by_shift)
    ]


def rate_rows(results: Results) -> list[dict[str, Any]]:
    """Return a row per learning rate that was tried."""
    return [
        {
            "group": results.group.key,
            "title": row.spec.title,
            "learning_rate": rate,
            "nll": nll if math.isfinite(nll) else None,
            "chosen": rate == row.sweep.best,
        }
        for row in results.rows
        for rate, nll in row.sweep.nll.items()
    ]


def pattern_rows(results: Results) -> list[dict[str, Any]]:
    """Return a row per network and seed with what was measured on moved and turned patterns."""
    rows = []
    for row in results.rows:
        for seed, found in enumerate(row.probes, 1):
            flat: dict[str, Any] = {
                "group": results.group.key,
                "title": row.spec.title,
                "seed": seed,
                "positions": found["symmetries"]["positions"],
                "same_move_in_all_8_views": found["symmetries"]["all"]["value"],
                "views_that_agree": found["symmetries"]["each"]["value"],
            }
            for kind in ("side", "center"):
                follows = found[kind]["follows"]
                flat[f"{kind}_patterns"] = found[kind]["patterns"]
                flat[f"{kind}_follows"] = follows["value"] if follows else None
                flat[f"{kind}_change"] = found[kind]["change"]
            exact = found["exact"] or {}
            rows.append(flat | {key: exact.get(key) for key in ("largest_gap", "largest_logit")})
    return rows


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV, with a column for every key of any row."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def difference_rows(results: Results) -> list[dict[str, Any]]:
    """Return what networks are above those they are compared with, with intervals."""
    rows = []
    for row, other in results.pairs:
        found: dict[str, Estimate] = {
            metric: results.difference(row, other, metric) for metric in ("top1", "nll")
        }
        flat: dict[str, Any] = {
            "group": results.group.key,
            "title": row.spec.title,
            "minus": other.spec.title,
        }
        for metric, estimate in found.items():
            flat |= {
                metric: estimate.value,
                f"{metric}_low": estimate.low,
                f"{metric}_high": estimate.high,
            }
        rows.append(flat)
    return rows
