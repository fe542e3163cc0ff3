"""Real archives, where they are at hand: nothing is lost, and sgfmill reads the same moves."""

import os
from collections import Counter
from pathlib import Path

import pytest
from sgfmill import sgf

from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP, Point, move_event
from gopolicy.sgf import GameRecord, Rejection, iter_archive, parse_games, read_game, write_game
from gopolicy.sgf.ranks import parse_rank

SAMPLES = {
    "kgs-6d/kgs-6d-2001.tar.gz": 250,
    "kgs-6d/kgs-6d-2017-04.tar.gz": 250,
    "tygem-9d/tygem-9d-2016.tar.xz": 250,
    "tom-9d/tom-9d.tar.xz": 250,
    "pro-fox/pro-fox.tar.xz": 600,
}


def archives() -> Path:
    """Return the folder of real archives, or skip the test."""
    folder = os.environ.get("GOPOLICY_ARCHIVES")
    if not folder:
        pytest.skip("GOPOLICY_ARCHIVES names no folder of real archives")
    return Path(folder)


def moves_by_sgfmill(data: bytes) -> list[int]:
    """Return the move events of a game as sgfmill's own game tree gives them."""
    game = sgf.Sgf_game.from_bytes(data)
    size, events = game.get_size(), []
    for node in game.get_main_sequence():
        color, at = node.get_move()
        if color is not None:
            point = Point(-1 if at is None else (size - 1 - at[0]) * size + at[1])
            events.append(move_event(point, {"b": 1, "w": 2}[color]))
    return events


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_moves_are_those_that_sgfmill_reads(name: str) -> None:
    different = 0
    for number, member in enumerate(iter_archive(archives() / name)):
        if number == SAMPLES[name]:
            break
        assert not isinstance(member, Rejection)
        record = read_game(member[1])
        moves = record.events[record.events < EVENT_SETUP].tolist()
        try:
            different += moves != moves_by_sgfmill(member[1])
        except ValueError:
            assert moves, member[0]  # a text that sgfmill refuses
    assert different == 0


@pytest.mark.slow
def test_the_published_test_set_has_331_games_and_65869_board_moves() -> None:
    games = board_moves = 0
    for member in iter_archive(archives() / "test" / "kgs-2015-05-no-handicap.tar.gz"):
        assert not isinstance(member, Rejection)
        record = read_game(member[1])
        moves = record.events[record.events < EVENT_SETUP]
        games += 1
        board_moves += int((moves & EVENT_POINT_MASK != EVENT_NO_POINT).sum())
        assert record.handicap == 0
        again = read_game(write_game(record))
        assert again.events.tolist() == record.events.tolist()
    assert (games, board_moves) == (331, 65_869)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "files"),
    [("kgs-6d", 26_802), ("tygem-9d", 139_045), ("tom-9d", 32_000), ("pro-fox", 8_251)],
)
def test_no_game_of_the_training_archives_is_lost(folder: str, files: int) -> None:
    counts: Counter[str] = Counter()
    unknown_ranks: Counter[str] = Counter()
    for member in iter_archive(archives() / folder):
        assert not isinstance(member, Rejection), member
        games = list(parse_games(member[1], member[0]))
        assert len(games) == 1, member[0]
        assert isinstance(games[0], GameRecord), games[0]
        counts["files"] += 1
        counts["empty"] += games[0].moves == 0
        for rank in (games[0].black_rank, games[0].white_rank):
            if rank and parse_rank(rank) is None:
                unknown_ranks[rank] += 1
    assert counts["files"] == files
    assert counts["empty"] <= 46
    assert not unknown_ranks
