"""What the commands of an engine ask of whoever thinks: probabilities, moves, estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.board import Board
from gopolicy.go.rules import AREA, Rules
from gopolicy.go.scoring import Scoring
from gopolicy.go.types import Color, Point
from gopolicy.policy.outlook import Outlook, balanced
from gopolicy.policy.view import GivesOutlooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A move, and what is to be said about it."""

    point: Point
    """`PASS` for a pass."""
    resign: bool = False
    explanation: str = ""


class AnyBot(GivesOutlooks, Protocol):
    """Thinks about positions; the network behind it may still be loading."""

    def describe(self) -> str:
        """Return which network thinks, in one line."""

    def accepts(self, size: int) -> bool:
        """Return whether boards of this size can be thought about."""

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], symmetry: int | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of every point, [B, A], legality ignored.

        symmetry 0 to 7 is how the network is to see the boards; by default as it is set to.
        """

    def choose(
        self,
        board: Board,
        color: Color,
        *,
        seconds: float | None = None,
        cleanup: bool = False,
        deterministic: bool = False,
        scoring: Scoring = "area",
    ) -> Decision:
        """Return a move for color, which may be a pass or to resign, but is never illegal."""

    def outlook(self, board: Board, color: Color) -> Outlook:
        """Return how the game may end, with color to move; by playouts if only moves are known."""

    def dead(self, board: Board) -> list[tuple[Point, ...]]:
        """Return the chains that are dead."""

    def settings(self) -> Mapping[str, object]:
        """Return what can be set, by name."""

    def change(self, name: str, value: str) -> None:
        """Change a setting; ConfigError if there is no such setting or value."""


def outlooks_around(
    bot: AnyBot, board: Board, color: Color, shares: Mapping[Point, float], rules: Rules = AREA
) -> tuple[Outlook, list[Outlook] | None]:
    """Return the outlook on a position with color to move, and one after each of some legal moves.

    Both are `balanced` by shares, the probabilities of the moves.  The outlooks after them are None
    where `outlooks_after` has none, which says what rules are for.
    """
    now, after = bot.outlook(board, color), outlooks_after(bot, board, color, list(shares), rules)
    return balanced(now, after, list(shares.values())) if after else (now, None)


def outlooks_after(
    bot: GivesOutlooks, board: Board, color: Color, points: Sequence[Point], rules: Rules = AREA
) -> list[Outlook] | None:
    """Return what the network says of the positions after legal moves of color, one for each.

    The board has the komi that the rules give it with color to move, see `Rules.by_area`.  None
    where it has learned moves alone, or there is no move: playouts are too rough to tell candidates
    apart.
    """
    after = [board.copy() for _ in points]
    for each, point in zip(after, points, strict=True):
        each.play(point, color)
        rules.recount(each, board, color)
    return bot.outlooks(after, [color.opponent] * len(after)) if after else None
