"""The archives that GOPOLICY_ARCHIVES names, if it does."""

import os
from pathlib import Path

import numpy as np
import pytest

from gopolicy.data.build import build_table
from gopolicy.data.filtering import count_reasons
from gopolicy.data.prepare_options import PrepareOptions


@pytest.fixture(scope="module")
def archives() -> Path:
    folder = os.environ.get("GOPOLICY_ARCHIVES")
    if not folder:
        pytest.skip("GOPOLICY_ARCHIVES names no folder of archives")
    return Path(folder)


def test_the_published_test_set_has_all_its_positions(archives: Path) -> None:
    table, rejections = build_table([archives / "test" / "kgs-2015-05-no-handicap.tar.gz"])
    assert (table.games, table.positions, rejections) == (331, 65_869, [])
    assert not table.handicap.any()
    assert set((table.date // 100).tolist()) == {201505}


def test_kgs_months_lose_only_empty_games_and_duplicates(archives: Path) -> None:
    path = archives / "kgs-6d" / "kgs-6d-2017-01.tar.gz"
    table, rejections = build_table([path])
    assert table.games + len(rejections) == 733
    assert set(count_reasons(rejections)) <= {"no moves", "duplicate"}


@pytest.mark.slow
def test_test_games_hidden_in_training_archives_are_found(archives: Path) -> None:
    test_set = archives / "test"
    options = PrepareOptions(exclude=(test_set,))
    table, rejections = build_table([archives / "kgs-6d" / "kgs-6d-2017-02.tar.gz"], options)
    assert "excluded" not in count_reasons(rejections)
    both = [archives / "kgs-6d" / "kgs-6d-2017-02.tar.gz", test_set]
    again, rejections = build_table(both, options)
    assert count_reasons(rejections)["excluded"] == 331
    assert np.array_equal(again.events, table.events)
