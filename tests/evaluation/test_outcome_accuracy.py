"""Figures of win rates, against a slow count and against what made the data."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from reference.tiny_games import random_record

from gopolicy.data.build import build_table
from gopolicy.data.played_out import PlayedOut
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.evaluation.outcome_accuracy import (
    EndedPositions,
    Forecasts,
    ask_network,
    ask_playouts,
    ended_positions,
    figures_where,
    fit_logistic,
    fitted_forecasts,
    summarize_outcomes,
    win_rate_calibration,
)
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.sgf.positions import Position
from gopolicy.sgf.write import write_game

SIZE = 9


class Said(NamedTuple):
    black_wins: float
    lead: float
    playouts: int = 0


def said_by_stones(board: Board) -> Said:
    lead = float((board.stones == Color.BLACK).sum() - (board.stones == Color.WHITE).sum())
    lead -= board.komi
    return Said(1 / (1 + math.exp(-lead / 9)), lead)


def counts_stones(asked: Sequence[Position]) -> list[Said]:
    """Say as a network that takes the balance of stones for the lead."""
    return [said_by_stones(each.board) for each in asked]


@pytest.fixture
def table(tmp_path: Path) -> GameTable:
    """Return games with winners and komi, two of them without, and scores that fit or do not."""
    dice = np.random.default_rng(4)
    count = 12
    for seed in range(count):
        text = write_game(random_record(seed, SIZE, int(dice.integers(20, 80))))
        (tmp_path / f"{seed}.sgf").write_bytes(text)
    small_table, _ = build_table([tmp_path], PrepareOptions(size=SIZE), processes=1)
    owners = dice.integers(-1, 2, (count, SIZE * SIZE)).astype(np.int8)
    komi = dice.choice([0.5, 6.5], count).astype(np.float32)
    winner = dice.integers(1, 3, count).astype(np.int8)
    komi[0], winner[1] = np.nan, 0
    ends = PlayedOut.pack(SIZE, owners.sum(1), np.zeros(count), owners)
    return dataclasses.replace(small_table, komi=komi, winner=winner, played_out=ends)


def positions_of(table: GameTable) -> EndedPositions:
    return ended_positions(table, np.arange(table.games))


def test_positions_are_those_of_games_with_a_winner_replayed_move_by_move(
    table: GameTable,
) -> None:
    found = positions_of(table)
    wanted = []
    for game in range(2, table.games):
        board, moves = Board(SIZE), 0
        for event in table.game_events(game).tolist():
            if event >> 12 & 1 == 0:
                if moves in (0, 50) and event & 0x3FF != 0x3FF:
                    wanted.append((game, moves, board.stones.tolist(), event >> 10 & 3))
                moves += 1
            board.carry_out([event])
    colors = found.colors(slice(None))
    said = [
        (int(game), int(moves), found.board(row).stones.tolist(), int(colors[row]))
        for row, (game, moves) in enumerate(zip(found.games, found.moves, strict=True))
    ]
    assert said == wanted
    assert found.board(0).komi == table.komi[2]


def test_network_and_playouts_are_asked_about_the_same_positions(table: GameTable) -> None:
    found = positions_of(table)
    seen: list[tuple[int, Color]] = []

    def ask(asked: Sequence[Position]) -> list[Said]:
        seen.extend((each.number, each.to_play) for each in asked)
        return counts_stones(asked)

    network = ask_network(ask, found, batch_size=4)
    moves = (found.moves + 1).tolist()
    assert seen == list(zip(moves, found.colors(slice(None)), strict=True))

    def estimate(board: Board, color: Color) -> Said:
        return said_by_stones(board)._replace(playouts=10**9)

    playouts = ask_playouts(estimate, found)
    np.testing.assert_allclose(network.black_wins, playouts.black_wins, atol=1e-6)
    np.testing.assert_allclose(network.leads, playouts.leads, atol=1e-6)
    with pytest.raises(ConfigError, match="does not say"):
        ask_network(lambda asked: [None] * len(asked), found)


def test_a_few_playouts_are_never_sure(table: GameTable) -> None:
    found = positions_of(table)
    sure = ask_playouts(lambda board, color: Said(1.0, 3.0, 9), found)
    assert sure.black_wins == pytest.approx(np.full(len(found), 0.95))


def test_figures_are_those_of_a_slow_count(table: GameTable) -> None:
    found = positions_of(table)
    said = ask_network(counts_stones, found)
    report = summarize_outcomes(found, {"network": said}, 1.0)
    nats, squares, errors = [], [], []
    for row, game in enumerate(found.games.tolist()):
        black = table.winner[game] == 1
        share = said.black_wins[row] if black else 1 - said.black_wins[row]
        nats.append(-math.log(share))
        squares.append((1 - share) ** 2)
        assert table.played_out is not None
        lead = float(table.played_out.scores[game] - table.komi[game])
        if (lead > 0) == black:
            errors.append(abs(lead - said.leads[row]))
    assert 0 < len(errors) < len(nats)  # some counts contradict the record
    overall = report.all_moves["network"]
    assert overall["log_loss"] == pytest.approx(np.mean(nats))
    assert overall["brier"] == pytest.approx(np.mean(squares))
    assert overall["score_error"] == pytest.approx(np.mean(errors))
    parts = [row["network"] for row in report.by_move]
    assert sum(part["positions"] for part in parts) == report.positions == len(nats)
    together = sum(part["log_loss"] * part["positions"] for part in parts) / len(nats)
    assert together == pytest.approx(overall["log_loss"])


def test_more_positions_of_the_same_games_make_no_interval_narrower(table: GameTable) -> None:
    found = positions_of(table)
    said = ask_network(counts_stones, found)
    twice = EndedPositions(
        table, *(np.tile(values, 2) for values in (found.games, found.moves, found.events))
    )
    both = Forecasts(np.tile(said.black_wins, 2), np.tile(said.leads, 2))
    once, again = (
        figures_where(positions, forecasts, np.ones(len(positions), np.bool_)).log_loss_interval
        for positions, forecasts in ((found, said), (twice, both))
    )
    assert once is not None
    assert again == pytest.approx(once)
    alone = np.flatnonzero(found.games == found.games[0])
    here = np.zeros(len(found), np.bool_)
    here[alone] = True
    assert figures_where(found, said, here).log_loss_interval is None


def test_saying_fifty_percent_costs_what_the_protocol_says(table: GameTable) -> None:
    found = positions_of(table)
    half = Forecasts(np.full(len(found), 0.5), np.full(len(found), np.nan))
    figures = figures_where(found, half, np.ones(len(found), np.bool_))
    assert figures.log_loss == pytest.approx(0.6931, abs=1e-4)
    assert figures.brier == 0.25
    assert figures.winners_named == 0.5
    assert figures.score_error is None


def test_a_fit_finds_the_slope_that_made_the_data() -> None:
    dice = np.random.default_rng(1)
    x = dice.normal(size=40_000)
    won = dice.random(40_000) < 1 / (1 + np.exp(-(1.5 * x - 0.5)))
    slope, shift = fit_logistic(x, won)
    assert slope == pytest.approx(1.5, abs=0.06)
    assert shift == pytest.approx(-0.5, abs=0.04)


def test_a_fit_never_sees_the_games_it_is_asked_about(table: GameTable) -> None:
    """Whoever won a game, its own fitted win rate is the same."""
    found = positions_of(table)
    leads = np.random.default_rng(2).normal(size=len(found))
    before = fitted_forecasts(Forecasts(leads, leads), found).black_wins
    game = int(found.games[0])
    winner = table.winner.copy()
    winner[game] = 3 - winner[game]
    turned = dataclasses.replace(found, table=dataclasses.replace(table, winner=winner))
    after = fitted_forecasts(Forecasts(leads, leads), turned).black_wins
    own = table.split_key[found.games] & 1 == table.split_key[game] & 1
    assert np.array_equal(before[own], after[own])
    assert not np.array_equal(before[~own], after[~own])


def test_calibration_says_how_often_black_won_where_much_was_said() -> None:
    win_rates = np.array([0.05, 0.05, 0.95, 1.0])
    rows, error = win_rate_calibration(win_rates, np.array([False, True, True, True]))
    assert [(row["from"], row["positions"], row["won"]) for row in rows] == [
        (0, 2, 0.5),
        (0.9, 2, 1),
    ]
    assert error == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)
