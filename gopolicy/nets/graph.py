"""A network as a graph: which layer feeds which, with shapes, parameters and depth.

The graph is found by sending a picture of no content through a copy of the network that has shapes
but no numbers, so it costs no memory, however large the network.

Depth is the number of layers on the longest way through a network.  `depth` counts as the lecture's
table does: convolution, normalization, activation behind a normalization, pooling, flatten,
dropout, sum, concatenation and dense layer are one each; an activation that directly follows a
convolution or dense layer belongs to it, and zero padding does not count.  `weighted_depth` counts
only layers with a matrix of weights, as the papers on VGG and DenseNet do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gopolicy.nets import layers as bricks
from gopolicy.nets.network import ImageNetwork
from gopolicy.nets.norm import BatchNorm
from gopolicy.nets.scaling import SCALES, Scaling


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One layer as it is used once."""

    name: str
    """The path of the layer in the network; "input" for the first node."""
    kind: str
    """input, convolution, dense, pooling, join or other."""
    title: str
    """What it does, in a few words."""
    shape: tuple[int, ...]
    """The shape that comes out, without the batch."""
    sources: tuple[int, ...]
    """Indices of the nodes whose outputs it takes."""
    parameters: int
    """Numbers it keeps: trainable ones and the running figures of a normalization."""
    depth: int
    """How many layers of the lecture's table it is."""
    weighted: int
    """How many of them have a matrix of weights."""


def trace(network: nn.Module, shape: tuple[int, ...]) -> list[GraphNode]:
    """Return the layers in the order they work, for one input [C, H, W]; the input comes first."""
    tracer = _Tracer(network)
    picture = torch.empty((1, *shape), device="meta")
    tracer.begin(picture)
    state = {
        name: tensor.detach().to("meta")
        for name, tensor in (*network.named_parameters(), *network.named_buffers())
    }
    training = network.training
    try:
        network.eval()
        torch.func.functional_call(network, state, (picture,))
    finally:
        network.train(training)
        tracer.end()
    return tracer.nodes


def trace_image(network: ImageNetwork) -> list[GraphNode]:
    """Return the layers of an image network for the pictures it takes."""
    return trace(network, (network.shape.channels, network.shape.height, network.shape.width))


def depth(nodes: list[GraphNode]) -> int:
    """Return the layers on the longest way, the input not counted."""
    return _longest(nodes, lambda node: node.depth)


def weighted_depth(nodes: list[GraphNode]) -> int:
    """Return the most layers with weights on one way."""
    return _longest(nodes, lambda node: node.weighted)


def _longest(nodes: list[GraphNode], cost: Callable[[GraphNode], int]) -> int:
    best: list[int] = []
    for node in nodes:
        best.append(cost(node) + max((best[source] for source in node.sources), default=0))
    return max(best)


class _Tracer:
    """Notes every layer that works and the tensors that go in and out."""

    def __init__(self, network: nn.Module) -> None:
        self.nodes: list[GraphNode] = []
        self._makers: dict[int, tuple[int, Tensor]] = {}  # the tensors stay, so ids stay theirs
        self._hooks = [
            module.register_forward_hook(self._hook(name, describe))
            for name, module, describe in _units(network)
        ]

    def begin(self, picture: Tensor) -> None:
        """Note the input."""
        self._note(
            GraphNode("input", "input", "input", tuple(picture.shape[1:]), (), 0, 0, 0), picture
        )

    def end(self) -> None:
        """Leave the network as it was."""
        for hook in self._hooks:
            hook.remove()

    def _note(self, node: GraphNode, out: Tensor) -> None:
        self._makers[id(out)] = (len(self.nodes), out)
        self.nodes.append(node)

    def _hook(self, name: str, describe: "_Describe") -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
            sources = tuple(self._makers[id(tensor)][0] for tensor in inputs)
            title, cost, weighted = describe(module)
            count = sum(p.numel() for p in (*module.parameters(), *module.buffers()))
            shape = tuple(out.shape[1:])
            kind = _KINDS.get(type(module), "other")
            self._note(GraphNode(name, kind, title, shape, sources, count, cost, weighted), out)

        return hook


_Describe = Callable[[Any], tuple[str, int, int]]
"""From a layer to its title, its depth by the table, and how many weighted layers it is."""


def _units(network: nn.Module) -> list[tuple[str, nn.Module, _Describe]]:
    """Return the layers that are nodes of the graph, not those inside of them."""
    found: list[tuple[str, nn.Module, _Describe]] = []
    inside = ""
    for name, module in network.named_modules():
        if inside and name.startswith(inside):
            continue
        describe = _DESCRIBE.get(type(module))
        if describe:
            found.append((name, module, describe))
            inside = f"{name}."
    return found


def _activation_name(module: nn.Module) -> str:
    return "" if isinstance(module, nn.Identity) else type(module).__name__


def _conv(block: bricks.ConvBlock) -> tuple[str, int, int]:
    conv, options = block.conv, block.options
    kernel = "x".join(str(side) for side in conv.kernel_size)
    depthwise = conv.groups > 1 and conv.groups == conv.in_channels
    filters = "1 filter" if conv.out_channels == 1 else f"{conv.out_channels} filters"
    what = f"{kernel} depthwise" if depthwise else f"{kernel} conv, {filters}"
    stride = f", stride {options.stride}" if options.stride > 1 else ""
    norm = not isinstance(block.norm, nn.Identity)
    activation = _activation_name(block.activation)
    extras = [part for part in ("norm" if norm else "", activation) if part]
    own_activation = bool(activation) and (norm or options.preactivation)
    cost = 1 + norm + own_activation
    core = f"{what}{stride}"
    parts = [*extras, core] if options.preactivation else [core, *extras]
    return ", ".join(parts), cost, 1


def _separable(layer: bricks.Separable) -> tuple[str, int, int]:
    before, after = layer.depthwise.activation, layer.pointwise.activation
    kernel = "x".join(str(side) for side in layer.depthwise.conv.kernel_size)
    stride = layer.depthwise.options.stride
    core = f"{kernel} separable, {layer.pointwise.conv.out_channels} filters"
    core += f", stride {stride}" if stride > 1 else ""
    parts = [_activation_name(before), core, "norm", _activation_name(after)]
    named = [part for part in parts if part]
    return ", ".join(named), len(named), 1


def _pool(kind: str) -> _Describe:
    def describe(layer: bricks.MaxPool | bricks.AveragePool) -> tuple[str, int, int]:
        return f"{layer.kernel}x{layer.kernel} {kind}, stride {layer.stride}", 1, 0

    return describe


def _plain(title: str, cost: int = 1, weighted: int = 0) -> _Describe:
    return lambda layer: (title, cost, weighted)


def _dense(layer: bricks.Dense) -> tuple[str, int, int]:
    activation = _activation_name(layer.activation)
    title = f"dense, {layer.linear.out_features} units"
    return f"{title}, {activation}" if activation else title, 1, 1


_KINDS: dict[type[nn.Module], str] = {
    bricks.ConvBlock: "convolution",
    bricks.Separable: "convolution",
    bricks.Dense: "dense",
    bricks.MaxPool: "pooling",
    bricks.AveragePool: "pooling",
    bricks.GlobalAverage: "pooling",
    bricks.BoardMean: "pooling",
    bricks.BoardMaximum: "pooling",
    bricks.Add: "join",
    bricks.Concatenate: "join",
}
_DESCRIBE: dict[type[nn.Module], _Describe] = {
    bricks.ConvBlock: _conv,
    bricks.Separable: _separable,
    bricks.Dense: _dense,
    BatchNorm: _plain("norm"),
    bricks.MaxPool: _pool("max pool"),
    bricks.AveragePool: _pool("average pool"),
    bricks.GlobalAverage: _plain("global average"),
    bricks.BoardMean: _plain("mean of the board"),
    bricks.BoardMaximum: _plain("maximum of the board"),
    bricks.Flatten: _plain("flatten"),
    bricks.Dropout: _plain("dropout"),
    bricks.Add: _plain("add"),
    bricks.Concatenate: _plain("concatenate"),
    bricks.SamePad: _plain("zero padding", 0),
    bricks.PositionBias: _plain("bias per point"),
    Scaling: lambda layer: (SCALES[layer.scale], 0, 0),
    nn.ReLU: _plain("ReLU"),
    nn.ReLU6: _plain("ReLU6"),
    nn.ELU: _plain("ELU"),
    nn.Sigmoid: _plain("Sigmoid"),
    nn.Tanh: _plain("Tanh"),
}
