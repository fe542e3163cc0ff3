"""One game of Go as a gymnasium environment."""

from typing import Any, ClassVar

import gymnasium
import numpy as np

from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import board_svg
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Planes
from gopolicy.features.planes import plane_set
from gopolicy.go.board import Board
from gopolicy.rl.games import Games
from gopolicy.rl.go_settings import GoSettings, settings_of

RENDER_MODES = ("ansi", "rgb_array", "svg")


def observation_space(settings: GoSettings) -> gymnasium.Space[Planes]:
    """Return the space of the planes of one position, int8 [C, N, N]."""
    planes = plane_set(settings.planes)
    signed = any(planes.first(name) >= 0 for name in ("stones", "black to move"))
    shape = (planes.count, settings.size, settings.size)
    space: gymnasium.Space[Any] = gymnasium.spaces.Box(-1 if signed else 0, 1, shape, np.int8)
    return space


def check_render_mode(render_mode: str | None) -> str | None:
    """Return a way to render; ConfigError for one that is none."""
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise ConfigError(f"expected render_mode from {', '.join(RENDER_MODES)}")
    return render_mode


def rendered(board: Board, render_mode: str) -> Any:
    """Return a board as text, as pixels uint8 [H, W, 3] or as SVG."""
    if render_mode == "ansi":
        return str(board)
    picture = BoardPicture(stones=board.stones, last_move=board.last_move)
    return str(board_svg(picture)) if render_mode == "svg" else np.asarray(board_image(picture))


class GoEnv(gymnasium.Env[Planes, np.int64]):
    """One game of Go: `gopolicy/Go-v0`.  N = points on a side, C = planes.

    Keywords are the fields of `GoSettings`, and ``render_mode``: ``ansi`` for a
    diagram, ``rgb_array`` for pixels uint8 [H, W, 3], ``svg`` for SVG as text.

    **Observation**: int8 [C, N, N], the planes of the position from the agent's side; if the agent
    plays both colors, from the side of who is to move.

    **Action**: an integer, a point (row * N + column, row 0 at the top) or N * N for a pass.  An
    action that the rules forbid ends the game at once and loses it; the board stays as it was.  A
    number that is no action raises `IllegalMove`.

    **Reward**: 0 until the game ends, then 1 for a win, -1 for a loss, 0 for a draw, for the
    agent.  If the agent plays both colors, for the player whose action ended the game.

    **End**: two passes in a row or ``max_moves`` moves and passes; then all stones count as alive
    (Tromp-Taylor area and komi).  Both are ``terminated``, as the result is final; ``truncated``
    is always False.  A step after the end raises `gymnasium.error.ResetNeeded`.

    **Info**: ``action_mask`` int8 [N * N + 1], 1 for every legal action, as the action space's
    ``sample`` takes it; ``to_move``, 1 black or 2 white; ``ply``, moves and passes so far.  At the
    end also ``score``, Black's area minus White's and komi; ``winner``, 1, 2, or 0 for a draw;
    ``illegal``, whether an illegal action ended it.

    **Seeds**: ``reset(seed=...)`` starts the random numbers of the opponent and of the color anew.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": list(RENDER_MODES),
        "render_fps": 2,
    }

    def __init__(self, render_mode: str | None = None, **settings: Any) -> None:
        self.settings = settings_of(settings)
        self.render_mode = check_render_mode(render_mode)
        self.observation_space = observation_space(self.settings)
        self.action_space = gymnasium.spaces.Discrete(self.settings.actions)
        self._games = Games(1, self.settings)
        self._all = np.ones(1, np.bool_)
        self._started = False

    @property
    def board(self) -> Board:
        """The game so far, an independent copy."""
        return self._games.board(0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Planes, dict[str, Any]]:
        """Begin a new game; return the observation and the info."""
        super().reset(seed=seed)
        if seed is not None or not self._started:
            self._games.seed(0, self.np_random)
        self._started = True
        self._games.start(self._all)
        return self._observed()

    def step(self, action: np.int64) -> tuple[Planes, float, bool, bool, dict[str, Any]]:
        """Play an action; return observation, reward, terminated, truncated and info."""
        if not self._started:
            raise gymnasium.error.ResetNeeded("reset the environment before the first step")
        actions = self._games.check_actions(np.asarray(action)[None])
        self._games.check_going(self._all)
        reward = float(self._games.step(actions, self._all)[0])
        planes, info = self._observed()
        ended = bool(self._games.ended[0])
        if ended:
            info["score"] = float(self._games.scores()[0])
            info["winner"] = int(self._games.winners()[0])
            info["illegal"] = bool(self._games.illegal[0])
        return planes, reward, ended, False, info

    def render(self) -> Any:
        """Return the position as the render mode says, None without one."""
        return None if self.render_mode is None else rendered(self.board, self.render_mode)

    def close(self) -> None:
        """Close the environment; nothing is left to do, and more than once is allowed."""
        self._games.close()

    def _observed(self) -> tuple[Planes, dict[str, Any]]:
        """Return the observation and the info of the position."""
        games = self._games
        games.observe()
        info = {
            "action_mask": games.masks[0].copy(),
            "to_move": int(games.arrays.to_move[0]),
            "ply": int(games.arrays.ply[0, 0]),
        }
        return games.planes[0].copy(order="K"), info
