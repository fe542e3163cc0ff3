"""What the loop asks of its data, whatever prepares it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gopolicy.data.outcome_targets import OutcomeTargets
from gopolicy.training.compute import Compute


class TrainBatch(Protocol):
    """Some positions and the points that were played in them."""

    @property
    def planes(self) -> NDArray[Any]:
        """Planes, int8 [B, C, N, N], channels last in memory."""

    @property
    def targets(self) -> NDArray[Any]:
        """Points, int64 [B]."""

    @property
    def outcomes(self) -> "OutcomeTargets[NDArray[Any]] | None":
        """What became of the games, where that is asked for."""


class Batches(Protocol):
    """A stream of batches that is prepared in the background."""

    def __iter__(self) -> Iterator[TrainBatch]:
        """Yield the batches in order."""

    @property
    def wait_seconds(self) -> float:
        """How long the consumer has waited for batches so far."""

    def close(self) -> None:
        """Stop preparing."""


class PositionSource(Protocol):
    """A store of positions as one process of a run sees it: its share of every batch."""

    @property
    def digest(self) -> str:
        """Names the content of the store."""

    @property
    def places(self) -> list[tuple[Path, float | None]]:
        """Where the stores lie, and how they are weighed, if they are."""

    @property
    def size(self) -> int:
        """The side of the boards."""

    @property
    def planes(self) -> int:
        """How many planes a position has."""

    @property
    def openings(self) -> NDArray[np.uint32]:
        """Hashes of the openings of the games that are learned from."""

    def training(self, first_batch: int) -> Batches:
        """Return the endless stream of training batches from first_batch on."""

    def validation(self) -> Batches | None:
        """Return the positions to measure on, each once, or None where there are none."""


def to_tensors(batch: TrainBatch, compute: Compute, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return planes and targets on the device; the planes travel as bytes."""
    planes_bcnn, targets_b = torch.from_numpy(batch.planes), torch.from_numpy(batch.targets)
    if device.type == "cuda":
        planes_bcnn = planes_bcnn.pin_memory().to(device, non_blocking=True)
        targets_b = targets_b.pin_memory().to(device, non_blocking=True)
    planes_bcnn = planes_bcnn.to(device, compute.dtype, memory_format=compute.layout)
    return planes_bcnn, targets_b.to(device)
