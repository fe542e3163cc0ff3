"""Where a game of self-play begins, and what is left of it when it has ended."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

End = Literal["passes", "limit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A position to begin a game at: legal events, and who is to move after them."""

    events: npt.NDArray[np.uint16]
    """[E] see `gopolicy.go.types`."""
    to_move: int
    """BLACK or WHITE."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinishedGame:
    """A game that was played to its end, or broken off."""

    number: int
    events: npt.NDArray[np.uint16]
    """[E] the whole game, with what it began at."""
    start: int
    """Events at the beginning that were given; what follows was played here."""
    black: int
    """Who played Black, an index of movers."""
    white: int
    """Who played White."""
    score: int
    """Black's area minus White's, without komi."""
    ownership: npt.NDArray[np.int8]
    """[N * N] 1 for Black's points, -1 for White's, 0 for nobody's."""
    ended: End
    """``passes``, or ``limit`` where it was broken off: score and ownership then say little."""
