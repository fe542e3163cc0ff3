"""Many games of Go that step together, as a gymnasium vector environment."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from gopolicy.cores import usable_cores
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Planes
from gopolicy.go.board import Board
from gopolicy.rl.environment import RENDER_MODES, check_render_mode, observation_space, rendered
from gopolicy.rl.games import Chosen, Games
from gopolicy.rl.go_settings import Actions, settings_of

Floats = npt.NDArray[np.float64]


class GoVectorEnv(VectorEnv[Planes, Actions, npt.NDArray[Any]]):
    """Many games of Go, all with the same settings: what ``make_vec`` gives for `gopolicy/Go-v0`.

    Game g does exactly what a `GoEnv` reset with seed + g would do.  G = games.

    Observations are int8 [G, C, N, N], rewards float64 [G], terminations and truncations bool [G];
    ``action_mask`` in the infos is int8 [G, N * N + 1].  As gymnasium has it, every array in the
    infos has a partner with an underscore, bool [G], that says which games it is valid for.

    ``copy=False`` saves time: observations and masks are then one buffer that the next call
    overwrites.  ``threads`` share the games, all cores by default.

    ``autoreset_mode`` is gymnasium's: by default, a game that has ended begins anew in the next
    step, which ignores its action and rewards it with 0.  ``SAME_STEP`` begins it at once and puts
    the end into ``final_obs`` and ``final_info``; ``DISABLED`` leaves it to ``reset`` with the
    option ``reset_mask``, bool [G].
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        threads: int | None = None,
        **settings: Any,
    ) -> None:
        if num_envs < 1:
            raise ConfigError(f"expected num_envs from 1, got {num_envs}")
        self.settings = settings_of(settings)
        self.num_envs = num_envs
        self.render_mode = check_render_mode(render_mode)
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "render_modes": list(RENDER_MODES),
            "render_fps": 2,
            "autoreset_mode": self._mode,
        }
        self.single_observation_space = observation_space(self.settings)
        self.single_action_space = gymnasium.spaces.Discrete(self.settings.actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._games = Games(num_envs, self.settings, threads or usable_cores())
        self._copy = copy
        self._all = np.ones(num_envs, np.bool_)
        self._started = False

    def board(self, game: int) -> Board:
        """Return one game so far, an independent copy."""
        return self._games.board(game)

    def random_actions(self) -> Actions:
        """Return a legal action for each game, int64 [G], all legal ones alike probable.

        Legal is what the last call of `reset` or `step` said is.
        """
        return self._games.draw()

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Planes, dict[str, Any]]:
        """Begin all games, or those of the option ``reset_mask``; return observations and infos.

        seed: one for each game, or one number, to which the number of the game is added.
        """
        chosen = self._all
        if options is not None and "reset_mask" in options:
            chosen = np.asarray(options["reset_mask"])
            if chosen.shape != (self.num_envs,) or chosen.dtype != np.bool_ or not chosen.any():
                raise ConfigError(
                    f"expected reset_mask to be bool [{self.num_envs}], not all False"
                )
        self._seed(seed, chosen)
        self._games.start(chosen)
        return self._observed()

    def step(
        self, actions: Actions
    ) -> tuple[Planes, Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]:
        """Play one action in every game; return what `gymnasium.vector.VectorEnv` says."""
        if not self._started:
            raise gymnasium.error.ResetNeeded("reset the environment before the first step")
        games = self._games
        checked = games.check_actions(actions)
        fresh = games.ended
        if self._mode == AutoresetMode.NEXT_STEP:
            games.start(fresh)
        else:
            games.check_going(self._all)
        rewards = games.step(checked, ~fresh)
        ended = games.ended
        observed = self._finish(ended)
        return observed[0], rewards, ended, np.zeros_like(ended), observed[1]

    def render(self) -> Any:
        """Return a tuple of what `GoEnv.render` gives for each game, None without a render mode."""
        if self.render_mode is None:
            return None
        boards = map(self.board, range(self.num_envs))
        return tuple(rendered(board, self.render_mode) for board in boards)

    def close_extras(self, **kwargs: Any) -> None:
        """End the threads."""
        self._games.close()

    def _seed(self, seed: int | Sequence[int | None] | None, chosen: Chosen) -> None:
        """Start the random numbers of the chosen games anew where a seed is given."""
        seeds: Sequence[int | None]
        if seed is None:
            seeds = [None] * self.num_envs
        elif isinstance(seed, int):
            super().reset(seed=seed)
            seeds = [seed + game for game in range(self.num_envs)]
        else:
            seeds = seed
        if len(seeds) != self.num_envs:
            raise ConfigError(f"expected {self.num_envs} seeds, got {len(seeds)}")
        for game, one in enumerate(seeds):
            if one is not None and chosen[game]:
                self._games.seed(game, seeding.np_random(one)[0])
            elif not self._started:
                self._games.seed(game, self.np_random)
        self._started = True

    def _finish(self, ended: Chosen) -> tuple[Planes, dict[str, Any]]:
        """Return observations and infos after a step, new games begun if that is the mode."""
        games = self._games
        if self._mode != AutoresetMode.SAME_STEP or not ended.any():
            planes, infos = self._observed()
            if ended.any():
                infos |= self._results(ended)
            return planes, infos
        last, last_infos = self._observed()
        final = np.full(self.num_envs, None, object)
        for game in np.flatnonzero(ended):
            final[game] = last[game].copy(order="K")
        final_info = self._results(ended)
        for name in (key for key in last_infos if not key.startswith("_")):
            values = last_infos[name]
            shown = ended.reshape(-1, *[1] * (values.ndim - 1))
            final_info |= _info(name, values * shown, ended)
        games.start(ended)
        planes, infos = self._observed()
        infos |= {"final_obs": final, "_final_obs": ended.copy()}
        infos |= {"final_info": final_info, "_final_info": ended.copy()}
        return planes, infos

    def _results(self, ended: Chosen) -> dict[str, Any]:
        """Return the infos about how games have ended."""
        games = self._games
        return {
            **_info("score", np.where(ended, games.scores(), 0.0), ended),
            **_info("winner", np.where(ended, games.winners(), 0).astype(np.int64), ended),
            **_info("illegal", games.illegal, ended),
        }

    def _observed(self) -> tuple[Planes, dict[str, Any]]:
        """Return the observations, and the infos that every position has."""
        games = self._games
        games.observe()
        masks = games.masks.copy() if self._copy else games.masks
        infos = {
            **_info("action_mask", masks, self._all),
            **_info("to_move", games.arrays.to_move.astype(np.int64), self._all),
            **_info("ply", games.arrays.ply[:, 0].astype(np.int64), self._all),
        }
        return games.planes.copy(order="K") if self._copy else games.planes, infos


def _info(name: str, values: npt.NDArray[Any], valid: Chosen) -> dict[str, Any]:
    """Return one array of the infos and its partner that says for which games it is valid."""
    return {name: values, f"_{name}": valid.copy()}
