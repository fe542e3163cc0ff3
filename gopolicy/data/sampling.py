"""Which positions make up batch k: a pure function of the seed and k.

Nothing is shuffled in memory.  The numbers 0, 1, 2, ... are sent through a keyed bijection of the
positions of a source, so every position comes once before any comes again, and a run can go on
from any batch.  Each pass through a source (an epoch) has its own key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gopolicy.data.position_kernels import Int64Array, draw_flags, draw_symmetries, permute
from gopolicy.data.selection import GameSelection
from gopolicy.errors import ConfigError

ROUNDS = 6
CYCLE = 1 << 16  # draws after which the pattern of sources repeats; shares are multiples of 1/CYCLE


class Draw(NamedTuple):
    """The positions of one batch; all [B]."""

    position_ids: Int64Array
    symmetries: npt.NDArray[np.int8]
    forget: npt.NDArray[np.bool_]
    """Which positions are shown without history: as if every stone had been played long ago."""


class Plan(Protocol):
    """Anything that can say what batch k is made of."""

    def batch(self, k: int) -> Draw:
        """Return batch k; must give the same answer every time and from every thread."""


@lru_cache(maxsize=256)
def derive_keys(purpose: str, count: int) -> Int64Array:
    """Return count 32-bit keys that depend on purpose alone."""
    digest = blake2b(purpose.encode(), digest_size=4 * count).digest()
    return np.frombuffer(digest, "<u4").astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """The positions of one selection in a shuffled order that starts anew after each pass."""

    selection: GameSelection
    purpose: str
    """Names the seed and the source: two streams with the same purpose draw alike."""

    def draw(self, first: int, count: int) -> Int64Array:
        """Return the position ids of draws first to first + count - 1."""
        total = self.selection.positions
        numbers = np.empty(count, np.int64)
        done = 0
        while done < count:
            epoch, at = divmod(first + done, total)
            step = min(count - done, total - at)
            keys = derive_keys(f"{self.purpose}/{epoch}", ROUNDS)
            permute(np.arange(at, at + step), total, keys, numbers[done : done + step])
            done += step
        return self.selection.position_ids(numbers)


class BatchPlan:
    """Shuffled batches of a selection, its sources mixed in given shares.

    Without mix all sources are one stream, each as frequent as it is large.  With mix, source s
    supplies ``mix[s] / sum(mix)`` of every stretch of draws, rounded to multiples of 1/65536 and
    spread evenly; sources that are not named are left out.  The share forget of the positions is
    shown without history.
    """

    def __init__(
        self,
        selection: GameSelection,
        batch_size: int,
        seed: int,
        mix: Mapping[str, float] | None = None,
        *,
        symmetries: bool = True,
        forget: float = 0.0,
    ) -> None:
        if batch_size < 1:
            raise ConfigError(f"the batch size must be at least 1, not {batch_size}")
        self.batch_size = batch_size
        self._symmetry_keys = derive_keys(f"{seed}/symmetry", 2) if symmetries else None
        self._forget, self._forget_keys = forget, derive_keys(f"{seed}/forget", 2)
        self.shares, self._streams = _streams(selection, seed, mix)
        counts = cycle_counts(list(self.shares.values()))
        self._counts = counts
        self._slot_stream, self._slot_rank = cycle_slots(counts)

    def batch(self, k: int) -> Draw:
        """Return the positions and symmetries of batch k (0, 1, ...)."""
        first = k * self.batch_size
        ids = np.empty(self.batch_size, np.int64)
        if len(self._streams) == 1:
            ids[:] = self._streams[0].draw(first, self.batch_size)
        else:
            self._draw_mixed(first, ids)
        symmetries = np.zeros(self.batch_size, np.int8)
        if self._symmetry_keys is not None:
            draw_symmetries(first, self._symmetry_keys, symmetries)
        forget = np.zeros(self.batch_size, np.bool_)
        if self._forget:
            draw_flags(first, self._forget_keys, self._forget, forget)
        return Draw(ids, symmetries, forget)

    def passes(self, k: int) -> dict[str, float]:
        """Return how often each source has been seen after the first k batches, in epochs."""
        draws = k * self.batch_size
        return {
            label: draws * share / stream.selection.positions
            for (label, share), stream in zip(self.shares.items(), self._streams, strict=True)
        }

    def _draw_mixed(self, first: int, ids: Int64Array) -> None:
        cycles, slots = np.divmod(np.arange(first, first + len(ids)), CYCLE)
        owners = self._slot_stream[slots]
        for s, stream in enumerate(self._streams):
            mine = np.flatnonzero(owners == s)
            if len(mine):  # the draws of one stream are consecutive
                begin = int(cycles[mine[0]] * self._counts[s] + self._slot_rank[slots[mine[0]]])
                ids[mine] = stream.draw(begin, len(mine))


class ListedBatches:
    """Given positions in the given order, without symmetries; the last batch may be short."""

    def __init__(self, position_ids: Int64Array, batch_size: int) -> None:
        self.position_ids = position_ids
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.position_ids) // self.batch_size)

    def batch(self, k: int) -> Draw:
        """Return batch k of ``len(self)``."""
        ids = self.position_ids[k * self.batch_size : (k + 1) * self.batch_size]
        return Draw(ids, np.zeros(len(ids), np.int8), np.zeros(len(ids), np.bool_))


def cycle_counts(shares: list[float]) -> Int64Array:
    """Return how many of CYCLE draws each share gets: largest remainders, at least one each."""
    exact = np.array(shares) / sum(shares) * CYCLE
    counts = np.maximum(np.floor(exact), 1).astype(np.int64)
    while counts.sum() < CYCLE:
        counts[np.argmax(exact - counts)] += 1
    while counts.sum() > CYCLE:
        counts[np.argmax(np.where(counts > 1, counts - exact, -np.inf))] -= 1
    return counts


def cycle_slots(counts: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return for every slot of a cycle its stream and its number among that stream's slots."""
    streams = np.repeat(np.arange(len(counts)), counts)
    ranks = np.concatenate([np.arange(count) for count in counts])
    order = np.argsort((ranks + 0.5) / counts[streams], kind="stable")
    return streams[order], ranks[order]


def _streams(
    selection: GameSelection, seed: int, mix: Mapping[str, float] | None
) -> tuple[dict[str, float], list[Stream]]:
    if mix is None:
        chosen = {"all": selection}
        shares = {"all": 1.0}
    else:
        shares = {label: float(share) for label, share in mix.items() if share}
        chosen = {label: selection.from_source(label) for label in shares}
    if not shares or not all(0 < share < np.inf for share in shares.values()):
        raise ConfigError(f"the shares of a mix must be positive numbers, not {dict(mix or {})}")
    for label, part in chosen.items():
        if not part.positions:
            raise ConfigError(f"no position to draw from ({label})")
    total = sum(shares.values())
    streams = [Stream(part, f"{seed}/{label}") for label, part in chosen.items()]
    return {label: share / total for label, share in shares.items()}, streams
