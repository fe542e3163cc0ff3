"""Conclusions in words, made from the numbers and from nothing else."""

from itertools import pairwise
from statistics import fmean

from gopolicy.comparison.results import Estimate, Results, Row

EQUAL_TIME = 0.98
"""A training is said to be shorter than another below this share of its time."""
MOVED = (1, 2, 3, 4)
"""Pixels that pictures are moved by."""
CONTRASTED = 2
"""The same where board and pictures are set side by side."""
ROUNDING = 1e-5
"""What float32 may lose, as a share of the largest number."""


def findings(results: Results) -> list[str]:
    """Return what the figures of a group say, a sentence or two each."""
    best = max(results.rows, key=lambda row: row.mean("top1"))
    said = [_best(results, best)]
    reference = results.reference
    others = [row for row in results.rows if row is not reference]
    said += [compare(results, row, reference) for row in others]
    if reference.measured[0].by_shift:
        said += [moved_pictures(results, row, reference) for row in others]
    return [*said, *_equal_time(results), *_still_rising(results)]


def compare(results: Results, row: Row, reference: Row) -> str:
    """Return how an entrant stands to the reference, with the interval."""
    name, other = row.entrant.title, reference.entrant.title
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


def moved_pictures(results: Results, row: Row, reference: Row) -> str:
    """Return how an entrant stands to the reference on moved pictures."""
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
    name, other = row.entrant.title, reference.entrant.title
    return f"Top-1 of {name} on moved pictures, against {other}: {'; '.join(parts)}."


def contrast(go: Results, pictures: Results) -> list[str]:
    """Return what each kind of subsampling does on the board and to pictures, side by side."""
    said = []
    for row in pictures.rows:
        twin = next((r for r in go.rows if r.entrant.title == row.entrant.title), None)
        if twin is None or row is pictures.reference:
            continue
        board = go.difference(twin, go.reference)
        seen = pictures.difference(row, pictures.reference)
        moved = pictures.moved_difference(row, pictures.reference, CONTRASTED)
        said.append(
            f"{row.entrant.title} {_effect(board)} on the board ({_signed(board)} of top-1 against"
            f" {go.reference.entrant.title}), {_effect(seen)} on pictures as they are"
            f" ({_signed(seen)}) and {_effect(moved)} on pictures moved by {CONTRASTED} pixels"
            f" ({_signed(moved)})."
        )
    return said


def _effect(difference: Estimate) -> str:
    """Return what a difference is in a word."""
    if not difference.is_clear:
        return "makes no clear difference"
    return "helps" if difference.value > 0 else "hurts"


def _signed(difference: Estimate) -> str:
    """Return a difference of shares in points with sign and interval."""
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


def _best(results: Results, best: Row) -> str:
    """Return who finds the most."""
    runners = [row for row in results.rows if row is not best]
    found = f"{best.entrant.title} has the highest top-1: {share(results.estimate(best))}"
    if not runners:
        return f"{found}."
    second = max(runners, key=lambda row: row.mean("top1"))
    lead = results.difference(best, second)
    clear = "clearly ahead of" if lead.is_clear else "not clearly ahead of"
    return f"{found}, {clear} {second.entrant.title} ({points_of(lead)})."


def _equal_time(results: Results) -> list[str]:
    """Return how they stand after the time that the quickest training took."""
    quickest = min(results.rows, key=lambda row: row.seconds)
    slowest = max(results.rows, key=lambda row: row.seconds)
    if quickest.seconds > EQUAL_TIME * slowest.seconds:
        return []
    reached = {row.entrant.title: top1_at(row, quickest.seconds) for row in results.rows}
    listed = ", ".join(f"{name} {100 * top1:.1f} %" for name, top1 in reached.items())
    return [
        f"The trainings took {quickest.seconds / 60:.1f} ({quickest.entrant.title}) to"
        f" {slowest.seconds / 60:.1f} minutes ({slowest.entrant.title}). After the shortest of"
        f" these times, top-1 on the tuning examples: {listed}; those not yet done had their"
        " learning rate still high."
    ]


def _still_rising(results: Results) -> list[str]:
    """Return how much top-1 rose in the last quarter of the training."""
    rises = []
    for row in results.rows:
        end = row.seconds
        rises.append((top1_at(row, end) - top1_at(row, 0.75 * end), row.entrant.title))
    listed = ", ".join(f"{name} {100 * rise:+.1f}" for rise, name in rises)
    return [f"In the last quarter of its training top-1 still rose by, in points: {listed}."]


def top1_at(row: Row, seconds: float) -> float:
    """Return top-1 on the tuning examples after so much training, between measurements a line."""
    total = 0.0
    for outcome in row.outcomes:
        total += _between(
            [(0.0, 0.0)] + [(p["seconds"], p["top1"]) for p in outcome.curve], seconds
        )
    return total / len(row.outcomes)


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
        parts = [
            f"on {_over_seeds(row, ('symmetries', 'all'))} of the positions it has one best move in"
            " all 8 turned and mirrored views"
        ]
        for kind, words in (
            ("side", "along the side, its distance to the side kept,"),
            ("center", "about the center"),
        ):
            if row.probes[0][kind]["follows"]:
                moved = row.probes[0][kind]["moved"]
                share_ = _over_seeds(row, (kind, "follows"))
                parts.append(
                    f"its best point moves along with a pattern moved {words} in {share_} of"
                    f" {moved:,} cases"
                )
        said.append(f"{row.entrant.title}: {'; '.join(parts)}. {_exactness(row)}".strip())
    return said


def _over_seeds(row: Row, path: tuple[str, str]) -> str:
    """Return a share, averaged over seeds, with the widest of their intervals."""
    found = [probe[path[0]][path[1]] for probe in row.probes]
    value = sum(f["value"] for f in found) / len(found)
    spans = [f["interval"] for f in found]
    if any(span is None for span in spans):
        return f"{100 * value:.1f} %"
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    return f"{100 * value:.1f} % ({100 * max(low, 0):.1f} to {100 * min(high, 1):.1f})"


def _exactness(row: Row) -> str:
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
