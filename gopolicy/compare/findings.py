"""Conclusions in words, made from the numbers and from nothing else."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from gopolicy.compare.results import ResultRow, Results
from gopolicy.stats import Estimate

EQUAL_TIME = 0.98
"""A training is said to be shorter than another below this share of its time."""
UNEQUAL = 0.05
"""A size this far from the one wanted, as a share, is told."""
MOVED = (1, 2, 3, 4)
"""Pixels that pictures are moved by."""
CONTRASTED = 2
"""The same where board and pictures are set side by side."""
ROUNDING = 1e-5
"""What float32 may lose, as a share of the largest number."""


def findings(results: Results) -> list[str]:
    """Return what the figures of a group say, a sentence or two each."""
    best = max(results.rows, key=lambda row: row.mean("top1"))
    said = [_best(results, best), _blind(results)]
    said += [standing_to(results, row, other) for row, other in results.pairs]
    reference = results.reference
    if reference.measured[0].by_shift:
        others = [row for row in results.rows if row is not reference]
        said += [moved_pictures(results, row, reference) for row in others]
    return [*said, *_equal_time(results), *_still_changing(results), *_cautions(results)]


def standing_to(results: Results, row: ResultRow, reference: ResultRow) -> str:
    """Return how a network stands to the reference, with the interval."""
    name, other = row.spec.title, reference.spec.title
    top1, nll = (results.difference(row, reference, metric) for metric in ("top1", "nll"))
    points = f"{points_of(top1)} of top-1"
    if top1.is_clear:
        verb = "beats" if top1.value > 0 else "loses to"
        words = f"{name} {verb} {other} by {points}"
    else:
        words = f"No difference beyond noise between {name} and {other}: {points}"
    fewer = "fewer" if nll.value < 0 else "more"
    size = sorted((abs(nll.low), abs(nll.high)))
    nats = f"{abs(nll.value):.3f} {fewer} nats ({size[0]:.3f} to {size[1]:.3f})"
    if not nll.is_clear:
        nats = f"no clear difference in nats ({nll.low:+.3f} to {nll.high:+.3f})"
    return f"{words}; {nats}."


def moved_pictures(results: Results, row: ResultRow, reference: ResultRow) -> str:
    """Return how a network stands to the reference on moved pictures."""
    parts = []
    for pixels in MOVED:
        top1 = fmean(m.by_shift[pixels]["top1"] for m in row.measured)
        gain = results.moved_difference(row, reference, pixels)
        verdict = "" if gain.is_clear else ", not clear"
        low, high = 100 * gain.low, 100 * gain.high
        parts.append(
            f"by {pixels} px {100 * top1:.1f} % ({100 * gain.value:+.1f} points,"
            f" {low:+.1f} to {high:+.1f}{verdict})"
        )
    name, other = row.spec.title, reference.spec.title
    return f"Top-1 of {name} on moved pictures, against {other}: {'; '.join(parts)}."


def contrast(go: Results, pictures: Results) -> list[str]:
    """Return what each kind of subsampling does on the board and to pictures, side by side."""
    said = []
    for row in pictures.rows:
        twin = next((r for r in go.rows if r.spec.title == row.spec.title), None)
        if twin is None or row is pictures.reference:
            continue
        board = go.difference(twin, go.reference)
        seen = pictures.difference(row, pictures.reference)
        moved = pictures.moved_difference(row, pictures.reference, CONTRASTED)
        said.append(
            f"{row.spec.title} {_effect(board)} on the board ({_signed(board)} of top-1 against"
            f" {go.reference.spec.title}), {_effect(seen)} on pictures as they are"
            f" ({_signed(seen)}) and {_effect(moved)} on pictures moved by {CONTRASTED} pixels"
            f" ({_signed(moved)})."
        )
    return said


def _effect(difference: Estimate) -> str:
    if not difference.is_clear:
        return "makes no clear difference"
    return "helps" if difference.value > 0 else "hurts"


def _signed(difference: Estimate) -> str:
    low, high, value = (100 * v for v in (difference.low, difference.high, difference.value))
    return f"{value:+.2f} points, {low:+.2f} to {high:+.2f}"


def points_of(difference: Estimate) -> str:
    """Return a difference of shares in points; without sign where its sign is clear."""
    low, high, value = (100 * v for v in (difference.low, difference.high, difference.value))
    if not difference.is_clear:
        return f"{value:+.2f} points (95 % interval {low:+.2f} to {high:+.2f})"
    if value < 0:
        low, high, value = -high, -low, -value
    return f"{value:.2f} points (95 % interval {low:.2f} to {high:.2f})"


def share(estimate: Estimate) -> str:
    """Return a share with its interval in percent."""
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{100 * estimate.value:.2f} % ({low:.2f} to {high:.2f})"


def _best(results: Results, best: ResultRow) -> str:
    runners = [row for row in results.rows if row is not best]
    found = f"{best.spec.title} has the highest top-1: {share(results.estimate(best))}"
    if not runners:
        return f"{found}."
    second = max(runners, key=lambda row: row.mean("top1"))
    lead = results.difference(best, second)
    clear = "clearly ahead of" if lead.is_clear else "not clearly ahead of"
    return f"{found}, {clear} {second.spec.title} ({points_of(lead)})."


def _blind(results: Results) -> str:
    blind = results.blind
    found = (
        "Who never looks, and only knows how often each answer is right in training, has a top-1 of"
        f" {100 * blind.top1:.2f} % and {blind.nll:.3f} nats"
    )
    lost = [row.spec.title for row in results.rows if results.gain(row, "nll").high >= 0]
    if not lost:
        return f"{found}; all networks need clearly fewer nats."
    return f"{found}; these need no clearly fewer nats than that: {', '.join(lost)}."


def _equal_time(results: Results) -> list[str]:
    """Return how they stand after the time that the quickest training took."""
    quickest = min(results.rows, key=lambda row: row.seconds)
    slowest = max(results.rows, key=lambda row: row.seconds)
    if quickest.seconds > EQUAL_TIME * slowest.seconds:
        return []
    listed = []
    for row in results.rows:
        reached = top1_at(row, quickest.seconds / row.pace)
        words = "not measured by then" if reached is None else f"{100 * reached:.1f} %"
        listed.append(f"{row.spec.title} {words}")
    return [
        f"The trainings took {quickest.seconds / 60:.1f} ({quickest.spec.title}) to"
        f" {slowest.seconds / 60:.1f} minutes ({slowest.spec.title}). After the shortest of"
        f" these times, top-1 on the tuning examples: {', '.join(listed)}; those not yet done had"
        " their learning rate still high."
    ]


def _still_changing(results: Results) -> list[str]:
    changes = []
    for row in results.rows:
        end = row.trial_results[0].examples
        before, after = top1_at(row, 0.75 * end), top1_at(row, end)
        if before is None or after is None:
            return []
        changes.append(f"{row.spec.title} {100 * (after - before):+.1f}")
    return [
        "In the last quarter of the training top-1 on the tuning examples changed by, in points:"
        f" {', '.join(changes)}."
    ]


def _cautions(results: Results) -> list[str]:
    said = []
    what = results.group.matched.replace("_", "-")
    for row in results.rows:
        if row.ratio is not None and abs(row.ratio - 1) > UNEQUAL:
            said.append(
                f"{row.spec.title} could not be made equal: it has {100 * row.ratio:.0f} % of"
                f" the {what} of {results.reference.spec.title}."
            )
    ends = [row.spec.title for row in results.rows if not row.sweep.inside]
    if ends:
        said.append(
            f"The learning rate of {', '.join(ends)} is at the end of the range tried; another"
            " might suit better."
        )
    if len(results.reference.trial_results) == 1:
        said.append("Each network was trained once; what another seed would change is unknown.")
    return said


def top1_at(row: ResultRow, examples: float) -> float | None:
    """Return top-1 on the tuning examples after so many; between measurements a line.

    None before the first measurement.
    """
    if any(trial_result.curve[0]["examples"] > examples for trial_result in row.trial_results):
        return None
    return fmean(
        _between([(p["examples"], p["top1"]) for p in trial_result.curve], examples)
        for trial_result in row.trial_results
    )


def _between(points: list[tuple[float, float]], x: float) -> float:
    """Return the height at x of the line through points, flat after the last."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if x < x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def pattern_findings(results: Results) -> list[str]:
    """Return what moving and turning the boards has shown, one sentence per network."""
    said = []
    for row in results.rows:
        if not row.probes:
            continue
        views = (
            f"on {_over_seeds(row.probes, 'symmetries', 'all')} of the positions it has one best"
            " move in all 8 turned and mirrored views"
        )
        words = "; ".join([views, *_moved(row.probes)])
        said.append(f"{row.spec.title}: {words}. {_exactness(row)}".strip())
    if results.blind_patterns:
        moved = _moved([results.blind_patterns]) or ["no pattern could be moved on this board"]
        said.append(f"For comparison, who never looks at the stones: {'; '.join(moved)}.")
    return said


def _moved(probes: Sequence[dict[str, Any]]) -> list[str]:
    parts = []
    for kind, words in (
        ("side", "along the side, its distance to the side kept,"),
        ("center", "about the center"),
    ):
        if probes[0][kind]["follows"]:
            parts.append(
                f"its best point moves along with a pattern moved {words} in"
                f" {_over_seeds(probes, kind, 'follows')} of {probes[0][kind]['moved']:,} cases"
            )
    return parts


def _over_seeds(probes: Sequence[dict[str, Any]], kind: str, name: str) -> str:
    """Return a share and its interval, both averaged over seeds."""
    found = [probe[kind][name] for probe in probes]
    value = fmean(each["value"] for each in found)
    spans = [each["interval"] for each in found]
    if any(span is None for span in spans):
        return f"{100 * value:.1f} %"
    low, high = (fmean(span[end] for span in spans) for end in (0, 1))
    return f"{100 * value:.1f} % ({100 * max(low, 0):.1f} to {100 * min(high, 1):.1f})"


def _exactness(row: ResultRow) -> str:
    """Return how exactly the stack without its bias per point moves along."""
    found = [probe["exact"] for probe in row.probes]
    if any(not each or not each["points"] for each in found):
        return ""
    gap = max(each["largest_gap"] for each in found)
    size = max(each["largest_logit"] for each in found)
    exact = "exactly, up to rounding" if gap <= ROUNDING * size else "not exactly"
    return (
        f"Without its bias per point, where its layers do not see the edge, its logits move along"
        f" {exact}: the largest gap is {gap:.1e}, the largest logit {size:.1f}."
    )
