"""Which moves self-play finds sensible, on diagrams, and how one of them is drawn."""

import numpy as np
import pytest

from gopolicy.go.batch_kernels import GameArrays, new_games
from gopolicy.go.board import Board
from gopolicy.go.types import BLACK, WHITE, Color, Point, setup_event
from gopolicy.go.vertex import vertex_name
from gopolicy.rl.self_play_kernels import (
    begin_at,
    draw_point,
    keep_probable,
    mark_sensible,
    new_self_play_scratch,
)

SEKI = """
    X O O . X X O
    X O O . X X O
    X X O X X O O
    X X X O O O O
    . X X O O . O
    X X X O O O O
    . X X O O . O"""
"""D7 and D6 are the last liberties of a black and of a white chain."""


def game_at(board: Board, to_move: int) -> GameArrays:
    """Return one game at a position."""
    stones = board.stones.ravel()
    events = [setup_event(Point(p), int(stones[p])) for p in np.flatnonzero(stones).tolist()]
    games = new_games(1, board.size, superko=0, suicide=False, most_events=1000)
    begin_at(games, 0, np.array(events, np.uint16), to_move)
    return games


def sensible(board: Board, color: int) -> set[str]:
    """Return the vertices that are sensible for a color."""
    marks = np.zeros(board.size**2, np.bool_)
    count = mark_sensible(game_at(board, color), 0, new_self_play_scratch(board.size), marks)
    assert count == marks.sum()
    assert not (marks & ~board.legal_mask(Color(color)).ravel()).any()
    return {vertex_name(Point(p), board.size) for p in np.flatnonzero(marks).tolist()}


@pytest.mark.parametrize("color", [BLACK, WHITE])
def test_the_shared_liberties_of_a_seki_stay_empty(color: int) -> None:
    assert sensible(Board.from_diagram(SEKI), color) == set()


def test_a_seki_is_over_when_a_liberty_touches_what_lives() -> None:
    opened = Board.from_diagram(SEKI.replace("X X O X X O O", "X X O O X O O"))
    assert "D6" in sensible(opened, WHITE)


def test_eyes_stay_and_a_ko_is_filled() -> None:
    eyes = Board.from_diagram("""
        . X . X O
        X X X X O
        O O O O O
        O O O O O
        . O . O O""")
    assert sensible(eyes, BLACK) == sensible(eyes, WHITE) == set()
    ko = Board.from_diagram("""
        . X . X O .
        X X X . X O
        X X X X O O
        O O O O O O
        O O O O O O
        . O O . O O""")
    assert "D5" in sensible(ko, BLACK)


def test_dead_stones_are_taken_where_nothing_else_is_left() -> None:
    dead = Board.from_diagram("""
        . X . O .
        X X X X X
        . X O O O
        X X O . O
        O O O O .""")
    assert sensible(dead, BLACK) == {"C5", "E5"}
    assert not sensible(dead, WHITE) & {"C5", "E5"}


def eye_space(rows: str) -> tuple[Board, str]:
    """Return a board with an eye space of White's, and the point that Black asks about.

    In rows, + is that point, . the other empty one, X Black's stones inside, and # what lies
    outside.  White stands around it, and Black, who lives, around White.
    """
    cells = np.array([list(row) for row in rows.split("/")])
    size = max(cells.shape) + 6
    stones = np.full((size, size), "X")
    stones[0, 0] = stones[-1, -1] = "."
    inside = np.argwhere(cells != "#") + 3
    for row, column in inside:
        stones[row - 1 : row + 2, column - 1 : column + 2] = "O"
    for row, column in inside:
        stones[row, column] = cells[row - 3, column - 3].replace("+", ".")
    (row, column) = np.argwhere(cells == "+")[0] + 3
    board = Board.from_diagram("\n".join(" ".join(line) for line in stones.tolist()))
    return board, vertex_name(Point(int(row * size + column)), size)


@pytest.mark.parametrize(
    ("rows", "kills"),
    [
        ("+.", True),
        ("X+.", True),
        ("XX+.", True),
        ("XX/+.", True),
        ("X+X.", True),
        ("XXX+.", False),  # four in a line live
        ("XX#/#X+/##.", False),  # so do others that are no square and have no middle
        ("X##/XX+/##.", False),
        ("XX#/X+.", True),  # a square
        ("#X#/X+X/#.#", True),  # three around a middle
        ("XXXX+.", False),
        ("XX#/X+X/##.", True),  # a square and one more
        ("XX#/XX#/X+.", False),  # two rows of three
        ("#X##/XXX./#+##", True),  # a cross
        ("XX##/XXX./#+##", True),  # a cross and a corner of it
    ],
)
def test_stones_are_thrown_in_if_one_eye_is_left(rows: str, kills: bool) -> None:
    board, vertex = eye_space(rows)
    assert (vertex in sensible(board, BLACK)) == kills, str(board)


def test_top_p_keeps_the_most_probable_points_in_order() -> None:
    logs = np.log(np.array([0.1, 0.4, 0.05, 0.3, 0.15], np.float32))
    for top_p, wanted in ((0.39, [1]), (0.41, [1, 3]), (0.84, [1, 3, 4]), (1.0, [0, 1, 2, 3, 4])):
        kept = np.ones(5, np.bool_)
        keep_probable(logs, top_p, kept)
        assert np.flatnonzero(kept).tolist() == wanted
    some = np.array([True, False, True, False, True])
    keep_probable(logs, 0.4, some)
    assert np.flatnonzero(some).tolist() == [4]
    equal = np.ones(4, np.bool_)
    keep_probable(np.zeros(4, np.float32), 0.5, equal)
    assert equal.tolist() == [True, True, False, False]


def test_points_are_drawn_as_often_as_temperature_says() -> None:
    shares = np.array([0.5, 0.3, 0.2])
    logs, kept = np.log(shares.astype(np.float32)), np.ones(3, np.bool_)
    for temperature in (0.5, 1.0, 2.0):
        random = np.array([12345], np.uint64)
        draws = [draw_point(random, logs, temperature, kept) for _ in range(20_000)]
        wanted = shares ** (1 / temperature)
        counts = np.bincount(draws, minlength=3)
        assert np.allclose(counts / 20_000, wanted / wanted.sum(), atol=0.015)
    random = np.array([1], np.uint64)
    assert draw_point(random, logs, 0.0, kept) == 0
    assert draw_point(random, logs, 1.0, np.array([False, False, True])) == 2
