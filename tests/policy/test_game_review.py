"""The figures of a review, against a slow computation that asks about one board at a time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_games import random_record, write_outcome_weights, write_weights

from gopolicy.errors import IllegalMove
from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color, Point, move_event, setup_event
from gopolicy.nets.weights import load_weights
from gopolicy.policy.balanced_views import balanced_views
from gopolicy.policy.game_review import (
    MoveFigures,
    least_expected,
    lost_most,
    players,
    review_game,
    review_moves,
    turning_points,
)
from gopolicy.policy.policy import Policy
from gopolicy.sgf.positions import board_after, position_before, positions
from gopolicy.sgf.read import read_game
from gopolicy.sgf.record import GameRecord

torch.set_num_threads(1)


def exact_policy(folder: Path) -> Policy:
    """Return a network whose answers do not depend on how many positions are asked at once."""
    return Policy(load_weights(folder), device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Return a network that says who is ahead."""
    return exact_policy(write_outcome_weights(tmp_path_factory.mktemp("w")))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Return a network that has learned moves alone."""
    return exact_policy(write_weights(tmp_path_factory.mktemp("w")))


def slow_value(policy: Policy, board: Board, color: Color) -> tuple[float, float]:
    """Return win rate and lead of color with the opponent to move."""
    (outlook,) = policy.outlooks([board], [color.opponent]) or []
    sign = 1 if color == Color.BLACK else -1
    return (outlook.black_wins if sign == 1 else 1 - outlook.black_wins), sign * outlook.lead


def check_against_one_at_a_time(
    policy: Policy, record: GameRecord, found: list[MoveFigures]
) -> None:
    """Compare every figure with what single boards say, made from the start each time."""
    events = record.events.tolist()
    at = [index for index, event in enumerate(events) if not event & 0x1000]
    assert [each.number for each in found] == list(range(1, len(at) + 1))
    for each, index in zip(found, at, strict=True):
        board = board_after(record, index)
        color = Color(events[index] >> 10 & 3)
        assert each.color == color
        if events[index] & 0x3FF == 0x3FF:
            assert (each.played, each.share, each.rank) == (PASS, None, None)
            assert each.win_rate_lost is None
            continue
        point = Point(events[index] & 0x3FF)
        shares = policy.predict(board, color)
        legal = np.flatnonzero(board.legal_mask(color))
        assert each.share == pytest.approx(float(shares[point]), rel=1e-4)
        assert each.rank == 1 + sum(shares[other] > shares[point] * 1.0001 for other in legal)
        best = Point(int(max(legal, key=lambda other: shares[other])))
        assert each.best[0][0] == best
        played, instead = board.copy(), board.copy()
        played.play(point, color)
        instead.play(best, color)
        wins, lead = slow_value(policy, played, color)
        best_wins, best_lead = slow_value(policy, instead, color)
        assert each.win_rate_lost == pytest.approx(best_wins - wins, abs=1e-4)
        assert each.points_lost == pytest.approx(best_lead - lead, abs=1e-3)
        before = (policy.outlooks([board], [color]) or [])[0]
        assert each.outlook is not None
        after_best = best_lead if color == Color.BLACK else -best_lead
        assert each.outlook.lead == pytest.approx((before.lead + after_best) / 2, abs=1e-3)
    for each, index in zip(found, at, strict=True):
        ended = board_after(record, index + 1)
        (view,) = policy([ended])
        ended_on = ended.copy()
        ended_on.play(view.best_points(1)[0][0])
        leads = [outlook.lead for outlook in policy.outlooks([ended, ended_on]) or []]
        assert each.next_outlook is not None
        assert each.next_outlook.lead == pytest.approx(np.mean(leads), abs=1e-3)
        assert each.facts(9)["black_lead"] == pytest.approx(np.mean(leads), abs=0.01)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_is_what_single_boards_say(knowing: Policy, seed: int) -> None:
    record = random_record(seed, moves=80, komi=5.5)
    check_against_one_at_a_time(knowing, record, review_game(knowing, record))


def test_setup_within_a_game_and_two_moves_of_one_color(knowing: Policy) -> None:
    text = b"(;SZ[9]KM[6.5]AB[cc][gg]AW[cg];B[ee];B[ec];W[gc];AB[aa]AE[cc];W[ce];B[];W[dd])"
    record = read_game(text)
    found = review_game(knowing, record)
    assert [each.color.name[0] for each in found] == list("BBWWBW")
    check_against_one_at_a_time(knowing, record, found)


@pytest.mark.parametrize("end", ["B[];W[]", "B[dd];W[];B[]", "B[];W[hh];B[hg]"])
def test_by_territory_the_end_of_a_review_is_what_the_position_itself_says(
    knowing: Policy, end: str
) -> None:
    record = read_game(f"(;SZ[9]KM[4.5]RU[Japanese];B[ee];W[ec];{end})".encode())
    found = review_game(knowing, record)
    (last,) = balanced_views(knowing, [position_before(record)])
    follow = [each.outlook for each in found[1:]] + [last.outlook]
    for each, after in zip(found, follow, strict=True):
        assert each.next_outlook is not None
        assert after is not None
        assert each.next_outlook.lead == pytest.approx(after.lead, abs=1e-3)
        assert each.next_outlook.black_wins == pytest.approx(after.black_wins, abs=1e-4)


def test_a_first_choice_loses_exactly_nothing(knowing: Policy) -> None:
    board = Board(9)
    for _ in range(20):
        board.play(knowing(board).best_points(1)[0][0])
    found = review_game(knowing, GameRecord(size=9, events=board.events))
    assert [(each.rank, each.win_rate_lost, each.points_lost) for each in found] == [(1, 0, 0)] * 20
    both = players(found)
    assert (both[Color.BLACK].top1, both[Color.WHITE].top5) == (1.0, 1.0)
    assert lost_most(found) == least_expected(found) == []


def test_the_means_and_the_lists_are_those_of_the_moves(knowing: Policy) -> None:
    found = review_game(knowing, random_record(4, moves=70))
    white = [each for each in found if each.color == Color.WHITE and each.played != PASS]
    told = players(found)[Color.WHITE]
    assert told.moves == len(white)
    assert told.top5 == sum(each.rank in range(1, 6) for each in white) / len(white)
    lost = [each.points_lost for each in white]
    assert told.points_lost == pytest.approx(np.mean([x for x in lost if x is not None]))
    worst = [each.win_rate_lost or 0 for each in lost_most(found, 7)]
    assert worst == sorted((each.win_rate_lost or 0 for each in found), reverse=True)[:7]
    least = [each.share for each in least_expected(found, 5)]
    assert least == sorted(each.share for each in found if each.share is not None)[:5]


@pytest.mark.parametrize(
    ("number", "first_choice", "played", "turns"),
    [
        (1, 0.6, 0.4, True),  # Black's move
        (1, 0.51, 0.49, False),  # the game was close and stays so
        (1, 0.9, 0.6, False),  # still ahead
        (1, 0.9, 0.5, False),  # even is not behind
        (1, 0.5, 0.3, True),  # but enough to have something to lose
        (1, 0.4, 0.1, False),  # behind before
        (2, 0.4, 0.6, True),  # White's move, the rates are Black's
        (2, 0.6, 0.9, False),
    ],
)
def test_turning_points_are_moves_that_gave_the_game_away(
    knowing: Policy, number: int, first_choice: float, played: float, turns: bool
) -> None:
    move = review_game(knowing, read_game(b"(;SZ[9];B[aa];W[ba];B[ca])"))[number - 1]
    assert move.after is not None
    after_best = replace(move.after, black_wins=first_choice)
    made_up = replace(move, after=replace(move.after, black_wins=played), after_best=after_best)
    assert turning_points([made_up]) == [made_up] * turns


def test_a_network_that_knows_moves_alone_tells_nothing_else(plain: Policy) -> None:
    found = review_game(plain, random_record(3))
    assert {(each.outlook, each.win_rate_lost, each.points_lost) for each in found} == {(None,) * 3}
    facts = found[0].facts(9)
    assert facts["black_win_rate"] is facts["points_lost"] is None
    assert facts["probability"] == pytest.approx(found[0].share, abs=1e-5)
    assert lost_most(found) == []
    assert players(found)[Color.BLACK].win_rate_lost is None


def test_a_position_with_another_komi_says_nothing_of_the_move_before(knowing: Policy) -> None:
    records = [replace(random_record(5, moves=4), komi=komi) for komi in (0.5, 60.5)]
    near, far = (list(positions(record)) for record in records)
    (alone,) = review_moves(knowing, near[:1])
    beside = review_moves(knowing, [near[0], far[1]])[0]
    assert alone.after is not None
    assert beside.after is not None
    assert beside.after.black_wins == pytest.approx(alone.after.black_wins)


def test_moves_of_different_games_may_stand_side_by_side(knowing: Policy) -> None:
    records = [random_record(seed, moves=12) for seed in (5, 6)]
    mixed = [next(iter(positions(record))) for record in records] + list(positions(records[0]))[3:5]
    found = review_moves(knowing, mixed)
    alone = [review_moves(knowing, [position])[0] for position in mixed]
    for one, other in zip(found, alone, strict=True):
        assert one.facts(9) == pytest.approx(other.facts(9), abs=1e-3)


def test_a_game_without_moves_has_no_figures(knowing: Policy) -> None:
    assert review_game(knowing, read_game(b"(;SZ[9])")) == []
    assert players([])[Color.BLACK].top1 is None


def test_an_illegal_move_is_named(knowing: Policy) -> None:
    record = read_game(b"(;SZ[9];B[ee];W[dd];B[ee])", "game.sgf")
    with pytest.raises(IllegalMove, match=r"game\.sgf: move 3 is illegal"):
        review_game(knowing, record)


def test_positions_are_those_before_each_move() -> None:
    events = [setup_event(Point(3), Color.BLACK), move_event(Point(40), Color.BLACK)]
    events += [move_event(Point(41), Color.BLACK), move_event(PASS, Color.WHITE)]
    events += [setup_event(Point(40), Color.EMPTY), move_event(Point(50), Color.WHITE)]
    record = GameRecord(size=9, events=np.array(events, np.uint16), komi=0.5, rules="Chinese")
    found = list(positions(record))
    for number, one in enumerate(found, start=1):
        other = position_before(record, number)
        assert (one.number, one.to_play, one.played) == (number, other.to_play, other.played)
        assert np.array_equal(one.board.events, other.board.events)
        assert one.board.komi == other.board.komi
    assert [one.board.komi for one in found] == [0.5, 2.5, 3.5, 2.5]
