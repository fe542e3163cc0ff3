"""Which moves an analysis is asked about, and what that must not change."""

from pathlib import Path

import pytest
from reference.fake_bot import Desk
from reference.tiny_games import write_outcome_weights

from gopolicy.go.board import Board
from gopolicy.go.rules import AREA
from gopolicy.go.types import Color
from gopolicy.gtp.candidates import Analysis, Wishes
from gopolicy.play.bot import Bot, BotOptions


@pytest.mark.parametrize("command", ["kata-genmove_analyze", "lz-genmove_analyze"])
def test_a_move_with_a_report_is_one_of_those_that_are_permitted(command: str) -> None:
    desk = Desk()
    desk.send("boardsize 5")
    usual = desk.ask(f"{command} b 1").split()[-1]
    desk.send("undo")
    avoiding = desk.ask(f"{command} b 1 avoid b {usual} 1").split()[-1]
    assert avoiding not in (usual, "pass")
    assert desk.session.board.last_move == desk.session.point(avoiding)
    assert desk.ask(f"{command} w 1 allow w A1 1").split()[-1] == "A1"
    assert desk.session.board.color_at("A1") == Color.WHITE
    assert desk.ask(f"{command} b 1 allow b A1 1").split()[-1] == "pass"
    before = desk.stones()
    assert desk.ask("kata-search_analyze w 1 allow w E5 1").split()[-1] == "E5"
    assert desk.stones() == before


def test_what_is_asked_about_changes_no_value(tmp_path: Path) -> None:
    bot = Bot(BotOptions(weights=str(write_outcome_weights(tmp_path / "knows")), threads=1))
    board = Board(9)
    board.play("E5")
    color = board.to_move
    whole = Analysis(board, Wishes(color=color), bot, AREA)
    known = {c.point: after for c, after in zip(whole.candidates, whole.after, strict=True)}
    assert len(known) > 3
    second = whole.candidates[1].point
    for wishes in (
        Wishes(color=color, max_moves=1),
        Wishes(color=color, max_moves=3),
        Wishes(color=color, allowed=frozenset([second])),
        Wishes(color=color, avoided=frozenset([second, whole.candidates[0].point])),
    ):
        part = Analysis(board, wishes, bot, AREA)
        assert part.outlook.lead == pytest.approx(whole.outlook.lead, abs=1e-4)
        for candidate, after in zip(part.candidates, part.after, strict=True):
            if candidate.point in known:
                assert after.lead == pytest.approx(known[candidate.point].lead, abs=1e-3)
                assert after.black_wins == pytest.approx(
                    known[candidate.point].black_wins, abs=1e-4
                )
