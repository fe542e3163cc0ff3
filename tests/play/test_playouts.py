"""Playouts: life and death, counting, and that they keep to the rules."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference.diagrams import EYE_OF_THREE

from gopolicy.errors import ConfigError
from gopolicy.features.move_kernels import is_own_eye
from gopolicy.go.board import Board
from gopolicy.go.kernels import LEGAL, cell_of, check_cell, has_breathless_chain
from gopolicy.go.types import BLACK, EMPTY, WHITE, Color
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.play import playout_kernels as kernels
from gopolicy.play.playouts import dead_chains, estimate, final_score, leaning
from gopolicy.policy.outlook import Outlook


def dead_vertices(board: Board) -> list[list[str]]:
    return [[vertex_name(at, board.size) for at in chain] for chain in dead_chains(board)]


def test_a_finished_game_is_counted_with_its_dead_stones() -> None:
    board = Board.from_diagram(
        """
        . . X O . . . . .
        . X X O . O . . .
        . . X O O . . X .
        . O X X O . . . .
        . . . X O O O O O
        X X X X X X X O .
        . . . . . . X O O
        . . O . . . X X O
        . . . . . . . X O
        """,
        komi=5.5,
    )
    assert dead_vertices(board) == [["H7"], ["B6"], ["C2"]]
    assert str(final_score(board)) == "B+7.5"  # 47 points against 34


def test_a_finished_board_without_dead_stones_is_tromp_taylor() -> None:
    board = Board.from_diagram(". X O . / . X O . / . X O . / X X O .", komi=0)
    assert dead_chains(board) == []
    assert final_score(board) == board.area_score()
    assert final_score(board, "territory") == board.territory_score()


def test_both_sides_of_a_seki_live() -> None:
    board = Board.from_diagram(
        """
        . O O O . X O . O
        X X X X X X O O .
        O O O O O O O . O
        O O O O O O O O O
        X X X X X X X X X
        . X . X . X . X .
        X X X X X X X X X
        . X . X . X . X .
        X X X X X X X X X
        """
    )
    assert dead_chains(board) == []


def test_a_chain_with_one_eye_dies_however_large_it_is() -> None:
    board = Board.from_diagram(
        """
        . X O . . . .
        X X O . . . .
        X X O . O . .
        X X O . . . .
        O O O . . . .
        . . . . O . .
        . . . . . . .
        """
    )
    assert [len(chain) for chain in dead_vertices(board)] == [7]


def test_bent_four_in_the_corner_is_dead() -> None:
    board = Board.from_diagram(
        """
        O O O X O X X X .
        . X X X O X . X X
        X X O O O X X X X
        O O O . O X . X .
        . O O O O X X X X
        O O . O O X . X .
        O O O O O X X X X
        . O . O O X . X .
        O O O O O X X X X
        """
    )
    assert dead_vertices(board) == [["D9", "B8", "C8", "D8", "A7", "B7"]]


def test_an_eye_of_three_points_with_a_stone_in_its_middle_is_dead() -> None:
    board = Board.from_diagram(EYE_OF_THREE)
    board.play("B7", Color.WHITE)
    assert [len(chain) for chain in dead_chains(board)] == [5]
    board.undo()
    board.play("B7", Color.BLACK)
    assert dead_chains(board) == []


@pytest.mark.parametrize("start", ["A7", "B7", "C7"])
def test_the_vital_point_of_three_is_their_middle(start: str) -> None:
    board = Board.from_diagram(EYE_OF_THREE)
    scratch = kernels.new_playout_scratch(7)
    kernels.restore(scratch.board, board.arrays)
    first, middle = (cell_of(board.arrays, parse_vertex(v, 7)) for v in (start, "B7"))
    assert kernels.vital_point(scratch, first) == middle
    open_space = cell_of(board.arrays, parse_vertex("G1", 7))
    assert kernels.vital_point(scratch, open_space) == 0


def test_the_same_seed_gives_the_same_estimate_and_another_seed_another() -> None:
    board = Board(9)
    once, again, other = (estimate(board, 60, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(once.ownership, again.ownership)
    assert (once.lead, once.black_wins) == (again.lead, again.black_wins)
    assert once.lead != other.lead


def test_komi_moves_the_lead_and_the_chance_to_win() -> None:
    fair, unfair = Board(9, komi=0), Board(9, komi=30.5)
    first, second = estimate(fair, 200), estimate(unfair, 200)
    assert first.lead - second.lead == pytest.approx(30.5)
    assert second.black_wins < first.black_wins
    assert first.win_rate(Color.WHITE) == pytest.approx(1 - first.black_wins)
    assert first.lead_of(Color.WHITE) == -first.lead


def test_a_deadline_that_has_passed_leaves_fifty_playouts() -> None:
    assert estimate(Board(9), 10_000, seconds=0.0).playouts == 50


def test_no_playouts_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        estimate(Board(9), 0)


def test_the_board_is_left_alone() -> None:
    board = Board(9)
    board.play("E5")
    before = [np.array(field) for field in board.arrays]
    estimate(board, 20)
    after: list[Any] = list(board.arrays)
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


@settings(max_examples=30, deadline=None)
@example(6, 1814)  # too long for one playout
@given(st.integers(5, 13), st.integers(0, 2**32))
def test_a_playout_ends_in_a_position_that_the_rules_allow(size: int, seed: int) -> None:
    scratch = kernels.new_playout_scratch(size)
    scratch.random[0] = 2 * seed + 1
    for _ in range(4):  # a game that was broken off goes on, one that has ended stays as it is
        kernels.run_playout(scratch, BLACK)
    assert not has_breathless_chain(scratch.board)
    empty = np.flatnonzero(scratch.board.stones == EMPTY)
    assert len(empty) < size * size
    for color in (BLACK, WHITE):
        for at in map(int, empty):
            legal = check_cell(scratch.board, at, color, False) == LEGAL
            eye = is_own_eye(scratch.board, at, color)
            assert not legal or eye or not kernels.breathes_after(scratch.board, at, color)


@pytest.mark.parametrize("point", ["B3", "B4", "C4", "E5", "A1"])
@pytest.mark.parametrize("color", [Color.BLACK, Color.WHITE])
def test_a_move_into_atari_is_seen_before_it_is_played(point: str, color: Color) -> None:
    board = Board.from_diagram(
        """
        X . O . .
        O . . . .
        O . O . .
        . O . . .
        . O . X .
        """
    )
    at = cell_of(board.arrays, parse_vertex(point, 5))
    seen = kernels.breathes_after(board.arrays, at, int(color))
    captured = board.play(point, color)
    assert seen == (captured > 0 or len(board.liberties(point)) > 1)


def test_a_network_decides_where_playouts_are_undecided() -> None:
    """Four stones: two that playouts are sure of, two that they are not; the network disagrees."""
    verdict = Outlook(
        ownership=np.array([0.9, -0.9, 0.1, -0.1], np.float32), lead=1.0, spread=2.0, black_wins=0.6
    )
    network = replace(verdict, ownership=np.array([-1, 1, -1, 1], np.float32))
    found = leaning(verdict, network)
    assert np.sign(found.ownership).tolist() == [1, -1, -1, 1]
    assert np.abs(found.ownership).max() <= 1
    assert (found.lead, found.spread, found.black_wins) == (1.0, 2.0, 0.6)
    agreeing = leaning(verdict, replace(verdict, ownership=np.ones(4, np.float32)))
    assert agreeing.ownership[0] == 1
