"""What several tests of pictures share."""

from pathlib import Path

import pytest
import torch
from reference.tiny_subjects import tiny_sample, tiny_subject

from gopolicy.data.position_sample import PositionSample
from gopolicy.views.board_lens import BoardLens

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def subject(tmp_path_factory: pytest.TempPathFactory) -> BoardLens:
    return tiny_subject(tmp_path_factory.mktemp("alphago"))


@pytest.fixture(scope="session")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("games") / "games"
    tiny_sample(folder)
    return folder


@pytest.fixture(scope="session")
def sample(games: Path) -> PositionSample:
    from gopolicy.data.position_sample import sample_positions

    return sample_positions([games], 9, 60)
