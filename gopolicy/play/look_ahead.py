"""Choosing among the most probable moves by what becomes of the game after them.

After each the network goes on for a few plies, playing its best move for both sides, and then says
who is ahead.  Without those plies it would have to judge positions in the middle of an exchange,
with stones in atari on both sides, which it is bad at: docs/frontends.md has the matches.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.rules import AREA, Rules
from gopolicy.go.types import PASS, Color, Point
from gopolicy.play.playout_kernels import mark_own_eyes
from gopolicy.policy.view import CanLookAhead, GivesProbabilities

_WEIGHT = 10.0
"""How much a sure win counts against a sure loss, in logarithms of probability."""
_UNKNOWN = "look_ahead needs a network that has learned who wins; see its card"
_LEAST = 0.15
"""A move that is less probable than this share of the best one is no candidate.  Its win rate would
have to be 19 % higher; of the moves between 3 % and 15 %, in 220 positions, none was chosen."""
_PLIES = 3
"""Moves by which the game goes on after a candidate."""


class LookAhead:
    """The games that follow the best candidates of one turn, each looked at once."""

    def __init__(
        self,
        bot: GivesProbabilities,
        board: Board,
        color: Color,
        count: int,
        rules: Rules = AREA,
    ) -> None:
        """Look at up to count candidates; ConfigError where bot has learned moves alone.

        The board has the komi that the rules give it with color to move, see `Rules.by_area`.
        """
        self._bot, self._board, self._color, self._count = bot, board, color, count
        self._rules = rules
        self._win_rates: dict[Point, float] = {}

    def weighed(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shares [A] of the best candidates alone, raised where the game is then won.

        They add up to 1.
        """
        order = np.argsort(-shares, kind="stable")[: self._count]
        points = [Point(int(at)) for at in order if shares[at] > _LEAST * shares.max()]
        if len(points) == 1:
            return np.where(np.arange(len(shares)) == points[0], 1.0, 0.0)
        self._look_at([point for point in points if point not in self._win_rates])
        wins = np.array([self._win_rates[point] for point in points])
        weighed = np.zeros_like(shares)
        weighed[points] = shares[points] * np.exp(_WEIGHT * (wins - wins.max()))
        total: NDArray[np.float64] = weighed / weighed.sum()
        return total

    def _look_at(self, points: Sequence[Point]) -> None:
        """Learn how probably the player wins after each point."""
        if not points:
            return
        if not isinstance(self._bot, CanLookAhead):
            raise ConfigError(_UNKNOWN)
        boards = [self._board.copy() for _ in points]
        for board, point in zip(boards, points, strict=True):
            board.play(point, self._color)
        for _ in range(_PLIES):
            movers = [board.to_move for board in boards]
            shares_ba = self._bot.probabilities(boards, movers, rough=True)
            for board, shares_a in zip(boards, shares_ba, strict=True):
                board.play(_best(board, shares_a))
        for board in boards:
            self._rules.recount(board, self._board, self._color)
        found = self._bot.outlooks(boards, rough=True)
        if found is None:
            raise ConfigError(_UNKNOWN)
        for point, outlook in zip(points, found, strict=True):
            self._win_rates[point] = outlook.win_rate(self._color)


def _best(board: Board, shares: NDArray[np.float32]) -> Point:
    """Return the most probable legal point [A] that fills no own eye, PASS where there is none."""
    eyes = np.zeros(len(shares), np.bool_)
    mark_own_eyes(board.arrays, int(board.to_move), eyes)
    allowed = board.legal_mask() & ~eyes
    return Point(int(np.where(allowed, shares, -1.0).argmax())) if allowed.any() else PASS
