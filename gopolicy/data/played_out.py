"""What is known of games that were played to the very end: the score and whose every point was.

G games on boards of N x N.  The owner of a point takes two bits: 0 nobody, 1 black, 2 white.  Four
points share a byte, the first in its lowest bits, and a board takes K = (N * N + 3) // 4 bytes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

PLAYED_OUT: dict[str, type[np.generic]] = {
    "scores": np.int16,
    "starts": np.int32,
    "owners": np.uint8,
}
"""What kind of numbers each array holds, in the order of the store and of the digest."""
_SHIFTS = np.array([0, 2, 4, 6], np.uint8)
_SIDES = np.array([0, 1, -1, 2], np.int8)
_IMPOSSIBLE = 2
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlayedOut:
    """Final scores and owners of the games of a table; arrays may be memory-mapped."""

    size: int
    """Points on a side."""
    scores: npt.NDArray[np.int16]
    """[G] Black's area minus White's, without komi."""
    starts: npt.NDArray[np.int32]
    """[G] events that each game was begun with, 0 for the empty board.

    What was played after them led to the score.  So score and owners are targets for the position
    after these events and for all that follow, not for earlier ones.
    """
    owners: npt.NDArray[np.uint8]
    """[G * K] whose every point is at the end, packed as told above."""

    @classmethod
    def pack(
        cls,
        size: int,
        scores: npt.ArrayLike,
        starts: npt.ArrayLike,
        ownership: npt.NDArray[np.int8],
    ) -> "PlayedOut":
        """Pack scores [G], starts [G] and ownership [G, N * N], see `ownership`."""
        codes = np.where(ownership < 0, 2, ownership).astype(np.uint8)
        room = np.zeros((len(codes), _bytes_of(size) * 4), np.uint8)
        room[:, : size * size] = codes
        packed = np.bitwise_or.reduce(room.reshape(len(codes), -1, 4) << _SHIFTS, axis=2)
        return cls(
            size=size,
            scores=np.asarray(scores, np.int16),
            starts=np.asarray(starts, np.int32),
            owners=packed.ravel().astype(np.uint8),
        )

    def ownership(self, games: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int8]:
        """Return whose each point is at the end of games [B], int8 [B, N * N].

        1 for Black's, -1 for White's, 0 for nobody's.
        """
        return self._unpacked(games)[:, : self.size**2]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays by name, in the order of the store."""
        return {name: getattr(self, name) for name in PLAYED_OUT}

    def find_impossible(self, lengths: npt.NDArray[np.int64]) -> int:
        """Return the first game of G with so many events [G] that cannot be so, or -1.

        The score must be that of the owners, and the start within the game.  If the arrays do not
        have the lengths that G games need, that is 0.
        """
        count = len(lengths)
        if {len(self.scores), len(self.starts)} != {count}:
            return 0
        if len(self.owners) != count * _bytes_of(self.size):
            return 0
        bad = (self.starts < 0) | (self.starts > lengths)
        for first in range(0, count, _AT_ONCE):
            games = np.arange(first, min(first + _AT_ONCE, count))
            sides = self._unpacked(games)
            bad[games] |= (sides == _IMPOSSIBLE).any(axis=1) | sides[:, self.size**2 :].any(axis=1)
            bad[games] |= sides.sum(axis=1, dtype=np.int64) != self.scores[games]
        return int(np.argmax(bad)) if bad.any() else -1

    def _unpacked(self, games: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int8]:
        """Return the sides of points and of the unused room behind them, [B, 4 * K]."""
        packed = self.owners.reshape(-1, _bytes_of(self.size))[games]
        codes = (packed[:, :, None] >> _SHIFTS) & 3
        sides: npt.NDArray[np.int8] = _SIDES[codes].reshape(len(packed), -1)
        return sides


def _bytes_of(size: int) -> int:
    """Return K, the bytes that the owners of one board take."""
    return (size * size + 3) // 4
