"""Multiply-adds against torch's own counter of floating-point operations."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from gopolicy.errors import ConfigError
from gopolicy.nets.cost import multiply_adds
from gopolicy.nets.network import PictureShape
from gopolicy.nets.registry import NETWORKS, build_network
from gopolicy.pictures.picture_networks import build_image_network

SMALL = {"alphago": {"filters": 6, "layers": 4}, "dense": {"units": 12}, "image": {"filters": 3}}


def counted_by_torch(network: torch.nn.Module, shape: tuple[int, ...]) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    return int(counter.get_total_flops()) // 2


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_for_go_cost_what_torch_counts(name: str) -> None:
    network = build_network(name, planes=4, size=19, **SMALL.get(name, {"filters": 6}))
    assert multiply_adds(network, (4, 19, 19)) == counted_by_torch(network, (4, 19, 19))


@pytest.mark.parametrize("name", ["image", "dense", "mobilenet"])
def test_networks_for_pictures_cost_what_torch_counts(name: str) -> None:
    network = build_image_network(name, PictureShape(3, 40, 32), 10)
    assert multiply_adds(network, (3, 40, 32)) == counted_by_torch(network, (3, 40, 32))


def test_a_convolution_by_hand() -> None:
    network = build_network("alphago", planes=3, size=5, filters=7, layers=2, first_kernel=3)
    assert multiply_adds(network, (3, 5, 5)) == 25 * (3 * 7 * 9 + 7 * 7 * 9 + 7)


def test_counting_leaves_the_network_as_it_was() -> None:
    network = build_network("alphago", planes=3, size=5, filters=4, normalization="batch").train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    multiply_adds(network, (3, 5, 5))
    assert network.training
    assert not any(part._forward_hooks for part in network.modules())
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())


def test_the_published_network_needs_1_4_billion() -> None:
    with torch.device("meta"):
        network = build_network("alphago", planes=48, size=19)
    by_hand = 361 * (48 * 192 * 25 + 11 * 192 * 192 * 9 + 192)
    assert multiply_adds(network, (48, 19, 19)) == by_hand == 1_400_726_208


@pytest.mark.parametrize("first_kernel", [1, 3, 5, 7])
def test_the_first_kernel_of_alphago_can_be_chosen(first_kernel: int) -> None:
    network = build_network("alphago", planes=3, size=9, filters=4, first_kernel=first_kernel)
    assert network.get_parameter("conv1.conv.weight").shape == (4, 3, first_kernel, first_kernel)
    assert network(torch.zeros(1, 3, 9, 9)).shape == (1, 81)


def test_an_even_first_kernel_is_refused() -> None:
    with pytest.raises(ConfigError, match="odd kernel"):
        build_network("alphago", planes=3, size=9, first_kernel=4)
