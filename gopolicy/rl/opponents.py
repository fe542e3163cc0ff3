"""Who plays against the agent of an environment."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError, IllegalMove, Refusal
from gopolicy.features.encode import Encoder
from gopolicy.features.plane_kernels import mark_games_own_eyes
from gopolicy.go.batch_kernels import GameArrays, count_games, draw_actions, draw_weighted
from gopolicy.rl.go_settings import Actions, GoSettings, Masks, OpponentCall

Chosen = npt.NDArray[np.bool_]


class Opponent(Protocol):
    """Whatever chooses actions.  G = games, W = games in which it is to move."""

    def choose(self, games: GameArrays, waiting: Chosen, masks: Masks) -> Actions:
        """Return its actions [W] in the games waiting [G], legal by masks [G, A]."""


def make_opponent(settings: GoSettings) -> Opponent | None:
    """Return the opponent that the settings name, None if the agent plays both sides."""
    if settings.opponent is None:
        return None
    if callable(settings.opponent):
        return CalledOpponent(settings.opponent, settings)
    if settings.opponent == "random":
        return RandomOpponent()
    return NetworkOpponent(settings)


class RandomOpponent:
    """Plays any legal action, passing included, all alike probable."""

    def choose(self, games: GameArrays, waiting: Chosen, masks: Masks) -> Actions:
        """Return its actions, see `Opponent`."""
        actions = np.zeros(len(waiting), np.int64)
        legal = masks.view(np.bool_)
        draw_actions(games.random, 0, len(waiting), waiting, legal, actions)
        return actions[waiting]


class CalledOpponent:
    """A function that is given planes and masks."""

    def __init__(self, call: OpponentCall, settings: GoSettings) -> None:
        self._call = call
        self._encoder = Encoder(settings.planes, settings.size)
        self._actions = settings.actions

    def choose(self, games: GameArrays, waiting: Chosen, masks: Masks) -> Actions:
        """Return its actions, see `Opponent`; IllegalMove for what are none."""
        planes = self._encoder.empty(len(waiting))
        self._encoder.games(games, games.to_move, planes, (0, len(waiting)))
        given = np.asarray(self._call(planes[waiting], masks[waiting]))
        count = int(waiting.sum())
        fits = given.shape == (count,) and given.dtype.kind in "iu"
        if not fits or ((given < 0) | (given >= self._actions)).any():
            what = f"expected {count} actions from 0 to {self._actions - 1} of the opponent"
            raise IllegalMove(what, Refusal.OFF_BOARD)
        return given.astype(np.int64)


class NetworkOpponent:
    """A network that plays every game to the very end.

    It draws its move by its probabilities, over the legal points that are no own eye.  It passes
    if there is none left, and answers a pass with one if it wins by counting the board as it is.
    """

    def __init__(self, settings: GoSettings) -> None:
        from gopolicy.nets.weights import load_weights
        from gopolicy.policy.policy import Policy

        # A seed has to give the same game whatever else is installed and however many games wait.
        weights = load_weights(settings.opponent)  # type: ignore[arg-type]
        self._policy = Policy(weights, precision="fp32", backend="torch")
        if self._policy.size != settings.size:
            size, own = settings.size, self._policy.size
            raise ConfigError(f"{settings.opponent} plays {own}x{own}, not {size}x{size}")
        self._settings = settings

    def choose(self, games: GameArrays, waiting: Chosen, masks: Masks) -> Actions:
        """Return its actions, see `Opponent`."""
        count, points = len(waiting), self._settings.size**2
        encoder = self._policy.encoder
        planes = encoder.empty(count)
        encoder.games(games, games.to_move, planes, (0, count))
        eyes = np.zeros((count, points), np.bool_)
        mark_games_own_eyes(games, games.to_move, eyes)
        allowed = masks[:, :points].view(np.bool_) & ~eyes
        weights = np.zeros((count, points))
        weights[waiting] = self._weights(planes[waiting], allowed[waiting])
        count_games(games, 0, count)
        lead = games.area - float(self._settings.komi)
        ahead = np.where(games.to_move == 1, lead, -lead) > 0
        weights[(games.passes == 1) & ahead] = 0.0
        actions = np.full(count, points, np.int64)
        draw_weighted(games.random, waiting, weights, actions)
        return actions[waiting]

    def _weights(
        self, planes: npt.NDArray[np.int8], allowed: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        """Return how probable each point is to be chosen, not scaled, [W, N * N]."""
        logs = np.where(allowed, self._policy.log_probabilities(planes), -np.inf)
        best = logs.max(axis=1, keepdims=True)
        best[np.isneginf(best)] = 0.0
        temperature = self._settings.temperature
        if temperature == 0.0:
            return np.where(allowed, logs == best, False).astype(np.float64)
        weights: npt.NDArray[np.float64] = np.exp((logs - best).astype(np.float64) / temperature)
        return weights
