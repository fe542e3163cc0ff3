"""Make a store of finished games with their scores and owners: what outcome heads learn from.

    python tools/count_finished.py store --out counted

Of the games of a store those are taken that ended with a pass and have a winner and komi.  They are
counted by area, dead chains found by playouts; where the count names another winner than the record
does, the game is left out.  About nine of ten agree.  All moves of such a game led to its score, so
it begins at event 0.  A game keeps its side of the split.
"""

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gopolicy.data.played_out import PlayedOut
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import open_store, write_store
from gopolicy.data.table import COLUMNS, GameTable, Names, cumulative
from gopolicy.go.board import Board
from gopolicy.go.scoring import owners_by_area
from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK, Color
from gopolicy.play.playouts import dead_chains

FEWEST_EVENTS = 100
PLAYOUTS = 200


def finished_games(table: GameTable) -> NDArray[np.int64]:
    """Return the games that ended with a pass and whose winner and komi are known."""
    lengths = np.diff(table.event_offsets)
    last = table.events[np.maximum(table.event_offsets[1:] - 1, 0)]
    passed = (last & EVENT_POINT_MASK) == EVENT_NO_POINT
    told = (table.winner != 0) & ~np.isnan(table.komi)
    return np.flatnonzero(passed & told & (lengths >= FEWEST_EVENTS))


def owners_of(table: GameTable, game: int) -> NDArray[np.int8]:
    """Return whose every point is at the end of a game: 1 Black's, -1 White's, 0 nobody's."""
    board = Board.from_events(table.size, table.game_events(game), superko="none")
    dead = [chain[0] for chain in dead_chains(board, PLAYOUTS, seed=1)]
    owners = owners_by_area(board.stones, dead).ravel()
    sides = np.array([0, 1, -1], np.int8)  # of nobody, Black and White
    return np.asarray(sides[owners], np.int8)


def counted_games(
    table: GameTable, games: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield those finished games whose count agrees with the record, and their owners."""
    for game in tqdm(games, unit="games", dynamic_ncols=True):
        owners = owners_of(table, int(game))
        ahead = int(owners.sum()) - float(table.komi[game])
        if (Color.BLACK if ahead > 0 else Color.WHITE) == table.winner[game] and ahead:
            yield int(game), owners


def table_of(table: GameTable, games: NDArray[np.int64], ends: PlayedOut) -> GameTable:
    """Return a table of some games of another, with their ends."""
    pieces = [table.game_events(int(game)) for game in games]
    columns: dict[str, Any] = {name: getattr(table, name)[games] for name in COLUMNS}
    return dataclasses.replace(
        table,
        names=Names.pack([table.names[int(game)] for game in games]),
        events=np.concatenate(pieces),
        event_offsets=cumulative(np.array([len(piece) for piece in pieces], np.int64)),
        position_offsets=cumulative(table.positions_of(games)),
        unchecked=None,
        played_out=ends,
        **columns,
    )


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=("all", "train", "validation"), default="all")
    args = parser.parse_args()
    store = open_store(args.store)
    table = store.table
    finished = np.intersect1d(finished_games(table), store.split(args.split).games)
    found = list(counted_games(table, finished))
    if not found:
        raise SystemExit(f"{args.store}: no finished game whose count agrees with its record")
    games = np.array([game for game, _ in found], np.int64)
    owners = np.stack([each for _, each in found])
    ends = PlayedOut.pack(table.size, owners.sum(1), np.zeros(len(games), np.int32), owners)
    options = PrepareOptions(size=table.size, validation=float(store.meta["options"]["validation"]))
    digest = write_store(table_of(table, games, ends), [], args.out, options)
    print(f"{len(games):,} of {len(finished):,} finished games agree; store {digest[:16]}")


if __name__ == "__main__":
    main()
