"""What the tests of the engine share."""

from pathlib import Path

import pytest
import torch

from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe, save_weights


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small network of random weights for 19x19."""
    torch.manual_seed(1)
    network = build_network("alphago", planes=48, size=19, filters=4, layers=2)
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    save_weights(folder, network, describe(network, "alphago48"))
    return folder
