"""Games that a network is measured on and may have learned from."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.table import GameTable

HASHES = 1 << 32


@dataclass(frozen=True, slots=True)
class SeenGames:
    """How many games of a measurement have an opening that was learned from."""

    seen: int
    games: int
    by_chance: float
    """How many of them may only happen to have the hash of another opening."""

    @property
    def suspicious(self) -> bool:
        """Whether there are more than chance explains, by three standard deviations."""
        return self.seen > self.by_chance + 3 * math.sqrt(self.by_chance)

    def __str__(self) -> str:
        """Return a warning."""
        return (
            f"warning: {self.seen:,} of the {self.games:,} games have the first 60 moves of games"
            " that these weights were trained on; on them it measures memory, too"
        )


def count_seen_games(
    table: GameTable, position_ids: Int64Array, openings: NDArray[np.uint32]
) -> SeenGames:
    """Compare the games of some positions with the openings that a network has learned from."""
    games = np.unique(np.searchsorted(table.position_offsets, position_ids, side="right") - 1)
    seen = np.isin(np.asarray(table.split_key)[games], openings)
    return SeenGames(int(seen.sum()), len(games), len(games) * len(openings) / HASHES)
