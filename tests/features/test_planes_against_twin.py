"""Every plane of alphago48 equals the slow twin's, on random and on real positions."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from reference.planes_twin import TooDeep, TwinPosition, alphago48, result

from gopolicy.features import PLANE_SETS, Encoder
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point, new_board, replay
from gopolicy.go.types import PASS, Color, Point
from gopolicy.sgf.archive import iter_archive
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import GameRecord, Rejection

SAMPLES = Path(__file__).parents[2] / "gopolicy" / "samples" / "games.zip"


def difference(planes: np.ndarray, expected: np.ndarray) -> str:
    """Name the first plane and point where two encodings differ."""
    plane, row, col = np.argwhere(planes != expected)[0]
    return f"{PLANE_SETS['alphago48'].describe(int(plane))} at row {row}, column {col}"


def assert_same(planes: np.ndarray, expected: np.ndarray, board: object) -> None:
    if not np.array_equal(planes, expected):
        pytest.fail(f"{difference(planes, expected)}\n{board}")


@pytest.mark.parametrize(("size", "games"), [(3, 6), (5, 6), (7, 4), (9, 2)])
def test_every_plane_equals_the_twin_in_random_games(size: int, games: int) -> None:
    rng = random.Random(size)
    encoder = Encoder("alphago48", size)
    compared = 0
    for _ in range(games):
        board, twin = Board(size), TwinPosition(size)
        color = 1
        for _ in range(3 * size * size):
            planes = encoder.board(board.arrays, color)  # ends, however deep a ladder is
            try:
                assert_same(planes, alphago48(twin, color), board)
                compared += 1
            except TooDeep:
                pass
            spots = [(row, col) for row in range(size) for col in range(size)]
            legal = [s for s in spots if result(twin.stones, twin.before, s, color, size)]
            spot = rng.choice(legal) if legal and rng.random() > 0.02 else None
            twin.play(spot, color)
            board.play(PASS if spot is None else Point(spot[0] * size + spot[1]), Color(color))
            color = 3 - color if rng.random() > 0.05 else color
    assert compared > games * size * size


def compare_game(game: GameRecord, chosen: set[int]) -> int:
    """Compare the planes before the chosen moves of a game; return how many were compared."""
    planes, targets = Encoder("alphago48", game.size).game(game.events)
    twin = TwinPosition(game.size)
    position = compared = 0
    for event in map(int, game.events):
        point, color = event_point(event), event_color(event)
        spot = None if point < 0 else divmod(point, game.size)
        if event >> 12:
            if spot is not None:
                twin.stones = {**twin.stones, spot: color}
            continue
        if spot is not None:
            if position in chosen:
                try:
                    expected = alphago48(twin, color)
                except TooDeep:
                    pass
                else:
                    assert targets[position] == point
                    assert_same(planes[position], expected, f"move {position + 1} of {game.black}")
                    compared += 1
            position += 1
        twin.play(spot, color)
    return compared


def games_of(path: Path) -> list[GameRecord]:
    files = [member for member in iter_archive(path) if not isinstance(member, Rejection)]
    read = [game for name, data in files for game in parse_games(data, name)]
    return [
        game
        for game in read
        if isinstance(game, GameRecord)
        and game.size == 19
        and replay(new_board(19), game.events, len(game.events)) == -1
    ]


def test_every_plane_equals_the_twin_in_sample_games() -> None:
    rng = random.Random(1)
    compared = sum(
        compare_game(game, set(rng.sample(range(200), 2))) for game in games_of(SAMPLES)[:20]
    )
    assert compared > 20


@pytest.mark.slow
def test_every_plane_equals_the_twin_in_real_games() -> None:
    archives = os.environ.get("GOPOLICY_ARCHIVES")
    if not archives:
        pytest.skip("GOPOLICY_ARCHIVES names no folder of archives")
    rng = random.Random(2)
    games = games_of(Path(archives) / "kgs-6d" / "kgs-6d-2017-02.tar.gz")
    chosen = rng.sample(games, 500)
    compared = sum(compare_game(game, set(rng.sample(range(250), 8))) for game in chosen)
    assert compared > 2000
