"""Count the finished games of a store: a store with scores and owners, for outcome heads.

    python tools/count_finished.py store kgs-6d tygem-9d --out counted

The archives are those that the store was prepared from; the records in them say by how many points
a game was won.  Such games are counted by area where their moves end, dead chains found by
playouts.  Where the count is what the record says, or nearly so (territory and handicap stones may
make a difference), score and owners are kept; about nine of ten agree.  All moves of such a game
led to its score, so it begins at event 0.

Every game of the store is kept, as is its side of the split, and what the store knows of games that
are not counted here.  Those that were lost by the clock or forfeited lose their winner: it is not
to be learned from the board.  So do games without handicap and without komi: three of four games
that Fox wrote say so, and were won as if there were one.
"""

import argparse
import dataclasses
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gopolicy.cores import usable_cores
from gopolicy.data.played_out import PlayedOut
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import Store, check_target, open_store, write_store
from gopolicy.data.table import GameTable
from gopolicy.data.workers import ordered_map
from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.go.board import Board
from gopolicy.go.scoring import owners_by_area
from gopolicy.play.playouts import dead_chains
from gopolicy.sgf.metadata import read_margin
from gopolicy.sgf.read_all import read_games
from gopolicy.sgf.record import GameRecord

FEWEST_EVENTS = 100
PLAYOUTS = 200
NEAR = 2
"""Points between area and territory: the last move, a pass, a point in a seki."""
AT_ONCE = 50
_OFF_THE_BOARD = re.compile(r"[BW]\+(T|Time|F|Forfeit)", re.IGNORECASE)


def results(table: GameTable, archives: Iterable[Path]) -> tuple[NDArray[np.float64], set[int]]:
    """Return by how much Black won each game [G], nan if unknown, and those lost off the board."""
    numbers = {name: number for number, name in enumerate(table.names)}
    margins, off = np.full(table.games, np.nan), set()
    for archive in archives:
        for game in tqdm(read_games(archive), f"{archive}", unit=" games", dynamic_ncols=True):
            number = numbers.get(game.name)
            if number is None or not isinstance(game, GameRecord):
                continue
            margin = read_margin(game.result)
            if margin is not None:
                margins[number] = margin
            elif _OFF_THE_BOARD.fullmatch(game.result.strip()):
                off.add(number)
    return margins, off


def owners_of(table: GameTable, game: int) -> NDArray[np.int8]:
    """Return whose every point is where a game ends: 1 Black's, -1 White's, 0 nobody's."""
    board = Board.from_events(table.size, table.game_events(game), superko="none")
    dead = [chain[0] for chain in dead_chains(board, PLAYOUTS, seed=1)]
    owners = owners_by_area(board.stones, dead).ravel()
    sides = np.array([0, 1, -1], np.int8)  # of nobody, Black and White
    return np.asarray(sides[owners], np.int8)


def count_some(path: Path, games: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return the owners [G, N * N] of some games of the store at path; the work of a process."""
    table = open_store(path).table
    return np.stack([owners_of(table, int(game)) for game in games])


def counted(store: Store, games: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield games and the owners of their points."""
    pieces = [games[first : first + AT_ONCE] for first in range(0, len(games), AT_ONCE)]
    found = ordered_map(partial(count_some, store.path), pieces, usable_cores())
    with tqdm(total=len(games), unit=" games", dynamic_ncols=True) as bar:
        for piece, owners in zip(pieces, found, strict=True):
            yield from zip(piece.tolist(), owners, strict=True)
            bar.update(len(piece))


def known_ends(table: GameTable) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Return the owners [G, N * N] that a store knows already and the starts [G] they are for."""
    if table.played_out is not None:
        owners = table.played_out.ownership(np.arange(table.games))
        return owners, np.array(table.played_out.starts)
    behind = np.diff(table.event_offsets).astype(np.int32)  # no position of the game is counted
    return np.zeros((table.games, table.size**2), np.int8), behind


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("archives", type=Path, nargs="+", help="what the store was prepared from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=("all", "train", "validation"), default="all")
    args = parser.parse_args()
    check_target(args.out)
    store = open_store(args.store)
    if args.out.resolve() == store.path.resolve():
        raise ConfigError(f"{args.out} is the store to count; choose another folder")
    table = store.table
    lengths = np.diff(table.event_offsets)
    margins, off = results(table, args.archives)
    told = ~np.isnan(margins + table.komi) & (lengths >= FEWEST_EVENTS)
    asked = np.intersect1d(np.flatnonzero(told), store.split(args.split).games)
    owners, starts = known_ends(table)
    agree = 0
    for game, whose in counted(store, asked):
        ahead = int(whose.sum(dtype=np.int64)) - float(table.komi[game])
        if abs(ahead - margins[game]) <= NEAR + table.handicap[game]:
            owners[game], starts[game] = whose, 0
            agree += 1
    if not agree:
        raise SystemExit(f"{args.store}: no game of these archives ended as its record says")
    winner = table.winner.copy()
    winner[list(off)] = 0
    winner[(table.komi == 0) & (table.handicap == 0)] = 0
    ends = PlayedOut.pack(table.size, owners.sum(1), starts, owners)
    options = PrepareOptions(size=table.size, validation=float(store.meta["options"]["validation"]))
    digest = write_store(
        dataclasses.replace(table, winner=winner, played_out=ends), [], args.out, options
    )
    print(f"{agree:,} of {len(asked):,} games ended as recorded; store {digest[:16]}")


if __name__ == "__main__":
    try:
        main()
    except GoPolicyError as error:
        raise SystemExit(f"count_finished: {error}") from None
