"""Fused normalization against torch's own, in double precision and in whole networks."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from reference.gradients import distance, slope
from torch import Tensor
from torch.nn import functional as F

from gopolicy.nets import fused_norm
from gopolicy.nets.norm_kernels import narrow, widen
from gopolicy.nets.registry import build_network

pytestmark = pytest.mark.usefixtures("one_thread")

MOMENTUM, EPS = 0.1, 1e-5
ROUNDING = 2**-8
"""Half of the spacing of bfloat16 numbers, relative."""


def picture(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator) * 2 + 0.5
    return x.bfloat16().contiguous(memory_format=torch.channels_last)


def running(channels: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return torch.zeros(channels, dtype=dtype), torch.ones(channels, dtype=dtype)


@pytest.mark.parametrize("relu", [True, False])
def test_normalization_is_that_of_torch_in_double_precision(relu: bool) -> None:
    x = picture(5, 24, 7, 9).requires_grad_()
    weight = torch.linspace(0.5, 1.5, 24).requires_grad_()
    bias = torch.linspace(-1, 1, 24).requires_grad_()
    mean, variance = running(24, torch.float32)
    figures = fused_norm.Running(mean=mean, variance=variance, momentum=MOMENTUM, eps=EPS)
    grad = picture(5, 24, 7, 9, seed=1)
    y = fused_norm.normalize(x, weight, bias, figures, relu=relu)
    torch.autograd.backward(y, grad)

    twins = [t.detach().double().requires_grad_() for t in (x, weight, bias)]
    wide = running(24, torch.float64)
    wanted = F.batch_norm(twins[0], *wide, twins[1], twins[2], True, MOMENTUM, EPS)
    wanted = F.relu(wanted) if relu else wanted
    torch.autograd.backward(wanted, grad.double())

    assert y.dtype == torch.bfloat16
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert distance(y, wanted) < ROUNDING
    assert distance(slope(x), slope(twins[0])) < ROUNDING
    for found, twin in zip((weight, bias), twins[1:], strict=True):
        assert distance(slope(found), slope(twin)) < 1e-5
    for found, twin in zip((mean, variance), wide, strict=True):
        assert distance(found, twin) < 1e-5


def test_sum_and_relu_are_those_of_torch_in_double_precision() -> None:
    pictures = [picture(3, 16, 5, 5, seed=seed).requires_grad_() for seed in (0, 1)]
    grad = picture(3, 16, 5, 5, seed=2)
    y = fused_norm.add_relu(*pictures)
    torch.autograd.backward(y, grad)
    twins = [x.detach().double().requires_grad_() for x in pictures]
    wanted = F.relu(twins[0] + twins[1])
    torch.autograd.backward(wanted, grad.double())
    assert distance(y, wanted) < ROUNDING
    for x, twin in zip(pictures, twins, strict=True):
        assert torch.equal(slope(x).double(), slope(twin))


def test_what_is_no_number_stays_so() -> None:
    x = picture(2, 8, 3, 3)
    x[1, 2, 0, 0] = torch.nan
    mean, variance = running(8, torch.float32)
    figures = fused_norm.Running(mean=mean, variance=variance, momentum=MOMENTUM, eps=EPS)
    y = fused_norm.normalize(x, torch.ones(8), torch.zeros(8), figures, relu=True)
    assert y[:, 2].isnan().all()
    assert not y[:, [0, 1, 3, 4, 5, 6, 7]].isnan().any()
    assert bool(fused_norm.add_relu(x, x)[1, 2, 0, 0].isnan())


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.float(),
        lambda x: x.contiguous(),
        lambda x: x[:, :, :2],
        lambda x: x.flatten(1),
        lambda x: x.to("meta"),
    ],
)
def test_other_pictures_are_not_served(change: Callable[[Tensor], Tensor]) -> None:
    x = picture(2, 4, 3, 3)
    assert fused_norm.is_served(x)
    assert not fused_norm.is_served(x, change(x))


def test_several_threads_are_left_to_torch() -> None:
    torch.set_num_threads(2)
    try:
        assert not fused_norm.is_served(picture(2, 4, 3, 3))
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("network", ["alphago", "alphago-res"])
def test_a_network_trains_as_without(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(5)
    fused = build_network(network, planes=4, size=9, filters=16, layers=5, normalization="batch")
    fused.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    apart = copy.deepcopy(fused)
    planes = picture(16, 4, 9, 9).clamp(0, 1)
    targets = torch.arange(16) * 5
    used, real = [], fused_norm.normalize

    def noted(*words: Any, **more: Any) -> Tensor:
        used.append(1)
        return real(*words, **more)

    monkeypatch.setattr(fused_norm, "normalize", noted)
    losses = []
    for net in (fused, apart):
        if net is apart:
            monkeypatch.setattr(fused_norm, "is_served", lambda *pictures: False)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(planes)
        loss = F.cross_entropy(logits.float(), targets)
        torch.autograd.backward(loss)
        losses.append(loss.item())
    assert len(used) == 5
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
    for one, other in zip(fused.parameters(), apart.parameters(), strict=True):
        assert distance(slope(one), slope(other).double()) < 0.1
    for found, wanted in zip(fused.buffers(), apart.buffers(), strict=True):
        assert distance(found, wanted.double()) < 0.01


def test_numbers_are_rounded_as_torch_rounds_them() -> None:
    generator = torch.Generator().manual_seed(3)
    bits = torch.randint(-(2**31), 2**31, (2000,), generator=generator, dtype=torch.int64)
    values = bits.to(torch.int32).view(torch.float32)
    values = values[values.isfinite()]
    found = np.array([narrow(value) for value in values.numpy()], np.uint16)
    assert np.array_equal(found, values.bfloat16().view(torch.uint16).numpy())
    assert [widen(bits) for bits in found] == values.bfloat16().float().tolist()
