"""Small games and archives for tests, written from vertices."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gopolicy.go.board import Board
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import Point
from gopolicy.go.vertex import parse_vertex, vertex_name

LETTERS = "abcdefghijklmnopqrstuvwxy"


def sgf_point(vertex: str, size: int) -> str:
    """Return a vertex as SGF writes it."""
    point = parse_vertex(vertex, size)
    return "" if point < 0 else LETTERS[point % size] + LETTERS[point // size]


def game_text(moves: str | Sequence[str], size: int = 9, **properties: str) -> str:
    """Return an SGF in which Black and White play moves in turn."""
    vertices = moves.split() if isinstance(moves, str) else moves
    head = "".join(f"{name}[{value}]" for name, value in properties.items() if name != "setup")
    body = "".join(
        f";{'BW'[i % 2]}[{sgf_point(vertex, size)}]" for i, vertex in enumerate(vertices)
    )
    return f"(;GM[1]FF[4]SZ[{size}]{head}{properties.get('setup', '')}{body})"


def random_game(seed: int, moves: int = 24, size: int = 9) -> list[str]:
    """Return the vertices of a random legal game, now and then with a pass."""
    dice = random.Random(seed)
    board = Board(size)
    vertices: list[str] = []
    for _ in range(moves):
        legal = np.flatnonzero(board.legal_mask())
        name = vertex_name(Point(int(dice.choice(list(legal)))), size) if len(legal) else "pass"
        vertices.append("pass" if dice.random() < 0.03 else name)
        board.play(vertices[-1])
    return vertices


def turned(vertices: Sequence[str], symmetry: int, size: int = 9) -> list[str]:
    """Return the same game on a turned or mirrored board."""
    table = symmetry_table(size)[symmetry]
    points = [parse_vertex(vertex, size) for vertex in vertices]
    return ["pass" if p < 0 else vertex_name(int(table[p]), size) for p in points]


def write_games(folder: Path, texts: Sequence[str]) -> Path:
    """Write one SGF file per text into a new folder and return the folder."""
    folder.mkdir(parents=True)
    for i, text in enumerate(texts):
        (folder / f"{i:04d}.sgf").write_text(text, encoding="utf-8")
    return folder


def random_folder(folder: Path, games: int, seed: int = 0) -> Path:
    """Write a folder of different random games."""
    return write_games(folder, [game_text(random_game(seed * 10_000 + i)) for i in range(games)])
