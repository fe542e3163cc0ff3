"""The fully connected baseline: it sees every point but knows nothing of neighbors."""

from torch import nn

from gopolicy.nets.layers import Dense, Flatten
from gopolicy.nets.network import PictureShape
from gopolicy.nets.network_settings import DenseSettings


def dense(planes: int, size: int, settings: DenseSettings) -> dict[str, nn.Module]:
    """Return the hidden layers, and one logit per point."""
    return dense_layers(PictureShape(planes, size, size), size * size, settings)


def dense_layers(
    shape: PictureShape, classes: int, settings: DenseSettings
) -> dict[str, nn.Module]:
    """Return the hidden layers, and one logit per class."""
    stack: dict[str, nn.Module] = {"flatten": Flatten()}
    inputs = shape.channels * shape.height * shape.width
    for number in range(1, settings.layers + 1):
        stack[f"dense{number}"] = Dense(inputs, settings.units)
        inputs = settings.units
    stack["head"] = Dense(inputs, classes, activation="none")
    return stack
