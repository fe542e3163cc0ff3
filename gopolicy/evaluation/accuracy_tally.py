"""Sums over positions, from which every figure of an accuracy report follows.

An `AccuracyTally` takes batches of log-probabilities and keeps only sums, so that a report over
millions of positions needs no more memory than one over a hundred.

Ranks: the most probable point has rank 1; equal probabilities are ordered by the point's index, as
``argmax`` does, so a network gains nothing by being undecided.  How much that order matters is
counted, too: see `FirstTies`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.data.table import UNKNOWN_RANK
from gopolicy.errors import ConfigError
from gopolicy.stats import EQUAL

PHASE_MOVES = 30
"""Moves in one phase of a game."""
PHASES = 11
"""Phases told apart; the last one holds all later moves."""
CONFIDENCE_BINS = 20
"""Bins of equal width for the calibration of the most probable move."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is known about the positions of one batch, [B] each."""

    targets: Ints
    """The point that was played."""
    legal: npt.NDArray[np.bool_]
    """[B, A], where the mover may play."""
    numbers: npt.NDArray[np.int32]
    """The number of the move, from 1."""
    ranks: npt.NDArray[np.int8]
    """The rank of the mover, or `UNKNOWN_RANK`."""
    games: Ints
    """The game's number, from 0."""


class Bins:
    """Positions, first hits and nats summed per bin."""

    def __init__(self, count: int) -> None:
        self.positions = np.zeros(count, np.int64)
        self.hits = np.zeros(count, np.int64)
        self.nats = np.zeros(count)

    def add(self, bins: Ints, hit: npt.NDArray[np.bool_], nats: Floats) -> None:
        """Add a batch."""
        count = len(self.positions)
        self.positions += np.bincount(bins, minlength=count)
        self.hits += np.bincount(bins, hit, minlength=count).astype(np.int64)
        self.nats += np.bincount(bins, nats, minlength=count)


class FirstTies:
    """How often the move played is the most probable point together with others.

    The highest and the lowest top-1 that the order of equal points could give, and what choosing
    among them by chance would give on the average.
    """

    def __init__(self) -> None:
        self.positions = 0
        """Where the move played shares the first place."""
        self.lone_hits = 0
        """Where it has the first place for itself."""
        self.chance_hits = 0.0
        """Hits if one of the equal points were drawn."""

    def add(self, scores: Floats, targets: Ints) -> None:
        """Add a batch of scores [B, A] and the points played [B]."""
        best = scores.max(1, keepdims=True)
        is_equal = scores >= best - EQUAL
        is_first = np.take_along_axis(is_equal, targets[:, None], 1)[:, 0]
        equal = is_equal.sum(1)[is_first]
        self.positions += int((equal > 1).sum())
        self.lone_hits += int((equal == 1).sum())
        self.chance_hits += float((1 / equal).sum())


class AccuracyTally:
    """The running sums of one evaluation."""

    def __init__(self, points: int, games: int) -> None:
        self.rank_counts = np.zeros(points + 1, np.int64)
        """[A + 1] how often the move played had each rank; index 0 stays empty."""
        self.first_ties = FirstTies()
        self.legal_hits = 0
        self.legal_mass = 0.0
        self.confidence = np.zeros(CONFIDENCE_BINS)
        self.by_game = Bins(games)
        self.by_phase = Bins(PHASES)
        self.by_rank = Bins(256)
        self.by_confidence = Bins(CONFIDENCE_BINS)

    def add(self, log_probabilities: npt.NDArray[np.float32], labels: Labels) -> None:
        """Add a batch of log-probabilities [B, A]; ConfigError unless all of them are finite."""
        if not np.isfinite(log_probabilities).all():
            raise ConfigError("expected finite logarithms of probabilities to evaluate")
        scores = log_probabilities.astype(np.float64)
        ranks = ranks_of(scores, labels.targets)
        hit = ranks == 1
        self.first_ties.add(scores, labels.targets)
        nats = -scores[np.arange(len(scores)), labels.targets]
        self.rank_counts += np.bincount(ranks, minlength=len(self.rank_counts))
        masked = np.where(labels.legal, scores, -np.inf)
        self.legal_hits += int((ranks_of(masked, labels.targets) == 1).sum())
        self.legal_mass += float(np.exp(masked).sum())
        self.by_game.add(labels.games, hit, nats)
        self.by_phase.add(np.minimum((labels.numbers - 1) // PHASE_MOVES, PHASES - 1), hit, nats)
        self.by_rank.add(labels.ranks.astype(np.int64) - UNKNOWN_RANK, hit, nats)
        top = np.exp(scores.max(1))
        bins = np.clip((top * CONFIDENCE_BINS).astype(np.int64), 0, CONFIDENCE_BINS - 1)
        self.by_confidence.add(bins, hit, nats)
        self.confidence += np.bincount(bins, top, minlength=CONFIDENCE_BINS)

    @property
    def positions(self) -> int:
        """How many positions were added."""
        return int(self.rank_counts.sum())


def ranks_of(scores: Floats, targets: Ints) -> Ints:
    """Return the rank, from 1, of each row's target among that row's scores.

    What cannot be compared is before the target: a score that is no number never ranks first.
    """
    points = np.arange(scores.shape[1])
    own = scores[np.arange(len(scores)), targets][:, None]
    behind = (scores < own) | ((scores == own) & (points >= targets[:, None]))
    ranks: Ints = scores.shape[1] - behind.sum(1) + 1
    return ranks
