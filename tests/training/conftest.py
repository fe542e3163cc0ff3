"""A store for everybody who trains."""

from pathlib import Path

import pytest

from gopolicy.__main__ import main
from gopolicy.samples import SAMPLE_GAMES


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of the bundled games, for reading only."""
    path = tmp_path_factory.mktemp("data") / "store"
    assert main(["prepare", str(SAMPLE_GAMES), "--out", str(path), "--validation", "0.2"]) == 0
    return path
