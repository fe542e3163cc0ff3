"""The networks by name: what `--network` chooses from and what a weight file refers to."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.alphago import alphago, alphago_res
from gopolicy.nets.dense import dense
from gopolicy.nets.image_cnn import image
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.network_settings import NETWORK_SETTINGS, completed, default_settings
from gopolicy.settings import Setting

NETWORKS: dict[str, Callable[..., dict[str, nn.Module]]] = {
    "alphago": alphago,
    "alphago-res": alphago_res,
    "dense": dense,
    "image": image,
}
"""Functions of (planes, size, settings) that return the named layers of a network."""

MAX_PLANES, MAX_SIZE, MAX_PARAMETERS = 1024, 25, 1 << 31
"""More than anybody trains; guards against a damaged description."""


def build_network(name: str, *, planes: int, size: int, **settings: Setting) -> PolicyNetwork:
    """Return the network called name with fresh weights drawn from torch's global generator."""
    if not 1 <= planes <= MAX_PLANES or not 2 <= size <= MAX_SIZE:
        limits = f"1 to {MAX_PLANES} planes and size 2 to {MAX_SIZE}"
        raise ConfigError(f"expected {limits}, got {planes} and {size}")
    full = network_settings(name, settings)
    chosen = NETWORK_SETTINGS[name](**full)
    check_parameters(name, lambda: NETWORKS[name](planes, size, chosen))
    layers = NETWORKS[name](planes, size, chosen)
    return PolicyNetwork(name, full, planes, size).append_layers(layers)


def check_parameters(name: str, build: Callable[[], Mapping[str, nn.Module]]) -> None:
    """Raise ConfigError where the layers that build makes would keep too many numbers.

    On the meta device they keep none, so only sizes that overflow are refused there.
    """
    costs_memory = torch.get_default_device().type != "meta"
    try:
        with torch.device("meta"):  # no memory
            layers = build().values()
    except RuntimeError as error:
        raise ConfigError(f"network {name} is too large: {error}") from error
    count = sum(tensor.numel() for layer in layers for tensor in layer.parameters())
    if costs_memory and count > MAX_PARAMETERS:
        limit = f"expected {MAX_PARAMETERS:,} at most"
        raise ConfigError(f"network {name} is too large: {count:,} parameters, {limit}")


def network_settings(name: str, settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return every setting of the network called name: those given and the defaults."""
    return completed(name, default_settings(name), settings)
