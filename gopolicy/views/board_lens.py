"""The network that pictures are made of, with what it needs to see a board."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gopolicy.data.position_sample import PositionSample
from gopolicy.features.encode import Encoder, Planes
from gopolicy.features.planes import PlaneSet
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.nets.probe import as_input, frozen
from gopolicy.policy.policy import Policy

BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class BoardLens:
    """A network for Go under the magnifying glass; it computes in float32."""

    name: str
    policy: Policy

    @property
    def network(self) -> nn.Module:
        """The network, its normalizations folded away, without gradients of its own."""
        return frozen(self.policy.network)

    @property
    def encoder(self) -> Encoder:
        """What turns boards into the planes it wants."""
        return self.policy.encoder

    @property
    def plane_set(self) -> PlaneSet:
        """The planes it wants."""
        return self.encoder.plane_set

    @property
    def size(self) -> int:
        """The side of its boards."""
        return self.policy.size

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.policy.device

    def input_of(self, planes: Planes) -> Tensor:
        """Return planes [B, C, N, N] as the network takes them."""
        return as_input(planes, self.device)

    def sample_input(self, sample: PositionSample, count: int) -> Tensor:
        """Return up to count positions of a sample, evenly spread, as the network takes them."""
        rows = np.unique(np.linspace(0, len(sample) - 1, min(count, len(sample))).astype(np.int64))
        return self.input_of(sample.planes(self.encoder, rows))

    def planes_of(self, board: Board, to_play: Color) -> Planes:
        """Return the planes [C, N, N] of a board."""
        return self.encoder.board(board.arrays, int(to_play))

    def log_probabilities(self, planes: Planes) -> npt.NDArray[np.float32]:
        """Return the log-probabilities of all points, [B, A], for any number of positions."""
        parts = [
            self.policy.log_probabilities(planes[at : at + BATCH])
            for at in range(0, len(planes), BATCH)
        ]
        return np.concatenate(parts)
