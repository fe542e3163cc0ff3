"""A network for Go: a list of layers that turns planes into one logit per point."""

from collections.abc import Mapping

from torch import Tensor, nn

from gopolicy.nets.layers import ConvBlock

Setting = int | float | str | bool


class PolicyNetwork(nn.Sequential):
    """Named layers in order, with the name and the settings they were built from.

    It maps planes [B, C, N, N] to logits [B, N * N], point by point from the top left.
    """

    def __init__(self, name: str, settings: Mapping[str, Setting], planes: int, size: int) -> None:
        super().__init__()
        self.name, self.settings = name, dict(settings)
        self.planes, self.size = planes, size

    def append_layers(self, layers: Mapping[str, nn.Module]) -> "PolicyNetwork":
        """Add layers by name at the end; return the network."""
        for name, layer in layers.items():
            self.add_module(name, layer)
        return self

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return sum(parameter.numel() for parameter in self.parameters())


def folded_state(network: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of network with every normalization folded into its convolution."""
    state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and block.options.norm is not None:
            for key in [key for key in state if key.startswith(f"{name}.norm.")]:
                del state[key]
            state[f"{name}.conv.weight"], state[f"{name}.conv.bias"] = block.folded()
    return state
