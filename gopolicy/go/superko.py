"""Positional and situational superko, exactly: whole positions are kept, so no hash can collide.

Under *positional* superko no play may bring back any earlier position of the stones; under
*situational* superko no play may bring one back with the same player to move.  A pass is always
allowed, and the situation after it counts as one that has occurred.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from gopolicy.go.types import Color, Point

Superko = Literal["none", "positional", "situational"]

_NEVER = np.iinfo(np.int32).max


class History:
    """The positions that have occurred since the last setup."""

    def __init__(self, points: int, situational: bool) -> None:
        self.situational = situational
        self._order: list[bytes] = []
        self._count: dict[bytes, int] = {}
        # [3, N * N] how many positions came before the first with this color on this point
        self._first = np.full((3, points), _NEVER, np.int32)

    def add(self, stones: npt.NDArray[np.int8], to_move: Color) -> None:
        """Record stones [N * N] with to_move to move as having occurred."""
        key = self._key(stones, to_move)
        index = len(self._order)
        self._order.append(key)
        self._count[key] = self._count.get(key, 0) + 1
        points = np.arange(len(stones))
        self._first[stones, points] = np.minimum(self._first[stones, points], index)

    def drop(self) -> None:
        """Forget what was recorded last."""
        key = self._order.pop()
        self._count[key] -= 1
        if not self._count[key]:
            del self._count[key]
        self._first[self._first >= len(self._order)] = _NEVER

    def occurred(self, stones: npt.NDArray[np.int8], to_move: Color) -> bool:
        """Return whether stones [N * N] would repeat, with to_move to move next."""
        return self._key(stones, to_move) in self._count

    def stood(self, point: Point, color: Color) -> bool:
        """Return whether a stone of color ever stood on point: if not, its arrival is new."""
        return bool(self._first[color, point] != _NEVER)

    def stood_mask(self, color: Color) -> npt.NDArray[np.bool_]:
        """Return `stood` of every point, [N * N]."""
        mask: npt.NDArray[np.bool_] = self._first[color] != _NEVER
        return mask

    def copy(self) -> "History":
        """Return an independent copy."""
        other = History(self._first.shape[1], self.situational)
        other._order = self._order.copy()
        other._count = self._count.copy()
        other._first = self._first.copy()
        return other

    def _key(self, stones: npt.NDArray[np.int8], to_move: Color) -> bytes:
        """Return the bytes that two repeated positions share."""
        return stones.tobytes() + (bytes([to_move]) if self.situational else b"")
