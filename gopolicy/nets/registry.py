"""The networks by name: what `--network` chooses from and what a weight file refers to."""

import difflib
import inspect
from collections.abc import Callable, Mapping

import torch
from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.alphago import alphago, alphago_res
from gopolicy.nets.dense import dense
from gopolicy.nets.equivariance import is_tied
from gopolicy.nets.image import ImageSettings, image
from gopolicy.nets.network import PolicyNetwork, Setting, folded_state

NETWORKS: dict[str, Callable[..., dict[str, nn.Module]]] = {
    "alphago": alphago,
    "alphago-res": alphago_res,
    "dense": dense,
    "image": image,
}
"""Functions of (planes, size, *, settings) that return the named layers of a network."""

_SETTINGS: dict[str, Callable[..., object]] = {"image": ImageSettings}
"""Where a network has many settings: the class that lists them."""


def build_network(name: str, *, planes: int, size: int, **settings: Setting) -> PolicyNetwork:
    """Return the network called name with fresh weights drawn from torch's global generator."""
    if planes < 1 or size < 2:
        raise ConfigError(f"expected at least 1 plane and size 2, got {planes} and {size}")
    full = network_settings(name, settings)
    layers = NETWORKS[name](planes, size, **full)
    return PolicyNetwork(name, full, planes, size).append_layers(layers)


def network_settings(name: str, settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return every setting of the network called name: those given and the defaults."""
    return completed(name, default_settings(name), settings)


def completed(
    name: str, defaults: Mapping[str, Setting], settings: Mapping[str, Setting]
) -> dict[str, Setting]:
    """Return the defaults with some settings changed; refuse unknown ones and other kinds."""
    full = dict(defaults)
    for key, value in settings.items():
        if key not in full:
            raise ConfigError(unknown(f"setting of network {name}", key, list(full)))
        if type(value) is not type(full[key]):
            kind = type(full[key]).__name__
            raise ConfigError(f"expected {key} of network {name} to be {kind}, got {value!r}")
        full[key] = value
    return full


def default_settings(name: str) -> dict[str, Setting]:
    """Return the settings of the network called name and their defaults."""
    if name not in NETWORKS:
        raise ConfigError(unknown("network", name, list(NETWORKS)))
    return keyword_defaults(_SETTINGS.get(name, NETWORKS[name]))


def keyword_defaults(function: Callable[..., object]) -> dict[str, Setting]:
    """Return the keyword-only parameters of a function and their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def unknown(what: str, name: str, known: list[str]) -> str:
    """Return the message for a name that is not among the known ones."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
    return f"no {what} called {name!r}; {hint}"


def fold(network: PolicyNetwork) -> PolicyNetwork:
    """Return the same function without ties and normalizations; for a network done training."""
    settings = network.settings.copy()
    if settings.get("normalization", "none") == "none" and not is_tied(network):
        return network
    if "normalization" in settings:
        settings["normalization"] = "none"
    with torch.device("meta"):  # shapes only
        plain = build_network(network.name, planes=network.planes, size=network.size, **settings)
    plain.load_state_dict(folded_state(network), assign=True)
    return plain.eval()
