"""Games of archives or of one store, opened alike."""

from pathlib import Path

import numpy as np
import pytest

from gopolicy.data.open_games import open_games
from gopolicy.data.store import open_store, write_store
from gopolicy.errors import ArchiveError, ConfigError
from gopolicy.samples import SAMPLE_GAMES


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of the bundled games."""
    path = tmp_path_factory.mktemp("data") / "store"
    write_store(open_games([SAMPLE_GAMES]).selection.table, [], path)
    return path


def test_a_store_and_its_archives_hold_the_same_games(store: Path) -> None:
    read, opened = open_games([SAMPLE_GAMES]), open_games([store])
    assert np.array_equal(read.selection.table.events, opened.selection.table.events)
    assert np.array_equal(read.selection.games, opened.selection.games)
    assert read.left_out.keys() == opened.left_out.keys()
    assert (read.digest, opened.digest) == (None, open_store(store).digest)


def test_a_split_of_a_store_is_opened(store: Path) -> None:
    expected = open_store(store).split("validation").games
    assert np.array_equal(open_games([store], split="validation").selection.games, expected)


@pytest.mark.parametrize("first", [True, False])
def test_a_store_and_more_is_refused(store: Path, first: bool) -> None:
    paths = [store, SAMPLE_GAMES] if first else [SAMPLE_GAMES, store]
    with pytest.raises(ConfigError, match="archives or one store, not a store and more"):
        open_games(paths)


def test_what_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="nowhere"):
        open_games([tmp_path / "nowhere"])
