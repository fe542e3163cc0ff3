"""Which points still matter: the difference between playing on and passing.

A position is seen as playouts judge it, its dead stones taken off.  An empty region is *open* if it
touches living stones of both colors, and *closed* otherwise.  A move at an open point is worth
playing unless it loses something; one at a closed point only if it clearly gains something.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gopolicy.go import scoring
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.play.playouts import dead_by, estimate
from gopolicy.policy.outlook import Outlook

_DOUBTFUL = 0.9
"""Ownership below which a closed point may still be worth a move."""
_GAIN, _LOSS = 1.0, 2.0
"""Points that a move at a closed point must gain, and that one at an open point may lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPosition:
    """A position as it would be counted now."""

    verdict: Outlook
    dead: tuple[tuple[Point, ...], ...]
    owners: NDArray[np.int8]
    """[N * N] whose each point is, dead stones removed; EMPTY in open regions."""
    margin: float
    """Black's points minus White's by area, komi counted."""

    @property
    def open_points(self) -> NDArray[np.bool_]:
        """The points that are nobody's yet, [N * N]."""
        nobodys: NDArray[np.bool_] = self.owners == Color.EMPTY
        return nobodys

    def lead_of(self, color: Color) -> float:
        """Return the points color is ahead if the game ended now."""
        return self.margin if color == Color.BLACK else -self.margin

    def safe_lead_of(self, color: Color) -> float:
        """Return the points color is ahead even if all open points go to the opponent."""
        return self.lead_of(color) - float(self.open_points.sum())


def outcome(board: Board, verdict: Outlook) -> CountedPosition:
    """Count the position by an estimate of it."""
    dead = tuple(dead_by(board, verdict))
    owners = scoring.owners_by_area(board.stones, [chain[0] for chain in dead]).ravel()
    black, white = (int((owners == color).sum()) for color in (Color.BLACK, Color.WHITE))
    return CountedPosition(
        verdict=verdict, dead=dead, owners=owners, margin=black - white - board.komi
    )


def doubtful_points(seen: CountedPosition) -> NDArray[np.bool_]:
    """Return the points worth thinking about, [N * N]."""
    return seen.open_points | (np.abs(seen.verdict.ownership) < _DOUBTFUL)


def capturing_points(board: Board, seen: CountedPosition, color: Color) -> NDArray[np.bool_]:
    """Return the liberties of the opponent's dead chains, [N * N]: where they can be taken off."""
    found = np.zeros(board.size**2, np.bool_)
    for chain in seen.dead:
        if board.color_at(chain[0]) != color:
            found[list(board.liberties(chain[0]))] = True
    return found


class Adviser:
    """Compares moves of one color in one position with passing, by playouts."""

    def __init__(
        self, board: Board, color: Color, seen: CountedPosition, *, playouts: int, seed: int
    ) -> None:
        self._board, self._color, self._seen = board, color, seen
        self._playouts, self._seed = playouts, seed
        self._passing = self._look(board)

    def is_useful(self, point: Point, *, tidying: bool = False) -> bool:
        """Return whether a legal move is worth playing; tidying, if it may be for nothing."""
        board = self._board.copy()
        captured = board.play(point, self._color)
        is_open = bool(self._seen.open_points[point])
        if is_open and not tidying and not captured and len(board.liberties(point)) == 1:
            return False  # nobody's point is not worth putting oneself in atari
        after = self._look(board)
        gain, noise = self._gain(after)
        if tidying or is_open:
            return gain > -_LOSS - noise
        if gain <= _GAIN + 2 * noise:
            return False
        invades = self._seen.owners[point] == self._color.opponent
        return not invades or self._turns_the_count(board, after)

    def is_harmless(self, point: Point) -> bool:
        """Return whether playouts see no harm in a legal move."""
        board = self._board.copy()
        board.play(point, self._color)
        gain, noise = self._gain(self._look(board))
        return gain > -_LOSS - noise

    def _gain(self, after: Outlook) -> tuple[float, float]:
        """Return the points that a move gains over a pass, and how far they can be off."""
        gain = after.lead_of(self._color) - self._passing.lead_of(self._color)
        noise = np.hypot(after.spread, self._passing.spread) / np.sqrt(after.playouts)
        return gain, float(noise)

    def _turns_the_count(self, board: Board, after: Outlook) -> bool:
        """Return whether stones come to life or die by the move that led to board."""
        gained = outcome(board, after).lead_of(self._color) - self._seen.lead_of(self._color)
        return gained > _GAIN

    def _look(self, board: Board) -> Outlook:
        """Return the estimate of a position with the opponent to move."""
        opponent = self._color.opponent
        return estimate(board, self._playouts, seed=self._seed, to_move=opponent)
