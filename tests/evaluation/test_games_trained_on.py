"""Games that were learned from are found again among those to measure on."""

import numpy as np

from gopolicy.data.build import build_table
from gopolicy.evaluation.games_trained_on import SeenGames, count_seen_games
from gopolicy.samples import SAMPLE_GAMES


def test_known_openings_are_counted_by_game() -> None:
    table, _ = build_table([SAMPLE_GAMES], processes=1)
    known = np.unique(table.split_key[:10])
    ids = np.arange(table.position_offsets[8], table.position_offsets[20], 3)
    found = count_seen_games(table, ids, known)
    assert found.games == 12
    assert found.seen == sum(key in known for key in table.split_key[8:20].tolist()) == 2
    assert found.suspicious
    assert "2 of the 12 games" in str(found)
    assert not count_seen_games(table, ids, known[:0]).suspicious


def test_a_few_that_chance_explains_are_no_warning() -> None:
    assert not SeenGames(7, 100_000, 4.8).suspicious
    assert SeenGames(20, 100_000, 4.8).suspicious
