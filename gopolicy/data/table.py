"""Many games as a few arrays: the shape that archives take in memory and on disk.

``G`` games, ``E`` events (see `gopolicy.go.types`), ``T`` bytes of names.  A *position* is the
board before one counted board move; positions are numbered 0, 1, ... through the games in order,
so an id costs nothing to store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from gopolicy.data.played_out import PlayedOut
from gopolicy.data.position_kernels import Int64Array, find_illegal_game, locate_positions
from gopolicy.errors import StoreError
from gopolicy.go.kernels import new_board

UNKNOWN_RANK = -128

# The per-game columns, in the order of the store and of the digest.
COLUMNS: dict[str, type[np.generic]] = {
    "counted": np.uint8,
    "black_rank": np.int8,
    "white_rank": np.int8,
    "handicap": np.int16,
    "komi": np.float32,
    "date": np.int32,
    "winner": np.int8,
    "source": np.uint16,
    "split_key": np.uint32,
}


class Names(Sequence[str]):
    """Strings held as one array of UTF-8 bytes, so that they can be memory-mapped."""

    def __init__(self, text: npt.NDArray[np.uint8], offsets: Int64Array) -> None:
        self.text = text
        self.offsets = offsets

    @classmethod
    def pack(cls, names: Sequence[str]) -> "Names":
        """Pack names; lone surrogates (undecodable file names) become question marks."""
        encoded = [name.encode("utf-8", "replace") for name in names]
        offsets = cumulative(np.array([len(name) for name in encoded], np.int64))
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        text = self.text[self.offsets[at] : self.offsets[at + 1]].tobytes()
        return text.decode("utf-8", "replace")


class Located(NamedTuple):
    """Where positions are; all [B]."""

    starts: Int64Array  # first event of the game
    indices: npt.NDArray[np.int32]  # the move to predict, counted in events from the start
    games: Int64Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GameTable:
    """Games of one board size; arrays may be memory-mapped and are never written to."""

    size: int
    sources: list[str]
    """Labels; `source` holds indices into them."""
    names: Names
    """[G] archive path, member and number of each game."""
    events: npt.NDArray[np.uint16]
    """[E] the events of all games, one game after the other."""
    event_offsets: Int64Array
    """[G + 1] game g is ``events[event_offsets[g]:event_offsets[g + 1]]``."""
    position_offsets: Int64Array
    """[G + 1] game g has positions ``position_offsets[g]`` to ``position_offsets[g + 1] - 1``."""
    counted: npt.NDArray[np.uint8]
    """[G] whose moves are positions: bit 0 Black's, bit 1 White's."""
    black_rank: npt.NDArray[np.int8]
    """[G] as `gopolicy.sgf.ranks.parse_rank`, or `UNKNOWN_RANK`."""
    white_rank: npt.NDArray[np.int8]
    """[G] likewise."""
    handicap: npt.NDArray[np.int16]
    """[G] stones."""
    komi: npt.NDArray[np.float32]
    """[G] points, nan where unknown."""
    date: npt.NDArray[np.int32]
    """[G] yyyymmdd, with 00 for an unknown month or day; 0 where unknown."""
    winner: npt.NDArray[np.int8]
    """[G] 1 black, 2 white, 0 unknown or none."""
    source: npt.NDArray[np.uint16]
    """[G] index into `sources`."""
    split_key: npt.NDArray[np.uint32]
    """[G] a hash of the opening that is the same for near-duplicates, turned ones too."""
    handicap_placed: int = 0
    """Games just read whose handicap stones were missing, see `gopolicy.sgf.missing_handicap`."""
    unchecked: npt.NDArray[np.bool_] | None = None
    """[G] games nobody has replayed yet to see that they are legal; None: all are known to be."""
    played_out: PlayedOut | None = None
    """Final scores and owners, if the games were played to the very end."""

    @property
    def games(self) -> int:
        """How many games."""
        return len(self.event_offsets) - 1

    @property
    def positions(self) -> int:
        """How many counted board moves."""
        return int(self.position_offsets[-1])

    def game_events(self, game: int) -> npt.NDArray[np.uint16]:
        """Return the events of one game (a view); StoreError if it is not legal."""
        self._check(np.array([game], np.int64))
        return self.events[self.event_offsets[game] : self.event_offsets[game + 1]]

    def positions_of(self, games: npt.NDArray[np.integer[Any]]) -> Int64Array:
        """Return how many positions each of games has."""
        sizes: Int64Array = self.position_offsets[games + 1] - self.position_offsets[games]
        return sizes

    def games_of(self, position_ids: npt.NDArray[np.integer[Any]]) -> Int64Array:
        """Return the game of each position [B]."""
        games: Int64Array = np.searchsorted(self.position_offsets, position_ids, side="right") - 1
        return games

    def locate(self, position_ids: npt.NDArray[np.integer[Any]]) -> Located:
        """Find the move of each position id [B]; IndexError outside 0..positions - 1.

        StoreError if a game of theirs is not legal.
        """
        ids = np.ascontiguousarray(position_ids, np.int64)
        if len(ids) and not (ids.min() >= 0 and ids.max() < self.positions):
            raise IndexError(f"position ids must lie in 0..{self.positions - 1}")
        games = self.games_of(ids)
        self._check(games)
        indices = np.zeros(len(ids), np.int32)
        ranks = ids - self.position_offsets[games]
        locate_positions(self.events, self.event_offsets, self.counted, ranks, games, indices)
        return Located(self.event_offsets[games], indices, games)

    def _check(self, games: Int64Array) -> None:
        """Raise StoreError unless these games are legal, as kernels that replay them rely on."""
        if self.unchecked is None or not self.unchecked[games].any():
            return
        board, events = new_board(self.size), np.asarray(self.events)
        bad = find_illegal_game(board, events, self.event_offsets, games, self.unchecked)
        if bad >= 0:
            raise StoreError(f"game {bad} ({self.names[bad]!r}) of the store holds an illegal move")

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return every array but the names, by name, in the order of the store."""
        names = ["events", "event_offsets", "position_offsets", *COLUMNS]
        return {name: getattr(self, name) for name in names}


def cumulative(lengths: Int64Array) -> Int64Array:
    """Return 0 and the running sums: offsets from lengths."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
