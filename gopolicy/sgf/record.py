"""What one SGF game becomes, and what is said about a game that could not become one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.types import EVENT_SETUP, Color
from gopolicy.sgf.metadata import read_winner

if TYPE_CHECKING:
    from gopolicy.sgf.positions import Position


_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class GameRecord:
    """One game: setup and moves as events, and what the record says about it."""

    size: int
    events: NDArray[np.uint16]
    """Events of `gopolicy.go.types`, in the order of the record; legality is not checked."""
    black: str = ""
    white: str = ""
    black_rank: str = ""
    """As written; `gopolicy.sgf.ranks.parse_rank` reads it."""
    white_rank: str = ""
    komi: float | None = None
    """In points; None where the record gives none that can be read."""
    handicap: int = 0
    handicap_placed: bool = False
    """Whether the record left out its handicap stones, so that they stand on the fixed points."""
    date: str = ""
    result: str = ""
    rules: str = ""
    place: str = ""
    application: str = ""
    name: str = ""
    """Where the game comes from: ``path!member#game``."""

    @property
    def moves(self) -> int:
        """How many moves were made, passes included."""
        return int(np.count_nonzero(self.events < EVENT_SETUP))

    def positions(self) -> "Iterator[Position]":
        """Yield the position before every move, the first one first.

        Raises IllegalMove, which names the record and the move, where the rules refuse one.
        """
        from gopolicy.sgf.positions import positions  # it needs the rules, a record does not

        return positions(self)

    def __repr__(self) -> str:
        """Return who played and how it ended, in one line."""
        players = [
            _brief(f"{name or '?'} ({rank})" if rank else name or "?")
            for name, rank in ((self.black, self.black_rank), (self.white, self.white_rank))
        ]
        result = f", {_brief(self.result)}" if self.result else ""
        return (
            f"<GameRecord {' - '.join(players)}: {self.moves} moves on"
            f" {self.size}x{self.size}{result}>"
        )

    @property
    def winner(self) -> Color | None:
        """Who won, or None if nobody did or nobody knows."""
        return read_winner(self.result)


def _brief(text: str) -> str:
    """Return a text of a stranger, short and fit for a terminal."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A game, a member or an archive that was left out."""

    name: str
    """Where: ``path!member#game``."""
    reason: str
    """A short phrase from a fixed list, fit for counting."""
    detail: str = ""
    """What exactly was wrong, for a person."""


UNREADABLE = "unreadable"
ILLEGAL_MOVE = "illegal move"
NOT_SQUARE = "not square"
OTHER_SIZE = "other size"
OTHER_GAME = "other game"
NO_PLACEMENT = "handicap stones missing"
TOO_LARGE = "too large"
TRUNCATED = "truncated archive"
BROKEN = "broken archive"
TOO_MANY = "too many members"
TOO_DEEP = "nested too deeply"
NOT_A_FILE = "not a file"
