"""Some games of a table: a split, a source, whatever a filter left."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.table import GameTable, cumulative
from gopolicy.errors import ConfigError, wrong_kind

Split = Literal["train", "validation", "all"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GameSelection:
    """Games of table, whose positions are numbered again from 0 without gaps."""

    table: GameTable
    games: Int64Array
    """[S] indices of the chosen games, ascending."""
    offsets: Int64Array = field(init=False)
    """[S + 1] selected game i has numbers ``offsets[i]`` to ``offsets[i + 1] - 1``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", cumulative(self.table.positions_of(self.games)))

    def __repr__(self) -> str:
        """Return how much it holds, in one line."""
        size = self.table.size
        held = f"{len(self.games):,} games on {size}x{size}, {self.positions:,} positions"
        return f"<GameSelection: {held}>"

    @property
    def positions(self) -> int:
        """How many positions the selected games have."""
        return int(self.offsets[-1])

    def position_ids(self, numbers: npt.NDArray[np.integer[Any]]) -> Int64Array:
        """Return the table's ids of the selection's positions with these numbers."""
        rows = np.searchsorted(self.offsets, numbers, side="right") - 1
        first = self.table.position_offsets[self.games[rows]]
        return np.asarray(first + (numbers - self.offsets[rows]), np.int64)

    def spread(self, limit: int | None = None) -> Int64Array:
        """Return all position ids, or limit of them evenly spread over the games, ascending."""
        if limit is None or limit >= self.positions:
            return self.position_ids(np.arange(self.positions))
        return self.position_ids(np.arange(limit) * self.positions // limit)

    def where(self, mask: npt.NDArray[np.bool_]) -> "GameSelection":
        """Return the selected games for which mask [G], over the whole table, is set."""
        return GameSelection(self.table, self.games[mask[self.games]])

    def from_source(self, label: str) -> "GameSelection":
        """Return the selected games of one source; ConfigError if the table has no such source."""
        if label not in self.table.sources:
            known = ", ".join(self.table.sources)
            raise ConfigError(f"no source {label!r}; the sources are {known}")
        return self.where(self.table.source == self.table.sources.index(label))


def select_split(table: GameTable, split: Split, validation: float) -> GameSelection:
    """Return one side of the split that gives validation (0 to 1) of the openings away."""
    if split not in get_args(Split):
        raise wrong_kind(f"a split of {', '.join(get_args(Split))}", split)
    everything = GameSelection(table, np.arange(table.games))
    if split == "all":
        return everything
    held_out = table.split_key < validation * 2.0**32
    return everything.where(held_out if split == "validation" else ~held_out)
