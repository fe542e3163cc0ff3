"""The settings of the general networks: one class each.

They stand apart from the networks because `gopolicy train --help` lists them, and help needs no
torch.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gopolicy.errors import ConfigError, unknown
from gopolicy.settings import Setting

MAX_LAYERS, MAX_SETTING = 1000, 1 << 20
"""More than anybody trains; guards against a damaged description."""
CHOICES = {
    "subsampling": ("max", "average", "stride", "none", "global"),
    "padding": ("valid", "same"),
    "normalization": ("none", "batch"),
}
"""The words that some settings are limited to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaGoSettings:
    """The settings of the published stack of convolutions."""

    filters: int = 192
    """Filters of each hidden layer."""
    layers: int = 12
    """Hidden layers."""
    normalization: str = "none"
    """none, as published, or batch; folded away after training."""
    first_kernel: int = 5
    """The side of the first filters, an odd number; 5 as published."""

    def __post_init__(self) -> None:
        _check_stack(self.filters, self.layers)
        _check_choices(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaGoResSettings:
    """The settings of the same frame with residual joins."""

    filters: int = 192
    """Filters of each hidden layer."""
    layers: int = 12
    """Hidden layers."""
    normalization: str = "batch"
    """none or batch; folded away after training."""
    pooled: int = 0
    """Channels through which the head also looks at the whole board; 0: none."""

    def __post_init__(self) -> None:
        _check_stack(self.filters, self.layers)
        _check_choices(self)
        if self.pooled < 0:
            raise ConfigError(f"expected pooled 0 or more, got {self.pooled}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseSettings:
    """The settings of the fully connected baseline."""

    units: int = 512
    """Units of each hidden layer."""
    layers: int = 2
    """Hidden layers."""

    def __post_init__(self) -> None:
        if self.units < 1 or not 0 <= self.layers <= MAX_LAYERS:
            raise ConfigError(f"expected 1 unit or more and 0 to {MAX_LAYERS} layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """The settings of the general image network."""

    filters: int = 25
    """Filters of the first convolution."""
    growth: int = 2
    """Filters are multiplied by this after every place of subsampling."""
    kernel: int = 3
    """The side of every filter."""
    layers: int = 2
    """Convolutions."""
    pools: int = 2
    """Places of subsampling, at most one after each convolution.  They are spread evenly."""
    subsampling: str = "max"
    """How pictures get smaller there: max, average, stride, none or global."""
    padding: str = "valid"
    """valid: filters stay inside the picture; same: zeros keep its size."""
    units: int = 100
    """Units of the dense layer before the logits; 0 for no such layer."""
    normalization: str = "none"
    """none, or batch after every convolution."""

    def __post_init__(self) -> None:
        if min(self.filters, self.growth, self.kernel) < 1:
            raise ConfigError("expected 1 or more for filters, growth and kernel")
        if not 1 <= self.layers <= MAX_LAYERS or self.pools < 0 or self.units < 0:
            raise ConfigError(f"expected 1 to {MAX_LAYERS} layers, and 0 or more pools and units")
        if self.padding == "same" and self.kernel % 2 == 0:
            raise ConfigError(f"padding same needs an odd kernel, got {self.kernel}")
        _check_choices(self)


NETWORK_SETTINGS: dict[str, type] = {
    "alphago": AlphaGoSettings,
    "alphago-res": AlphaGoResSettings,
    "dense": DenseSettings,
    "image": ImageSettings,
}
"""The class of settings of each network for Go, by its name."""


def _check_stack(filters: int, layers: int) -> None:
    if filters < 1 or not 1 <= layers <= MAX_LAYERS:
        raise ConfigError(f"expected 1 filter or more and 1 to {MAX_LAYERS} layers")


def _check_choices(settings: object) -> None:
    for name, choices in CHOICES.items():
        found = getattr(settings, name, choices[0])
        if found not in choices:
            raise ConfigError(f"expected {name} of {', '.join(choices)}, got {found!r}")


def default_settings(name: str) -> dict[str, Setting]:
    """Return the settings of the network called name and their defaults."""
    if name not in NETWORK_SETTINGS:
        raise ConfigError(unknown("network", name, NETWORK_SETTINGS))
    return keyword_defaults(NETWORK_SETTINGS[name])


def keyword_defaults(function: Callable[..., object]) -> dict[str, Setting]:
    """Return the keyword-only parameters of a function or class and their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def completed(
    name: str, defaults: Mapping[str, Setting], settings: Mapping[str, Setting]
) -> dict[str, Setting]:
    """Return the defaults with some settings changed; refuse unknown ones and other kinds."""
    full = dict(defaults)
    for key, value in settings.items():
        if key not in full:
            raise ConfigError(unknown(f"setting of network {name}", key, full))
        if type(value) is not type(full[key]):
            kind = type(full[key]).__name__
            raise ConfigError(f"expected {key} of network {name} to be {kind}, got {value!r}")
        if isinstance(value, int) and abs(value) > MAX_SETTING:
            raise ConfigError(f"expected {key} of network {name} of {MAX_SETTING:,} at most")
        full[key] = value
    return full
