"""Dead stones of finished games between people: our playouts, their own marks, and GNU Go."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gopolicy.engine.playouts import dead_chains
from gopolicy.errors import GoPolicyError
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.go.vertex import parse_vertex
from gopolicy.sgf.read import read_game

pytestmark = pytest.mark.slow
GAMES = 50
MARKS = re.compile(rb"T([BW])((?:\s*\[[a-s]{2}\])+)")


def finished_games() -> Iterator[tuple[bytes, Board]]:
    """Yield 50 games that were counted, with the position at their end."""
    root = os.environ.get("GOPOLICY_ARCHIVES")
    if not root:
        pytest.skip("GOPOLICY_ARCHIVES is not set to a folder of game archives")
    found = 0
    for path in sorted(Path(root, "kgs-6d").glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                data = file.read() if file else b""
                if not (re.search(rb"RE\[[BW]\+\d", data) and MARKS.search(data)):
                    continue
                try:
                    board = Board.from_events(19, read_game(data).events)
                except GoPolicyError:
                    continue
                yield data, board
                found += 1
                if found == GAMES:
                    return
                if found % 10 == 0:
                    break


def marked_dead(data: bytes, board: Board) -> set[int]:
    """Return the stones that the players marked as the opponent's territory."""
    dead = set()
    for color, list_of_points in MARKS.findall(data):
        loser = Color.WHITE if color == b"B" else Color.BLACK
        for column, row in re.findall(rb"\[([a-s])([a-s])\]", list_of_points):
            point = (row[0] - 97) * 19 + column[0] - 97
            if board.color_at(point) == loser:
                dead.add(point)
    return dead


def our_dead(board: Board) -> set[int]:
    return {point for chain in dead_chains(board) for point in chain}


def test_dead_stones_are_those_that_the_players_agreed_on() -> None:
    stones = differences = 0
    for data, board in finished_games():
        stones += int((board.stones > 0).sum())
        differences += len(our_dead(board) ^ marked_dead(data, board))
    assert stones > 200 * GAMES / 2
    assert 1 - differences / stones >= 0.98


def test_dead_stones_are_those_of_gnu_go(tmp_path: Path) -> None:
    program = shutil.which("gnugo", path=f"{os.environ.get('PATH', '')}:/usr/games")
    if program is None:
        pytest.skip("GNU Go is not installed")
    stones = differences = 0
    for number, (data, board) in enumerate(finished_games()):
        path = tmp_path / f"{number}.sgf"
        path.write_bytes(data)
        words = f"loadsgf {path}\nfinal_status_list dead\nquit\n"
        done = subprocess.run(
            [program, "--mode", "gtp", "--level", "1"],
            input=words,
            capture_output=True,
            text=True,
            check=False,
        )
        answers = done.stdout.split("=")
        if len(answers) < 3:
            continue
        theirs = {int(parse_vertex(vertex, 19)) for vertex in answers[2].split()}
        stones += int((board.stones > 0).sum())
        differences += len(our_dead(board) ^ theirs)
    assert stones > 200 * GAMES / 2
    assert 1 - differences / stones >= 0.95
