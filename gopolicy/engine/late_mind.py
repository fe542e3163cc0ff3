"""A `Mind` that is still getting ready: whoever asks it something waits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gopolicy.engine.background import Background
from gopolicy.engine.gtp import GtpError
from gopolicy.engine.mind import Decision, Mind
from gopolicy.engine.playouts import Estimate
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point


class LateMind:
    """Passes every question on once the other mind is there; refuses if that never happens."""

    def __init__(self, late: Background[Any]) -> None:
        self._late = late

    def describe(self) -> str:
        """Return which network thinks, in one line."""
        return self._mind().describe()

    def accepts(self, size: int) -> bool:
        """Return whether boards of this size can be thought about."""
        return self._mind().accepts(size)

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], symmetry: int | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of every point, [B, A], legality ignored."""
        return self._mind().probabilities(boards, colors, symmetry)

    def choose(
        self,
        board: Board,
        color: Color,
        *,
        seconds: float | None = None,
        cleanup: bool = False,
        deterministic: bool = False,
    ) -> Decision:
        """Return a move for color."""
        return self._mind().choose(
            board, color, seconds=seconds, cleanup=cleanup, deterministic=deterministic
        )

    def outlook(self, board: Board) -> Estimate:
        """Return how the game may end."""
        return self._mind().outlook(board)

    def dead(self, board: Board) -> list[tuple[Point, ...]]:
        """Return the chains that are dead."""
        return self._mind().dead(board)

    def settings(self) -> Mapping[str, object]:
        """Return what can be set, by name."""
        return self._mind().settings()

    def change(self, name: str, value: str) -> None:
        """Change a setting; ConfigError if there is no such setting or value."""
        self._mind().change(name, value)

    def _mind(self) -> Mind:
        try:
            mind: Mind = self._late.get()
        except Exception as error:
            raise GtpError("cannot load the network") from error
        return mind
