"""The outlook on a position and those after its moves, made to agree."""

from itertools import pairwise

import numpy as np
import pytest

import gopolicy as gp
from gopolicy.go.types import Color, Point
from gopolicy.play.any_bot import outlooks_around
from gopolicy.play.bot import Bot, BotOptions
from gopolicy.policy.outlook import Outlook, balanced

POINTS = 9


def said(lead: float, black_wins: float = 0.5, spread: float = 6.0, owned: float = 0.0) -> Outlook:
    """Return an outlook that owns every point alike."""
    ownership = np.full(POINTS, owned, np.float32)
    return Outlook(ownership=ownership, lead=lead, spread=spread, black_wins=black_wins)


def test_a_leaning_by_who_is_to_move_goes_away() -> None:
    true, leads, shares, leaning = 3.0, [5.0, 1.0, 3.0], [0.25, 0.25, 0.5], 7.5
    now, after = balanced(said(true - leaning), [said(each + leaning) for each in leads], shares)
    assert now.lead == pytest.approx(true)
    assert [each.lead for each in after] == pytest.approx(leads)


def test_without_a_leaning_nothing_changes() -> None:
    now, after = balanced(
        said(4, 0.75, owned=0.5), [said(2, 0.5, owned=0.25), said(6, 1, owned=0.75)], [0.5, 0.5]
    )
    assert (now.lead, now.black_wins, now.spread) == (4, 0.75, 6)
    assert [(each.lead, each.black_wins) for each in after] == [(2, 0.5), (6, 1)]
    assert np.all(now.ownership == 0.5)
    assert [float(each.ownership[0]) for each in after] == [0.25, 0.75]


def test_the_position_is_the_mean_of_its_moves_and_all_stay_probabilities() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        shares = rng.dirichlet(np.ones(4))
        now, *after = (
            said(rng.normal(0, 20), rng.random(), owned=rng.uniform(-1, 1)) for _ in range(5)
        )
        middle, moved = balanced(now, after, shares.tolist())
        wins = np.array([each.black_wins for each in moved])
        assert np.all((wins >= 0) & (wins <= 1))
        assert shares @ wins == pytest.approx(middle.black_wins)
        assert shares @ [each.lead for each in moved] == pytest.approx(middle.lead)
        assert all(np.abs(each.ownership).max() <= 1 for each in (middle, *moved))
        gaps = np.diff([each.lead for each in after])
        assert np.diff([each.lead for each in moved]) == pytest.approx(gaps)


def test_moves_that_nobody_expects_hardly_count() -> None:
    """A single bad move that is asked about is not what the position is worth."""
    now, (bad,) = balanced(said(10, 0.9), [said(-30, 0.1)], [0.01])
    assert now.lead == pytest.approx(10 - 0.01 * 40 / 2)
    assert bad.lead < -29
    assert balanced(said(2, 0.6), [said(5, 0.7)], [0.0])[0].lead == 2
    sure, (lost,) = balanced(said(9, 1.0), [said(9, 1.0)], [1.0])
    assert (sure.black_wins, lost.black_wins) == (1.0, 1.0)


def test_the_graph_of_a_game_is_no_saw() -> None:
    """By the shipped network a quiet stretch of a game goes up and down much less than raw."""
    bot = Bot(BotOptions(weights="alphago-res-96x11-outcome"))
    raw, shown = list[float](), list[float]()
    for position in gp.read_game(gp.samples.SAMPLE_GAME).positions():
        if not 111 <= position.number < 121:
            continue
        board = position.board.copy()
        prior_a = bot.predict(board)
        best = np.argsort(-prior_a)[:8]
        points = [Point(int(point)) for point in best if board.legal(Point(int(point)))]
        shares = {point: float(prior_a[point]) for point in points}
        raw.append(bot.outlook(board, board.to_move).lead_of(Color.BLACK))
        shown.append(outlooks_around(bot, board, board.to_move, shares)[0].lead)
    steps = [abs(b - a) for a, b in pairwise(shown)]
    assert np.mean(steps) < 0.5 * np.mean([abs(b - a) for a, b in pairwise(raw)])
