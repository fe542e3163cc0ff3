"""Kernels of `gopolicy.nets.mirrored_conv`: bfloat16 as its bits, points by channels.

Pictures have 8 * F channels, image g of family k at g * F + k; their even and odd halves have
H = 4 * F.  Loops of a length that the compiler knows are two to four times as fast here, so
`mirror_kernels` makes a set of kernels for each F, into which the others are inlined.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from gopolicy.jit import kernel_of, small_kernel
from gopolicy.nets.norm_kernels import Bits, Floats, narrow, widen


class MirrorKernels(NamedTuple):
    """The kernels for one number of families; each takes the picture, its halves, then scratch."""

    spread: Callable[[Bits, Bits, Bits, Bits, Floats, Floats], None]
    """Set even, odd [rows, 3, H] from x [rows, 2H]; scratch [2H], 2 [width + 2, H], the first and
    the last line zeros."""
    collect: Callable[[Bits, Bits, Bits, Bits, Floats, Floats], None]
    """Set x from even, odd, as gradients go back; scratch [2H], 2 [width + 2, H]."""
    join: Callable[[Bits, Bits, Bits, Bits], None]
    """Set x from even, odd [rows, H]; scratch [2H]."""
    split: Callable[[Bits, Bits, Bits, Bits], None]
    """Set even, odd from x, as gradients go back; scratch [2H]."""


@cache
def mirror_kernels(families: int) -> MirrorKernels:
    """Return the kernels for pictures of 8 * families channels."""
    f, h = families, 4 * families
    kernel = kernel_of(f"families-{f}")

    @kernel
    def spread(
        x: Bits, even: Bits, odd: Bits, bits: Bits, sums: Floats, differences: Floats
    ) -> None:
        width = len(sums) - 2
        for start in range(0, len(x), width):
            for w in range(width):
                exchange(x[start + w], bits, f)
                add_pairs(bits, sums[w + 1], differences[w + 1], h)
            spread_line(even, start, sums, differences, h)
            spread_line(odd, start, differences, sums, h)

    @kernel
    def collect(
        x: Bits, even: Bits, odd: Bits, bits: Bits, sums: Floats, differences: Floats
    ) -> None:
        width = len(sums) - 2
        for start in range(0, len(x), width):
            collect_line(sums, even, odd, start, h)
            collect_line(differences, odd, even, start, h)
            store_line(x, start, sums, differences, bits, f)

    @kernel
    def join(x: Bits, even: Bits, odd: Bits, bits: Bits) -> None:
        for row in range(len(x)):
            join_row(even[row], odd[row], bits, h)
            exchange(bits, x[row], f)

    @kernel
    def split(x: Bits, even: Bits, odd: Bits, bits: Bits) -> None:
        for row in range(len(x)):
            exchange(x[row], bits, f)
            split_row(bits, even[row], odd[row], h)

    return MirrorKernels(spread, collect, join, split)


@small_kernel
def exchange(row: Bits, result: Bits, f: int) -> None:
    """Put images 4, 7, 6, 5, which mirroring makes of 0, 1, 2, 3, in that order, or back."""
    for c in range(5 * f):
        result[c] = row[c]
    for c in range(f):
        result[5 * f + c] = row[7 * f + c]
    for c in range(f):
        result[6 * f + c] = row[6 * f + c]
    for c in range(f):
        result[7 * f + c] = row[5 * f + c]


@small_kernel
def add_pairs(bits: Bits, sums: Floats, differences: Floats, h: int) -> None:
    """Set the sums and the differences of pairs."""
    for c in range(h):
        sums[c] = widen(bits[c]) + widen(bits[h + c])
    for c in range(h):
        differences[c] = widen(bits[c]) - widen(bits[h + c])


@small_kernel
def join_row(even: Bits, odd: Bits, bits: Bits, h: int) -> None:
    """Set bits to even plus and minus odd."""
    for c in range(h):
        bits[c] = narrow(widen(even[c]) + widen(odd[c]))
    for c in range(h):
        bits[h + c] = narrow(widen(even[c]) - widen(odd[c]))


@small_kernel
def split_row(bits: Bits, even: Bits, odd: Bits, h: int) -> None:
    """Set even and odd to the sums and the differences of pairs."""
    for c in range(h):
        even[c] = narrow(widen(bits[c]) + widen(bits[h + c]))
    for c in range(h):
        odd[c] = narrow(widen(bits[c]) - widen(bits[h + c]))


@small_kernel
def spread_line(result: Bits, start: int, own: Floats, other: Floats, h: int) -> None:
    """Set a line of one half: points, sums beside them, differences in the other half."""
    for w in range(len(own) - 2):
        for c in range(h):
            result[start + w, 0, c] = narrow(own[w + 1, c])
        for c in range(h):
            result[start + w, 1, c] = narrow(own[w, c] + own[w + 2, c])
        for c in range(h):
            result[start + w, 2, c] = narrow(other[w, c] - other[w + 2, c])


@small_kernel
def collect_line(result: Floats, own: Bits, other: Bits, start: int, h: int) -> None:
    """Set the gradients of a line of one half, at 1 to width of result."""
    width = len(result) - 2
    for w in range(width):
        row = start + w
        for c in range(h):
            result[w + 1, c] = widen(own[row, 0, c])
        if w > 0:
            for c in range(h):
                result[w + 1, c] += widen(own[row - 1, 1, c]) - widen(other[row - 1, 2, c])
        if w < width - 1:
            for c in range(h):
                result[w + 1, c] += widen(own[row + 1, 1, c]) + widen(other[row + 1, 2, c])


@small_kernel
def store_line(x: Bits, start: int, sums: Floats, differences: Floats, bits: Bits, f: int) -> None:
    """Set a line to sums plus and minus differences."""
    h = 4 * f
    for w in range(1, len(sums) - 1):
        for c in range(h):
            bits[c] = narrow(sums[w, c] + differences[w, c])
        for c in range(h):
            bits[h + c] = narrow(sums[w, c] - differences[w, c])
        exchange(bits, x[start + w - 1], f)
