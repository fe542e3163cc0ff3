"""Convolutions of tied networks (`gopolicy.nets.equivariance`) by half of the multiplications.

Mirroring the board exchanges the images of a family of channels in pairs, and mirrors the kernels
between them.  So the sums of the pairs (even: mirroring leaves them as they are) and their
differences (odd: mirroring changes the sign) are convolved with kernels that are themselves even
or odd from left to right: columns equally far from the middle are the same but for the sign.  The
points on both sides of a point are therefore added or subtracted before anything is multiplied, and
what is left are two convolutions of one column for half of the channels each.  Bökman, Nordström
and Kahl (Flopping for FLOPs, 2025) split networks into even and odd parts to the same end.

Used for training in bfloat16 on one CPU thread, as `gopolicy.nets.fused_norm` is; elsewhere torch's
own convolution computes the same but for rounding.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from gopolicy.nets.fused_norm import bits_of
from gopolicy.nets.mirror_kernels import mirror_kernels

_MIRRORED = (4, 7, 6, 5)
"""Which images mirroring from left to right makes of images 0, 1, 2 and 3."""


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the zero-padded convolution of x with the kernels of a hidden tied layer.

    x [B, 8 * F, H, W] as `fused_norm.is_served` wants it; weight [8 * G, 8 * F, 3, 3]; bias
    [8 * G], the same for all images of a channel.  The result has the dtype of x.
    """
    outputs, inputs = weight.shape[0] // 2, weight.shape[1] // 2
    families = inputs // 4
    same = weight[:outputs, :inputs]
    other = torch.cat([weight[:outputs, families * g : families * (g + 1)] for g in _MIRRORED], 1)
    sums, differences = (same + other) / 4, (same - other) / 4
    kernels = [
        torch.cat([2 * a[..., 1], a[..., 0] + a[..., 2], b[..., 0] - b[..., 2]], 1)
        for a, b in ((sums, differences), (differences, sums))
    ]
    columns = [kernel.unsqueeze(-1).to(x.dtype) for kernel in kernels]
    halves = _Convolve.apply(x, _of_even(bias), *columns)  # type: ignore[no-untyped-call]
    result: Tensor = _Join.apply(*halves)  # type: ignore[no-untyped-call]
    return result


def lift(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the zero-padded convolution of planes with the kernels of a first tied layer.

    x [B, C, H, W] as `fused_norm.is_served` wants it; weight [8 * G, C, K, K], K odd; bias as in
    `convolve`.
    """
    half, reach = weight.shape[0] // 2, weight.shape[-1] // 2
    width = x.shape[3]
    middle, *around = (
        (weight[:half, ..., reach - n] / 2, weight[:half, ..., reach + n] / 2)
        for n in range(reach + 1)
    )
    wide = F.pad(x, (reach, reach))
    sides = [
        (wide[..., reach - n :][..., :width], wide[..., reach + n :][..., :width])
        for n in range(1, reach + 1)
    ]
    sums = [x] + [left + right for left, right in sides], [a + b for a, b in (middle, *around)]
    differences = [left - right for left, right in sides], [a - b for a, b in around]
    halves = [
        F.conv2d(
            _ordered(torch.cat(pictures, 1)),
            torch.cat(columns, 1).unsqueeze(-1).to(x.dtype),
            None if added is None else added.to(x.dtype),
            padding=(reach, 0),
        )
        for (pictures, columns), added in ((sums, _of_even(bias)), (differences, None))
    ]
    result: Tensor = _Join.apply(*halves)  # type: ignore[no-untyped-call]
    return result


class _Convolve(Function):
    """Even and odd parts of a hidden convolution, from all channels of its input.

    What is multiplied is made anew on the way back: keeping it would take three times the memory.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, bias: Tensor | None, *kernels: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x, *kernels)
        bias = None if bias is None else bias.to(x.dtype)
        even, odd = (
            F.conv2d(part, kernel, added, padding=(1, 0))
            for part, kernel, added in zip(_spread(x), kernels, (bias, None), strict=True)
        )
        return even, odd

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, *kernels = ctx.saved_tensors
        to_x, to_bias, to_kernel, _ = ctx.needs_input_grad
        wanted = [to_x, to_kernel, False]
        to_parts, to_kernels = zip(
            *(
                torch.ops.aten.convolution_backward(
                    grad, part, kernel, None, [1, 1], [1, 0], [1, 1], False, [0, 0], 1, wanted
                )[:2]
                for grad, part, kernel in zip(grads, _spread(x), kernels, strict=True)
            ),
            strict=True,
        )
        to_even, to_odd = to_parts
        return (
            _collect(to_even, to_odd, x) if to_x else None,
            grads[0].sum((0, 2, 3), dtype=torch.float32) if to_bias else None,
            *to_kernels,
        )


class _Join(Function):
    """All channels from their even and their odd half."""

    @staticmethod
    def forward(ctx: Any, even: Tensor, odd: Tensor) -> Tensor:
        result = _like(even, 2 * even.shape[1])
        bits = np.empty(result.shape[1], np.uint16)
        join = mirror_kernels(result.shape[1] // 8).join
        join(bits_of(result), bits_of(_ordered(even)), bits_of(_ordered(odd)), bits)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        even, odd = (_like(grad, grad.shape[1] // 2) for _ in range(2))
        bits = np.empty(grad.shape[1], np.uint16)
        split = mirror_kernels(grad.shape[1] // 8).split
        split(bits_of(_ordered(grad)), bits_of(even), bits_of(odd), bits)
        return even, odd


def _of_even(bias: Tensor | None) -> Tensor | None:
    """Return what is added to the even half: added to both of a pair, it leaves the odd one be."""
    return None if bias is None else bias[: len(bias) // 2]


def _spread(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return even and odd [B, 3 * C / 2, H, W]: the points, and sums and differences beside them.

    With the even points go the sums of even neighbors and the differences of odd ones.
    """
    half, width = x.shape[1] // 2, x.shape[3]
    even, odd = _like(x, 3 * half), _like(x, 3 * half)
    sums, differences = np.zeros((2, width + 2, half), np.float32)
    bits = np.empty(2 * half, np.uint16)
    spread = mirror_kernels(half // 4).spread
    spread(bits_of(x), _in_threes(even), _in_threes(odd), bits, sums, differences)
    return even, odd


def _collect(even: Tensor, odd: Tensor, x: Tensor) -> Tensor:
    """Return the gradient of x from those of what `_spread` makes of it."""
    half, width = x.shape[1] // 2, x.shape[3]
    result = torch.empty_like(x)
    sums, differences = np.empty((2, width + 2, half), np.float32)
    bits = np.empty(2 * half, np.uint16)
    collect = mirror_kernels(half // 4).collect
    collect(
        bits_of(result),
        _in_threes(_ordered(even)),
        _in_threes(_ordered(odd)),
        bits,
        sums,
        differences,
    )
    return result


def _in_threes(half: Tensor) -> NDArray[np.uint16]:
    """Return the bits of [B, 3 * C, H, W] as [B * H * W, 3, C], the memory shared."""
    return bits_of(half).reshape(-1, 3, half.shape[1] // 3)


def _ordered(x: Tensor) -> Tensor:
    """Return x, channels last in memory."""
    return x.contiguous(memory_format=torch.channels_last)


def _like(x: Tensor, channels: int) -> Tensor:
    """Return an empty picture of the size of x, channels last."""
    shape = x.shape[0], channels, *x.shape[2:]
    return torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
