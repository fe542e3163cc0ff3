"""A network on a board of another size than it was made for.

Convolutions work on any board.  What the last layer adds to every point is taken from the point of
the original board that lies at the same distance from the nearest edges.
"""

import torch

from gopolicy.errors import ConfigError
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network


def at_size(network: PolicyNetwork, size: int) -> PolicyNetwork:
    """Return network for boards of another size; ConfigError if it is bound to its own."""
    if size == network.size:
        return network
    with torch.device("meta"):  # shapes only
        other = build_network(network.name, planes=network.planes, size=size, **network.settings)
    wanted = other.state_dict()
    state = dict(network.state_dict())
    points = matching_points(network.size, size)
    for name, tensor in state.items():
        if name.startswith("position_bias."):
            state[name] = tensor[points].clone()
        if state[name].shape != wanted[name].shape:
            raise ConfigError(f"network {network.name} plays {network.size}x{network.size} only")
    other.load_state_dict(state, assign=True)
    return other.eval()


def matching_points(old: int, new: int) -> torch.Tensor:
    """Return for every point of a new board the point of the old one that it is most like.

    >>> matching_points(5, 3).tolist()
    [0, 1, 4, 5, 6, 9, 20, 21, 24]
    """
    lines = torch.tensor([_matching_line(line, old, new) for line in range(new)])
    return (lines[:, None] * old + lines[None, :]).flatten()


def _matching_line(line: int, old: int, new: int) -> int:
    """Return the line of the old board at the same distance from the nearer edge."""
    far = new - 1 - line
    if line <= far:
        return min(line, (old - 1) // 2)
    return old - 1 - min(far, (old - 1) // 2)
