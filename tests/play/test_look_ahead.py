"""Looking ahead: moves are weighed by who wins after them."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import parse_vertex
from gopolicy.play.player import Player
from gopolicy.policy.outlook import Outlook

SIZE = 9


class KnowsMoves:
    """Prefers points from the top left on; thinks that stones win by where they lie."""

    def __init__(self, winning: dict[str, float], color: Color) -> None:
        self.winning = {parse_vertex(name, SIZE): share for name, share in winning.items()}
        self.color = color
        self.looked: list[int] = []

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        shares: NDArray[np.float32] = np.float32(0.9) ** np.arange(SIZE * SIZE, dtype=np.float32)
        return np.asarray(shares / shares.sum(), np.float32)

    def outlooks(
        self, boards: Sequence[Board], colors: Sequence[Color] | None = None
    ) -> list[Outlook] | None:
        assert colors == [self.color.opponent] * len(boards)
        self.looked += [int(board.last_move or 0) for board in boards]
        return [self._outlook(board) for board in boards]

    def _outlook(self, board: Board) -> Outlook:
        share = self.winning.get(board.last_move or Point(0), 0.5)
        black = share if self.color == Color.BLACK else 1 - share
        owners = np.zeros(SIZE * SIZE, np.float32)
        return Outlook(ownership=owners, lead=0.0, spread=1.0, black_wins=black)


@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_a_move_that_wins_more_often_is_preferred(color: Color) -> None:
    bot = KnowsMoves({"D9": 0.8, "C9": 0.4, "H9": 1.0}, color)
    choice = Player(bot, look_ahead=5).choose(Board(SIZE), color)
    assert choice.vertex == "D9"  # H9 is not among the five most probable
    assert sorted(bot.looked) == [0, 1, 2, 3, 4]
    assert Player(bot, look_ahead=0).choose(Board(SIZE), color).vertex == "A9"


def test_a_small_difference_does_not_beat_a_large_probability() -> None:
    bot = KnowsMoves({"B9": 0.505}, Color.BLACK)
    assert Player(bot, look_ahead=2).choose(Board(SIZE), Color.BLACK).vertex == "A9"


def test_without_knowledge_of_outcomes_it_says_so() -> None:
    class Moves:
        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            return np.full(SIZE * SIZE, 1 / 81, np.float32)

    with pytest.raises(ConfigError, match="learned who wins"):
        Player(Moves(), look_ahead=4).choose(Board(SIZE))
