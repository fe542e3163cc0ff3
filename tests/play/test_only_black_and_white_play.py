"""Only Black and White play: a color that is falsy, EMPTY, never stands for who is to move."""

from collections.abc import Callable

import numpy as np
import pytest

from gopolicy.errors import ConfigError
from gopolicy.features import Encoder
from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color, Point, move_event, setup_event
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network
from gopolicy.play.player import Player
from gopolicy.play.playouts import estimate
from gopolicy.policy.policy import Policy


def predict(board: Board) -> object:
    network = build_network("alphago", planes=48, size=9, filters=4, layers=2)
    loaded = LoadedNetwork(network, describe_network(network, "alphago48"))
    return Policy(loaded, device="cpu").predict(board, Color.EMPTY)


class Blank:
    def predict(self, board: Board, color: Color | None = None) -> np.ndarray:
        return np.full(board.size**2, 0.01, np.float32)


REFUSED: dict[str, Callable[[Board], object]] = {
    "play": lambda board: board.play("D4", Color.EMPTY),
    "legal": lambda board: board.legal("D4", Color.EMPTY),
    "legal_mask": lambda board: board.legal_mask(Color.EMPTY),
    "setup": lambda board: board.setup(to_move=Color.EMPTY),
    "from_diagram": lambda board: Board.from_diagram(". . / . .", to_move=Color.EMPTY),
    "opponent": lambda board: Color.EMPTY.opponent,
    "estimate": lambda board: estimate(board, 1, to_move=Color.EMPTY),
    "choose": lambda board: Player(Blank()).choose(board, Color.EMPTY),
    "planes": lambda board: Encoder("alphago48", 9).board(board.arrays, Color.EMPTY),
    "predict": predict,
    "move without a color": lambda board: Board.from_events(9, [move_event(Point(3), 0)]),
    "move of a fourth color": lambda board: Board.from_events(9, [move_event(Point(3), 3)]),
    "turn of nobody": lambda board: Board.from_events(9, [setup_event(PASS, 0)]),
    "stone of a fourth color": lambda board: Board.from_events(9, [setup_event(Point(3), 3)]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nobody_plays_for_an_empty_color(what: str) -> None:
    board = Board(9)
    with pytest.raises(ConfigError, match="color"):
        REFUSED[what](board)
    assert not board.stones.any()
    assert (board.ply, board.to_move) == (0, Color.BLACK)


def test_without_a_color_it_is_the_turn_of_who_is_to_move() -> None:
    board = Board(9)
    board.setup(to_move=Color.WHITE)
    board.play("D4")
    assert board.color_at("D4") == Color.WHITE
    assert np.array_equal(board.legal_mask(), board.legal_mask(Color.BLACK))
