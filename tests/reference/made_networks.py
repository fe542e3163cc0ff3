"""Networks that want what a test needs, a finished board, and what a player does there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.play.player import Player


class Wishes:
    """A network that likes some vertices, in falling order, and everything else a little."""

    def __init__(self, *vertices: str) -> None:
        self.vertices = vertices

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        del color
        wishes = np.full(board.size**2, 1e-3, np.float32)
        for i, vertex in enumerate(self.vertices):
            wishes[parse_vertex(vertex, board.size)] = 0.5**i
        wishes /= wishes.sum()
        return wishes


class Noise:
    """A network that wants something else every time."""

    def __init__(self, seed: int) -> None:
        self.dice = np.random.default_rng(seed)

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        del color
        return self.dice.dirichlet(np.full(board.size**2, 0.3)).astype(np.float32)


SETTLED = """
    . X O . O . . . .
    X X O O . O . . .
    . X X O O . O . .
    X . X X O O . . .
    . X . X X O O . .
    X . X . X X O O .
    . X . X . X X O O
    X . X . X . X X O
    . X . X . X . X O
"""


def chosen(player: Player, board: Board, color: Color | None = None, **options: Any) -> str:
    """Return the vertex that a player chooses, or resign."""
    choice = player.choose(board, color, **options)
    return "resign" if choice.resign else vertex_name(choice.point, board.size)
