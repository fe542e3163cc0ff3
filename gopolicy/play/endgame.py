"""Which points still matter: the difference between playing on and passing.

A position is seen as playouts judge it, its dead stones taken off.  An empty region is *open* if it
touches living stones of both colors, and *closed* otherwise.  A move at an open point is worth
playing unless it loses something; one at a closed point only if it clearly gains something.

By territory a small open region in which no move of either side changes the count is *neutral*: a
move there is for nothing, and every move costs the point it is played on unless it gains more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gopolicy.go import scoring
from gopolicy.go.board import Board
from gopolicy.go.scoring import Scoring, neighbors
from gopolicy.go.types import Color, Point
from gopolicy.play.playouts import dead_by, estimate, leaning
from gopolicy.policy.outlook import Outlook

_DOUBTFUL = 0.9
"""Ownership below which a closed point may still be worth a move."""
_GAIN, _LOSS = 1.0, 2.0
"""Points that a move at a closed point must gain, and that one at an open point may lose."""
_SAVED = 0.3
"""By how much more an own stone must be owned after a move at home by territory."""
_LARGEST_NEUTRAL = 8
"""Points of an open region in which all that one move can do is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPosition:
    """A position as it would be counted now."""

    verdict: Outlook
    dead: tuple[tuple[Point, ...], ...]
    owners: NDArray[np.int8]
    """[N * N] whose each point is, dead stones removed; EMPTY in open regions."""
    margin: float
    """Black's points minus White's, komi counted."""
    scoring: Scoring = "area"
    network: Outlook | None = None
    """What the network said of the end of the game, if it knows."""

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


def counted_position(
    board: Board,
    verdict: Outlook,
    scoring_rule: Scoring = "area",
    network: Outlook | None = None,
) -> CountedPosition:
    """Count the position by playouts, and by what a network says where they are undecided."""
    if network is not None:
        verdict = leaning(verdict, network)
    dead = tuple(dead_by(board, verdict))
    heads = [chain[0] for chain in dead]
    owners = scoring.owners_by_area(board.stones, heads).ravel()
    territory = scoring_rule == "territory"
    score = board.territory_score(heads) if territory else board.area_score(heads)
    return CountedPosition(
        verdict=verdict,
        dead=dead,
        owners=owners,
        margin=score.margin,
        scoring=scoring_rule,
        network=network,
    )


def neutral_points(board: Board, seen: CountedPosition) -> NDArray[np.bool_]:
    """Return the points of the neutral regions, [N * N]; by area there are none."""
    found = np.zeros(board.size**2, np.bool_)
    if seen.scoring == "area":
        return found
    for region in _open_regions(board, seen):
        if len(region) <= _LARGEST_NEUTRAL and not _matters(board, seen, region):
            found[region] = True
    return found


def _open_regions(board: Board, seen: CountedPosition) -> list[list[int]]:
    """Return the open points in connected regions."""
    left = set(np.flatnonzero(seen.open_points).tolist())
    regions = []
    while left:
        region = [left.pop()]
        for point in region:  # grows on the way
            beside = left.intersection(neighbors(point, board.size))
            region += beside
            left -= beside
        regions.append(region)
    return regions


def _matters(board: Board, seen: CountedPosition, region: list[int]) -> bool:
    """Return whether a move of either side in a region changes the count by territory."""
    for color in (Color.BLACK, Color.WHITE):
        for point in map(Point, region):
            if not board.legal(point, color):
                continue
            after = board.copy()
            after.play(point, color)
            dead = [chain[0] for chain in seen.dead if after.color_at(chain[0])]
            if after.territory_score(dead).margin != seen.margin:
                return True
    return False


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
        self,
        board: Board,
        color: Color,
        seen: CountedPosition,
        *,
        playouts: int,
        seed: int,
        must_gain: bool = False,
    ) -> None:
        """Get ready.

        must_gain: a move at an open point has to gain something as well, in the count that would be
        made after it or clearly by playouts.
        """
        self._board, self._color, self._seen, self._must_gain = board, color, seen, must_gain
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
        by_territory = self._seen.scoring == "territory"
        is_clear = gain > _GAIN + by_territory + 2 * noise
        if tidying or is_open:
            enough = tidying or not self._must_gain or is_clear or self._change(board, after) > 0
            return gain > -_LOSS - noise and enough
        if not is_clear:
            return False
        if self._seen.owners[point] == self._color.opponent:
            return self._change(board, after) > _GAIN
        return not by_territory or self._saves_a_chain(after)

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

    def _saves_a_chain(self, after: Outlook) -> bool:
        """Return whether a chain clearly lives more often after the move than after a pass."""
        kept, left = after.ownership_for(self._color), self._passing.ownership_for(self._color)
        own = self._board.stones.ravel() == self._color
        return bool((kept - left)[own].max(initial=0.0) > _SAVED)

    def _change(self, board: Board, verdict: Outlook) -> float:
        """Return how much better than before the count after a move is, by playouts from there."""
        seen = self._seen
        counted = counted_position(board, verdict, seen.scoring, seen.network)
        return counted.lead_of(self._color) - seen.lead_of(self._color)

    def _look(self, board: Board) -> Outlook:
        """Return the estimate of a position with the opponent to move."""
        opponent = self._color.opponent
        return estimate(board, self._playouts, seed=self._seed, to_move=opponent)
