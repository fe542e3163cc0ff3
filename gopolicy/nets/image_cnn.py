"""The general image network: convolution, pooling, ..., flatten, dense, logits.

It takes any channels x height x width and any number of classes.  With its default settings and
pictures of 1x28x28 it is the digit network of the lecture "CNN" (H.-H. Shuai, NCTU): 25 filters
3x3, 2x2 max pooling, 50 filters 3x3, 2x2 max pooling, flatten, 100 units, 10 classes; 137,660
parameters.  On the planes of a board it is the registered network `image`, one class per point.

How a picture is made smaller is a choice, so that the choices can be compared: `max` and `average`
pool windows of 2x2; `stride` keeps the first value of each such window, which gives the same shapes
and parameters; `none` keeps every point; `global` does so too and at the end leaves one mean per
filter.  The number of filters grows at the same places in all of them.
"""

from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import (
    AveragePool,
    ConvBlock,
    ConvOptions,
    Dense,
    Flatten,
    GlobalAverage,
    MaxPool,
    Padding,
)
from gopolicy.nets.network import PictureShape
from gopolicy.nets.network_settings import ImageSettings
from gopolicy.nets.norm import NormOptions

MAX_FILTERS = 4096
"""More than anybody trains; a guard against a damaged description."""
WINDOW = 2
"""The side of the windows that become one value."""


def image(planes: int, size: int, settings: ImageSettings) -> dict[str, nn.Module]:
    """Return the layers for a board: planes of size x size points, one class per point."""
    return image_layers(PictureShape(planes, size, size), size * size, settings)


def image_layers(
    shape: PictureShape, classes: int, settings: ImageSettings
) -> dict[str, nn.Module]:
    """Return the named layers; ConfigError where the picture is too small for them."""
    stack = _Stack(shape, settings)
    places = _places(settings.layers, settings.pools)
    for number in range(1, settings.layers + 1):
        stack.convolution(number, last_of_stage=number in places)
    return stack.layers | _top(stack, classes, settings.units)


def _places(layers: int, pools: int) -> list[int]:
    """Return the numbers of the convolutions that subsampling follows, from 1."""
    pools = min(pools, layers)
    return [-(-layers * place // pools) for place in range(1, pools + 1)]


def _top(stack: "_Stack", classes: int, units: int) -> dict[str, nn.Module]:
    inputs = stack.shape.channels * stack.shape.height * stack.shape.width
    top: dict[str, nn.Module] = {"flatten": Flatten()}
    if units:
        top["dense"] = Dense(inputs, units)
        inputs = units
    return top | {"head": Dense(inputs, classes, activation="none")}


class _Stack:
    """The layers so far and the shape that comes out of them."""

    def __init__(self, shape: PictureShape, settings: ImageSettings) -> None:
        self.shape, self.settings = shape, settings
        self.filters = settings.filters
        self.layers: dict[str, nn.Module] = {}

    def convolution(self, number: int, *, last_of_stage: bool) -> None:
        """Add a convolution and, where a stage ends, its subsampling."""
        kind = self.settings.subsampling if last_of_stage else "none"
        lost = self.settings.kernel - 1 if self.settings.padding == "valid" else 0
        sides = self.shape.height - lost, self.shape.width - lost
        self._check(number, sides)
        self.layers[f"conv{number}"] = ConvBlock(
            self.shape.channels, self.filters, self.settings.kernel, self._options(kind, sides)
        )
        if kind in ("max", "average"):
            self.layers[f"pool{number}"] = (MaxPool if kind == "max" else AveragePool)(WINDOW)
        if kind in ("max", "average", "stride"):
            sides = sides[0] // WINDOW, sides[1] // WINDOW
            self._check(number, sides)
        self.shape = PictureShape(self.filters, *sides)
        if last_of_stage:
            self.filters *= self.settings.growth
        if number == self.settings.layers and self.settings.subsampling == "global":
            self.layers["global_average"] = GlobalAverage(flat=False)
            self.shape = PictureShape(self.shape.channels, 1, 1)

    def _options(self, kind: str, sides: tuple[int, int]) -> ConvOptions:
        """Return how a convolution works whose output without stride has these sides."""
        norm = NormOptions() if self.settings.normalization == "batch" else None
        if kind != "stride":
            padding: Padding = "valid" if self.settings.padding == "valid" else "same"
            return ConvOptions(padding=padding, norm=norm)
        around = self.settings.kernel // 2 if self.settings.padding == "same" else 0
        below, right = (around - side % WINDOW for side in sides)  # only whole windows count
        return ConvOptions(stride=WINDOW, padding=(around, right, around, below), norm=norm)

    def _check(self, number: int, sides: tuple[int, int]) -> None:
        """Refuse a picture of which nothing is left, and filters without end."""
        if self.filters > MAX_FILTERS:
            raise ConfigError(
                f"convolution {number} would have {self.filters} filters; lower growth"
            )
        if min(sides) < 1:
            raise ConfigError(
                f"a picture of {self.shape.height}x{self.shape.width} before convolution {number}"
                f" is too small for this network; try padding=same, fewer layers or fewer pools"
            )
