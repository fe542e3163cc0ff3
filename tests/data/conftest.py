"""A small table for the tests of the store, the sampler and the loader."""

import pytest
from reference.game_files import random_folder

from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import GameTable


@pytest.fixture(scope="session")
def small_table(tmp_path_factory: pytest.TempPathFactory) -> GameTable:
    """40 random games on 9x9 from two sources, 25 and 15."""
    folder = tmp_path_factory.mktemp("archives")
    paths = [random_folder(folder / "left", 25, 1), random_folder(folder / "right", 15, 2)]
    return build_table(paths, PrepareOptions(size=9))[0]
