"""The sums behind an accuracy report, against a slow and obvious computation."""

import math

import numpy as np
import pytest

from gopolicy.data.table import UNKNOWN_RANK
from gopolicy.errors import ConfigError
from gopolicy.evaluation.accuracy import AccuracyReport, interval, summarize
from gopolicy.evaluation.accuracy_tally import (
    CONFIDENCE_BINS,
    PHASE_MOVES,
    AccuracyTally,
    Labels,
    ranks_of,
)

POINTS = 25


def random_batch(count: int, seed: int) -> tuple[np.ndarray, Labels]:
    """Return log-probabilities on a 5x5 board and labels, ties included."""
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(size=(count, POINTS)) * 2) / 2
    scores = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    legal = rng.random((count, POINTS)) < 0.8
    targets = np.array([rng.choice(np.flatnonzero(row)) for row in legal])
    labels = Labels(
        targets=targets,
        legal=legal,
        numbers=rng.integers(1, 400, count).astype(np.int32),
        ranks=rng.choice([UNKNOWN_RANK, -2, 3, 6, 11], count).astype(np.int8),
        games=rng.integers(0, 7, count),
    )
    return scores.astype(np.float32), labels


def slow_rank(scores: list[float], target: int, allowed: list[bool]) -> int:
    """Return the place of target when the allowed points are sorted by probability, then index."""
    order = sorted((p for p in range(POINTS) if allowed[p]), key=lambda p: (-scores[p], p))
    return order.index(target) + 1


def report_of(*batches: tuple[np.ndarray, Labels]) -> AccuracyReport:
    """Tally batches and sum them up."""
    tally = AccuracyTally(POINTS, 7)
    for scores, labels in batches:
        tally.add(scores, labels)
    return summarize(tally, 1.0)


def test_every_figure_agrees_with_a_slow_computation() -> None:
    batches = [random_batch(60, 1), random_batch(41, 2)]
    report = report_of(*batches)
    rows = [
        (scores[i].astype(float).tolist(), labels, i)
        for scores, labels in batches
        for i in range(len(scores))
    ]
    total = len(rows)
    ranks = [slow_rank(s, int(lab.targets[i]), [True] * POINTS) for s, lab, i in rows]
    masked = [slow_rank(s, int(lab.targets[i]), lab.legal[i].tolist()) for s, lab, i in rows]
    assert report.positions == total
    assert report.games == len({int(lab.games[i]) for _, lab, i in rows})
    for k, share in enumerate(report.topk, start=1):
        assert share == pytest.approx(sum(r <= k for r in ranks) / total)
    assert report.top1 == report.topk[0]
    assert report.top5 == report.topk[4]
    assert report.top10 == report.topk[9]
    assert report.top1_legal == pytest.approx(sum(r == 1 for r in masked) / total)
    assert report.mean_rank == pytest.approx(sum(ranks) / total)
    nats = [-s[int(lab.targets[i])] for s, lab, i in rows]
    assert report.nll == pytest.approx(sum(nats) / total)
    mass = sum(math.exp(s[p]) for s, lab, i in rows for p in range(POINTS) if lab.legal[i][p])
    assert report.legal_probability == pytest.approx(mass / total)


def test_bins_by_move_number_and_rank_add_up() -> None:
    batch = random_batch(500, 3)
    report = report_of(batch)
    scores, labels = batch
    first = scores.argmax(1) == labels.targets
    for row in report.by_phase:
        last = row["last_move"] or 10**6
        inside = (labels.numbers >= row["first_move"]) & (labels.numbers <= last)
        assert row["positions"] == inside.sum()
        assert row["top1"] == pytest.approx(first[inside].mean())
    assert [row["first_move"] for row in report.by_phase][:2] == [1, PHASE_MOVES + 1]
    assert report.by_phase[-1]["last_move"] is None
    assert [row["rank"] for row in report.by_rank] == ["unknown", "3k", "3d", "6d", "1p"]
    assert sum(row["positions"] for row in report.by_rank) == report.positions
    strong = next(row for row in report.by_rank if row["rank"] == "6d")
    assert strong["top1"] == pytest.approx(first[labels.ranks == 6].mean())


def test_calibration_error_is_the_mean_gap_between_confidence_and_accuracy() -> None:
    batch = random_batch(400, 4)
    report = report_of(batch)
    scores, labels = batch
    top = np.exp(scores.astype(np.float64)).max(1)
    hit = scores.argmax(1) == labels.targets
    error = 0.0
    for b in range(CONFIDENCE_BINS):
        inside = (top * CONFIDENCE_BINS).astype(int) == b
        if inside.any():
            error += inside.mean() * abs(top[inside].mean() - hit[inside].mean())
    assert report.calibration_error == pytest.approx(error)
    assert sum(row["positions"] for row in report.calibration) == report.positions


def test_a_certain_and_right_network_is_perfect() -> None:
    scores = np.full((10, POINTS), -60.0, np.float32)
    targets = np.arange(10)
    scores[targets, targets] = 0.0
    report = report_of((scores, random_labels(targets)))
    assert (report.top1, report.mean_rank, report.calibration_error) == (1.0, 1.0, 0.0)
    assert report.nll == 0.0
    assert report.calibration[-1]["to"] == 1.0


def random_labels(targets: np.ndarray) -> Labels:
    """Return labels that say nothing but the targets."""
    count = len(targets)
    return Labels(
        targets=targets,
        legal=np.ones((count, POINTS), np.bool_),
        numbers=np.ones(count, np.int32),
        ranks=np.full(count, UNKNOWN_RANK, np.int8),
        games=np.arange(count) % 7,
    )


def test_equal_probabilities_gain_nothing() -> None:
    scores = np.zeros((POINTS, POINTS))
    assert ranks_of(scores, np.arange(POINTS)).tolist() == list(range(1, POINTS + 1))


def test_the_interval_treats_games_as_the_unit() -> None:
    hits, counts = np.array([10, 0, 10, 0]), np.array([10, 10, 10, 10])
    low, high = interval(hits, counts) or (0.0, 0.0)
    error = 3.18245 * math.sqrt(4 / 3 * 4 * 25) / 40  # of Student's t with 3 degrees of freedom
    assert (low, high) == pytest.approx((0.5 - error, 0.5 + error), abs=1e-3)
    assert interval(np.array([3]), np.array([9])) is None


@pytest.mark.parametrize("games", [3, 60])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(games: int) -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        level = np.clip(rng.normal(0.5, 0.1, games), 0, 1)
        counts = rng.integers(100, 300, games)
        found = interval(rng.binomial(counts, level), counts)
        assert found is not None
        covered += found[0] <= 0.5 <= found[1]
    assert 0.90 <= covered / 400 <= 0.98


def test_ties_tell_what_other_orders_of_equal_points_would_give() -> None:
    batches = [random_batch(300, 7), random_batch(200, 8)]
    report = report_of(*batches)
    low = high = chance = tied = 0.0
    for scores, labels in batches:
        for row, target in zip(scores.tolist(), labels.targets.tolist(), strict=True):
            equal = [point for point, score in enumerate(row) if score == max(row)]
            if target in equal:
                low += len(equal) == 1
                high += 1
                tied += len(equal) > 1
                chance += 1 / len(equal)
    assert tied > 10
    assert report.ties == {
        "positions": tied,
        "top1_low": pytest.approx(low / 500),
        "top1_high": pytest.approx(high / 500),
        "top1_chance": pytest.approx(chance / 500),
    }
    assert low / 500 < report.top1 < high / 500


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_probabilities_that_are_not_finite_give_no_figures(number: float) -> None:
    scores, labels = random_batch(5, 3)
    scores[2, 7] = number
    tally = AccuracyTally(POINTS, 7)
    with pytest.raises(ConfigError, match="finite"):
        tally.add(scores, labels)
    assert tally.positions == 0


def test_a_score_that_is_no_number_never_ranks_first() -> None:
    scores = np.full((3, 4), np.nan)
    scores[1] = [0.0, np.nan, -1.0, -2.0]
    scores[2] = [0.0, -1.0, np.nan, -2.0]
    assert ranks_of(scores, np.array([0, 0, 2])).tolist() == [5, 2, 5]
