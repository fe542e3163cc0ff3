"""The fully connected baseline: it sees every point but knows nothing of neighbors."""

from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import Dense, Flatten
from gopolicy.nets.network import PictureShape

MAX_LAYERS = 1000
"""More than anybody trains; a guard against a damaged description."""


def dense(planes: int, size: int, *, units: int = 512, layers: int = 2) -> dict[str, nn.Module]:
    """Return layers hidden layers of units each, and one logit per point."""
    shape = PictureShape(planes, size, size)
    return dense_layers(shape, size * size, units=units, layers=layers)


def dense_layers(
    shape: PictureShape, classes: int, *, units: int = 512, layers: int = 2
) -> dict[str, nn.Module]:
    """Return layers hidden layers of units each, and one logit per class."""
    if units < 1 or not 0 <= layers <= MAX_LAYERS:
        raise ConfigError(f"expected 1 unit or more and 0 to {MAX_LAYERS} layers")
    stack: dict[str, nn.Module] = {"flatten": Flatten()}
    inputs = shape.channels * shape.height * shape.width
    for number in range(1, layers + 1):
        stack[f"dense{number}"] = Dense(inputs, units)
        inputs = units
    stack["head"] = Dense(inputs, classes, activation="none")
    return stack
