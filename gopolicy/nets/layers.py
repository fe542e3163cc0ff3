"""The layers that every network of the project is made of.

A network is a list of these and nothing else, so that two networks differ only in their lists.
Shapes: B batch, C channels, N board side; pictures are [B, C, height, width].
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import is_parametrized

from gopolicy.errors import ConfigError
from gopolicy.nets import fused_norm
from gopolicy.nets.norm import BatchNorm, NormOptions

Activation = Literal["relu", "relu6", "elu", "sigmoid", "tanh", "none"]
Padding = Literal["same", "valid"] | int | tuple[int, int] | tuple[int, int, int, int]
Kernel = int | tuple[int, int]

_ACTIVATIONS: dict[str, Callable[[bool], nn.Module]] = {
    "relu": lambda inplace: nn.ReLU(inplace),
    "relu6": lambda inplace: nn.ReLU6(inplace),
    "elu": lambda inplace: nn.ELU(inplace=inplace),
    "sigmoid": lambda inplace: nn.Sigmoid(),
    "tanh": lambda inplace: nn.Tanh(),
    "none": lambda inplace: nn.Identity(),
}


def make_activation(name: str, *, inplace: bool = False) -> nn.Module:
    """Return the activation called name; inplace lets it overwrite its input."""
    if name not in _ACTIVATIONS:
        raise ConfigError(f"expected an activation of {', '.join(_ACTIVATIONS)}, got {name!r}")
    return _ACTIVATIONS[name](inplace)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvOptions:
    """Everything about a `ConvBlock` but its size."""

    stride: int = 1
    """Step between the windows, in both directions."""
    groups: int = 1
    """Groups of channels that do not see each other; as many as inputs makes it depthwise."""
    padding: Padding = "same"
    """Zeros around the picture: a word, a number, (rows, columns) or (left, right, top, bottom).

    `same` makes the output as large as the input, or as its sides divided by the stride and
    rounded up; an odd zero goes right or below.  In the form of four, negative numbers cut off.
    """
    bias: bool | None = None
    """Learn a bias per output channel; None does so without a normalization."""
    norm: NormOptions | None = None
    """Batch normalization, or None."""
    activation: Activation = "relu"
    """The function applied to every value."""
    preactivation: bool = False
    """Normalize and activate the input instead of the output."""


class Convolution(nn.Conv2d):
    """A convolution whose weights its owner draws."""

    mirrored: Callable[[Tensor, Tensor, Tensor | None], Tensor] | None = None
    """A cheaper way to convolve, for as long as `gopolicy.nets.equivariance` ties the kernels."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, inputs, H, W] to [B, outputs, H', W']."""
        if self.mirrored and is_parametrized(self, "weight") and fused_norm.is_served(x):
            return self.mirrored(x, self.weight, self.bias)
        return super().forward(x)


class _Linear(nn.Linear):
    """A matrix whose weights its owner draws."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class ConvBlock(nn.Module):
    """A convolution with its normalization and activation: the brick of every network here."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Kernel, options: ConvOptions | None = None
    ) -> None:
        super().__init__()
        options = options or ConvOptions()
        self.options = options
        bias = options.norm is None if options.bias is None else options.bias
        self.pad, padding = _padding(options, kernel)
        self.conv = Convolution(
            inputs,
            outputs,
            kernel,
            stride=options.stride,
            padding=padding,
            groups=options.groups,
            bias=bias,
        )
        channels = inputs if options.preactivation else outputs
        self.norm = BatchNorm(channels, options.norm) if options.norm else nn.Identity()
        scaled = options.norm is not None and options.norm.scale
        self.fuses = scaled and options.activation in ("relu", "none")
        owns_input = not options.preactivation or options.norm is not None
        self.activation = make_activation(options.activation, inplace=owns_input)
        _initialize(self.conv, options.activation if not options.preactivation else "relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, inputs, H, W] to [B, outputs, H', W']."""
        if self.options.preactivation:
            return cast(Tensor, self.conv(self.pad(self.activation(self.norm(x)))))
        x = self.conv(self.pad(x))
        if self.fuses and self.training and fused_norm.is_served(x):
            assert isinstance(self.norm, BatchNorm)
            return self.norm.fused(x, relu=self.options.activation == "relu")
        return cast(Tensor, self.activation(self.norm(x)))

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return the weight and bias of one convolution that does what conv and norm do."""
        if self.options.preactivation or not isinstance(self.norm, BatchNorm):
            raise ConfigError("only a normalization that follows its convolution can be folded")
        factor, offset = self.norm.as_affine()
        weight = self.conv.weight.detach().double() * factor.view(-1, 1, 1, 1)
        if self.conv.bias is not None:
            offset = offset + self.conv.bias.double() * factor
        return weight.float(), offset.detach().float()


class Separable(nn.Module):
    """A depthwise convolution, then a 1x1 convolution with a normalization (Chollet 2017).

    Activations may come before the first and after the normalization; no biases.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        norm: NormOptions,
        *,
        stride: int = 1,
        activations: tuple[Activation, Activation] = ("none", "none"),
    ) -> None:
        super().__init__()
        before, after = activations
        first = ConvOptions(
            stride=stride, groups=inputs, bias=False, activation=before, preactivation=True
        )
        self.depthwise = ConvBlock(inputs, inputs, kernel, first)
        self.pointwise = ConvBlock(inputs, outputs, 1, ConvOptions(norm=norm, activation=after))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, inputs, H, W] to [B, outputs, H', W'], sides divided by stride, rounded up."""
        return cast(Tensor, self.pointwise(self.depthwise(x)))


class Dense(nn.Module):
    """A fully connected layer with its activation."""

    def __init__(self, inputs: int, outputs: int, activation: Activation = "relu") -> None:
        super().__init__()
        self.linear = _Linear(inputs, outputs)
        self.activation = make_activation(activation, inplace=True)
        _initialize(self.linear, activation)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, inputs] to [B, outputs]."""
        return cast(Tensor, self.activation(self.linear(x)))


class SamePad(nn.Module):
    """Padding by which windows cover the whole picture: sides are divided, rounded up."""

    def __init__(self, kernel: Kernel, stride: int, value: float = 0.0) -> None:
        super().__init__()
        self.kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.stride, self.value = stride, value

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to the padded picture; an odd row or column comes last."""
        (top, bottom), (left, right) = (
            self._around(side, kernel)
            for side, kernel in zip(x.shape[-2:], self.kernel, strict=True)
        )
        return F.pad(x, (left, right, top, bottom), value=self.value)

    def _around(self, side: int, kernel: int) -> tuple[int, int]:
        """Return the padding before and after one side."""
        total = max((-(-side // self.stride) - 1) * self.stride + kernel - side, 0)
        return total // 2, total - total // 2


class MaxPool(nn.Module):
    """The largest value of each window."""

    def __init__(
        self,
        kernel: int,
        stride: int | None = None,
        padding: Literal["valid", "same"] | int = "valid",
    ) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride or kernel
        same = padding == "same"
        self.pad = SamePad(kernel, self.stride, -math.inf) if same else nn.Identity()
        self.around = padding if isinstance(padding, int) else 0

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C, H', W']; without padding, incomplete windows are left out."""
        return F.max_pool2d(self.pad(x), self.kernel, self.stride, self.around)


class AveragePool(nn.Module):
    """The mean of each window; padding does not count."""

    def __init__(
        self, kernel: int, stride: int | None = None, padding: Literal["valid", "same"] = "valid"
    ) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride or kernel
        self.pad = SamePad(kernel, self.stride) if padding == "same" else None

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C, H', W']; without padding, incomplete windows are left out."""
        if self.pad is None:
            return F.avg_pool2d(x, self.kernel, self.stride)
        inside = self.pad(torch.ones_like(x[:1, :1]))
        share = F.avg_pool2d(inside, self.kernel, self.stride)
        return F.avg_pool2d(self.pad(x), self.kernel, self.stride) / share


class GlobalAverage(nn.Module):
    """The mean of each channel over the whole picture, whatever its size."""

    def __init__(self, *, flat: bool = True) -> None:
        super().__init__()
        self.flat = flat

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C], or to [B, C, 1, 1] where it is not to be flat."""
        return x.mean((2, 3), keepdim=not self.flat)


class Dropout(nn.Dropout):
    """Zeroes a random share of the values while training."""


class BoardMean(nn.Module):
    """The mean of each channel; as a pooling, which torch does in a quarter of the time on CPUs."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C, 1, 1]."""
        return F.avg_pool2d(x, x.shape[-2:])


class BoardMaximum(nn.Module):
    """The maximum of each channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C, 1, 1]."""
        return F.max_pool2d(x, x.shape[-2:])


class GlobalBias(nn.Module):
    """Tells every point about the whole board (the policy head of Wu's GoNN, 2018).

    One 1x1 convolution is normalized and activated, and each of its channels summed up by its mean
    and its maximum; these decide what is added to the channels of another one.
    """

    def __init__(self, inputs: int, outputs: int, options: ConvOptions) -> None:
        super().__init__()
        bare = replace(options, norm=None, bias=False, activation="none")
        self.local = ConvBlock(inputs, outputs, 1, replace(bare, bias=True))
        self.whole = ConvBlock(inputs, outputs, 1, options)
        self.from_mean = ConvBlock(outputs, outputs, 1, bare)
        self.from_maximum = ConvBlock(outputs, outputs, 1, bare)
        self.mean, self.maximum = BoardMean(), BoardMaximum()
        self.sum, self.add = Add(), Add()
        self.activation = make_activation(options.activation, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, inputs, H, W] to [B, outputs, H, W]."""
        whole = self.whole(x)
        bias = self.sum(self.from_mean(self.mean(whole)), self.from_maximum(self.maximum(whole)))
        return cast(Tensor, self.activation(self.add(self.local(x), bias)))


class Flatten(nn.Module):
    """Everything but the batch in one row, channel by channel, row by row."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C * H * W], whatever the order in memory."""
        return x.flatten(1)


class Add(nn.Module):
    """The sum of two inputs, the first of them multiplied by a constant."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Map two inputs of one shape to scale * x + y."""
        return x + y if self.scale == 1.0 else x * self.scale + y


class Concatenate(nn.Module):
    """The channels of several inputs, one after the other."""

    def forward(self, *pictures: Tensor) -> Tensor:
        """Map [B, C1, H, W], [B, C2, H, W], ... to [B, C1 + C2 + ..., H, W]."""
        return torch.cat(pictures, 1)


class Residual(nn.Module):
    """The sum of some layers and of a way around them, then an activation (He et al. 2015)."""

    def __init__(
        self,
        *layers: nn.Module,
        shortcut: nn.Module | None = None,
        activation: Activation = "relu",
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.shortcut = shortcut or nn.Identity()
        self.layers = nn.Sequential(*layers)
        self.add = Add(scale)
        self.fuses = activation == "relu" and scale == 1.0
        self.activation = make_activation(activation, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map x to activation(shortcut(x) + scale * layers(x))."""
        inside, around = self.layers(x), self.shortcut(x)
        if self.fuses and self.training and fused_norm.is_served(inside, around):
            return fused_norm.add_relu(inside, around)
        return cast(Tensor, self.activation(self.add(inside, around)))


class Branches(nn.Module):
    """Several branches that see the same input; their channels, one after the other."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.concatenate = Concatenate()

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to the outputs of all branches, joined along the channels."""
        return cast(Tensor, self.concatenate(*(branch(x) for branch in self.branches)))


class PositionBias(nn.Module):
    """One plane becomes one logit per point, each point with a bias of its own."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(size * size))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, 1, N, N] to float32 [B, N * N]."""
        return x.flatten(1) + self.bias


def _padding(options: ConvOptions, kernel: Kernel) -> tuple[nn.Module, int | tuple[int, int]]:
    """Return the layer that pads first, if one must, and the padding of the convolution."""
    padding = options.padding
    if padding == "valid":
        return nn.Identity(), 0
    if padding == "same":
        rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
        if rows % 2 == 0 or columns % 2 == 0:
            raise ConfigError(f"padding 'same' needs an odd kernel, got {kernel}")
        if options.stride > 1:
            return SamePad(kernel, options.stride), 0
        return nn.Identity(), (rows // 2, columns // 2)
    if isinstance(padding, tuple) and len(padding) == 4:
        return nn.ZeroPad2d(padding), 0
    return nn.Identity(), padding


def _initialize(layer: nn.Conv2d | nn.Linear, activation: str) -> None:
    """Draw weights by He et al. 2015; biases start at zero."""
    if layer.weight.is_meta:  # nothing to draw, and torch would load its compiler to do so
        return
    nonlinearity: Literal["relu", "linear"] = "relu" if activation in ("relu", "elu") else "linear"
    nn.init.kaiming_normal_(layer.weight, nonlinearity=nonlinearity)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
