"""Kernels compared with sgfmill's board on real games; needs the archives."""

import os
import random
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from sgfmill import boards, sgf

from gopolicy.go.kernels import (
    KO,
    LEGAL,
    OCCUPIED,
    SUICIDE,
    BoardArrays,
    check,
    new_board,
    play,
    set_point,
    stones_of,
)
from gopolicy.go.types import BLACK, EMPTY, WHITE

ARCHIVES = (
    "kgs-6d/kgs-6d-2003.tar.gz",
    "tygem-9d/tygem-9d-2011.tar.xz",
    "tom-9d/tom-9d.tar.xz",
    "pro-fox/pro-fox.tar.xz",
)
GAMES_EACH = 250
SIZE = 19
COLORS = {"b": BLACK, "w": WHITE}
Ko = tuple[int, int, str] | None  # row, column and who may not play there


def read_some(path: Path) -> Iterator[bytes]:
    """Yield every third game of an archive."""
    with tarfile.open(path, "r|*") as archive:
        for number, member in enumerate(m for m in archive if m.isfile()):
            if number % 3 == 0:
                stream = archive.extractfile(member)
                assert stream is not None
                yield stream.read()


def point_of(row: int, column: int) -> int:
    """Turn sgfmill's rows, counted from the bottom, into a flat point."""
    return (SIZE - 1 - row) * SIZE + column


def stones(board: BoardArrays) -> np.ndarray:
    out = np.empty(SIZE * SIZE, np.int8)
    stones_of(board, out)
    return out.reshape(SIZE, SIZE)


def their_stones(board: boards.Board) -> np.ndarray:
    values: dict[str | None, int] = {None: EMPTY, "b": BLACK, "w": WHITE}
    return np.array([[values[c] for c in row] for row in reversed(board.board)], np.int8)


def expected_code(theirs: boards.Board, ko: Ko, row: int, column: int, color: str) -> int:
    """Return what sgfmill makes of a move: the code that `check` must return."""
    if theirs.get(row, column) is not None:
        return OCCUPIED
    if ko == (row, column, color):
        return KO
    trial = theirs.copy()
    trial.play(row, column, color)
    return LEGAL if trial.get(row, column) else SUICIDE


def set_up(node: sgf.Tree_node, theirs: boards.Board, ours: BoardArrays) -> None:
    black, white, empty = node.get_setup_stones()
    theirs.apply_setup(black, white, empty)
    for color, points in ((BLACK, black), (WHITE, white), (EMPTY, empty)):
        for row, column in points:
            set_point(ours, point_of(row, column), color)
    assert np.array_equal(stones(ours), their_stones(theirs))


def compare_move(theirs: boards.Board, ours: BoardArrays, color: str, move: tuple[int, int]) -> Ko:
    """Play one move on both boards, compare stones and captures; return the ko it made."""
    before = np.count_nonzero(stones(ours))
    forbidden = theirs.play(*move, color)
    captured = play(ours, point_of(*move), COLORS[color])
    assert np.array_equal(stones(ours), their_stones(theirs))
    assert captured == before + 1 - np.count_nonzero(stones(ours))
    return (*forbidden, "w" if color == "b" else "b") if forbidden else None


def compare_game(game: sgf.Sgf_game, rng: random.Random) -> int:
    """Play a game on both boards up to its first illegal move; return how many moves that was.

    Legality is compared at the point of every move, at the ko and at random points.
    """
    theirs, ours = boards.Board(SIZE), new_board(SIZE)
    ko: Ko = None
    count = 0
    for node in game.get_main_sequence():
        if node.has_setup_stones():
            set_up(node, theirs, ours)
            ko = None
        color, move = node.get_move()
        if move is None:
            if color:
                play(ours, -1, COLORS[color])
                ko = None
            continue
        for row, column, who in [(*move, color), *random_probes(rng, ko)]:
            code = expected_code(theirs, ko, row, column, who)
            assert check(ours, point_of(row, column), COLORS[who], False) == code
        if check(ours, point_of(*move), COLORS[color], False) != LEGAL:
            break
        ko = compare_move(theirs, ours, color, move)
        count += 1
    return count


def random_probes(rng: random.Random, ko: Ko) -> list[tuple[int, int, str]]:
    """Return three points to ask about, and the ko."""
    probes = [(rng.randrange(SIZE), rng.randrange(SIZE), rng.choice("bw")) for _ in range(3)]
    return [*probes, ko] if ko else probes


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHIVES)
def test_real_games_agree_with_sgfmill_move_by_move(name: str) -> None:
    folder = os.environ.get("GOPOLICY_ARCHIVES")
    if not folder or not Path(folder, name).exists():
        pytest.skip(f"GOPOLICY_ARCHIVES names no folder with {name}")
    rng = random.Random(name)
    moves = 0
    for data in islice(read_some(Path(folder, name)), GAMES_EACH):
        moves += compare_game(sgf.Sgf_game.from_bytes(data), rng)
    assert moves > 100 * GAMES_EACH
