"""The end of a game: what is still worth playing, when to pass, when to resign."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference.diagrams import EYE_OF_THREE
from reference.made_networks import SETTLED, Noise, Wishes, chosen

from gopolicy.features.move_kernels import is_own_eye
from gopolicy.go.board import Board
from gopolicy.go.kernels import cell_of
from gopolicy.go.scoring import Scoring
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import parse_vertex
from gopolicy.play.endgame import Adviser, counted_position
from gopolicy.play.player import Player
from gopolicy.play.player_settings import PlayerSettings
from gopolicy.play.playouts import estimate, final_score
from gopolicy.policy.outlook import Outlook
from gopolicy.samples import SAMPLE_GAMES
from gopolicy.sgf.read_all import read_games
from gopolicy.sgf.record import GameRecord


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
            wishes /= wishes.sum()
            return wishes

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


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_by_territory_neutral_points_are_left_and_so_is_everything_that_gains_nothing(
    color: Color,
) -> None:
    board = Board.from_diagram(ONE_NEUTRAL_POINT)
    assert chosen(Player(Wishes("E5")), board, color, scoring="territory") == "pass"
    settled = Board.from_diagram(SETTLED)
    assert chosen(Player(Wishes("H9", "E9")), settled, color, scoring="territory") == "pass"


def test_what_a_network_wants_least_is_not_its_answer_where_it_wants_neutral_points() -> None:
    class Neutral:
        """A network that wants a neutral point, and nearly nothing else."""

        def __init__(self, neutral: float) -> None:
            self.neutral = neutral

        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            del color
            wishes = np.zeros(81, np.float32)
            wishes[parse_vertex("E5", 9)] = self.neutral
            wishes[parse_vertex("B9", 9)] = 1 - self.neutral
            return wishes

    board = Board.from_diagram(ONE_NEUTRAL_POINT, to_move=Color.WHITE)
    board.play("H9")
    for neutral, expected in ((0.95, "pass"), (0.5, "B9")):
        assert chosen(Player(Neutral(neutral)), board, scoring="territory") == expected


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_a_pass_is_answered_with_a_move_that_gains_by_territory_too(color: Color) -> None:
    komi = 0.5 if color == Color.BLACK else -40.5  # whoever is ahead may pass
    board = Board.from_diagram(EYE_OF_THREE, to_move=color.opponent, komi=komi)
    board.play("pass")
    assert chosen(Player(Wishes("B7")), board, color, scoring="territory") == "B7"


BETWEEN_WALLS = """
    . X . X . O . O .
    X X X X . O O O O
    . X . X . O . O .
    X X X X . O O O O
    . X . X . O . O .
    X X X X . O O O O
    . X . X . O . O .
    X X X X . O O O O
    . X . X . O . O .
"""
"""Nine points that are worth nothing by territory, too many to try out every move there."""


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_points_that_are_worth_nothing_are_not_played_once_somebody_has_passed(
    color: Color,
) -> None:
    board = Board.from_diagram(BETWEEN_WALLS, to_move=color.opponent)
    eager = Player(Wishes("E5"))
    assert chosen(eager, board, color, scoring="territory") == "E5"
    board.play("pass")
    assert chosen(eager, board, color, scoring="territory") == "pass"
    assert chosen(eager, board, color) == "E5"  # by area each of them is a point


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_points_are_closed_off_after_a_pass_too(color: Color) -> None:
    rows = [line.split() for line in BETWEEN_WALLS.strip().splitlines()]
    rows[4][3 if color == Color.BLACK else 5] = "."  # the other side would come in there
    gap = "D5" if color == Color.BLACK else "F5"
    board = Board.from_diagram("\n".join(map(" ".join, rows)), to_move=color.opponent)
    board.play("pass")
    assert chosen(Player(Wishes(gap)), board, color, scoring="territory") == gap


@pytest.mark.parametrize("rules", ["territory", "area"])
def test_a_pass_in_the_middle_of_a_game_is_no_reason_to_pass(rules: Scoring) -> None:
    games = [game for game in read_games(SAMPLE_GAMES) if isinstance(game, GameRecord)]
    open_games = 0
    for game in games[:12]:
        board = Board.from_events(game.size, game.events[:100], komi=game.komi or 0.5)
        board.play("pass")
        seen = counted_position(board, estimate(board, 32), rules)
        if seen.open_points.sum() > 40 and seen.safe_lead_of(board.to_move) <= 0:
            open_games += 1
            assert chosen(Player(Wishes()), board, scoring=rules) != "pass"  # it wants nothing much
    assert open_games > 3


class Knows(Wishes):
    """A network that also says whose every point will be."""

    def __init__(self, ownership: NDArray[np.float32]) -> None:
        super().__init__("C3")
        self.ownership, self.asked = ownership, 0

    def outlooks(
        self, boards: Sequence[Board], colors: Sequence[Color] | None = None
    ) -> list[Outlook]:
        del colors
        self.asked += 1
        found = Outlook(ownership=self.ownership, lead=0.0, spread=1.0, black_wins=0.5)
        return [found] * len(boards)


def test_what_the_network_says_of_the_end_is_asked_for_near_the_end_only() -> None:
    network = Knows(np.zeros(81, np.float32))
    Player(network).choose(Board(9))
    assert network.asked == 0
    Player(network).choose(Board.from_diagram(SETTLED))
    assert network.asked == 1


def test_the_network_decides_on_chains_that_playouts_are_undecided_about() -> None:
    board = Board.from_diagram(EYE_OF_THREE)
    black = np.flatnonzero(board.stones == Color.BLACK)
    verdict = replace(estimate(board), ownership=np.zeros(49, np.float32))
    for sign, dead in ((1, 0), (-1, 1)):
        ownership = np.full(49, -1, np.float32)
        ownership[black] = sign
        seen = counted_position(board, verdict, network=replace(verdict, ownership=ownership))
        assert len([chain for chain in seen.dead if chain[0] in black]) == dead


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
    seen = counted_position(board, estimate(board))
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


def test_by_territory_a_game_is_resigned_only_if_it_is_lost_by_territory() -> None:
    more_black = Board.from_diagram(
        """
        . . X X O O .
        X X X X O . O
        X X X X O O O
        . X X X O . O
        X X . X O O .
        X X X X O . O
        . X X X O O .
        """,
        komi=0.5,
        to_move=Color.WHITE,
    )
    player = Player(Noise(1), PlayerSettings(resign_below=0.1, resign_from=0, resign_margin=1))
    assert (more_black.area_score().margin, more_black.territory_score().margin) == (6.5, -1.5)
    assert player.choose(more_black, Color.WHITE).resign
    by_territory = player.choose(more_black, Color.WHITE, scoring="territory")
    assert (by_territory.resign, by_territory.vertex) == (False, "pass")
    assert by_territory.score == pytest.approx(1.5, abs=1.1)


def test_white_waits_longer_before_resigning_a_handicap_game() -> None:
    board = Board.from_diagram(SETTLED.replace("O", "."), komi=0.5, to_move=Color.WHITE)
    settings = PlayerSettings(resign_below=0.1, resign_from=0)
    assert chosen(Player(Noise(1), settings), board, Color.WHITE) != "resign"


def test_white_waits_longer_also_when_the_handicap_stones_came_as_moves() -> None:
    points = ["B2", "D4", "B4", "D2", "C3", "A1", "E5", "A5"]
    even, handicap = Board(5, komi=-200), Board(5, komi=-200)
    for k, point in enumerate(points):
        even.play(point, even.to_move)
        handicap.play(point, Color.BLACK if k < 3 else handicap.to_move)
    settings = PlayerSettings(resign_below=0.1, resign_from=0)
    assert chosen(Player(Noise(1), settings), even, Color.WHITE) == "resign"
    assert chosen(Player(Noise(1), settings), handicap, Color.WHITE) != "resign"


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
