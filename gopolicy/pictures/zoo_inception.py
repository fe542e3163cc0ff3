"""Published networks of parallel branches: InceptionV3, InceptionResNetV2 and Xception.

Layers, padding and constants are those of Keras Applications, whose weights therefore fit.
"""

from torch import nn

from gopolicy.nets.layers import (
    Activation,
    AveragePool,
    Branches,
    ConvBlock,
    ConvOptions,
    Dense,
    GlobalAverage,
    Kernel,
    MaxPool,
    Residual,
    Separable,
)
from gopolicy.nets.network import PictureShape
from gopolicy.nets.norm import NormOptions
from gopolicy.pictures.zoo_classic import BodyAndTop, Layers

_PLAIN = NormOptions(eps=1e-3, momentum=0.01)
_NO_FACTOR = NormOptions(scale=False, eps=1e-3, momentum=0.01)
_SAME = ConvOptions(norm=_NO_FACTOR)
_VALID = ConvOptions(norm=_NO_FACTOR, padding="valid")
_HALVING = ConvOptions(norm=_NO_FACTOR, padding="valid", stride=2)

Step = tuple[int, Kernel] | tuple[int, Kernel, ConvOptions]
"""Filters and kernel of one convolution, and its options where they are not `_SAME`."""


def _chain(inputs: int, *steps: Step) -> nn.Sequential:
    blocks = []
    for filters, kernel, *options in steps:
        blocks.append(ConvBlock(inputs, filters, kernel, options[0] if options else _SAME))
        inputs = filters
    return nn.Sequential(*blocks)


def _pooled(inputs: int, filters: int) -> nn.Sequential:
    return nn.Sequential(AveragePool(3, 1, "same"), ConvBlock(inputs, filters, 1, _SAME))


def _stem(channels: int) -> Layers:
    return {
        "conv1": ConvBlock(channels, 32, 3, _HALVING),
        "conv2": ConvBlock(32, 32, 3, _VALID),
        "conv3": ConvBlock(32, 64, 3, _SAME),
        "pool3": MaxPool(3, 2),
        "conv4": ConvBlock(64, 80, 1, _VALID),
        "conv5": ConvBlock(80, 192, 3, _VALID),
        "pool5": MaxPool(3, 2),
    }


def _mean_top(channels: int, classes: int) -> Layers:
    return {"global_average": GlobalAverage(), "head": Dense(channels, classes, "none")}


def inception_v3(shape: PictureShape, classes: int) -> BodyAndTop:
    """Return InceptionV3 (Szegedy et al. 2015)."""
    layers = _stem(shape.channels)
    for number, (inputs, pooled) in enumerate(((192, 32), (256, 64), (288, 64))):
        layers[f"mixed{number}"] = Branches(
            _chain(inputs, (64, 1)),
            _chain(inputs, (48, 1), (64, 5)),
            _chain(inputs, (64, 1), (96, 3), (96, 3)),
            _pooled(inputs, pooled),
        )
    layers["mixed3"] = Branches(
        _chain(288, (384, 3, _HALVING)),
        _chain(288, (64, 1), (96, 3), (96, 3, _HALVING)),
        MaxPool(3, 2),
    )
    for number, width in enumerate((128, 160, 160, 192), start=4):
        layers[f"mixed{number}"] = _crossed(width)
    layers["mixed8"] = Branches(
        _chain(768, (192, 1), (320, 3, _HALVING)),
        _chain(768, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, _HALVING)),
        MaxPool(3, 2),
    )
    layers["mixed9"], layers["mixed10"] = _wide(1280), _wide(2048)
    return layers, _mean_top(2048, classes)


def _crossed(width: int) -> Branches:
    wide: Step = (width, (1, 7))
    tall: Step = (width, (7, 1))
    return Branches(
        _chain(768, (192, 1)),
        _chain(768, (width, 1), wide, (192, (7, 1))),
        _chain(768, (width, 1), tall, wide, tall, (192, (1, 7))),
        _pooled(768, 192),
    )


def _wide(inputs: int) -> Branches:
    def fork(inputs: int) -> Branches:
        return Branches(_chain(inputs, (384, (1, 3))), _chain(inputs, (384, (3, 1))))

    return Branches(
        _chain(inputs, (320, 1)),
        nn.Sequential(_chain(inputs, (384, 1)), fork(384)),
        nn.Sequential(_chain(inputs, (448, 1), (384, 3)), fork(384)),
        _pooled(inputs, 192),
    )


def inception_resnet_v2(shape: PictureShape, classes: int) -> BodyAndTop:
    """Return InceptionResNetV2 (Szegedy et al. 2016)."""
    layers = _stem(shape.channels)
    layers["mixed5b"] = Branches(
        _chain(192, (96, 1)),
        _chain(192, (48, 1), (64, 5)),
        _chain(192, (64, 1), (96, 3), (96, 3)),
        _pooled(192, 64),
    )
    for number in range(1, 11):
        layers[f"block35_{number}"] = _joined(320, 0.17, *_branches35())
    layers["mixed6a"] = Branches(
        _chain(320, (384, 3, _HALVING)),
        _chain(320, (256, 1), (256, 3), (384, 3, _HALVING)),
        MaxPool(3, 2),
    )
    for number in range(1, 21):
        branches = _chain(1088, (192, 1)), _chain(1088, (128, 1), (160, (1, 7)), (192, (7, 1)))
        layers[f"block17_{number}"] = _joined(1088, 0.1, *branches)
    layers["mixed7a"] = Branches(
        _chain(1088, (256, 1), (384, 3, _HALVING)),
        _chain(1088, (256, 1), (288, 3, _HALVING)),
        _chain(1088, (256, 1), (288, 3), (320, 3, _HALVING)),
        MaxPool(3, 2),
    )
    for number in range(1, 11):
        branches = _chain(2080, (192, 1)), _chain(2080, (192, 1), (224, (1, 3)), (256, (3, 1)))
        last = number == 10
        layers[f"block8_{number}"] = _joined(
            2080, 1.0 if last else 0.2, *branches, activation="none" if last else "relu"
        )
    layers["conv7b"] = ConvBlock(2080, 1536, 1, _SAME)
    return layers, _mean_top(1536, classes)


def _branches35() -> tuple[nn.Module, ...]:
    return (
        _chain(320, (32, 1)),
        _chain(320, (32, 1), (32, 3)),
        _chain(320, (32, 1), (48, 3), (64, 3)),
    )


def _joined(
    channels: int, scale: float, *branches: nn.Module, activation: Activation = "relu"
) -> Residual:
    """Return branches, a 1x1 convolution back to all channels, and the way around them."""
    joined = Branches(*branches)
    width = sum(_outputs(branch) for branch in branches)
    up = ConvBlock(width, channels, 1, ConvOptions(activation="none"))
    return Residual(joined, up, activation=activation, scale=scale)


def _outputs(branch: nn.Module) -> int:
    return [block for block in branch.modules() if isinstance(block, ConvBlock)][
        -1
    ].conv.out_channels


def xception(shape: PictureShape, classes: int) -> BodyAndTop:
    """Return Xception (Chollet 2017): separable convolutions with a way around every few."""
    layers: Layers = {
        "block1_conv1": ConvBlock(
            shape.channels, 32, 3, ConvOptions(norm=_PLAIN, padding="valid", stride=2)
        ),
        "block1_conv2": ConvBlock(32, 64, 3, ConvOptions(norm=_PLAIN, padding="valid")),
        "block2": _halving(64, 128, 128, first="none"),
        "block3": _halving(128, 256, 256),
        "block4": _halving(256, 728, 728),
    }
    for number in range(5, 13):
        middle = (_separable(728, 728, before="relu") for _ in range(3))
        layers[f"block{number}"] = Residual(*middle, activation="none")
    layers["block13"] = _halving(728, 728, 1024)
    layers["block14_sepconv1"] = _separable(1024, 1536, after="relu")
    layers["block14_sepconv2"] = _separable(1536, 2048, after="relu")
    return layers, _mean_top(2048, classes)


def _separable(
    inputs: int, outputs: int, *, before: Activation = "none", after: Activation = "none"
) -> Separable:
    return Separable(inputs, outputs, 3, _PLAIN, activations=(before, after))


def _halving(inputs: int, middle: int, outputs: int, first: Activation = "relu") -> Residual:
    """Return two separable convolutions and a pooling, joined with a strided 1x1 convolution."""
    around = ConvOptions(stride=2, norm=_PLAIN, activation="none")
    return Residual(
        _separable(inputs, middle, before=first),
        _separable(middle, outputs, before="relu"),
        MaxPool(3, 2, "same"),
        shortcut=ConvBlock(inputs, outputs, 1, around),
        activation="none",
    )
