"""Batches of planes prepared by background threads while the network computes.

Threads take the numbers of batches in turn, draw and encode them without the GIL, and the consumer
gets them in order.  At most `depth` batches are ahead of the consumer.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.cores import usable_cores
from gopolicy.data.joined import JoinedTables
from gopolicy.data.outcome_targets import OutcomeTargets, outcome_targets
from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.sampling import Draw, Plan
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder, Samples

MAX_THREADS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One batch ready for a network."""

    index: int
    """The number k of the batch in its plan."""
    position_ids: Int64Array
    """[B]"""
    planes: npt.NDArray[np.int8]
    """[B, C, N, N], channels last in memory."""
    targets: npt.NDArray[np.int64]
    """[B] the point played, after the symmetry."""
    outcomes: OutcomeTargets[npt.NDArray[Any]] | None = None
    """What became of the games, where that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderOptions:
    """How a loader works; none of it changes what the batches hold, but for `part`."""

    threads: int | None = None
    """Default: one less than the usable cores, at least 1."""
    depth: int | None = None
    """Batches that may be ready or under way; default: two more than threads."""
    part: tuple[int, int] = (0, 1)
    """(rank, world): of every batch take elements rank, rank + world, ..."""
    outcomes: bool = False
    """Say what became of the games, too."""


class BatchLoader:
    """Iterates over batches first_batch, first_batch + 1, ... of a plan, up to stop_batch if given.

    An error in a thread is raised where its batch was due.  Use as a context manager or call
    `close`; the iteration then ends.  Meant for one consuming thread.
    """

    def __init__(
        self,
        table: GameTable | JoinedTables,
        plan: Plan,
        plane_set: str,
        *,
        first_batch: int = 0,
        stop_batch: int | None = None,
        options: LoaderOptions | None = None,
    ) -> None:
        options = options or LoaderOptions()
        threads = options.threads or min(MAX_THREADS, max(1, usable_cores() - 1))
        depth = options.depth or threads + 2
        rank, world = options.part
        if threads < 1 or depth < 1 or not 0 <= rank < world:
            raise ConfigError(f"a loader cannot work with {options}")
        self.wait_seconds = 0.0
        """How long the consumer has waited for batches."""
        self._table, self._plan = table, plan
        self._encoder = Encoder(plane_set, table.size)
        self._part, self._depth = slice(rank, None, world), depth
        self._next_taken = self._next_given = first_batch
        self._stop, self._outcomes = stop_batch, options.outcomes
        self._ready: dict[int, Batch | BaseException] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"loader-{i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        with self._changed:
            if self._closed or self._is_past(self._next_given):
                raise StopIteration
            begin = time.perf_counter()
            while self._next_given not in self._ready and not self._closed:
                self._changed.wait()
            if self._closed:
                raise StopIteration
            self.wait_seconds += time.perf_counter() - begin
            result = self._ready.pop(self._next_given)
            self._next_given += 1
            self._changed.notify_all()
        if isinstance(result, BaseException):
            self.close()
            raise result
        return result

    def __enter__(self) -> "BatchLoader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads, after the batches they are at, and drop what is ready."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (k := self._take()) is not None:
            try:
                result: Batch | BaseException = self._make(k)
            except BaseException as error:  # handed over, to be raised by the consumer
                result = error
            with self._changed:
                if not self._closed:
                    self._ready[k] = result
                self._changed.notify_all()

    def _take(self) -> int | None:
        """Wait for room and return the number of the next batch to make, None at the end."""
        with self._changed:
            while not self._closed and self._next_taken - self._next_given >= self._depth:
                self._changed.wait()
            if self._closed or self._is_past(self._next_taken):
                return None
            self._next_taken += 1
            return self._next_taken - 1

    def _is_past(self, k: int) -> bool:
        return self._stop is not None and k >= self._stop

    def _make(self, k: int) -> Batch:
        drawn = self._plan.batch(k)
        part = self._part
        draw = Draw(drawn.position_ids[part], drawn.symmetries[part], drawn.forget[part])
        batch = encode_draw(self._table, self._encoder, draw, k)
        if not self._outcomes:
            return batch
        return replace(batch, outcomes=_outcomes(self._table, draw))


def encode_draw(
    table: GameTable | JoinedTables, encoder: Encoder, draw: Draw, index: int = 0
) -> Batch:
    """Replay and encode the positions of one draw."""
    if isinstance(table, JoinedTables):
        return _encode_joined(table, encoder, draw, index)
    located = table.locate(draw.position_ids)
    moves = located.starts + located.indices
    samples = Samples(located.starts, moves, draw.symmetries, draw.forget)
    planes, targets = encoder.batch(table.events, samples)
    return Batch(index, draw.position_ids, planes, targets)


def _encode_joined(joined: JoinedTables, encoder: Encoder, draw: Draw, index: int) -> Batch:
    """Encode the positions of each table, and put them in the order of the draw."""
    order, parts = _by_table(joined, draw)
    batches = [encode_draw(table, encoder, part) for table, part in parts]
    planes_bnnc = np.concatenate([each.planes.transpose(0, 2, 3, 1) for each in batches])[order]
    targets = np.concatenate([each.targets for each in batches])[order]
    return Batch(index, draw.position_ids, planes_bnnc.transpose(0, 3, 1, 2), targets)


def _outcomes(
    table: GameTable | JoinedTables, draw: Draw
) -> OutcomeTargets[npt.NDArray[np.generic]]:
    """Return what became of the positions of a draw, of one table or of several."""
    if isinstance(table, GameTable):
        return outcome_targets(table, draw)
    order, parts = _by_table(table, draw)
    found = [outcome_targets(own, part) for own, part in parts]
    return OutcomeTargets(*(np.concatenate(values)[order] for values in zip(*found, strict=True)))


def _by_table(
    joined: JoinedTables, draw: Draw
) -> tuple[npt.NDArray[np.intp], list[tuple[GameTable, Draw]]]:
    """Return the draw of each table, and the order that puts them together again."""
    owners = joined.owners(draw.position_ids)
    parts = []
    for number in np.unique(owners).tolist() or [0]:  # no position: an empty part of the first
        mine = np.flatnonzero(owners == number)
        ids = draw.position_ids[mine] - joined.offsets[number]
        part = Draw(ids, draw.symmetries[mine], draw.forget[mine])
        parts.append((joined.tables[number], part))
    return np.argsort(np.argsort(owners, kind="stable"), kind="stable"), parts
