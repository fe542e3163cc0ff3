"""The player: legal moves, style, passing, resigning."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gopolicy.engine.endgame import Adviser, outcome
from gopolicy.engine.player import Player, PlayerSettings, handicap_stones
from gopolicy.engine.playouts import estimate, final_score
from gopolicy.errors import ConfigError
from gopolicy.features.kernels import is_own_eye
from gopolicy.go.board import Board
from gopolicy.go.kernels import cell_of
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name


class Wishes:
    """A network that likes some vertices, in falling order, and everything else a little."""

    def __init__(self, *vertices: str) -> None:
        self.vertices = vertices

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        del color
        wishes = np.full(board.size**2, 1e-3, np.float32)
        for i, vertex in enumerate(self.vertices):
            wishes[parse_vertex(vertex, board.size)] = 0.5**i
        return wishes / wishes.sum()


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


def chosen(player: Player, board: Board, color: Color | None = None, **options: bool) -> str:
    choice = player.choose(board, color, **options)
    return "resign" if choice.resign else vertex_name(choice.point, board.size)


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
def test_the_tail_of_the_probabilities_can_be_cut(limits: dict[str, float]) -> None:
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


# The end of the game.


def test_nothing_useful_left_is_a_pass() -> None:
    board = Board.from_diagram(SETTLED)
    for color in (Color.BLACK, Color.WHITE):
        choice = Player(Wishes("H9", "E9")).choose(board, color)
        assert choice.point == PASS
        assert not choice.resign


def test_a_stone_in_own_territory_is_answered_only_if_the_network_is_sure() -> None:
    board = Board.from_diagram(SETTLED)
    board.play("H8", Color.BLACK)
    assert chosen(Player(Wishes("H7")), board) == "H7"
    assert chosen(Player(Wishes()), board) == "pass"


def test_a_pass_is_never_answered_in_the_opening() -> None:
    board = Board(9, komi=-50)
    board.play("E5")
    board.play("pass")
    assert chosen(Player(Wishes("C3")), board) == "C3"


def test_a_neutral_point_is_filled_before_passing() -> None:
    board = Board.from_diagram(
        ". X . O . / X X X O O / . X . O . / X X X O O / . X X O .", komi=0.5
    )
    assert chosen(Player(Wishes("E5")), board, Color.BLACK) in ("C3", "C5")


ONE_NEUTRAL_POINT = """
    X . X X O O O . O
    X . X X O O O . O
    X X X X O O O O O
    X . X X O O O . O
    X . X X . O O . O
    X X X X X O O O O
    X . X X X O O . O
    X . X X X O O . O
    X X X X X O O O O
"""


def test_a_neutral_point_is_filled_though_the_network_likes_many_others_more() -> None:
    class Homely:
        """A network that likes the points of the two territories, and not the neutral one."""

        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            del color
            wishes = np.where(board.legal_mask(), 1.0, 0.0).astype(np.float32)
            wishes[parse_vertex("E5", 9)] = 0.01
            return wishes / wishes.sum()

    board = Board.from_diagram(ONE_NEUTRAL_POINT)
    for color in (Color.BLACK, Color.WHITE):
        assert chosen(Player(Homely()), board, color) == "E5"
    board.play("E5", Color.BLACK)
    assert chosen(Player(Homely()), board, Color.WHITE) == "pass"


def test_while_points_are_open_the_network_is_trusted_at_home_but_not_to_invade() -> None:
    class Keen:
        """A network that gives one point 30 % and the rest to all others."""

        def __init__(self, vertex: str) -> None:
            self.point = parse_vertex(vertex, 9)

        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            del color
            wishes = np.where(board.legal_mask(), 1.0, 0.0).astype(np.float32)
            wishes *= 0.7 / (wishes.sum() - 1)
            wishes[self.point] = 0.3
            return wishes

    board = Board.from_diagram(ONE_NEUTRAL_POINT)
    assert chosen(Player(Keen("B5")), board, Color.BLACK) == "B5"
    assert chosen(Player(Keen("H5")), board, Color.BLACK) == "E5"
    assert chosen(Player(Keen("H5")), board, Color.WHITE) == "H5"


SEKI = """
    . . . . . . . . .
    . . . . . . . . .
    . . . . . . . . .
    O O O O O O O O O
    X X X X X X X X X
    . . . . . . . . .
    X X X X X X . . .
    O O O O O X . . .
    . X X . O X . . .
"""


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_nobody_puts_himself_in_atari_in_a_seki(color: Color) -> None:
    board = Board.from_diagram(SEKI)
    seen = outcome(board, estimate(board))
    adviser = Adviser(board, color, seen, playouts=50, seed=1)
    for vertex in ("A1", "D1"):
        assert not adviser.is_useful(parse_vertex(vertex, 9))
    assert chosen(Player(Wishes()), board, color) not in ("A1", "D1")


def test_the_player_who_is_ahead_answers_a_pass_with_one() -> None:
    diagram = ". X . O . / X X X O O / . X . O . / X X X O O / . X X O ."
    for komi, color, passes in ((0.5, Color.BLACK, True), (9.5, Color.BLACK, False)):
        board = Board.from_diagram(diagram, komi=komi, to_move=color.opponent)
        board.play("pass")
        assert (chosen(Player(Wishes()), board) == "pass") == passes


DEAD_STONE = """
    . . X O . . . . .
    . X X O . O . . .
    . . X O O . . X .
    . O X X O . . . .
    . . . X O O O O O
    X X X X X X X O .
    . . . . . . X O O
    . . . . . . X X O
    . . . . . . . X O
"""


def test_a_friendly_player_leaves_dead_stones_and_a_strict_one_takes_them() -> None:
    board = Board.from_diagram(DEAD_STONE)
    friendly, strict = Player(Noise(1)), Player(Noise(1), PlayerSettings(passing="strict"))
    assert chosen(friendly, board, Color.BLACK) == "pass"
    assert chosen(strict, board, Color.BLACK) in ("A6", "B7", "B5")
    assert chosen(friendly, board, Color.BLACK, cleanup=True) in ("A6", "B7", "B5")


def test_resigning_needs_to_be_asked_for_and_to_be_late_enough() -> None:
    lost = Board.from_diagram(SETTLED, komi=200)
    assert chosen(Player(Wishes()), lost, Color.BLACK) == "pass"
    eager = PlayerSettings(resign_below=0.1, resign_from=0)
    assert chosen(Player(Wishes(), eager), lost, Color.BLACK) == "resign"
    assert chosen(Player(Wishes(), eager), lost, Color.WHITE) == "pass"
    patient = PlayerSettings(resign_below=0.1, resign_from=5)
    assert chosen(Player(Wishes(), patient), lost, Color.BLACK) == "pass"


def test_white_waits_longer_before_resigning_a_handicap_game() -> None:
    board = Board.from_diagram(SETTLED.replace("O", "."), komi=0.5, to_move=Color.WHITE)
    assert handicap_stones(board) > 9
    settings = PlayerSettings(resign_below=0.1, resign_from=0)
    assert chosen(Player(Noise(1), settings), board, Color.WHITE) != "resign"


def test_a_single_stone_set_up_is_no_handicap() -> None:
    board = Board(9)
    board.setup(black=["E5"])
    assert handicap_stones(board) == 0
    board = Board(9)
    board.place_handicap(3)
    assert handicap_stones(board) == 3


@pytest.mark.parametrize("passing", ["friendly", "strict"])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_games_of_nonsense_end_legally_with_no_eye_filled(passing: str, seed: int) -> None:
    size = 5 + seed % 3
    options = PlayerSettings(passing=passing, temperature=1.0, seed=seed, playouts=50)  # type: ignore[arg-type]
    player = Player(Noise(seed), options)
    board = Board(size, komi=0.5, superko="positional")
    while board.passes < 2:
        assert board.ply < 10 * size * size
        point = player.choose(board).point
        if point != PASS:
            at = cell_of(board.arrays, point)
            assert not is_own_eye(board.arrays, at, int(board.to_move))
        board.play(point)
    if passing == "strict":
        assert final_score(board).winner in (Color.BLACK, Color.WHITE)


def test_a_tiny_board_is_played_to_its_end() -> None:
    board = Board(2, superko="positional")
    player = Player(Noise(4))
    while board.passes < 2 and board.ply < 60:
        board.play(player.choose(board).point)
    assert board.passes == 2


def test_no_time_at_all_still_gives_a_legal_move() -> None:
    board = Board.from_diagram(DEAD_STONE)
    choice = Player(Noise(2), PlayerSettings(max_seconds=0.0)).choose(board)
    assert choice.point == PASS or board.legal(Point(choice.point))
