"""What several tests of pictures share."""

from pathlib import Path

import pytest
import torch
from reference.tiny_subjects import tiny_sample, tiny_subject

from gopolicy.viz.positions import PositionSample
from gopolicy.viz.subject import GoSubject

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def subject(tmp_path_factory: pytest.TempPathFactory) -> GoSubject:
    return tiny_subject(tmp_path_factory.mktemp("alphago"))


@pytest.fixture(scope="session")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("games") / "games"
    tiny_sample(folder)
    return folder


@pytest.fixture(scope="session")
def sample(games: Path) -> PositionSample:
    from gopolicy.viz.positions import sample_positions

    return sample_positions([games], 9, 60)
