"""Looking ahead: moves are weighed by who wins after them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference.tiny_games import write_outcome_weights, write_weights

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.rules import Rules
from gopolicy.go.scoring import Scoring
from gopolicy.go.types import (
    EVENT_COLOR_SHIFT,
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    Color,
    Point,
    setup_event,
)
from gopolicy.go.vertex import parse_vertex
from gopolicy.play.any_bot import outlooks_after
from gopolicy.play.bot import Bot, BotOptions
from gopolicy.play.look_ahead import LookAhead
from gopolicy.play.player import Player
from gopolicy.play.player_settings import PlayerSettings
from gopolicy.policy.outlook import Outlook

SIZE = 9


class KnowsMoves:
    """Prefers points from the top left on; thinks that stones win by where they lie."""

    def __init__(self, winning: dict[str, float], color: Color) -> None:
        self.winning = {parse_vertex(name, SIZE): share for name, share in winning.items()}
        self.color = color
        self.looked: list[list[int]] = []

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        shares: NDArray[np.float32] = np.float32(0.9) ** np.arange(SIZE * SIZE, dtype=np.float32)
        return np.asarray(shares / shares.sum(), np.float32)

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], *, rough: bool = False
    ) -> NDArray[np.float32]:
        assert rough
        assert colors == [board.to_move for board in boards]
        return np.stack([self.predict(board) for board in boards])

    def outlooks(
        self,
        boards: Sequence[Board],
        colors: Sequence[Color] | None = None,
        *,
        rough: bool = False,
    ) -> list[Outlook] | None:
        assert rough
        assert colors is None
        self.looked += [self._moves(board) for board in boards]
        return [self._outlook(board) for board in boards]

    def _moves(self, board: Board) -> list[int]:
        """Return the points that were played, the candidate first."""
        colors = [int(event) >> EVENT_COLOR_SHIFT for event in board.events]
        assert colors == [self.color, self.color.opponent] * 2
        return [int(event) & EVENT_POINT_MASK for event in board.events]

    def _outlook(self, board: Board) -> Outlook:
        share = self.winning.get(Point(self._moves(board)[0]), 0.5)
        black = share if self.color == Color.BLACK else 1 - share
        owners = np.zeros(SIZE * SIZE, np.float32)
        return Outlook(ownership=owners, lead=0.0, spread=1.0, black_wins=black)


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_a_move_that_wins_more_often_is_preferred(color: Color) -> None:
    bot = KnowsMoves({"D9": 0.8, "C9": 0.4, "H9": 1.0}, color)
    choice = Player(bot, look_ahead=5).choose(Board(SIZE), color)
    assert choice.vertex == "D9"  # H9 is not among the five most probable
    best_of_each = [[0, 1, 2, 3], [1, 0, 2, 3], [2, 0, 1, 3], [3, 0, 1, 2], [4, 0, 1, 2]]
    assert sorted(bot.looked) == best_of_each
    assert Player(bot, look_ahead=0).choose(Board(SIZE), color).vertex == "A9"


def test_a_small_difference_does_not_beat_a_large_probability() -> None:
    bot = KnowsMoves({"B9": 0.505}, Color.BLACK)
    assert Player(bot, look_ahead=2).choose(Board(SIZE), Color.BLACK).vertex == "A9"


def test_moves_that_hardly_come_into_question_are_not_looked_at() -> None:
    bot, shares = KnowsMoves({"B9": 1.0}, Color.BLACK), np.zeros(SIZE * SIZE)
    ahead = LookAhead(bot, Board(SIZE), Color.BLACK, 5)
    shares[:2] = 0.9, 0.12
    assert ahead.weighed(shares).tolist() == [1.0, *80 * [0.0]]
    assert bot.looked == []
    shares[1:3] = 0.15
    weighed = ahead.weighed(shares)
    assert [row[0] for row in bot.looked] == [0, 1, 2]
    assert weighed.argmax() == 1
    assert weighed.sum() == pytest.approx(1)


def test_without_knowledge_of_outcomes_it_says_so() -> None:
    class Moves:
        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            return np.full(SIZE * SIZE, 1 / 81, np.float32)

    with pytest.raises(ConfigError, match="learned who wins"):
        Player(Moves(), look_ahead=4).choose(Board(SIZE))


def test_the_game_goes_on_by_passes_where_only_eyes_are_left() -> None:
    class Full(KnowsMoves):
        def _moves(self, board: Board) -> list[int]:
            return [int(event) & EVENT_POINT_MASK for event in board.events[-4:]]

    board = Board(SIZE)
    eyes = [0, 2, 50]
    stones = [Point(at) for at in range(SIZE * SIZE) if at not in eyes]
    board.carry_out(setup_event(at, Color.BLACK) for at in stones)
    bot, shares = Full({}, Color.BLACK), np.zeros(SIZE * SIZE)
    shares[eyes[:2]] = 0.5
    LookAhead(bot, board, Color.BLACK, 3).weighed(shares)
    assert sorted(bot.looked) == [[0, *3 * [EVENT_NO_POINT]], [2, *3 * [EVENT_NO_POINT]]]


def test_a_bot_that_knows_moves_alone_says_at_once_that_it_cannot(tmp_path: Path) -> None:
    moves, both = write_weights(tmp_path / "moves"), write_outcome_weights(tmp_path / "both")
    with pytest.raises(ConfigError, match="moves has not learned who wins"):
        Bot(BotOptions(weights=str(moves), play=PlayerSettings(look_ahead=2)))
    bot = Bot(BotOptions(weights=str(moves)))
    with pytest.raises(ConfigError, match="moves has not learned who wins"):
        bot.change("look_ahead", "2")
    assert bot.settings()["look_ahead"] == 0
    bot.change("look_ahead", "1")  # the most probable move alone
    able = Bot(BotOptions(weights=str(both), play=PlayerSettings(look_ahead=3)))
    decision = able.choose(Board(SIZE), Color.BLACK)
    best = able.predict(Board(SIZE)).argsort()[::-1][:3]
    assert decision.point in best.tolist()


class KnowsKomi(KnowsMoves):
    """Keeps the komi of every board that it is asked who wins on."""

    def __init__(self) -> None:
        super().__init__({}, Color.WHITE)
        self.komis: set[float] = set()

    def _moves(self, board: Board) -> list[int]:
        self.komis.add(board.komi)
        return [0]


@pytest.mark.parametrize(("scoring", "komi"), [("area", 0.5), ("territory", 2.5)])
def test_handicap_stones_are_no_points_by_territory(scoring: Scoring, komi: float) -> None:
    stones = [parse_vertex(name, SIZE) for name in ("C3", "G7", "G3")]
    board = Board(SIZE, komi=0.5)
    board.setup(black=stones, to_move=Color.WHITE)
    bot = KnowsKomi()
    Player(bot, look_ahead=5).choose(board, scoring=scoring)
    assert bot.komis == {komi}
    assert board.komi == 0.5


@pytest.mark.parametrize(("scoring", "komi"), [("area", 6.5), ("territory", 5.5)])
def test_behind_a_pass_a_stone_more_of_white_is_no_point_by_territory(
    scoring: Scoring, komi: float
) -> None:
    board = Board(SIZE, komi=6.5)
    for vertex in ("E5", "C7", "G3", "C3", "pass"):
        board.play(vertex)
    rules, bot = Rules(scoring=scoring), KnowsKomi()
    Player(bot, look_ahead=5).choose(board, scoring=scoring)
    assert bot.komis == {komi}

    class Asked(KnowsKomi):
        def outlooks(self, boards: Sequence[Board], *_: Any, **__: Any) -> list[Outlook] | None:
            return super().outlooks(boards, rough=True)

    bot = Asked()
    points = [parse_vertex(name, SIZE) for name in ("A1", "J9")]
    outlooks_after(bot, rules.by_area(board, Color.WHITE), Color.WHITE, points, rules)
    assert bot.komis == {komi}
