"""Which part of the input a unit of a layer can see."""

from dataclasses import dataclass

from torch import nn

from gopolicy.nets.layers import BatchNorm, ConvBlock, MaxPool, PositionBias, Residual


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """Unit (i, j) sees rows ``i * stride + top`` to ``i * stride + bottom``, columns likewise.

    Rows and columns outside the input are padding.
    """

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


def receptive_field(network: nn.Module, layer: str) -> ReceptiveField | None:
    """Return what the units of a layer (a direct child of a network in order) see.

    None where every unit sees the whole input, as in dense layers and all behind them.
    """
    field: ReceptiveField | None = ReceptiveField()
    for name, module in network.named_children():
        field = None if field is None else _after(field, module)
        if name == layer:
            return field
    return None


def _after(field: ReceptiveField, module: nn.Module) -> ReceptiveField | None:
    """Return what the units of one more layer see."""
    if isinstance(module, ConvBlock):
        module_pad = module.pad.padding if isinstance(module.pad, nn.ZeroPad2d) else (0, 0, 0, 0)
        left, _, top, _ = module_pad
        rows, columns = _pair(module.conv.padding)
        return _window(
            field,
            _pair(module.conv.kernel_size)[0],
            module.conv.stride[0],
            (top + rows, left + columns),
        )
    if isinstance(module, MaxPool):
        kernel = _pair(module.kernel_size)[0]
        return _window(field, kernel, _pair(module.stride)[0], _pair(module.padding))
    if isinstance(module, Residual):
        return _joined(field, module)
    if isinstance(module, nn.Sequential):
        return _through(field, module)
    same = (nn.Identity, nn.ReLU, nn.ELU, nn.Tanh, nn.Sigmoid, BatchNorm, PositionBias)
    return field if isinstance(module, same) else None


def _through(field: ReceptiveField | None, modules: nn.Module) -> ReceptiveField | None:
    """Return what the units behind several layers in order see."""
    for module in modules.children():
        field = None if field is None else _after(field, module)
    return field


def _joined(field: ReceptiveField, module: Residual) -> ReceptiveField | None:
    """Return what the sum of two ways sees: whatever either sees."""
    one, other = _through(field, module.layers), _after(field, module.shortcut)
    if one is None or other is None:
        return None
    return ReceptiveField(
        one.stride,
        min(one.top, other.top),
        max(one.bottom, other.bottom),
        min(one.left, other.left),
        max(one.right, other.right),
    )


def _window(
    field: ReceptiveField, kernel: int, stride: int, padding: tuple[int, int]
) -> ReceptiveField:
    """Return what the units behind a sliding window see; padding is above and left of it."""
    reach, (above, left) = (kernel - 1) * field.stride, padding
    return ReceptiveField(
        stride=field.stride * stride,
        top=field.top - above * field.stride,
        bottom=field.bottom - above * field.stride + reach,
        left=field.left - left * field.stride,
        right=field.right - left * field.stride + reach,
    )


def _pair(value: object) -> tuple[int, int]:
    """Return a setting of torch, one number for both directions or one for each, as two."""
    if isinstance(value, tuple):
        return int(value[0]), int(value[1])
    return int(str(value)), int(str(value))
