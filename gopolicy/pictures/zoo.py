"""The networks of the lecture's table, and a few of their kind, by name.

They are the architectures of Keras Applications, layer for layer, built from this project's
layers; weights trained there fit (`gopolicy.pictures.keras_files`).  Inputs are values
from 0 to 1; the first layer restores the scale that the published weights expect.  Build one inside
``torch.device("meta")`` to look at it without spending memory on weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gopolicy.errors import ConfigError
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.scaling import Scale, Scaling
from gopolicy.pictures import zoo_classic as classic
from gopolicy.pictures import zoo_inception as inception
from gopolicy.pictures import zoo_nasnet as nasnet

IMAGENET_CLASSES = 1000
"""How many classes the published weights tell apart."""


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """One network of the table."""

    title: str
    build: Callable[[PictureShape, int], classic.BodyAndTop]
    side: int
    """The side of the pictures of its published weights."""
    scale: Scale
    extra_depth: int = 1
    """Layers that the lecture's table counts and that are no layers here: the input, and in
    MobileNet a reshape and a softmax."""


ZOO: dict[str, ZooEntry] = {
    "xception": ZooEntry("Xception", inception.xception, 299, "signed"),
    "vgg16": ZooEntry("VGG16", partial(classic.vgg, convolutions=(2, 2, 3, 3, 3)), 224, "caffe"),
    "vgg19": ZooEntry("VGG19", partial(classic.vgg, convolutions=(2, 2, 4, 4, 4)), 224, "caffe"),
    "resnet50": ZooEntry("ResNet50", classic.resnet50, 224, "caffe"),
    "inception-v3": ZooEntry("InceptionV3", inception.inception_v3, 299, "signed"),
    "inception-resnet-v2": ZooEntry(
        "InceptionResNetV2", inception.inception_resnet_v2, 299, "signed"
    ),
    "mobilenet": ZooEntry("MobileNet", classic.mobilenet, 224, "signed", extra_depth=3),
    "densenet121": ZooEntry(
        "DenseNet121", partial(classic.densenet, blocks=(6, 12, 24, 16)), 224, "imagenet"
    ),
    "densenet169": ZooEntry(
        "DenseNet169", partial(classic.densenet, blocks=(6, 12, 32, 32)), 224, "imagenet"
    ),
    "densenet201": ZooEntry(
        "DenseNet201", partial(classic.densenet, blocks=(6, 12, 48, 32)), 224, "imagenet"
    ),
    "nasnet-large": ZooEntry(
        "NASNetLarge", partial(nasnet.nasnet, size=nasnet.LARGE), 331, "signed"
    ),
    "nasnet-mobile": ZooEntry(
        "NASNetMobile", partial(nasnet.nasnet, size=nasnet.MOBILE), 224, "signed"
    ),
}
"""The networks by the name that `--network` takes."""


def zoo_network(
    name: str,
    shape: PictureShape | None = None,
    classes: int = IMAGENET_CLASSES,
    *,
    include_top: bool = True,
) -> ImageNetwork:
    """Return the network called name with fresh weights.

    shape: what pictures it takes; by default those of the published weights.  Pictures that are not
    in color are put on the scale of -1 to 1.  Without its top it maps to features [B, C, H', W'].
    """
    entry = ZOO[name]
    shape = shape or PictureShape(3, entry.side, entry.side)
    _check(name, shape)
    features, top = entry.build(shape, max(classes, 1))
    scale = entry.scale if shape.channels == 3 else "signed"
    settings = {"include_top": include_top}
    network = ImageNetwork(name, settings, shape, classes if include_top else 0)
    network.append_layers({"scaling": Scaling(scale)} | features)
    return network.append_layers(top) if include_top else network


def _check(name: str, shape: PictureShape) -> None:
    """Refuse pictures that the poolings leave nothing of."""
    least = 75 if ZOO[name].side == 299 else 32
    if shape.channels < 1 or min(shape.height, shape.width) < least:
        raise ConfigError(f"{name} needs pictures of {least}x{least} or more, got {shape}")
