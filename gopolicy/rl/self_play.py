"""Self-play: networks play many games in step, each to the very end.

::

    play = SelfPlay([policy], SelfPlaySettings(size=19), games=64, seed=1)
    for game in play.play(1000):
        print(game.number, game.score, game.ended)

The games stand in two halves: while the network looks at one, another thread plays the moves of the
other and makes its planes.  What a sensible move is, and so when a player passes, is told in
`gopolicy.rl.self_play_kernels`.

Letters: G games of a half, B batch, C planes, N board side.
"""

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, get_args

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.go.superko import Superko
from gopolicy.go.vertex import check_size
from gopolicy.ranges import MAX_PLIES, PLIES_PER_POINT
from gopolicy.rl.finished_game import Beginning, FinishedGame
from gopolicy.rl.half_of_games import HalfOfGames
from gopolicy.rl.self_play_kernels import ChoiceRules

__all__ = ["Beginning", "FinishedGame", "Mover", "Pairing", "SelfPlay", "SelfPlaySettings"]

Pairing = Callable[[int], tuple[int, int]]
"""From the number of a game to who plays Black and White, as indices of movers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPlaySettings:
    """The rules of the games and how moves are drawn.  Raises ConfigError for impossible values.

    A move is drawn among the sensible ones: of these, the most probable that together reach top_p,
    with their probabilities to the power of 1 / temperature.  Temperature 0 plays the best.
    """

    size: int = 19
    """Points on a side, 2 to 25."""
    komi: float = 7.5
    """Noted with the games; no move depends on it."""
    superko: Superko = "positional"
    """``none`` (simple ko), ``positional`` or ``situational``."""
    suicide: bool = False
    """Whether the rules allow suicide; no sensible move is one."""
    opening_plies: int = 30
    """Moves and passes from the empty board that count as the opening."""
    opening_temperature: float = 1.0
    """In the opening."""
    opening_top_p: float = 1.0
    """In the opening, above 0, up to 1."""
    temperature: float = 1.0
    """After the opening."""
    top_p: float = 1.0
    """After the opening."""
    most_moves: int | None = None
    """Moves and passes after which a game is broken off; None: four times the points."""

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.superko not in get_args(Superko):
            raise ConfigError(f"expected superko to be one of {get_args(Superko)}")
        if not math.isfinite(self.komi):
            raise ConfigError(f"expected a number for komi, got {self.komi}")
        for value in (self.opening_temperature, self.temperature):
            if not 0.0 <= value <= 1e6:
                raise ConfigError(f"expected a temperature from 0 to 1e6, got {value}")
        for value in (self.opening_top_p, self.top_p):
            if not 0.0 < value <= 1.0:
                raise ConfigError(f"expected top_p above 0, up to 1, got {value}")
        if self.opening_plies < 0:
            raise ConfigError(f"expected opening_plies from 0, got {self.opening_plies}")
        if not 1 <= self.longest <= MAX_PLIES:
            raise ConfigError(f"expected most_moves from 1 to {MAX_PLIES}, got {self.most_moves}")

    @property
    def longest(self) -> int:
        """Moves and passes after which a game is broken off."""
        return PLIES_PER_POINT * self.size**2 if self.most_moves is None else self.most_moves

    @property
    def choice_rules(self) -> ChoiceRules:
        """How moves are drawn, for kernels."""
        return ChoiceRules(
            min(self.opening_plies, 1 << 30),
            float(self.opening_temperature),
            float(self.opening_top_p),
            float(self.temperature),
            float(self.top_p),
        )


class Mover(Protocol):
    """Whatever says how probable moves are; a `gopolicy.policy.policy.Policy` is one."""

    @property
    def size(self) -> int:
        """The side of the boards it understands."""

    @property
    def plane_set(self) -> str:
        """The planes it wants."""

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return the natural logarithms of the move probabilities, [B, N * N], none of them nan."""


class SelfPlay:
    """Games in step between movers.

    A game depends on the seed, its number and the movers alone, not on how many are in step, as far
    as a network gives the same numbers in any batch.

    `plies`, `seconds` and `waited` count, since the object was made, moves and passes played,
    seconds in `play`, and seconds in it without a network at work.
    """

    def __init__(
        self,
        movers: Sequence[Mover],
        settings: SelfPlaySettings,
        *,
        games: int = 64,
        seed: int = 0,
        pairing: Pairing | None = None,
        starts: Callable[[int], Beginning] | None = None,
    ) -> None:
        """Prepare for so many games in step; ConfigError for movers of another board size.

        starts gives the beginning of game number i; without it games begin on an empty board.
        """
        if games < 1 or not movers:
            raise ConfigError("expected at least 1 game in step and 1 mover")
        for mover in movers:
            if mover.size != settings.size:
                own, size = mover.size, settings.size
                raise ConfigError(f"the network plays {own}x{own}, the games are {size}x{size}")
        self.movers = list(movers)
        self.settings = settings
        self.seed = seed
        self.pairing: Pairing = pairing or (lambda number: (0, 0))
        self.starts = starts
        self.plies = 0
        self.seconds = self.waited = 0.0
        counts = [games - games // 2, games // 2]
        self._halves = [HalfOfGames(self, count) for count in counts if count]

    def play(
        self, numbers: int | Iterable[int], go_on: Callable[[], bool] | None = None
    ) -> Generator[FinishedGame]:
        """Play the games with these numbers, or 0 to before a number; yield each when it ends.

        They end in no particular order.  A game that ends is replaced by the next at once.  go_on
        is asked before every look of the network; games under way are lost when it says no.
        """
        waiting = iter(range(numbers) if isinstance(numbers, int) else numbers)
        for half in self._halves:
            half.clear()
        with ThreadPoolExecutor(1) as rules:
            ready = {half: rules.submit(half.begin, waiting) for half in self._halves}
            try:
                while ready:
                    for half in list(ready):
                        if go_on is not None and not go_on():
                            return
                        yield from self._turn(half, rules, ready, waiting)
            finally:
                for task in ready.values():
                    task.cancel()

    def _turn(
        self,
        half: HalfOfGames,
        rules: ThreadPoolExecutor,
        ready: dict[HalfOfGames, Future[list[FinishedGame]]],
        waiting: Iterator[int],
    ) -> list[FinishedGame]:
        """Look at one half and have its moves played; return the games that had ended before."""
        begin = time.perf_counter()
        finished = ready.pop(half).result()
        self.waited += time.perf_counter() - begin
        if half.going:
            self.plies += half.going
            half.look()
            ready[half] = rules.submit(half.advance, waiting)
        self.seconds += time.perf_counter() - begin
        return finished
