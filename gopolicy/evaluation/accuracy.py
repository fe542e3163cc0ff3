"""How often a network finds the move that was played, and whether its confidence is earned."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gopolicy.data.loader import BatchLoader
from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.sampling import ListedBatches
from gopolicy.data.table import UNKNOWN_RANK, GameTable
from gopolicy.errors import ConfigError
from gopolicy.evaluation.accuracy_tally import (
    CONFIDENCE_BINS,
    PHASE_MOVES,
    PHASES,
    AccuracyTally,
    Bins,
    Labels,
)
from gopolicy.evaluation.fact_kernels import PositionFacts, Where, write_facts
from gopolicy.go.kernels import new_board
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.ranks import rank_name
from gopolicy.stats import student

CURVE = 20
"""The top-k curve goes from 1 to this."""

PROTOCOL = (
    "Every counted board move of the chosen games is one position; passes are neither predicted "
    "nor counted. The network ranks all points of the board, illegal ones included: top-k is the "
    "share of positions whose played move is among the k most probable points, equal "
    "probabilities ordered by point; ties says what other orders would give. top1_legal leaves out "
    "illegal points (occupied, suicide, simple ko) before ranking. nll is the mean negative "
    "logarithm of the probability of the played move, in nats, over all points. Intervals are 95 % "
    "and treat each game as one "
    "independent draw. calibration_error is the expected calibration error of the most probable "
    f"move in {CONFIDENCE_BINS} bins of equal width."
)


@runtime_checkable
class GivesLogProbabilities(Protocol):
    """Whatever gives probabilities; `gopolicy.policy.policy.Policy` is one."""

    @property
    def plane_set(self) -> str:
        """The planes it wants."""

    @property
    def size(self) -> int:
        """The side of the boards it understands."""

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8], /) -> npt.NDArray[np.float32]:
        """Return logarithms of probabilities, [B, A]."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AccuracyReport:
    """Every figure of one evaluation; shares are between 0 and 1."""

    games: int
    positions: int
    top1: float
    top1_interval: tuple[float, float] | None
    """95 %, games being independent; None for a single game."""
    top5: float
    top10: float
    top1_legal: float
    ties: dict[str, float]
    """How the order of equally probable points matters: ``positions`` where the move played shares
    the first place, and the top-1 of the worst (``top1_low``) and best (``top1_high``) order of
    equal points, and of one drawn by chance (``top1_chance``)."""
    legal_probability: float
    """The mean probability that the network gives to legal points together."""
    nll: float
    nll_interval: tuple[float, float] | None
    mean_rank: float
    topk: list[float]
    """Top-1, top-2, ... top-20."""
    by_phase: list[dict[str, Any]]
    by_rank: list[dict[str, Any]]
    calibration_error: float
    calibration: list[dict[str, Any]]
    seconds: float
    protocol: str = PROTOCOL

    def __repr__(self) -> str:
        """Return the figures that matter most, in one line."""
        low_high = self.top1_interval
        interval = f" ({low_high[0]:.1%} to {low_high[1]:.1%})" if low_high else ""
        return (
            f"<AccuracyReport: top-1 {self.top1:.1%}{interval}, top-5 {self.top5:.1%},"
            f" nll {self.nll:.3f}, {self.positions:,} positions of {self.games:,} games>"
        )


def evaluate_positions(
    policy: GivesLogProbabilities,
    table: GameTable,
    position_ids: Int64Array | None = None,
    *,
    batch_size: int = 256,
    progress: Progress = SILENT,
) -> AccuracyReport:
    """Measure the forecaster on positions of the table, by default on all of them."""
    tally, seconds = evaluate_tally(
        policy, table, position_ids, batch_size=batch_size, progress=progress
    )
    return summarize(tally, seconds)


def evaluate_tally(
    policy: GivesLogProbabilities,
    table: GameTable,
    position_ids: Int64Array | None = None,
    *,
    batch_size: int = 256,
    progress: Progress = SILENT,
) -> tuple[AccuracyTally, float]:
    """Return the sums behind `evaluate_positions`, by game and so on, and the seconds they took."""
    if policy.size != table.size:
        sizes = f"{policy.size}x{policy.size}, the games on {table.size}x{table.size}"
        raise ConfigError(f"the network plays on {sizes}")
    ids = np.arange(table.positions) if position_ids is None else position_ids
    if not len(ids):
        raise ConfigError("no position to evaluate: no game is left after reading and filtering")
    started = time.perf_counter()
    tally = AccuracyTally(table.size**2, table.games)
    progress.start("evaluate", len(ids), "positions")
    try:
        for planes, labels in labeled_batches(table, ids, policy.plane_set, batch_size):
            tally.add(policy.log_probabilities(planes), labels)
            progress.advance(len(planes), top1=tally.rank_counts[1] / tally.positions)
    finally:
        progress.finish()
    return tally, time.perf_counter() - started


def labeled_batches(
    table: GameTable, ids: Int64Array, plane_set: str, batch_size: int
) -> Iterator[tuple[npt.NDArray[np.int8], Labels]]:
    """Yield planes [B, C, N, N], encoded in the background, and what is known about them."""
    plan = ListedBatches(ids, batch_size)
    with BatchLoader(table, plan, plane_set, stop_batch=len(plan)) as loader:
        for batch in loader:
            yield batch.planes, label_positions(table, batch.position_ids, batch.targets)


def label_positions(table: GameTable, ids: Int64Array, targets: Int64Array) -> Labels:
    """Return what is known about positions besides their planes and the move played."""
    located = table.locate(ids)
    count = len(ids)
    facts = PositionFacts(
        np.empty((count, table.size**2), np.bool_),
        np.empty(count, np.int8),
        np.empty(count, np.int32),
    )
    where = Where(np.asarray(table.events), located.starts, located.indices)
    write_facts(new_board(table.size), where, facts)
    black = facts.colors == 1
    ranks = np.where(black, table.black_rank[located.games], table.white_rank[located.games])
    return Labels(
        targets=targets,
        legal=facts.legal,
        numbers=facts.numbers,
        ranks=ranks.astype(np.int8),
        games=located.games,
    )


def summarize(tally: AccuracyTally, seconds: float) -> AccuracyReport:
    """Turn sums into figures."""
    total = tally.positions
    topk = np.cumsum(tally.rank_counts[1:]) / total
    topk = np.concatenate([topk, np.ones(max(0, CURVE - len(topk)))])
    rows, error = calibration(tally)
    games = tally.by_game
    return AccuracyReport(
        games=int((games.positions > 0).sum()),
        positions=total,
        top1=float(topk[0]),
        top1_interval=interval(games.hits, games.positions),
        top5=float(topk[4]),
        top10=float(topk[9]),
        top1_legal=tally.legal_hits / total,
        ties=ties(tally),
        legal_probability=tally.legal_mass / total,
        nll=float(games.nats.sum() / total),
        nll_interval=interval(games.nats, games.positions),
        mean_rank=float(tally.rank_counts @ np.arange(len(tally.rank_counts)) / total),
        topk=[float(share) for share in topk[:CURVE]],
        by_phase=by_phase(tally.by_phase),
        by_rank=by_rank(tally.by_rank),
        calibration_error=error,
        calibration=rows,
        seconds=seconds,
    )


def ties(tally: AccuracyTally) -> dict[str, float]:
    """Return how the order of equally probable points matters for top-1."""
    found, total = tally.first_ties, tally.positions
    return {
        "positions": found.positions,
        "top1_low": found.lone_hits / total,
        "top1_high": (found.lone_hits + found.positions) / total,
        "top1_chance": found.chance_hits / total,
    }


def interval(sums: npt.NDArray[np.number[Any]], counts: Int64Array) -> tuple[float, float] | None:
    """Return the 95 % interval of sums / counts, each entry being one independent game.

    The linearised variance of a ratio: what games differ from the mean by, not single moves,
    because moves of one game are alike; with Student's t, because the games may be few.
    """
    used = counts > 0
    games, total = int(used.sum()), int(counts.sum())
    if games < 2:
        return None
    mean = float(sums.sum() / total)
    residuals = (sums - mean * counts)[used]
    error = student(games - 1) * float(np.sqrt(games / (games - 1) * (residuals**2).sum())) / total
    return mean - error, mean + error


def by_phase(bins: Bins) -> list[dict[str, Any]]:
    """Return one row per phase of the game that has positions; the last one is open."""
    rows = []
    for phase in np.flatnonzero(bins.positions):
        first = int(phase) * PHASE_MOVES + 1
        last = None if phase == PHASES - 1 else first + PHASE_MOVES - 1
        rows.append({"first_move": first, "last_move": last, **_figures(bins, int(phase))})
    return rows


def by_rank(bins: Bins) -> list[dict[str, Any]]:
    """Return one row per rank of the mover, from weak to strong, unknown ranks first."""
    rows = []
    for index in np.flatnonzero(bins.positions):
        rank = int(index) + UNKNOWN_RANK
        name = "unknown" if rank == UNKNOWN_RANK else rank_name(rank)
        rows.append({"rank": name, **_figures(bins, int(index))})
    return rows


def calibration(tally: AccuracyTally) -> tuple[list[dict[str, Any]], float]:
    """Return the reliability of the most probable move per bin, and the error over all bins."""
    bins, total, error, rows = tally.by_confidence, tally.positions, 0.0, []
    for b in np.flatnonzero(bins.positions):
        count = int(bins.positions[b])
        confidence, accuracy = float(tally.confidence[b] / count), float(bins.hits[b] / count)
        error += count / total * abs(confidence - accuracy)
        edges = {"from": int(b) / CONFIDENCE_BINS, "to": (int(b) + 1) / CONFIDENCE_BINS}
        figures = {"positions": count, "confidence": confidence, "accuracy": accuracy}
        rows.append({**edges, **figures})
    return rows, error


def _figures(bins: Bins, index: int) -> dict[str, Any]:
    count = int(bins.positions[index])
    return {
        "positions": count,
        "top1": float(bins.hits[index] / count),
        "nll": float(bins.nats[index] / count),
    }
