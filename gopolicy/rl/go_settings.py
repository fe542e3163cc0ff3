"""What can be set in the Go environment."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, SupportsFloat, get_args

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError, check_count, wrong_kind
from gopolicy.features.encode import Planes
from gopolicy.features.planes import plane_set
from gopolicy.go.handicap import fixed_handicap
from gopolicy.go.superko import Superko
from gopolicy.go.types import BLACK, PASS, WHITE, setup_event
from gopolicy.go.vertex import check_size
from gopolicy.ranges import MAX_PLIES

Masks = npt.NDArray[np.int8]
Actions = npt.NDArray[np.int64]
OpponentCall = Callable[[Planes, Masks], npt.ArrayLike]
AgentColor = Literal["black", "white", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoSettings:
    """The rules of the games, what is observed, and who plays against the agent.

    Raises ConfigError for an impossible value.
    """

    size: int = 19
    """Points on a side, 2 to 25."""
    planes: str = "alphago48"
    """The plane set that is observed, one of `gopolicy.features.PLANE_SETS`."""
    komi: float = 7.5
    """Points added to White's area."""
    superko: Superko = "none"
    """``none`` (simple ko), ``positional`` or ``situational``."""
    suicide: bool = False
    """Whether a move may take the player's own chain off the board."""
    max_moves: int | None = None
    """Moves and passes after which the game ends and is counted; None: twice the points."""
    handicap: int = 0
    """Black stones on the star points at the start, 0 or 2 to 9; White is to move then."""
    opponent: str | Path | OpponentCall | None = None
    """Who plays the other color.

    None: nobody, the agent plays both.  ``"random"``: any legal action, passing included, all
    alike probable.  A name or path of weights: that network, see `NetworkOpponent`.  A function
    from planes int8 [B, C, N, N] and masks int8 [B, N * N + 1] of the B >= 1 games in which the
    opponent is to move, seen from its side, to B legal actions.
    """
    color: AgentColor = "black"
    """The agent's color if there is an opponent; ``random``: drawn for each game."""
    temperature: float = 1.0
    """Of a network as opponent: 0 plays the most probable move, 1 as the network predicts."""

    def __post_init__(self) -> None:
        check_size(self.size)
        plane_set(self.planes)
        if self.superko not in get_args(Superko):
            raise ConfigError(f"expected superko to be one of {get_args(Superko)}")
        if self.color not in get_args(AgentColor):
            raise ConfigError(f"expected color to be one of {get_args(AgentColor)}")
        if not isinstance(self.opponent, str | Path | Callable | None):
            raise wrong_kind("a name or path of weights, or a function, as opponent", self.opponent)
        for name in ("komi", "temperature"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, SupportsFloat):
                raise wrong_kind(f"a number for {name}", value)
        if not math.isfinite(self.komi):
            raise ConfigError(f"expected a number for komi, got {self.komi}")
        if not 0.0 <= self.temperature <= 1e6:
            raise ConfigError(f"expected temperature from 0 to 1e6, got {self.temperature}")
        check_count("max_moves", self.max_moves, MAX_PLIES, or_none=True)
        begins = "white" if self.handicap else "black"
        if self.max_moves == 1 and self.opponent is not None and self.color != begins:
            raise ConfigError("expected max_moves from 2 where the opponent may begin, got 1")
        self.setup()

    @property
    def most_moves(self) -> int:
        """Moves and passes after which a game ends."""
        return 2 * self.size**2 if self.max_moves is None else self.max_moves

    @property
    def actions(self) -> int:
        """Points and the pass."""
        return self.size**2 + 1

    def setup(self) -> npt.NDArray[np.uint16]:
        """Return the events before the first move: handicap stones, if any."""
        if not self.handicap:
            return np.zeros(0, np.uint16)
        stones = [setup_event(p, BLACK) for p in fixed_handicap(self.size, self.handicap)]
        return np.array([*stones, setup_event(PASS, WHITE)], np.uint16)


def settings_of(options: dict[str, Any]) -> GoSettings:
    """Return settings from keywords; ConfigError for an unknown one.

    >>> settings_of({"size": 9, "komi": 5.5}).most_moves
    162
    """
    known = [field.name for field in fields(GoSettings)]
    for name in options:
        if name not in known:
            raise ConfigError(
                f"no setting {name!r} of the environment; there are {', '.join(known)}"
            )
    return GoSettings(**options)
