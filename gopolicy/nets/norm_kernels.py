"""Kernels of `gopolicy.nets.fused_norm`: bfloat16 as its bits, points by channels.

Arrays of values are uint16 [rows, channels]; factors, offsets and sums are per channel.  A gradient
counts where the output it belongs to is not zero, which is what ReLU asks for.
"""

import numpy as np
from numpy.typing import NDArray

from gopolicy.jit import kernel, small_kernel

Bits = NDArray[np.uint16]
Floats = NDArray[np.float32]

RUN = 256
"""Rows whose sums are kept in single precision before they are added in double."""


@small_kernel
def widen(bits: np.uint16) -> np.float32:
    """Return the number that 16 bits stand for."""
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@small_kernel
def narrow(value: np.float32) -> np.uint16:
    """Return the bits of the nearest number, the even one of two."""
    bits = np.float32(value).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return np.uint16(np.uint32(bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))


@kernel
def add_sums(x: Bits, total: NDArray[np.float64], part: Floats) -> None:
    """Add the sums of values and of their squares to total [2, channels]; part is scratch."""
    rows, channels = x.shape
    for start in range(0, rows, RUN):
        part[:] = np.float32(0)
        for row in range(start, min(start + RUN, rows)):
            for c in range(channels):
                value = widen(x[row, c])
                part[0, c] += value
                part[1, c] += value * value
        for c in range(channels):
            total[0, c] += part[0, c]
            total[1, c] += part[1, c]


@kernel
def scale(x: Bits, y: Bits, factor: Floats, offset: Floats, least: np.float32) -> None:
    """Set y to x * factor + offset, but to least where that is less; NaN stays."""
    rows, channels = x.shape
    for row in range(rows):
        for c in range(channels):
            value = widen(x[row, c]) * factor[c] + offset[c]
            y[row, c] = narrow(least if value <= least else value)


@kernel
def add_gradient_sums(
    grad: Bits, y: Bits, x: Bits, total: NDArray[np.float64], part: Floats
) -> None:
    """Add the sums of the gradients that count, and of their products with x, to total."""
    rows, channels = x.shape
    for start in range(0, rows, RUN):
        part[:] = np.float32(0)
        for row in range(start, min(start + RUN, rows)):
            for c in range(channels):
                counts = widen(grad[row, c]) if y[row, c] != 0 else np.float32(0)
                part[0, c] += counts
                part[1, c] += counts * widen(x[row, c])
        for c in range(channels):
            total[0, c] += part[0, c]
            total[1, c] += part[1, c]


@kernel
def scale_gradient(grad: Bits, y: Bits, x: Bits, result: Bits, line: Floats) -> None:
    """Set result to line[0] * the gradients that count + line[1] * x + line[2]."""
    rows, channels = x.shape
    for row in range(rows):
        for c in range(channels):
            counts = widen(grad[row, c]) if y[row, c] != 0 else np.float32(0)
            value = counts * line[0, c] + widen(x[row, c]) * line[1, c] + line[2, c]
            result[row, c] = narrow(value)


@kernel
def add_relu_kernel(x: Bits, y: Bits, result: Bits) -> None:
    """Set result to x + y, but to 0 where that is less; NaN stays."""
    rows, channels = x.shape
    for row in range(rows):
        for c in range(channels):
            value = widen(x[row, c]) + widen(y[row, c])
            result[row, c] = narrow(np.float32(0) if value <= np.float32(0) else value)


@kernel
def mask(grad: Bits, y: Bits, result: Bits) -> None:
    """Set result to the gradients that count, and to 0 elsewhere."""
    rows, channels = grad.shape
    for row in range(rows):
        for c in range(channels):
            result[row, c] = grad[row, c] if y[row, c] != 0 else np.uint16(0)
