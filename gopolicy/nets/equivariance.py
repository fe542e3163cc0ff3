"""Networks that answer a turned or mirrored board with the turned or mirrored answer.

A network of the `alphago` frame has this property exactly where its kernels come in families of
eight, each the image of the others under the symmetries of the square (the regular representation
of Cohen and Welling, Group Equivariant Convolutional Networks, 2016).  `tie` makes a network so and
keeps it so while it is trained: what is trained are the kernels of one eighth of the channels, from
which the others are made anew in every step.  Every position then teaches what its eight images
would.  `untied_state` returns the tensors of an ordinary network that computes the same; nothing in
a weight file tells that it was ever tied.

Channel ``g * F + o`` of a tied layer with ``8 * F`` channels is image g of channel o.  Clark and
Storkey (2015) tied kernels for Go in the same spirit, by reflections.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gopolicy.errors import ConfigError
from gopolicy.nets import mirrored_conv
from gopolicy.nets.layers import ConvBlock, Convolution, Dense, Flatten, MaxPool, PositionBias
from gopolicy.nets.norm import BatchNorm

IMAGES = 8
"""The symmetries of the square."""


def tie(network: nn.Module) -> None:
    """Tie the kernels of a network of the `alphago` frame, in place.

    Kernels, normalizations and biases of the first eighth of the channels stay as they are and
    decide the others.  `ConfigError` for a network that cannot be tied: one with dense or pooling
    layers, strides, or filters that are no multiple of 8.
    """
    for name, layer in network.named_modules():
        if isinstance(layer, Dense | Flatten | MaxPool):
            raise ConfigError(f"a network with {name} cannot be equivariant")
    seen_first = False
    for name, block in list(network.named_modules()):
        if isinstance(block, ConvBlock):
            _tie_block(name, block, lifts=not seen_first)
            seen_first = True
        elif isinstance(block, PositionBias):
            side = round(block.bias.numel() ** 0.5)
            parametrize.register_parametrization(block, "bias", SymmetricPlane(side))


def tie_hidden(name: str, block: ConvBlock) -> None:
    """Tie one block whose inputs come in families already, in place; name is for messages."""
    _tie_block(name, block, lifts=False)


def is_tied(network: nn.Module) -> bool:
    """Say whether `tie` has been at a network."""
    return any(parametrize.is_parametrized(module) for module in network.modules())


def keeps_when_tied(network: nn.Module) -> bool:
    """Say whether tying would leave an ordinary network as it is, but for rounding.

    True of networks that were trained with tied kernels.
    """
    twin = copy.deepcopy(network)
    try:
        tie(twin)
    except ConfigError:  # it has layers that cannot be tied
        return False
    before = network.state_dict()
    after = untied_state(twin).items()
    return all(torch.allclose(tensor, before[key], 1e-4, 1e-5) for key, tensor in after)


@torch.no_grad()
def untied_state(network: nn.Module) -> dict[str, Tensor]:
    """Return the tensors, copied, of an ordinary network that computes the same as this one."""
    share_statistics(network)
    state: dict[str, Tensor] = {}
    for key, tensor in network.state_dict().items():
        owner, tied_here, rest = key.partition(".parametrizations.")
        if tied_here:
            name = rest.partition(".")[0]
            key, tensor = f"{owner}.{name}", getattr(network.get_submodule(owner), name)
        state[key] = tensor.detach().clone()
    return state


@torch.no_grad()
def share_statistics(network: nn.Module) -> None:
    """Give the images of each channel of a tied network the mean of their running statistics.

    They differ only by chance: each batch shows its positions one way round.  Means are taken in
    double precision, where doing it again changes nothing.
    """
    for module in network.modules():
        if isinstance(module, BatchNorm) and parametrize.is_parametrized(module):
            for statistic in (module.running_mean, module.running_var):
                families = statistic.view(IMAGES, -1)
                families.copy_(families.double().mean(0).expand_as(families))


class TiedKernels(nn.Module):
    """Makes the kernels of all channels from those of one eighth of them.

    F families; I inputs, as channels that come in families too or, where the layer lifts, as planes
    that mean the same whichever way the board is turned; K side of the kernel.
    """

    index: Tensor

    def __init__(self, families: int, inputs: int, kernel: int, *, lifts: bool) -> None:
        super().__init__()
        index = _kernel_index(families, inputs, kernel, lifts=lifts)
        self.shape = index.shape
        self.register_buffer("index", index.flatten(), persistent=False)

    def forward(self, base: Tensor) -> Tensor:
        """Map [F, I, K, K] to [8 * F, I, K, K]."""
        return base.flatten().index_select(0, self.index).view(self.shape)

    def right_inverse(self, full: Tensor) -> Tensor:
        """Return the kernels of the first eighth."""
        return full[: len(full) // IMAGES].clone()


class RepeatedChannels(nn.Module):
    """Gives all images of a channel the same number, along one dimension of a tensor."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension

    def forward(self, base: Tensor) -> Tensor:
        """Repeat one dimension eight times."""
        return torch.cat([base] * IMAGES, self.dimension)

    def right_inverse(self, full: Tensor) -> Tensor:
        """Return the first eighth."""
        count = full.shape[self.dimension] // IMAGES
        return full.narrow(self.dimension, 0, count).clone()


class SymmetricPlane(nn.Module):
    """Gives all images of a point the same number."""

    index: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        points = torch.arange(side * side).view(side, side)
        images = torch.stack([_image(points, g).flatten() for g in range(IMAGES)])
        self.register_buffer("index", images, persistent=False)

    def forward(self, base: Tensor) -> Tensor:
        """Average [N * N] over the eight images."""
        return base[self.index].mean(0)

    def right_inverse(self, full: Tensor) -> Tensor:
        """Return the plane as it is."""
        return full


def _tie_block(name: str, block: ConvBlock, *, lifts: bool) -> None:
    """Tie what a convolution block has of kernels, biases and normalization."""
    conv = block.conv
    rows, columns = conv.kernel_size
    if conv.groups != 1 or conv.stride != (1, 1) or rows != columns:
        raise ConfigError(
            f"{name} cannot be equivariant: it has groups, strides or no square kernel"
        )
    if conv.out_channels == 1:  # the head: one plane that turns with the board
        if rows != 1:
            raise ConfigError(f"{name} cannot be equivariant: it ends in one plane, but not by 1x1")
        parametrize.register_parametrization(conv, "weight", RepeatedChannels(1))
        return
    if conv.out_channels % IMAGES or (not lifts and conv.in_channels % IMAGES):
        raise ConfigError(
            f"an equivariant network needs a multiple of {IMAGES} filters ({name}); choose such a"
            " number or set equivariant=false"
        )
    tied = TiedKernels(conv.out_channels // IMAGES, conv.in_channels, rows, lifts=lifts)
    parametrize.register_parametrization(conv, "weight", tied)
    conv.mirrored = _mirrored(conv, lifts=lifts)
    if conv.bias is not None:
        parametrize.register_parametrization(conv, "bias", RepeatedChannels(0))
    if isinstance(block.norm, BatchNorm):
        if block.norm.weight is not None:
            parametrize.register_parametrization(block.norm, "weight", RepeatedChannels(0))
        parametrize.register_parametrization(block.norm, "bias", RepeatedChannels(0))


def _mirrored(
    conv: Convolution, *, lifts: bool
) -> Callable[[Tensor, Tensor, Tensor | None], Tensor] | None:
    """Return the cheaper way to compute a tied convolution, if there is one."""
    side = conv.kernel_size[0]
    if side == 1 or conv.padding != (side // 2, side // 2):
        return None
    if lifts:
        return mirrored_conv.lift
    return mirrored_conv.convolve if side == 3 else None


def _kernel_index(families: int, inputs: int, kernel: int, *, lifts: bool) -> Tensor:
    """Return where in [F, I, K, K] each number of [8 * F, I, K, K] comes from."""
    numbers = torch.arange(families * inputs * kernel * kernel)
    base = numbers.view(families, 1 if lifts else IMAGES, -1, kernel, kernel)
    images = []
    for g in range(IMAGES):
        turned = _image(base, g)
        if not lifts:  # what image h of an input is to image g, image g^-1 h is to image 0
            turned = turned[:, [_compose(_inverse(g), h) for h in range(IMAGES)]]
        images.append(turned)
    return torch.stack(images).reshape(IMAGES * families, inputs, kernel, kernel)


def _image(squares: Tensor, g: int) -> Tensor:
    """Mirror the last two dimensions if g is 4 or more, then turn them g % 4 quarters."""
    mirrored = squares.flip(-1) if g >= 4 else squares
    return mirrored.rot90(g % 4, (-2, -1))


def _compose(second: int, first: int) -> int:
    """Return the image that is image second of image first."""
    square = torch.arange(9).view(3, 3)
    both = _image(_image(square, first), second)
    return next(g for g in range(IMAGES) if torch.equal(_image(square, g), both))


def _inverse(g: int) -> int:
    return next(h for h in range(IMAGES) if _compose(h, g) == 0)
