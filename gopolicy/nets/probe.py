"""What the layers of a network answer to an input, without running more of it than is needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gopolicy.errors import ConfigError, unknown
from gopolicy.nets.layers import ConvBlock, Dense, Flatten, GlobalAverage
from gopolicy.nets.network import finite

LARGE_ENOUGH = 256
"""Every network for pictures takes pictures of this side."""


class _Reached(Exception):
    """The last layer that was asked for has answered."""


def layer_names(network: nn.Module) -> list[str]:
    """Return the names of the layers of a network, in order."""
    return [name for name, _ in network.named_children()]


def layer_of(network: nn.Module, name: str) -> nn.Module:
    """Return a layer by name, also one inside another; ConfigError if there is none."""
    modules: dict[str, nn.Module] = dict(network.named_modules())
    if not name or name not in modules:
        raise ConfigError(unknown("layer", name, layer_names(network)))
    return modules[name]


def hidden_layers(network: nn.Module) -> list[str]:
    """Return the layers whose channels or neurons mean something: all but the last with weights."""
    return learning_layers(network)[:-1]


def learning_layers(network: nn.Module) -> list[str]:
    """Return the layers with weights, in order."""
    return [
        name
        for name, layer in network.named_children()
        if any(parameter.ndim > 1 for parameter in layer.parameters())
    ]


def layers_of_maps(network: nn.Module) -> list[str]:
    """Return the layers before the first that needs pictures of one size, such as a dense one."""
    names = []
    for name, layer in network.named_children():
        if isinstance(layer, Flatten | Dense | GlobalAverage):
            break
        names.append(name)
    return names


def answers(network: nn.Module, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Return the outputs of the named layers for input x, in the order they are computed."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            found[name] = finite(output, f"layer {name}")
            if len(found) == len(set(names)):
                raise _Reached

        return hook

    handles = [layer_of(network, name).register_forward_hook(keep(name)) for name in names]
    try:
        network(x)
    except _Reached:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return found


def takes(network: nn.Module, picture: Tensor, size: tuple[int, int]) -> bool:
    """Return whether the layers that give maps take pictures as large as size: height and width.

    Of the picture [1, C, H, W] only channels and device count.  A square of the shorter side is
    tried, no larger than `LARGE_ENOUGH`; a line of single pixels is never taken.
    """
    maps = layers_of_maps(network)
    names = [name for name in hidden_layers(network) if name in maps]
    side = min(*size, LARGE_ENOUGH)
    if side < 2 or not names:
        return side >= 2
    square = picture.new_zeros(1, picture.shape[1], side, side)
    try:
        with torch.no_grad():
            answers(network, square, names)
    except RuntimeError:  # a window or a pool that is larger than what is left of the picture
        return False
    return True


@contextmanager
def leaking(network: nn.Module, name: str, slope: float = 0.1) -> Iterator[None]:
    """Let the last activation of a layer pass some of what is below zero, and so a gradient.

    A channel that is silent everywhere gives ascent nothing to climb; with this it does.
    """
    layer = layer_of(network, name)
    activation = getattr(layer, "activation", None)
    if not isinstance(activation, nn.ReLU):
        yield
        return
    layer.activation = nn.LeakyReLU(slope)
    try:
        yield
    finally:
        layer.activation = activation


def weight_of(network: nn.Module) -> tuple[str, Tensor]:
    """Return the name and the weight of the first layer that learns: [K, C, H, W] or [K, inputs].

    ConfigError if a network has no such layer.
    """
    for name, module in network.named_modules():
        if isinstance(module, ConvBlock):
            return name, module.conv.weight.detach()
        if isinstance(module, Dense):
            return name, module.linear.weight.detach()
    raise ConfigError("the network has no layer that learns")


def frozen(network: nn.Module) -> nn.Module:
    """Return the network, evaluated only: no parameter of it collects a gradient."""
    return network.eval().requires_grad_(False)


def as_input(planes: Any, device: torch.device) -> Tensor:
    """Return planes or pictures [B, C, H, W] as float32 on the device, channels last in memory."""
    x = torch.as_tensor(planes).to(device=device, dtype=torch.float32)
    return x.contiguous(memory_format=torch.channels_last)
