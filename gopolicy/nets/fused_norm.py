"""Batch normalization together with the ReLU behind it, for training in bfloat16 on one CPU thread.

torch takes each step for itself and turns every number from bfloat16 and back with it; here the
same is done with two looks at the activations on the way forward and two on the way back
(`gopolicy.nets.norm_kernels`).  Most of what that once saved was memory asked for anew, which
`gopolicy.allocator` spares by now; 2 % of a step are left (`gopolicy bench train`).  Everywhere
else, and with several threads, where torch's own loops are no slower, `BatchNorm` and the
activation are used as they are; the results are the same but for rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from gopolicy.nets import norm_kernels


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The running figures of a normalization, which are changed in place, and how."""

    mean: Tensor
    """[C], float32."""
    variance: Tensor
    """[C], float32; unbiased, as torch keeps it."""
    momentum: float
    """Share of a batch in them."""
    eps: float
    """Added to the variance."""


def is_served(*tensors: Tensor) -> bool:
    """Say whether the functions below should be used: bfloat16, one CPU thread, channels last."""
    return torch.get_num_threads() == 1 and all(
        x.device.type == "cpu"
        and x.dtype == torch.bfloat16
        and x.ndim == 4
        and x.permute(0, 2, 3, 1).is_contiguous()
        for x in tensors
    )


def normalize(x: Tensor, weight: Tensor, bias: Tensor, running: Running, *, relu: bool) -> Tensor:
    """Return [B, C, H, W] normalized by the figures of the batch, through ReLU where asked for.

    weight and bias are float32 [C].
    """
    result: Tensor = _Normalize.apply(x, weight, bias, running, relu)  # type: ignore[no-untyped-call]
    return result


def add_relu(x: Tensor, y: Tensor) -> Tensor:
    """Return ReLU(x + y)."""
    result: Tensor = _AddReLU.apply(x, y)  # type: ignore[no-untyped-call]
    return result


class _Normalize(Function):
    """Normalization by the batch and, where asked for, ReLU."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, running: Running, relu: bool
    ) -> Tensor:
        count = x.numel() // x.shape[1]
        mean, square = _sums(norm_kernels.add_sums, x) / count
        variance = np.maximum(square - mean * mean, 0)
        _follow(running.mean, mean, running.momentum)
        _follow(running.variance, variance * count / max(count - 1, 1), running.momentum)
        inverse = 1 / np.sqrt(variance + running.eps)
        factor = weight.double().numpy() * inverse
        offset = bias.double().numpy() - mean * factor
        y = torch.empty_like(x)
        least = np.float32(0 if relu else -np.inf)
        floats = factor.astype(np.float32), offset.astype(np.float32)
        norm_kernels.scale(bits_of(x), bits_of(y), *floats, least)
        ctx.save_for_backward(x, y if relu else None)
        ctx.figures = mean, inverse, factor, count
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        mean, inverse, factor, count = ctx.figures
        grad = grad.contiguous(memory_format=torch.channels_last)
        y = grad if y is None else y  # without ReLU every gradient counts, and no other adds up
        to_bias, product = _sums(norm_kernels.add_gradient_sums, grad, y, x)
        to_weight = (product - mean * to_bias) * inverse
        slope = -factor * inverse * to_weight / count
        line = np.stack([factor, slope, -factor * to_bias / count - slope * mean])
        line = line.astype(np.float32)
        to_x = torch.empty_like(x)
        norm_kernels.scale_gradient(bits_of(grad), bits_of(y), bits_of(x), bits_of(to_x), line)
        return to_x, _float(to_weight), _float(to_bias), None, None


class _AddReLU(Function):
    """A sum and its ReLU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        result = torch.empty_like(x)
        norm_kernels.add_relu_kernel(bits_of(x), bits_of(y), bits_of(result))
        ctx.save_for_backward(result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        (y,) = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        result = torch.empty_like(grad)
        norm_kernels.mask(bits_of(grad), bits_of(y), bits_of(result))
        return result, result


def _follow(running: Tensor, batch: NDArray[np.float64], momentum: float) -> None:
    running.lerp_(_float(batch), momentum)


def _float(numbers: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(numbers.astype(np.float32))


def _sums(add: Callable[..., None], *pictures: Tensor) -> NDArray[np.float64]:
    """Return two sums per channel, added up by a kernel, as [2, C]."""
    shape = 2, pictures[0].shape[1]
    total = np.zeros(shape)
    add(*map(bits_of, pictures), total, np.empty(shape, np.float32))
    return total


def bits_of(x: Tensor) -> NDArray[np.uint16]:
    """Return the bits of [B, C, H, W], channels last, as [B * H * W, C], the memory shared."""
    rows: NDArray[np.uint16] = (
        x.detach().permute(0, 2, 3, 1).view(-1, x.shape[1]).view(torch.uint16).numpy()
    )
    return rows
