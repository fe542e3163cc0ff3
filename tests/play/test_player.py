"""The player: legal moves, style, settings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference.made_networks import SETTLED, Wishes, chosen

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.go.vertex import parse_vertex
from gopolicy.play.bot import Bot, BotOptions
from gopolicy.play.player import Player
from gopolicy.play.player_settings import PlayerSettings


def test_the_most_probable_move_is_played() -> None:
    assert chosen(Player(Wishes("E5", "C3")), Board(9)) == "E5"


def test_a_forbidden_move_gives_way_to_the_next() -> None:
    board = Board(9)
    board.play("E5")
    assert chosen(Player(Wishes("E5", "C3")), board) == "C3"


def test_a_ko_is_not_retaken_at_once() -> None:
    board = Board(9)
    for vertex in ["D5", "E5", "C4", "F4", "D3", "E3", "E4", "D4"]:
        board.play(vertex)
    assert chosen(Player(Wishes("E4", "C7")), board) == "C7"


def test_an_own_eye_is_not_filled_but_the_opponents_is() -> None:
    board = Board.from_diagram(". X . . . / X X . . . / . . . . . / . . . . . / . . . . .")
    player = Player(Wishes("A5", "C3"))
    assert chosen(player, board, Color.BLACK) == "C3"
    board = Board.from_diagram(". X . . . / O . . . . / . . . . . / . . . . . / . . . . .")
    assert chosen(player, board, Color.BLACK) == "A5"


def test_superko_as_set_on_the_board_is_obeyed() -> None:
    board = Board.from_diagram(
        ". X O . . / X O . O . / . X O . . / . . . . . / . . . . .", superko="positional"
    )
    board.play("C4", Color.BLACK)
    for vertex in ("pass", "pass"):
        board.play(vertex)
    assert board.refusal("B4", Color.WHITE) is not None
    assert chosen(Player(Wishes("B4", "E1")), board, Color.WHITE) == "E1"


def test_the_board_is_left_as_it_was() -> None:
    board = Board.from_diagram(SETTLED)
    before = (str(board), board.ply, board.to_move)
    Player(Wishes("E5")).choose(board)
    assert (str(board), board.ply, board.to_move) == before


def test_probabilities_are_over_the_legal_points_and_add_up_to_one() -> None:
    board = Board(9)
    board.play("E5")
    choice = Player(Wishes("E5", "C3")).choose(board)
    assert choice.probabilities[parse_vertex("E5", 9)] == 0
    assert choice.probabilities.sum() == pytest.approx(1)
    assert (choice.win_rate, choice.score) == (None, None)


def test_a_network_without_an_opinion_still_moves() -> None:
    class Nothing:
        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            del color
            return np.zeros(board.size**2, np.float32)

    assert Player(Nothing()).choose(Board(9)).point >= 0


# Style.


def test_temperature_draws_as_often_as_probable() -> None:
    player = Player(Wishes("E5", "C3"), PlayerSettings(temperature=1.0, seed=3))
    board = Board(9)
    moves = [chosen(player, board) for _ in range(400)]
    assert 0.52 < moves.count("E5") / 400 < 0.72  # 1 / 1.579
    assert moves.count("C3") > 80


def test_the_same_seed_draws_the_same_moves() -> None:
    first, second = (
        Player(Wishes("E5", "C3", "G7"), PlayerSettings(temperature=1.0, seed=8)) for _ in "ab"
    )
    board = Board(9)
    assert [chosen(first, board) for _ in range(20)] == [chosen(second, board) for _ in range(20)]


def test_a_deterministic_choice_ignores_the_temperature() -> None:
    player = Player(Wishes("E5", "C3"), PlayerSettings(temperature=5.0, seed=1))
    moves = {chosen(player, Board(9), deterministic=True) for _ in range(20)}
    assert moves == {"E5"}


def test_the_temperature_ends_with_its_moves() -> None:
    player = Player(
        Wishes("E5", "C3"), PlayerSettings(temperature=5.0, temperature_moves=2, seed=1)
    )
    board = Board(9)
    assert len({chosen(player, board) for _ in range(20)}) > 1
    board.play("A1")
    board.play("J9")
    assert {chosen(player, board) for _ in range(20)} == {"E5"}


@pytest.mark.parametrize("limits", [{"top_p": 0.5}, {"min_p": 0.4}])
def test_the_tail_of_the_probabilities_can_be_cut(limits: dict[str, Any]) -> None:
    player = Player(Wishes("E5", "C3", "G7"), PlayerSettings(temperature=1.0, seed=2, **limits))
    moves = {chosen(player, Board(9)) for _ in range(200)}
    assert moves == ({"E5", "C3"} if "min_p" in limits else {"E5"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"min_p": 1.5},
        {"resign_below": 2.0},
        {"passing": "never"},
        {"playouts": 0},
        {"max_seconds": -1.0},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong)).removesuffix("s")):
        replace(PlayerSettings(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"seed": -1}, {"seed": 2**64}, {"seed": 10**5000}, {"resign_margin": float("nan")}),
        *({"resign_from": -1}, {"temperature_moves": -1}, {"playouts": 10**9}),
        *({"max_seconds": float("inf")}, {"temperature": 1e300}),
    ],
)
def test_numbers_that_a_library_would_choke_on_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"expected {next(iter(wrong))} from"):
        PlayerSettings(**wrong)  # type: ignore[arg-type]


def test_the_smallest_temperature_plays_the_most_probable_move() -> None:
    player = Player(Wishes("E5", "C3"), PlayerSettings(temperature=5e-324, seed=3))
    board = Board(9)
    assert player.choose(board, Color.BLACK).point == parse_vertex("E5", 9)


def test_a_bot_says_once_when_playouts_alone_tell_dead_stones(tiny_weights: Path) -> None:
    said: list[str] = []
    options = BotOptions(weights=str(tiny_weights), device="cpu", threads=1, remark=said.append)
    bot = Bot(options)
    board = Board.from_diagram(SETTLED)
    assert bot.dead(board) == bot.dead(board) == []
    assert sum("playouts alone tell dead stones" in line for line in said) == 1
