"""A trained network made simpler: ties resolved, normalizations folded into convolutions."""

import torch
from torch import Tensor, nn

from gopolicy.nets.equivariance import is_tied, untied_state
from gopolicy.nets.layers import ConvBlock
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network


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


def folded_state(network: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of network, untied, every normalization folded into its convolution."""
    state = untied_state(network)
    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and block.options.norm is not None:
            for key in [key for key in state if key.startswith(f"{name}.norm.")]:
                del state[key]
            state[f"{name}.conv.weight"], state[f"{name}.conv.bias"] = block.folded()
    return state
