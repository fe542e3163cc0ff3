"""How a network sees one position turned and mirrored in the eight ways."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.features.encode import Samples
from gopolicy.go.board import Board
from gopolicy.go.symmetry import SYMMETRIES, symmetry_table
from gopolicy.go.types import Color
from gopolicy.progress import SILENT, Progress
from gopolicy.viz.positions import PositionSample
from gopolicy.viz.subject import GoSubject

FloatArray = npt.NDArray[np.float64]
CHUNK = 16
"""Positions looked at together, eight times each."""
TIE = 1e-4
"""Points whose probabilities differ by a smaller share are tied."""
ALIKE = 1e-6
"""A divergence below this is rounding, in nats."""

NAMES = (
    "as it is",
    "upside down",
    "mirrored",
    "half turn",
    "along the diagonal",
    "quarter turn",
    "quarter turn back",
    "other diagonal",
)
"""Symmetry s of `gopolicy.go.symmetry` in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The probabilities of one position from the eight sides, turned back.  A = N * N points."""

    probabilities: FloatArray
    """[8, A]"""

    @property
    def mean(self) -> FloatArray:
        """The mean of the eight, [A]."""
        result: FloatArray = self.probabilities.mean(axis=0)
        return result

    @property
    def first_moves(self) -> npt.NDArray[np.int64]:
        """The most probable point of each view, [8]; of tied ones the one all views like most."""
        common = int(self.mean.argmax())
        tied = self.probabilities[:, common] >= (1 - TIE) * self.probabilities.max(axis=1)
        return np.where(tied, common, self.probabilities.argmax(axis=1))

    @property
    def agree(self) -> bool:
        """Whether all eight views prefer the same point."""
        return len(set(self.first_moves.tolist())) == 1

    @property
    def divergence(self) -> float:
        """The Jensen-Shannon divergence of the eight, in nats: 0 where all are equal."""
        return max(0.0, float(_entropy(self.mean) - _entropy(self.probabilities).mean()))

    @property
    def alike(self) -> bool:
        """Whether the eight views are the same but for rounding."""
        return self.divergence < ALIKE


def views_of(subject: GoSubject, board: Board, to_play: Color) -> Views:
    """Return one position seen from the eight sides."""
    planes = np.stack(
        [subject.encoder.board(board.arrays, int(to_play), s) for s in range(SYMMETRIES)]
    )
    return Views(_turned_back(subject, subject.log_probabilities(planes)))


def views_of_sample(
    subject: GoSubject, sample: PositionSample, progress: Progress = SILENT
) -> list[Views]:
    """Return every position of a sample seen from the eight sides."""
    progress.start("turning positions", len(sample), "positions")
    found: list[Views] = []
    for at in range(0, len(sample), CHUNK):
        located = sample.table.locate(sample.ids[at : at + CHUNK])
        count = len(located.starts)
        samples = Samples(
            starts=np.repeat(located.starts, SYMMETRIES),
            moves=np.repeat(located.starts + located.indices, SYMMETRIES),
            symmetries=np.tile(np.arange(SYMMETRIES, dtype=np.int8), count),
        )
        planes = subject.encoder.batch(sample.table.events, samples)[0]
        rows = subject.log_probabilities(planes).reshape(count, SYMMETRIES, -1)
        found += [Views(_turned_back(subject, row)) for row in rows]
        progress.advance(count)
    progress.finish()
    return found


def _turned_back(subject: GoSubject, log_sa: npt.NDArray[np.float32]) -> FloatArray:
    """Return probabilities [8, A] with view s turned back."""
    table = symmetry_table(subject.size)
    views = np.exp(log_sa.astype(np.float64))
    return np.stack([views[s][table[s]] for s in range(SYMMETRIES)])


def _entropy(probabilities: FloatArray) -> FloatArray:
    """Return the entropy along the last axis, in nats."""
    result: FloatArray = -(probabilities * np.log(np.maximum(probabilities, 1e-30))).sum(axis=-1)
    return result
