"""Which part of the input a unit of a layer can see."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from torch import nn

from gopolicy.nets import layers as bricks
from gopolicy.nets.norm import BatchNorm
from gopolicy.nets.scaling import Scaling

_POINTWISE = (
    nn.Identity,
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.ELU,
    nn.Tanh,
    nn.Sigmoid,
    nn.Dropout,
    BatchNorm,
    bricks.PositionBias,
    Scaling,
)
"""Layers whose units see one unit each."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """Unit (i, j) sees rows ``i * stride + top`` to ``i * stride + bottom``, columns likewise.

    Rows and columns outside the input are padding.
    """

    side: int
    """Units in a row of this layer."""
    stride: int = 1
    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def area(self, row: int, column: int, height: int, width: int) -> tuple[int, int, int, int]:
        """Return top, left, bottom, right of what a unit sees of an input, borders included."""
        y, x = row * self.stride, column * self.stride
        return (
            max(0, y + self.top),
            max(0, x + self.left),
            min(height - 1, y + self.bottom),
            min(width - 1, x + self.right),
        )


def receptive_field(network: nn.Module, layer: str, side: int) -> ReceptiveField | None:
    """Return what the units of a layer (a direct child of a list of layers) see.

    side: of the square input.  None where every unit sees the whole input, as in dense layers and
    all behind them, and for layers inside others.
    """
    field: ReceptiveField | None = ReceptiveField(side)
    for name, module in network.named_children():
        field = None if field is None else _after(field, module)
        if name == layer:
            return field
    return None


def _after(field: ReceptiveField, module: nn.Module) -> ReceptiveField | None:
    if isinstance(module, _POINTWISE):
        return field
    if isinstance(module, bricks.ConvBlock):
        conv = module.conv
        padding = _pad(module.pad, field.side, _pair(conv.padding))
        return _window(field, _pair(conv.kernel_size), conv.stride[0], padding)
    if isinstance(module, bricks.MaxPool | bricks.AveragePool):
        around = module.around if isinstance(module, bricks.MaxPool) else 0
        padding = _pad(module.pad, field.side, (around, around))
        return _window(field, (module.kernel, module.kernel), module.stride, padding)
    if isinstance(module, bricks.Residual):
        return _joined(field, (module.layers, module.shortcut))
    if isinstance(module, bricks.Branches):
        return _joined(field, module.branches)
    if isinstance(module, nn.Sequential | bricks.Separable):
        inner: ReceptiveField | None = field
        for child in module.children():
            inner = None if inner is None else _after(inner, child)
        return inner
    return None


def _joined(field: ReceptiveField, ways: Iterable[nn.Module]) -> ReceptiveField | None:
    """Return what the meeting point of several ways sees: whatever any of them sees."""
    found = [_after(field, way) for way in ways]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    return replace(
        known[0],
        top=min(each.top for each in known),
        bottom=max(each.bottom for each in known),
        left=min(each.left for each in known),
        right=max(each.right for each in known),
    )


Around = tuple[tuple[int, int], tuple[int, int]]
"""Padding above and below, left and right."""


def _pad(pad: nn.Module | None, side: int, around: tuple[int, int]) -> Around:
    """Return the padding of a layer: of its own, and of the layer that pads for it."""
    rows, columns = (around[0], around[0]), (around[1], around[1])
    if isinstance(pad, nn.ZeroPad2d):
        left, right, top, bottom = pad.padding
        return (rows[0] + top, rows[1] + bottom), (columns[0] + left, columns[1] + right)
    if isinstance(pad, bricks.SamePad):
        above = _same(pad.kernel[0], pad.stride, side)
        return above, _same(pad.kernel[1], pad.stride, side)
    return rows, columns


def _same(kernel: int, stride: int, side: int) -> tuple[int, int]:
    """Return the padding that divides a side by the stride and rounds up; an odd row comes last."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _window(
    field: ReceptiveField, kernel: tuple[int, int], stride: int, padding: Around
) -> ReceptiveField:
    (above, below), (left, _) = padding
    step = field.stride
    return ReceptiveField(
        side=(field.side + above + below - kernel[0]) // stride + 1,
        stride=step * stride,
        top=field.top - above * step,
        bottom=field.bottom - above * step + (kernel[0] - 1) * step,
        left=field.left - left * step,
        right=field.right - left * step + (kernel[1] - 1) * step,
    )


def _pair(value: object) -> tuple[int, int]:
    """Return a setting of torch, one number for both directions or one for each, as two."""
    if isinstance(value, tuple):
        return int(value[0]), int(value[1])
    return int(str(value)), int(str(value))
