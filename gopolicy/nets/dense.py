"""The fully connected baseline: it sees every point but knows nothing of neighbours."""

from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import Dense, Flatten


def dense(planes: int, size: int, *, units: int = 512, layers: int = 2) -> dict[str, nn.Module]:
    """Return layers hidden layers of units each, and one logit per point."""
    if units < 1 or layers < 0:
        raise ConfigError(f"expected at least 1 unit and 0 layers, got {units} and {layers}")
    stack: dict[str, nn.Module] = {"flatten": Flatten()}
    inputs = planes * size * size
    for number in range(1, layers + 1):
        stack[f"dense{number}"] = Dense(inputs, units)
        inputs = units
    stack["head"] = Dense(inputs, size * size, activation="none")
    return stack
