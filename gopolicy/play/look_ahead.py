"""Choosing among the most probable moves by what the network says of the positions after them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.policy.view import GivesOutlooks, GivesProbabilities

_WEIGHT = 10.0
"""How much a sure win counts against a sure loss, in logarithms of probability."""


class LookAhead:
    """The positions after the best candidates of one turn, each looked at once."""

    def __init__(self, bot: GivesProbabilities, board: Board, color: Color, count: int) -> None:
        """Look at up to count candidates; ConfigError where bot has learned moves alone."""
        self._bot, self._board, self._color, self._count = bot, board, color, count
        self._win_rates: dict[Point, float] = {}

    def weighed(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shares [A] of the best candidates alone, raised where the game is then won.

        They add up to 1.
        """
        order = np.argsort(-shares, kind="stable")[: self._count]
        points = [Point(int(point)) for point in order if shares[point] > 0]
        self._look_at([point for point in points if point not in self._win_rates])
        wins = np.array([self._win_rates[point] for point in points])
        weighed = np.zeros_like(shares)
        weighed[points] = shares[points] * np.exp(_WEIGHT * (wins - wins.max()))
        total: NDArray[np.float64] = weighed / weighed.sum()
        return total

    def _look_at(self, points: Sequence[Point]) -> None:
        boards = []
        for point in points:
            board = self._board.copy()
            board.play(point, self._color)
            boards.append(board)
        if not boards:
            return
        found = None
        if isinstance(self._bot, GivesOutlooks):
            found = self._bot.outlooks(boards, [self._color.opponent] * len(boards))
        if found is None:
            raise ConfigError("look_ahead needs a network that has learned who wins; see its card")
        for point, outlook in zip(points, found, strict=True):
            self._win_rates[point] = outlook.win_rate(self._color)
