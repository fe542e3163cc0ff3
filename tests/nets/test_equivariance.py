"""Tied networks turn with the board, before and after they are written down as ordinary ones."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gopolicy.errors import ConfigError
from gopolicy.go.symmetry import SYMMETRIES, symmetry_table
from gopolicy.nets.equivariance import is_tied, share_statistics, tie, untied_state
from gopolicy.nets.folding import fold
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network
from gopolicy.settings import Setting

SIDE, PLANES = 7, 5
CASES: dict[str, dict[str, Setting]] = {
    "alphago": {},
    "alphago without normalization": {"normalization": "none"},
    "alphago-res": {"layers": 5},
    "alphago-res with an odd convolution": {"layers": 4},
    "alphago-res that looks at the whole board": {"layers": 3, "pooled": 8},
}


def tied_network(case: str, *, seed: int = 1) -> PolicyNetwork:
    """Return a tied network of random weights that has seen a few boards."""
    torch.manual_seed(seed)
    usual: dict[str, Setting] = {"filters": 16, "layers": 3, "normalization": "batch"}
    settings = usual | CASES[case]
    network = build_network(case.split()[0], planes=PLANES, size=SIDE, **settings)
    tie(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.train()
    network(torch.randn(16, PLANES, SIDE, SIDE))
    share_statistics(network)
    return network.eval()


def image(points: Tensor, symmetry: int) -> Tensor:
    """Return [..., N * N] with every point where the symmetry of the rules sends it."""
    moved = torch.empty_like(points)
    moved[..., torch.from_numpy(symmetry_table(SIDE)[symmetry].astype(int))] = points
    return moved


def greatest_difference(network: nn.Module) -> float:
    """Return how far the answer to a turned board is from the turned answer, at worst."""
    planes = torch.randn(3, PLANES, SIDE, SIDE)
    worst = 0.0
    with torch.no_grad():
        logits = network(planes)
        for symmetry in range(SYMMETRIES):
            turned = image(planes.flatten(2), symmetry).view_as(planes)
            worst = max(worst, float((network(turned) - image(logits, symmetry)).abs().max()))
    return worst


@pytest.mark.parametrize("case", CASES)
def test_a_tied_network_turns_with_the_board(case: str) -> None:
    assert greatest_difference(tied_network(case)) < 1e-4


@pytest.mark.parametrize("case", CASES)
def test_an_ordinary_network_does_not(case: str) -> None:
    torch.manual_seed(1)
    usual: dict[str, Setting] = {"filters": 16, "layers": 3}
    settings = usual | CASES[case]
    network = build_network(case.split()[0], planes=PLANES, size=SIDE, **settings)
    assert greatest_difference(network.eval()) > 1e-2


@pytest.mark.parametrize("case", CASES)
def test_folding_leaves_an_ordinary_network_that_answers_alike(case: str) -> None:
    network = tied_network(case)
    plain = fold(network)
    planes = torch.randn(3, PLANES, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(plain(planes), network(planes), rtol=1e-4, atol=1e-4)
    assert is_tied(network)
    assert not is_tied(plain)
    assert plain.settings["normalization"] == "none"
    assert plain.state_dict().keys() == fold(plain).state_dict().keys()


def test_untied_tensors_fit_the_same_network_untied() -> None:
    network = tied_network("alphago-res")
    same = build_network(network.name, planes=PLANES, size=SIDE, **network.settings)
    same.load_state_dict(untied_state(network))
    planes = torch.randn(3, PLANES, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(same.eval()(planes), network(planes), rtol=1e-5, atol=1e-5)


def test_tying_keeps_the_first_eighth_and_makes_the_rest() -> None:
    torch.manual_seed(1)
    network = build_network("alphago", planes=PLANES, size=SIDE, filters=16, layers=2)
    first = network.get_parameter("conv1.conv.weight").detach().clone()
    tie(network)
    made = network.get_submodule("conv1.conv").weight  # not a parameter any more
    assert isinstance(made, Tensor)
    made = made.detach()
    assert torch.equal(made[:2], first[:2])
    norms = made.flatten(1).norm(dim=1).view(8, 2)
    torch.testing.assert_close(norms, norms[:1].expand_as(norms))
    assert len({tuple(kernel.flatten().tolist()) for kernel in made}) == 16


def test_one_eighth_is_trained() -> None:
    network = tied_network("alphago-res")
    full = build_network(network.name, planes=PLANES, size=SIDE, **network.settings)
    position_bias = SIDE * SIDE
    trained, all_of_them = network.parameter_count, full.parameter_count
    assert trained - position_bias == (all_of_them - position_bias) // 8


def test_a_step_of_training_keeps_the_network_tied() -> None:
    network = tied_network("alphago").train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    loss = nn.functional.cross_entropy(
        network(torch.randn(8, PLANES, SIDE, SIDE)), torch.randint(SIDE * SIDE, (8,))
    )
    torch.autograd.backward(loss)
    optimizer.step()
    share_statistics(network)
    assert greatest_difference(network.eval()) < 1e-4


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("dense", {"units": 8}, "cannot be equivariant"),
        ("image", {}, "cannot be equivariant"),
        ("alphago", {"filters": 12}, "multiple of 8"),
        ("alphago-res", {"filters": 16, "pooled": 4}, "multiple of 8"),
    ],
)
def test_what_cannot_be_tied_is_refused(
    name: str, settings: dict[str, int] | dict[str, Any], message: str
) -> None:
    network = build_network(name, planes=PLANES, size=19, **settings)
    with pytest.raises(ConfigError, match=message):
        tie(network)
