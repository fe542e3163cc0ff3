"""What one SGF game becomes, and what is said about a game that could not become one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.types import EVENT_SETUP, Color

_BLACK_WINS = ("b", "黑", "黒", "흑")
_WHITE_WINS = ("w", "白", "백")


@dataclass(frozen=True, slots=True, kw_only=True)
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

    @property
    def winner(self) -> Color | None:
        """Who won, or None if nobody did or nobody knows."""
        result = self.result.strip().lower()
        if result.startswith(_BLACK_WINS):
            return Color.BLACK
        return Color.WHITE if result.startswith(_WHITE_WINS) else None


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
TOO_LARGE = "too large"
TRUNCATED = "truncated archive"
BROKEN = "broken archive"
TOO_MANY = "too many members"
TOO_DEEP = "nested too deeply"
