"""Batches for training tests without a store: the point to play is written in the planes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gopolicy.data.outcome_targets import OutcomeTargets


@dataclass
class FakeBatch:
    planes: NDArray[np.int8]
    targets: NDArray[np.int64]
    outcomes: OutcomeTargets[NDArray[Any]] | None = None


class FakeBatches:
    def __init__(self, source: "FakeSource", first: int, stop: int | None) -> None:
        self.source, self.first, self.stop = source, first, stop
        self.wait_seconds = 0.0
        self.closed = False

    def __iter__(self) -> Iterator[FakeBatch]:
        k = self.first
        while not self.closed and k != self.stop:
            yield self.source.batch(k)
            k += 1

    def close(self) -> None:
        self.closed = True


class FakeSource:
    """Batch k is a pure function of k; plane 1 marks the point that is played, plane 0 is noise."""

    digest = "a" * 64
    places: ClassVar[list[tuple[Path, float | None]]] = [(Path("fake-store"), None)]

    def __init__(self, batch_size: int = 8, size: int = 5, part: tuple[int, int] = (0, 1)) -> None:
        self.batch_size, self.size, self.planes, self.part = batch_size, size, 3, part
        self.taken: list[int] = []

    @property
    def openings(self) -> NDArray[np.uint32]:
        return np.array([3, 5], np.uint32)

    def batch(self, k: int) -> FakeBatch:
        self.taken.append(k)
        draw = np.random.default_rng([7, k])
        points = self.size * self.size
        flat = draw.integers(0, 2, (self.batch_size, points, self.planes), dtype=np.int8)
        targets = draw.integers(0, points, self.batch_size)
        flat[:, :, 1] = 0
        flat[np.arange(self.batch_size), targets, 1] = 1
        planes = flat.reshape(-1, self.size, self.size, self.planes).transpose(0, 3, 1, 2)
        mine = slice(self.part[0], None, self.part[1])
        return FakeBatch(planes[mine], targets[mine])

    def training(self, first_batch: int) -> FakeBatches:
        return FakeBatches(self, first_batch, None)

    def validation(self) -> FakeBatches:
        return FakeBatches(self, 1_000_000, 1_000_004)
