"""Games of self-play that step together: one of the two halves that take turns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder, Planes
from gopolicy.go import batch_kernels
from gopolicy.go.types import BLACK, BORDER
from gopolicy.ranges import PLIES_PER_POINT
from gopolicy.rl import self_play_kernels as kernels
from gopolicy.rl.finished_game import FinishedGame
from gopolicy.rl.games import SUPERKO

if TYPE_CHECKING:
    from gopolicy.rl.self_play import SelfPlay

_NO_GAME = -1


class HalfOfGames:
    """G places for games, and what the movers see of them.

    `begin` and `advance` play by the rules, `look` asks the movers; they take turns, but may run in
    different threads.
    """

    def __init__(self, whole: "SelfPlay", count: int) -> None:
        settings = whole.settings
        self._whole = whole
        self._longest_start = 2 * PLIES_PER_POINT * settings.size**2
        self.arrays = batch_kernels.new_games(
            count,
            settings.size,
            superko=SUPERKO[settings.superko],
            suicide=settings.suicide,
            most_events=settings.longest + self._longest_start,
        )
        self._numbers = np.full(count, _NO_GAME, np.int64)
        self.clear()
        self._starts = np.zeros(count, np.int64)
        self._movers = np.zeros((count, 2), np.int64)
        self._most_plies = np.zeros(count, np.int32)
        self._logs = np.zeros((count, settings.size**2), np.float32)
        self._rules = settings.choice_rules
        self._scratch = kernels.new_self_play_scratch(settings.size)
        names = dict.fromkeys(mover.plane_set for mover in whole.movers)
        self._encoders = {name: Encoder(name, settings.size) for name in names}
        self._planes = {name: encoder.empty(count) for name, encoder in self._encoders.items()}
        self._inside = self.arrays.stones[0] != BORDER

    @property
    def going(self) -> int:
        """How many games are going on."""
        return int((self._numbers != _NO_GAME).sum())

    def clear(self) -> None:
        """Forget the games under way."""
        self._numbers[:] = _NO_GAME
        self.arrays.status[:] = batch_kernels.PASSED_OUT

    def begin(self, waiting: Iterator[int]) -> list[FinishedGame]:
        """Fill the free places with the next games, and make the planes of all."""
        for g in np.flatnonzero(self._numbers == _NO_GAME).tolist():
            number = next(waiting, None)
            if number is None:
                break
            self._start(g, number)
        for name in self._encoders:
            self._encode(name)
        return []

    def advance(self, waiting: Iterator[int]) -> list[FinishedGame]:
        """Play one move in every game as the movers saw it; return the games that ended by it."""
        kernels.advance_games(self.arrays, self._logs, self._most_plies, self._rules, self._scratch)
        ended = (self.arrays.status != batch_kernels.GOING) & (self._numbers != _NO_GAME)
        finished = [self._finished(g) for g in np.flatnonzero(ended).tolist()]
        self._numbers[ended] = _NO_GAME
        self.begin(waiting)
        return finished

    def look(self) -> None:
        """Ask each mover about the games in which it is to move, in one batch."""
        sides = np.where(self.arrays.to_move == BLACK, self._movers[:, 0], self._movers[:, 1])
        going = self._numbers != _NO_GAME
        for index, mover in enumerate(self._whole.movers):
            rows = np.flatnonzero(going & (sides == index))
            if len(rows):
                planes = _rows_of(self._planes[mover.plane_set], rows)
                self._logs[rows] = mover.log_probabilities(planes)

    def _start(self, g: int, number: int) -> None:
        """Begin a game in a free place."""
        whole = self._whole
        self._movers[g] = whole.pairing(number)
        if not ((self._movers[g] >= 0) & (self._movers[g] < len(whole.movers))).all():
            raise ConfigError(f"the pairing of game {number} names no mover")
        events, to_move = np.zeros(0, np.uint16), BLACK
        if whole.starts is not None:
            beginning = whole.starts(number)
            events, to_move = beginning.events, beginning.to_move
        if len(events) > self._longest_start:
            raise ConfigError(f"game {number} begins after {len(events)} events, too many")
        kernels.begin_at(self.arrays, g, events, to_move)
        seeds = np.random.SeedSequence([whole.seed, number])
        self.arrays.random[g] = seeds.generate_state(1, np.uint64) | np.uint64(1)
        self._numbers[g], self._starts[g] = number, len(events)
        self._most_plies[g] = self.arrays.ply[g, 0] + whole.settings.longest

    def _finished(self, g: int) -> FinishedGame:
        """Return a game that has ended."""
        owners = self.arrays.owners[g][self._inside]
        passed = self.arrays.status[g] == batch_kernels.PASSED_OUT
        return FinishedGame(
            number=int(self._numbers[g]),
            events=self.arrays.events[g, : self.arrays.length[g]].copy(),
            start=int(self._starts[g]),
            black=int(self._movers[g, 0]),
            white=int(self._movers[g, 1]),
            score=int(self.arrays.area[g]),
            ownership=np.array([0, 1, -1], np.int8)[owners],
            ended="passes" if passed else "limit",
        )

    def _encode(self, name: str) -> None:
        """Make one plane set of all games that go on."""
        going = np.flatnonzero(self._numbers != _NO_GAME)
        for run in np.split(going, np.flatnonzero(np.diff(going) > 1) + 1):
            if len(run):
                part = (int(run[0]), int(run[-1]) + 1)
                self._encoders[name].games(
                    self.arrays, self.arrays.to_move, self._planes[name], part
                )


def _rows_of(planes: Planes, rows: npt.NDArray[np.int64]) -> Planes:
    """Return some rows of planes [G, C, N, N], in the same order in memory."""
    if len(rows) == len(planes):
        return planes
    chosen: Planes = planes.transpose(0, 2, 3, 1)[rows].transpose(0, 3, 1, 2)
    return chosen
