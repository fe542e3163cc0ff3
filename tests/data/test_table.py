"""Position ids, names and offsets."""

from pathlib import Path

import numpy as np
import pytest
from reference.game_files import game_text, random_game, write_games

from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import GameTable, Names
from gopolicy.go.types import EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP


def counted_moves(table: GameTable, game: int) -> list[int]:
    """Return the event indices of a game's positions, the slow way."""
    found = []
    for i, event in enumerate(table.game_events(game).tolist()):
        color = (event >> 10) & 3
        is_move = not event & EVENT_SETUP and event & EVENT_POINT_MASK != EVENT_NO_POINT
        if is_move and table.counted[game] & color:  # black is 1 and bit 0, white 2 and bit 1
            found.append(i)
    return found


@pytest.fixture
def table(tmp_path: Path) -> GameTable:
    games = [game_text(random_game(i, 5 + 3 * i), BR="6d", WR="4d") for i in range(12)]
    games.append(game_text("E5 pass pass C3", WR="7d", BR="1k", setup="AB[aa][bb]PL[W]"))
    folder = write_games(tmp_path / "games", games)
    return build_table([folder], PrepareOptions(size=9, min_rank=6))[0]


def test_ids_run_through_the_counted_moves_of_all_games_in_order(table: GameTable) -> None:
    expected = [(g, i) for g in range(table.games) for i in counted_moves(table, g)]
    located = table.locate(np.arange(table.positions))
    assert list(zip(located.games.tolist(), located.indices.tolist(), strict=True)) == expected
    assert np.array_equal(located.starts, table.event_offsets[located.games])


def test_ids_are_found_in_any_order_and_more_than_once(table: GameTable) -> None:
    ids = np.array([7, 3, 3, table.positions - 1, 0])
    everything = table.locate(np.arange(table.positions))
    assert np.array_equal(table.locate(ids).indices, everything.indices[ids])


@pytest.mark.parametrize("bad", [-1, 10**9])
def test_an_id_outside_the_table_is_an_index_error(table: GameTable, bad: int) -> None:
    with pytest.raises(IndexError, match="position ids"):
        table.locate(np.array([0, bad]))


def test_no_ids_are_located_as_nothing(table: GameTable) -> None:
    assert len(table.locate(np.array([], np.int64)).games) == 0


def test_only_the_moves_of_strong_players_count(table: GameTable) -> None:
    assert table.counted.tolist() == [1] * 12 + [2]
    assert table.positions_of(np.array([12]))[0] == 1  # white's C3; the rest are passes and black's


def test_names_are_packed_and_read_back() -> None:
    names = Names.pack(["a.sgf", "", "棋譜.sgf"])
    assert list(names) == ["a.sgf", "", "棋譜.sgf"]
    assert names[-1] == "棋譜.sgf"
    assert names[:2] == ["a.sgf", ""]
    with pytest.raises(IndexError):
        names[3]
    assert list(Names.pack(["bad \udcff"])) == ["bad ?"]
