"""Which positions of a table an evaluation looks at."""

import numpy as np
import numpy.typing as npt

from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.selection import GameSelection
from gopolicy.data.table import GameTable
from gopolicy.go.types import EVENT_SETUP, Color

CHUNK = 1 << 20


def even_games(table: GameTable) -> npt.NDArray[np.bool_]:
    """Return [G] which games have neither handicap nor setup stones before the first move."""
    first = np.asarray(table.events[np.minimum(table.event_offsets[:-1], len(table.events) - 1)])
    even: npt.NDArray[np.bool_] = (table.handicap <= 1) & (first & EVENT_SETUP == 0)
    return even


def moved_by(table: GameTable, ids: Int64Array, min_rank: int) -> npt.NDArray[np.bool_]:
    """Return [B] which positions have a player of min_rank or more to move."""
    found = np.zeros(len(ids), np.bool_)
    for at in range(0, len(ids), CHUNK):
        located = table.locate(ids[at : at + CHUNK])
        events = table.events[located.starts + located.indices]
        black = (events >> 10) & 3 == Color.BLACK
        games = located.games
        ranks = np.where(black, table.black_rank[games], table.white_rank[games])
        found[at : at + CHUNK] = ranks >= min_rank
    return found


def choose_positions(
    selection: GameSelection,
    *,
    min_rank: int | None = None,
    handicap: str = "any",
    limit: int | None = None,
) -> Int64Array:
    """Return the position ids that pass the filters, ascending; limit spreads them evenly."""
    if handicap == "none":
        selection = selection.where(even_games(selection.table))
    if min_rank is None:
        return selection.spread(limit)
    ids = selection.spread()
    ids = ids[moved_by(selection.table, ids, min_rank)]
    if limit is None or limit >= len(ids):
        return ids
    return ids[np.arange(limit) * len(ids) // limit]
