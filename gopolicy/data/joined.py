"""Several stores as one: every batch holds positions of each, in given shares.

A position of a joined table has the number that it has in its own table, plus the positions of all
tables before.  Nothing is copied: the tables stay as they are mapped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gopolicy.data.position_kernels import Int64Array, draw_flags, draw_symmetries
from gopolicy.data.sampling import CYCLE, Draw, Stream, cycle_counts, cycle_slots, derive_keys
from gopolicy.data.selection import GameSelection, Split, select_split
from gopolicy.data.store import Store
from gopolicy.data.table import GameTable, cumulative
from gopolicy.errors import ConfigError


@dataclass(frozen=True, eq=False)
class JoinedTables:
    """Tables whose positions are numbered through."""

    tables: tuple[GameTable, ...]

    @property
    def size(self) -> int:
        """Points along a side."""
        return self.tables[0].size

    @cached_property
    def offsets(self) -> Int64Array:
        """[T + 1] table t has positions ``offsets[t]`` to ``offsets[t + 1] - 1``."""
        return cumulative(np.array([table.positions for table in self.tables], np.int64))

    def owners(self, position_ids: Int64Array) -> Int64Array:
        """Return the table of each position [B]."""
        found: Int64Array = np.searchsorted(self.offsets, position_ids, side="right") - 1
        return found


class JoinedSelection:
    """One side of the split of several stores.

    All are split by the largest share that any of them keeps for validation, so that no game is on
    both sides, whichever stores it is in.
    """

    def __init__(self, stores: Sequence[Store], split: Split) -> None:
        """Take the games of ``train`` or ``validation``; ConfigError for boards of two sizes."""
        sizes = {store.table.size for store in stores}
        if len(sizes) > 1:
            raise ConfigError(f"the stores are for boards of different sizes: {sorted(sizes)}")
        self.table = JoinedTables(tuple(store.table for store in stores))
        share = max(store.meta["options"]["validation"] for store in stores)
        self.parts = [select_split(store.table, split, share) for store in stores]

    @property
    def positions(self) -> int:
        """How many positions there are."""
        return sum(part.positions for part in self.parts)

    def spread(self, limit: int) -> Int64Array:
        """Return position ids, limit of them evenly spread over all games, ascending."""
        total = max(self.positions, 1)
        ends = [limit * end // total for end in np.cumsum([p.positions for p in self.parts])]
        counts = np.diff([0, *ends])
        return np.concatenate(
            [
                start + part.spread(int(count))
                for start, part, count in zip(
                    self.table.offsets[:-1], self.parts, counts, strict=True
                )
            ]
        )

    def from_source(self, label: str) -> "JoinedSelection":
        """Return the games of one source; ConfigError if no store has it."""
        known = sorted({name for part in self.parts for name in part.table.sources})
        if label not in known:
            raise ConfigError(f"no source {label!r}; the sources are {', '.join(known)}")
        chosen = object.__new__(JoinedSelection)
        chosen.table = self.table
        chosen.parts = [_games_of(part, label) for part in self.parts]
        return chosen


class JoinedPlan:
    """Shuffled batches of several stores, each of which supplies its share of every stretch.

    weights are relative; each share is rounded to multiples of 1/65536.
    """

    def __init__(
        self,
        selection: JoinedSelection,
        weights: Sequence[float],
        batch_size: int,
        seed: int,
        *,
        forget: float = 0.0,
    ) -> None:
        empty = [number for number, part in enumerate(selection.parts) if not part.positions]
        if empty:
            raise ConfigError(f"no position to draw from in store {empty[0] + 1}")
        self.batch_size, self._offsets = batch_size, selection.table.offsets
        self._streams = [
            Stream(part, f"{seed}/store-{number}") for number, part in enumerate(selection.parts)
        ]
        self._counts = cycle_counts([float(weight) for weight in weights])
        self._slot_stream, self._slot_rank = cycle_slots(self._counts)
        self._symmetry_keys = derive_keys(f"{seed}/symmetry", 2)
        self._forget, self._forget_keys = forget, derive_keys(f"{seed}/forget", 2)

    def batch(self, k: int) -> Draw:
        """Return the positions of batch k, numbered through all tables, and their symmetries."""
        first = k * self.batch_size
        ids = np.empty(self.batch_size, np.int64)
        cycles, slots = np.divmod(np.arange(first, first + self.batch_size), CYCLE)
        owners = self._slot_stream[slots]
        for s, stream in enumerate(self._streams):
            mine = np.flatnonzero(owners == s)
            if len(mine):  # the draws of one stream are consecutive
                begin = int(cycles[mine[0]] * self._counts[s] + self._slot_rank[slots[mine[0]]])
                ids[mine] = self._offsets[s] + stream.draw(begin, len(mine))
        symmetries = np.zeros(self.batch_size, np.int8)
        draw_symmetries(first, self._symmetry_keys, symmetries)
        forget = np.zeros(self.batch_size, np.bool_)
        if self._forget:
            draw_flags(first, self._forget_keys, self._forget, forget)
        return Draw(ids, symmetries, forget)


def _games_of(part: GameSelection, label: str) -> GameSelection:
    if label in part.table.sources:
        return part.from_source(label)
    return GameSelection(part.table, part.games[:0])
