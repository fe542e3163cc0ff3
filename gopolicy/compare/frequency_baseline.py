"""Who never looks: how often each answer is right in training, and nothing else.

A network that does not clearly beat this has learned nothing from what it sees.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.compare.trial_result import Measured, Units
from gopolicy.data.position_kernels import Int64Array
from gopolicy.go.kernels import BoardArrays
from gopolicy.go.types import Color


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyBaseline:
    """Gives every position, or picture, the same probabilities."""

    shares: npt.NDArray[np.float64]
    """[A] probabilities of the answers."""
    size: int = 0
    """The side of the board, where there is one."""

    def planes_of(self, arrays: BoardArrays, color: Color) -> npt.NDArray[np.int8]:
        """Return a single empty plane [1, N, N], whatever the position."""
        return np.zeros((1, self.size, self.size), np.int8)

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8], /) -> npt.NDArray[np.float32]:
        """Return logarithms of probabilities, [B, A], the same for every position."""
        return np.tile(np.log(self.shares), (len(planes_bcnn), 1)).astype(np.float32)

    def measured(self, answers: Int64Array, units: Int64Array) -> Measured:
        """Return the figures on examples of the right answers [E], which belong to units [E]."""
        order = np.argsort(-self.shares, kind="stable")
        rank = np.argsort(order)[answers]
        nats = -np.log(self.shares)[answers]
        counts = np.bincount(units)
        used = counts > 0
        return Measured(
            examples=len(answers),
            top1=float((rank == 0).mean()),
            top5=float((rank < 5).mean()),
            nll=float(nats.mean()),
            units=Units(
                counts=counts[used].tolist(),
                hits=np.bincount(units, rank == 0)[used].astype(int).tolist(),
                nats=np.bincount(units, nats)[used].tolist(),
            ),
        )


def shares_of(answers: Int64Array, count: int) -> npt.NDArray[np.float64]:
    """Return the shares of count answers among those given, none of them quite zero."""
    found = np.bincount(answers, minlength=count) + 1.0
    shares: npt.NDArray[np.float64] = found / found.sum()
    return shares
