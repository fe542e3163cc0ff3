"""Positions of the games of a store as beginnings of self-play."""

import numpy as np
import numpy.typing as npt

from gopolicy.data.store import Store
from gopolicy.errors import ConfigError
from gopolicy.go.types import EVENT_COLOR_SHIFT
from gopolicy.ranges import PLIES_PER_POINT
from gopolicy.rl.finished_game import Beginning


class StoreStarts:
    """Gives a random position of a game of a store for every number.

    The games come in a random order; every one of them gives per_game positions in a row before the
    next does, and after the last the first comes again, with other positions.  All depends on the
    seed and the number alone.  Calling it is what `SelfPlay` wants of ``starts``.
    """

    def __init__(self, store: Store, *, seed: int, per_game: int = 1) -> None:
        """Take positions of a store; ConfigError for one without games.

        Positions later than any game of self-play lasts are left out.
        """
        self.table = store.table
        with_moves = np.flatnonzero(np.diff(self.table.position_offsets))
        if not len(with_moves):
            raise ConfigError(f"{store.path} holds no position")
        self._order = np.random.default_rng([seed, 0]).permutation(with_moves)
        self._seed, self._per_game = seed, per_game
        self._longest = PLIES_PER_POINT * self.table.size**2

    def __len__(self) -> int:
        """Return how many numbers give each game per_game times."""
        return len(self._order) * self._per_game

    def game(self, number: int) -> int:
        """Return the game of the store whose position this is."""
        return int(self._order[number // self._per_game % len(self._order)])

    def __call__(self, number: int) -> Beginning:
        """Return the position; StoreError if its game is not legal."""
        game = self.game(number)
        first, stop = self.table.position_offsets[game : game + 2].tolist()
        dice = np.random.default_rng([self._seed, 1, number])
        moves = self.table.locate(np.arange(first, stop)).indices
        room = int(np.searchsorted(moves, self._longest, side="right"))
        move = int(moves[dice.integers(max(room, 1))])
        events: npt.NDArray[np.uint16] = np.asarray(self.table.game_events(game))
        color = int(events[move]) >> EVENT_COLOR_SHIFT & 3
        return Beginning(events=events[:move].copy(), to_move=color)
