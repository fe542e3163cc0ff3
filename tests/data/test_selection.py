"""Splits and sources."""

from pathlib import Path

import numpy as np
import pytest
from reference.game_files import game_text, random_game, turned, write_games

from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.selection import GameSelection, select_split
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError


def test_training_and_validation_share_no_game_and_leave_none_out(small_table: GameTable) -> None:
    parts = [select_split(small_table, name, 0.3) for name in ("train", "validation")]
    games = np.concatenate([part.games for part in parts])
    assert sorted(games.tolist()) == list(range(small_table.games))
    assert sum(part.positions for part in parts) == small_table.positions


@pytest.mark.parametrize(("share", "games"), [(0.0, 0), (1.0, 40)])
def test_the_share_may_be_nothing_or_everything(
    small_table: GameTable, share: float, games: int
) -> None:
    assert len(select_split(small_table, "validation", share).games) == games


def test_a_larger_share_only_adds_games(small_table: GameTable) -> None:
    small, large = (select_split(small_table, "validation", share) for share in (0.2, 0.4))
    assert set(small.games.tolist()) < set(large.games.tolist())


def test_near_duplicates_are_on_one_side(tmp_path: Path) -> None:
    texts = []
    for seed in range(12):
        moves = random_game(seed, 64)
        texts += [game_text(moves), game_text(turned(moves, 5)), game_text([*moves[:61], "pass"])]
    table, _ = build_table([write_games(tmp_path / "games", texts)], PrepareOptions(size=9))
    held_out = set(select_split(table, "validation", 0.5).games.tolist())
    sides = [{3 * i + j in held_out for j in range(3)} for i in range(12)]
    assert all(len(side) == 1 for side in sides)
    assert {True} in sides
    assert {False} in sides


def test_an_unknown_split_is_refused(small_table: GameTable) -> None:
    with pytest.raises(ConfigError, match="train, validation, all"):
        select_split(small_table, "test", 0.1)  # type: ignore[arg-type]


def test_numbers_of_a_selection_are_the_positions_of_its_games(small_table: GameTable) -> None:
    chosen = GameSelection(small_table, np.array([2, 3, 17, 39]))
    ids = chosen.position_ids(np.arange(chosen.positions))
    offsets = small_table.position_offsets
    expected = [id for g in (2, 3, 17, 39) for id in range(offsets[g], offsets[g + 1])]
    assert ids.tolist() == expected


def test_games_without_positions_are_stepped_over(tmp_path: Path) -> None:
    texts = [game_text("pass"), game_text("E5 C3"), game_text("pass pass"), game_text("G3")]
    options = PrepareOptions(size=9, min_moves=0)
    table, _ = build_table([write_games(tmp_path / "games", texts)], options)
    everything = select_split(table, "all", 0)
    assert everything.spread().tolist() == [0, 1, 2]
    assert table.locate(everything.spread()).games.tolist() == [1, 1, 3]


def test_a_limit_spreads_positions_over_all_games(small_table: GameTable) -> None:
    everything = select_split(small_table, "all", 0)
    ids = everything.spread(20)
    assert len(set(ids.tolist())) == 20
    assert len(set(small_table.locate(ids).games.tolist())) == 20
    assert np.array_equal(everything.spread(10**9), np.arange(small_table.positions))


def test_sources_are_selected_by_label(small_table: GameTable) -> None:
    everything = select_split(small_table, "all", 0)
    assert everything.from_source("right").games.tolist() == list(range(25, 40))
    with pytest.raises(ConfigError, match="the sources are left, right"):
        everything.from_source("middle")
