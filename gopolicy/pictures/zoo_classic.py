"""Published networks that are one chain of layers or blocks: VGG, ResNet50, MobileNet, DenseNet.

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
    Dropout,
    Flatten,
    GlobalAverage,
    MaxPool,
    Padding,
    Residual,
    make_activation,
)
from gopolicy.nets.network import PictureShape
from gopolicy.nets.norm import BatchNorm, NormOptions

Layers = dict[str, nn.Module]
BodyAndTop = tuple[Layers, Layers]
"""The layers up to the features, and the top that turns these into logits."""

_MOBILE = NormOptions(eps=1e-3, momentum=0.01)
_RESIDUAL = NormOptions(eps=1.001e-5, momentum=0.01)


def vgg(shape: PictureShape, classes: int, convolutions: tuple[int, ...]) -> BodyAndTop:
    """Return VGG (Simonyan and Zisserman 2014) with so many convolutions in each of 5 stages."""
    layers: Layers = {}
    channels = shape.channels
    for stage, count in enumerate(convolutions, start=1):
        filters = min(32 << stage, 512)
        for number in range(1, count + 1):
            layers[f"block{stage}_conv{number}"] = ConvBlock(channels, filters, 3)
            channels = filters
        layers[f"block{stage}_pool"] = MaxPool(2)
    shrink = 2 ** len(convolutions)
    inputs = channels * (shape.height // shrink) * (shape.width // shrink)
    top: Layers = {"flatten": Flatten(), "fc1": Dense(inputs, 4096), "fc2": Dense(4096, 4096)}
    return layers, top | {"head": Dense(4096, classes, "none")}


def resnet50(shape: PictureShape, classes: int) -> BodyAndTop:
    """Return ResNet50 (He et al. 2015); its convolutions have biases, needless as they are."""
    first = ConvOptions(stride=2, padding=3, bias=True, norm=_RESIDUAL)
    layers: Layers = {"conv1": ConvBlock(shape.channels, 64, 7, first)}
    layers["pool1"] = MaxPool(3, 2, padding=1)
    channels = 64
    for stage, (filters, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=2):
        for number in range(1, blocks + 1):
            stride = 2 if number == 1 and stage > 2 else 1
            layers[f"conv{stage}_block{number}"] = _bottleneck(channels, filters, stride)
            channels = 4 * filters
    top: Layers = {"global_average": GlobalAverage(flat=False), "flatten": Flatten()}
    return layers, top | {"head": Dense(channels, classes, "none")}


def _bottleneck(inputs: int, filters: int, stride: int) -> Residual:
    def options(stride: int = 1, activation: Activation = "relu") -> ConvOptions:
        return ConvOptions(stride=stride, bias=True, norm=_RESIDUAL, activation=activation)

    outputs = 4 * filters
    shortcut = None
    if inputs != outputs:
        shortcut = ConvBlock(inputs, outputs, 1, options(stride, "none"))
    return Residual(
        ConvBlock(inputs, filters, 1, options(stride)),
        ConvBlock(filters, filters, 3, options()),
        ConvBlock(filters, outputs, 1, options(activation="none")),
        shortcut=shortcut,
    )


_MOBILE_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *(((512, 1),) * 5),
    *((1024, 2), (1024, 1)),
)
"""Outputs and stride of each pair of convolutions."""


def mobilenet(shape: PictureShape, classes: int) -> BodyAndTop:
    """Return MobileNet (Howard et al. 2017): 3x3 by channel, then 1x1, thirteen times."""
    first = ConvOptions(stride=2, norm=_MOBILE, activation="relu6")
    layers: Layers = {"conv1": ConvBlock(shape.channels, 32, 3, first)}
    channels = 32
    for number, (filters, stride) in enumerate(_MOBILE_BLOCKS, start=1):
        padding: Padding = (0, 1, 0, 1) if stride == 2 else "same"
        depthwise = ConvOptions(
            stride=stride, groups=channels, padding=padding, norm=_MOBILE, activation="relu6"
        )
        pointwise = ConvOptions(norm=_MOBILE, activation="relu6")
        layers[f"depthwise{number}"] = ConvBlock(channels, channels, 3, depthwise)
        layers[f"pointwise{number}"] = ConvBlock(channels, filters, 1, pointwise)
        channels = filters
    top: Layers = {"global_average": GlobalAverage(flat=False), "dropout": Dropout(0.001)}
    top["head"] = ConvBlock(channels, classes, 1, ConvOptions(activation="none"))
    return layers, top | {"flatten": Flatten()}


def densenet(shape: PictureShape, classes: int, blocks: tuple[int, ...]) -> BodyAndTop:
    """Return DenseNet (Huang et al. 2017) with so many layers in each of 4 blocks."""
    first = ConvOptions(stride=2, padding=3, norm=_RESIDUAL)
    layers: Layers = {"conv1": ConvBlock(shape.channels, 64, 7, first)}
    layers["pool1"] = MaxPool(3, 2, padding=1)
    channels = 64
    for stage, count in enumerate(blocks, start=2):
        for number in range(1, count + 1):
            layers[f"conv{stage}_block{number}"] = _dense_layer(channels)
            channels += _GROWTH
        if stage <= len(blocks):
            layers[f"transition{stage}"] = ConvBlock(channels, channels // 2, 1, _BEFORE)
            layers[f"pool{stage}"] = AveragePool(2)
            channels //= 2
    layers["norm"] = BatchNorm(channels, _RESIDUAL)
    layers["activation"] = make_activation("relu", inplace=True)
    top: Layers = {"global_average": GlobalAverage()}
    return layers, top | {"head": Dense(channels, classes, "none")}


_GROWTH = 32
_BEFORE = ConvOptions(bias=False, norm=_RESIDUAL, preactivation=True)


def _dense_layer(channels: int) -> Branches:
    return Branches(
        nn.Identity(),
        nn.Sequential(
            ConvBlock(channels, 4 * _GROWTH, 1, _BEFORE),
            ConvBlock(4 * _GROWTH, _GROWTH, 3, _BEFORE),
        ),
    )
