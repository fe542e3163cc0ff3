"""Dead stones of finished games between people: our playouts, their own marks, and GNU Go."""

import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reference.gtp_process import gopolicy_gtp

from gopolicy.errors import GoPolicyError
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.go.vertex import parse_vertex
from gopolicy.gtp.client import EngineProcess
from gopolicy.play.playouts import dead_chains
from gopolicy.sgf.read import read_game

pytestmark = pytest.mark.slow
GAMES, PER_ARCHIVE = 50, 15
DEAD = "final_status_list dead"
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
                if found % PER_ARCHIVE == 0:
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


def test_final_status_list_dead_is_that_of_gnu_go(tiny_weights: Path, tmp_path: Path) -> None:
    program = shutil.which("gnugo", path=f"{os.environ.get('PATH', '')}:/usr/games")
    if program is None:
        pytest.skip("GNU Go is not installed")
    engines = [
        EngineProcess(gopolicy_gtp("--weights", str(tiny_weights))),
        EngineProcess([program, "--mode", "gtp", "--level", "1"]),
    ]
    games = stones = differences = dead = 0
    try:
        for number, (data, board) in enumerate(finished_games()):
            path = tmp_path / f"{number}.sgf"
            path.write_bytes(data)
            ours, theirs = (dead_by_command(engine, path) for engine in engines)
            games += 1
            stones += int((board.stones > 0).sum())
            differences += len(ours ^ theirs)
            dead += len(ours | theirs)
    finally:
        for engine in engines:
            engine.close()
    assert games == GAMES
    assert stones > 200 * GAMES / 2
    assert 1 - differences / stones >= 0.95
    assert 1 - differences / dead >= 0.9, f"{differences} of {dead} stones that one calls dead"


def dead_by_command(engine: EngineProcess, path: Path) -> set[int]:
    engine.ask(f"loadsgf {path}", 60)
    return {int(parse_vertex(name, 19)) for name in engine.ask(DEAD, 60).split()}
