"""What all tests share: a process that can be interrupted, and a network of random weights."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

collect_ignore = ["reference"]  # slow twins and stand-ins, no tests


def pytest_configure() -> None:
    """Undo that shells start background jobs with interrupts ignored, which processes inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small network of random weights for 19x19."""
    import torch

    from gopolicy.nets.registry import build_network
    from gopolicy.nets.weights import describe_network, save_weights

    torch.manual_seed(1)
    network = build_network("alphago", planes=48, size=19, filters=4, layers=2)
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    save_weights(folder, network, describe_network(network, "alphago48"))
    return folder


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Compute on one thread, as is quickest for small networks beside other tests."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
