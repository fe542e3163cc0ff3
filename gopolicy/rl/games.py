"""The games of an environment: one or many, against an opponent or with both sides to the agent.

What `GoEnv` and `GoVectorEnv` share, so that they cannot differ.  G = games, A = N * N + 1 actions.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import gymnasium
import numpy as np
import numpy.typing as npt

from gopolicy.errors import IllegalMove, Refusal
from gopolicy.features.encode import Encoder
from gopolicy.go import batch_kernels as kernels
from gopolicy.go.board import Board
from gopolicy.go.superko_kernels import NO_SUPERKO, POSITIONAL, SITUATIONAL
from gopolicy.go.types import BLACK, WHITE
from gopolicy.rl.go_settings import Actions, GoSettings
from gopolicy.rl.opponents import make_opponent

if TYPE_CHECKING:
    from gopolicy.rl.opponents import Opponent

Chosen = npt.NDArray[np.bool_]

SUPERKO = {"none": NO_SUPERKO, "positional": POSITIONAL, "situational": SITUATIONAL}
_COLORS = {"black": BLACK, "white": WHITE}
_PART = 16
"""Games below which another thread is not worth starting."""


class Games:
    """Games that step together, and what the agent sees of them.

    `planes` int8 [G, C, N, N] and `masks` int8 [G, A] are written over by every `observe`.
    """

    def __init__(self, count: int, settings: GoSettings, threads: int = 1) -> None:
        self.settings = settings
        self.count = count
        self._setup = settings.setup()
        self.arrays = kernels.new_games(
            count,
            settings.size,
            superko=SUPERKO[settings.superko],
            suicide=settings.suicide,
            most_events=settings.most_moves + len(self._setup),
        )
        self.encoder = Encoder(settings.planes, settings.size)
        self.planes = self.encoder.empty(count)
        self.masks = np.zeros((count, settings.actions), np.int8)
        self._replies = np.zeros((count, settings.actions), np.int8)
        self._colors = np.full(count, _COLORS.get(settings.color, BLACK), np.int8)
        self._opponent: Opponent | None = make_opponent(settings)
        self._parts = _parts(count, threads)
        self._pool = ThreadPoolExecutor(len(self._parts) - 1) if self._parts[1:] else None

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    @property
    def sides(self) -> npt.NDArray[np.int8]:
        """From whose side each game is seen, [G]: the agent's color, or who is to move."""
        return self.arrays.to_move if self._opponent is None else self._colors

    @property
    def ended(self) -> Chosen:
        """Which games have ended, [G]."""
        ended: Chosen = self.arrays.status != kernels.GOING
        return ended

    @property
    def illegal(self) -> Chosen:
        """Which games have ended by an illegal action of the agent's, [G]."""
        illegal: Chosen = self.arrays.status == kernels.ILLEGAL
        return illegal

    def seed(self, game: int, source: np.random.Generator) -> None:
        """Start the random numbers of one game anew."""
        self.arrays.random[game] = source.integers(1, 1 << 64, dtype=np.uint64)

    def start(self, chosen: Chosen) -> None:
        """Begin the chosen games [G] anew, up to the agent's first move."""
        self._run(
            lambda part: kernels.start_games(self.arrays, part[0], part[1], chosen, self._setup)
        )
        if self.settings.color == "random":
            for game in np.flatnonzero(chosen):
                draw = kernels.random_below(self.arrays.random[game], 2)
                self._colors[game] = BLACK + draw
        self._let_opponent_play(chosen)

    def step(self, actions: Actions, chosen: Chosen) -> npt.NDArray[np.float64]:
        """Play the agent's actions [G] in the chosen games, and the opponent's answers.

        Returns the rewards [G]: 1, -1 or 0 where a game has ended, 0 elsewhere.
        """
        movers = self.arrays.to_move.copy()
        self._play(actions, chosen)
        self._let_opponent_play(chosen)
        sides = movers if self._opponent is None else self._colors
        winners = self.winners()
        won, lost = winners == sides, winners == BLACK + WHITE - sides
        return np.where(chosen & self.ended, 1.0 * won - lost, 0.0)

    def scores(self) -> npt.NDArray[np.float64]:
        """Return Black's area minus White's and minus komi, [G]; of games that have ended."""
        return self.arrays.area.astype(np.float64) - float(self.settings.komi)

    def winners(self) -> npt.NDArray[np.int8]:
        """Return BLACK, WHITE or EMPTY, [G]; of games that have ended."""
        scores = self.scores()
        counted = np.where(scores > 0, BLACK, np.where(scores < 0, WHITE, 0))
        return np.where(self.illegal, BLACK + WHITE - self.arrays.to_move, counted).astype(np.int8)

    def observe(self) -> None:
        """Write the planes and masks of all games."""
        sides, legal = self.sides, self.masks.view(np.bool_)

        def write(part: tuple[int, int]) -> None:
            kernels.mark_legal(self.arrays, part[0], part[1], sides, legal)
            self.encoder.games(self.arrays, sides, self.planes, part)

        self._run(write)

    def draw(self) -> Actions:
        """Return a legal action for each game, [G], by the masks last written."""
        actions = np.zeros(self.count, np.int64)
        chosen = np.ones(self.count, np.bool_)
        legal = self.masks.view(np.bool_)
        kernels.draw_actions(self.arrays.random, 0, self.count, chosen, legal, actions)
        return actions

    def board(self, game: int) -> Board:
        """Return the board of one game, an independent copy with its whole history."""
        events = self.arrays.events[game, : self.arrays.length[game]]
        s = self.settings
        return Board.from_events(
            s.size, events, komi=float(s.komi), superko=s.superko, suicide=s.suicide
        )

    def check_actions(self, actions: npt.ArrayLike) -> Actions:
        """Return actions as int64 [G]; IllegalMove for one that is none, or of another shape."""
        given = np.asarray(actions)
        if given.shape != (self.count,) or given.dtype.kind not in "iu":
            raise IllegalMove(
                f"expected {self.count} integers as actions, got {given.dtype} {given.shape}",
                Refusal.OFF_BOARD,
            )
        if ((given < 0) | (given >= self.settings.actions)).any():
            last = self.settings.actions - 1
            raise IllegalMove(f"expected actions from 0 to {last} (pass)", Refusal.OFF_BOARD)
        return given.astype(np.int64)

    def check_going(self, games: Chosen) -> None:
        """Raise `gymnasium.error.ResetNeeded` if one of the chosen games [G] has ended."""
        over = np.flatnonzero(games & self.ended)
        if len(over):
            raise gymnasium.error.ResetNeeded(f"game {over[0]} has ended; reset it to go on")

    def _play(self, actions: Actions, chosen: Chosen) -> None:
        most = self.settings.most_moves
        self._run(
            lambda part: kernels.play_games(self.arrays, part[0], part[1], chosen, actions, most)
        )

    def _let_opponent_play(self, chosen: Chosen) -> None:
        """Play the opponent's action in the chosen games where it is the opponent's turn."""
        if self._opponent is None:
            return
        waiting = chosen & ~self.ended & (self.arrays.to_move != self._colors)
        if not waiting.any():
            return
        legal = self._replies.view(np.bool_)
        to_move = self.arrays.to_move
        self._run(lambda part: kernels.mark_legal(self.arrays, part[0], part[1], to_move, legal))
        actions = np.zeros(self.count, np.int64)
        actions[waiting] = self._opponent.choose(self.arrays, waiting, self._replies)
        for game in np.flatnonzero(waiting):
            if not self._replies[game, actions[game]]:
                what = f"the opponent chose action {actions[game]}, which is illegal"
                raise IllegalMove(what, Refusal.OCCUPIED)
        self._play(actions, waiting)

    def _run(self, work: Callable[[tuple[int, int]], None]) -> None:
        """Do the work on all games, in parts, one for each thread."""
        if self._pool is None:
            work(self._parts[0])
            return
        others = [self._pool.submit(partial(work, part)) for part in self._parts[1:]]
        work(self._parts[0])
        for other in others:
            other.result()


def _parts(count: int, threads: int) -> list[tuple[int, int]]:
    """Return where each thread's games begin and end.

    >>> _parts(40, 8), _parts(3, 8)
    ([(0, 20), (20, 40)], [(0, 3)])
    """
    wanted = max(min(threads, count // _PART), 1)
    edges = [count * i // wanted for i in range(wanted + 1)]
    return list(pairwise(edges))
