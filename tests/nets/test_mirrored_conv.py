"""Convolutions in even and odd halves against torch's own, in double precision and in training."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import torch
from reference.gradients import distance, slope
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from gopolicy import read_game
from gopolicy.features import Encoder
from gopolicy.nets import mirrored_conv
from gopolicy.nets.equivariance import RepeatedChannels, TiedKernels, tie
from gopolicy.nets.layers import Convolution
from gopolicy.nets.mirror_kernels import mirror_kernels
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import load_weights
from gopolicy.samples import SAMPLE_GAME

pytestmark = pytest.mark.usefixtures("one_thread")

ROUNDING = 2**-7
"""Spacing of bfloat16 numbers, relative; sums and kernels are both rounded."""

Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def picture(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator)
    return x.bfloat16().contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(
    ("convolve", "kernel", "inputs", "families", "board"),
    [
        (mirrored_conv.convolve, 3, 16, 5, (7, 9)),
        (mirrored_conv.convolve, 3, 24, 3, (19, 19)),
        (mirrored_conv.convolve, 3, 8, 1, (2, 2)),
        (mirrored_conv.convolve, 3, 8, 2, (3, 1)),
        (mirrored_conv.lift, 5, 6, 4, (7, 9)),
        (mirrored_conv.lift, 3, 1, 2, (5, 5)),
        (mirrored_conv.lift, 5, 3, 1, (2, 2)),
        (mirrored_conv.lift, 7, 3, 2, (9, 9)),
    ],
)
def test_the_convolution_is_that_of_torch_in_double_precision(
    convolve: Convolve,
    kernel: int,
    inputs: int,
    families: int,
    board: tuple[int, int],
    biased: bool,
) -> None:
    lifts = convolve is mirrored_conv.lift
    tied = TiedKernels(families, inputs, kernel, lifts=lifts)
    generator = torch.Generator().manual_seed(1)
    base = torch.randn(families, inputs, kernel, kernel, generator=generator).requires_grad_()
    shift = torch.randn(families, generator=generator).requires_grad_()
    x = picture(3, inputs, *board).requires_grad_(not lifts)
    grad = picture(3, 8 * families, *board, seed=2)
    repeat = RepeatedChannels(0)
    y = convolve(x, tied(base), repeat(shift) if biased else None)
    torch.autograd.backward(y, grad)

    twins = [t.detach().double().requires_grad_() for t in (x, base, shift)]
    added = repeat(twins[2]) if biased else None
    wanted = F.conv2d(twins[0], tied(twins[1]), added, padding=kernel // 2)
    torch.autograd.backward(wanted, grad.double())

    assert y.dtype == torch.bfloat16
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert distance(y, wanted) < ROUNDING
    assert distance(slope(base), slope(twins[1])) < ROUNDING
    if biased:
        error = slope(shift) - slope(twins[2])  # of sums in which much cancels out
        assert error.norm() < ROUNDING * grad.double().norm()
    if not lifts:  # planes are given, and need no gradient
        assert distance(slope(x), slope(twins[0])) < ROUNDING


def test_what_is_no_number_spreads_as_far_as_the_kernel_reaches() -> None:
    tied = TiedKernels(1, 8, 3, lifts=False)
    x = picture(1, 8, 7, 7)
    x[0, 2, 3, 3] = torch.nan
    y = mirrored_conv.convolve(x, tied(torch.ones(1, 8, 3, 3)))
    unknown = y.isnan().any(1)[0]
    assert unknown[2:5, 2:5].all()
    assert int(unknown.sum()) == 9


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_gradients_may_come_in_any_order_of_memory(order: torch.memory_format) -> None:
    tied = TiedKernels(2, 16, 3, lifts=False)(torch.linspace(-1, 1, 288).view(2, 16, 3, 3))
    x = picture(2, 16, 5, 7).requires_grad_()
    grad = picture(2, 16, 5, 7, seed=3).contiguous(memory_format=order)
    torch.autograd.backward(mirrored_conv.convolve(x, tied), grad)
    twin = x.detach().double().requires_grad_()
    torch.autograd.backward(F.conv2d(twin, tied.double(), padding=1), grad.double())
    assert distance(slope(x), slope(twin)) < ROUNDING


@pytest.mark.parametrize("learns", ["input", "kernels", "bias"])
def test_what_is_frozen_gets_no_gradient(learns: str) -> None:
    base = torch.linspace(-1, 1, 288).view(2, 16, 3, 3).requires_grad_(learns == "kernels")
    x = picture(2, 16, 5, 7).requires_grad_(learns == "input")
    bias = torch.zeros(16).requires_grad_(learns == "bias")
    y = mirrored_conv.convolve(x, TiedKernels(2, 16, 3, lifts=False)(base), bias)
    torch.autograd.backward(y, torch.ones_like(y))
    found = {"input": x.grad, "kernels": base.grad, "bias": bias.grad}
    assert [name for name, grad in found.items() if grad is not None] == [learns]


def test_each_number_of_families_has_its_kernels_in_a_folder_of_its_own() -> None:
    first, second = (mirror_kernels(families).join for families in (2, 3))
    if not hasattr(first, "stats"):
        pytest.skip("kernels are not compiled")
    folders = {kernel.stats.cache_path for kernel in (first, second)}  # type: ignore[attr-defined]
    assert [Path(folder).parts[-2] for folder in sorted(folders)] == ["families-2", "families-3"]


def mirrored_layers(network: nn.Module) -> list[str]:
    """Return the convolutions of a network that have a cheaper way."""
    return [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, Convolution) and layer.mirrored
    ]


@pytest.mark.parametrize("normalization", ["batch", "none"])
@pytest.mark.parametrize("network", ["alphago", "alphago-res"])
def test_all_layers_of_a_network_have_it_once_they_are_tied(
    network: str, normalization: str
) -> None:
    net = build_network(
        network, planes=4, size=9, filters=16, layers=4, normalization=normalization
    )
    assert len(mirrored_layers(net)) == 0
    tie(net)
    assert len(mirrored_layers(net)) == 4


def test_a_first_kernel_of_one_point_is_left_to_torch() -> None:
    net = build_network("alphago", planes=4, size=9, filters=16, layers=3, first_kernel=1)
    tie(net)
    assert "conv1.conv" not in mirrored_layers(net)


def test_kernels_that_are_tied_no_more_are_convolved_as_they_are() -> None:
    net = build_network("alphago", planes=4, size=9, filters=16, layers=3)
    tie(net)
    conv = cast("Convolution", net.get_submodule("conv2.conv"))
    for name in ("weight", "bias"):
        parametrize.remove_parametrizations(conv, name)
    nn.init.normal_(conv.weight)
    x = picture(2, 16, 9, 9)
    with torch.autocast("cpu", torch.bfloat16):
        y = conv(x)
    wanted = copy.deepcopy(conv).double()(x.double())
    assert distance(y, wanted) < ROUNDING


@pytest.mark.parametrize("network", ["alphago", "alphago-res"])
def test_a_tied_network_trains_as_exactly_as_without(network: str) -> None:
    torch.manual_seed(5)
    net = build_network(network, planes=4, size=9, filters=16, layers=5, normalization="batch")
    tie(net)
    assert len(mirrored_layers(net)) == 5
    assert_as_exact(net, picture(64, 4, 9, 9).clamp(0, 1), torch.arange(64) % 81)


def test_shipped_weights_learn_on_as_exactly_as_without() -> None:
    net = load_weights("alphago-res-64x9").network
    tie(net)
    assert len(mirrored_layers(net)) == 9
    planes, points = Encoder("alphago48", 19).game(read_game(SAMPLE_GAME).events)
    some = slice(0, 128, 4)
    assert_as_exact(net, torch.from_numpy(planes[some]), torch.from_numpy(points[some]))


def assert_as_exact(mirrored: nn.Module, planes: Tensor, points: Tensor) -> None:
    """Hold a step of a tied network, cheap and by torch, beside one in single precision."""
    planes = planes.bfloat16().contiguous(memory_format=torch.channels_last)
    mirrored.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    whole, exact = copy.deepcopy(mirrored), copy.deepcopy(mirrored)
    for net in (whole, exact):
        for layer in net.modules():
            if isinstance(layer, Convolution):
                layer.mirrored = None
    losses = []
    for net in (mirrored, whole, exact):
        with torch.autocast("cpu", torch.bfloat16, enabled=net is not exact):
            logits = net(planes if net is not exact else planes.float())
        loss = F.cross_entropy(logits.float(), points)
        torch.autograd.backward(loss)
        losses.append(loss.item())
    assert losses[0] != losses[1]  # another way, or nothing was compared
    assert losses[0] == pytest.approx(losses[2], rel=0.005)
    nets = (net.named_parameters() for net in (mirrored, whole, exact))
    for (name, one), (_, other), (_, wanted) in zip(*nets, strict=True):
        if ".conv." in name:
            errors = [distance(slope(found), slope(wanted).double()) for found in (one, other)]
            assert errors[0] < 2 * errors[1] + 0.02
            assert errors[0] < 0.25
