"""The networks for pictures by name: the general ones and those of the zoo."""

from collections.abc import Mapping

from torch import nn

from gopolicy.errors import ConfigError, unknown
from gopolicy.nets.dense import dense_layers
from gopolicy.nets.image_cnn import image_layers
from gopolicy.nets.layers import ConvBlock, ConvOptions, Dense
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.network_settings import (
    DenseSettings,
    ImageSettings,
    completed,
    default_settings,
    keyword_defaults,
)
from gopolicy.nets.registry import check_parameters
from gopolicy.pictures.zoo import ZOO, zoo_network
from gopolicy.settings import Setting

IMAGE_NETWORKS = ("image", "dense", *ZOO)
"""What `gopolicy image --network` chooses from."""
HEAD = "head"
"""The layer that gives the classes, in every network for pictures."""
LEARN = ("last", "top", "all")
"""The layers of a trained network that may go on learning."""
MAX_CLASSES, MAX_SIDE, MAX_CHANNELS = 100_000, 4096, 1024
"""More than anybody trains; a guard against a damaged description."""


def build_image_network(
    name: str, shape: PictureShape, classes: int, settings: Mapping[str, Setting] | None = None
) -> ImageNetwork:
    """Return the network called name with fresh weights drawn from torch's global generator."""
    sides = min(shape.height, shape.width), max(shape.height, shape.width)
    if not (1 <= shape.channels <= MAX_CHANNELS and sides[0] >= 1 and sides[1] <= MAX_SIDE):
        raise ConfigError(f"expected pictures of up to {MAX_SIDE}x{MAX_SIDE}, got {shape}")
    full = completed(name, image_settings(name), settings or {})
    least = 1 if full.get("include_top", True) else 0
    if not least <= classes <= MAX_CLASSES:
        raise ConfigError(f"expected 1 to {MAX_CLASSES} classes, got {classes}")
    check_parameters(name, lambda: {name: _build(name, shape, classes, full)})
    return _build(name, shape, classes, full)


def _build(
    name: str, shape: PictureShape, classes: int, full: Mapping[str, Setting]
) -> ImageNetwork:
    if name in ZOO:
        return zoo_network(name, shape, classes, include_top=bool(full["include_top"]))
    network = ImageNetwork(name, full, shape, classes)
    if name == "image":
        chosen = ImageSettings(**full)  # type: ignore[arg-type]
        return network.append_layers(image_layers(shape, classes, chosen))
    units = DenseSettings(**full)  # type: ignore[arg-type]
    return network.append_layers(dense_layers(shape, classes, units))


def image_settings(name: str) -> dict[str, Setting]:
    """Return the settings of the network called name and their defaults."""
    if name not in IMAGE_NETWORKS:
        raise ConfigError(unknown("network for pictures", name, IMAGE_NETWORKS))
    return keyword_defaults(zoo_network) if name in ZOO else default_settings(name)


def with_new_top(network: ImageNetwork, classes: int) -> ImageNetwork:
    """Give the network a fresh last layer for other classes; all its other layers stay."""
    head = dict(network.named_children()).get(HEAD)
    if isinstance(head, ConvBlock):
        options = ConvOptions(activation="none")
        new: nn.Module = ConvBlock(head.conv.in_channels, classes, 1, options)
    elif isinstance(head, Dense):
        new = Dense(head.linear.in_features, classes, "none")
    else:
        raise ConfigError(f"network {network.name} has no top to replace")
    network.set_submodule(HEAD, new)
    network.classes = classes
    return network


def with_fresh_top(features: ImageNetwork, classes: int) -> ImageNetwork:
    """Return a network of the zoo with the layers of one without top, and a top of its own."""
    if features.settings.get("include_top", True):
        raise ConfigError(f"network {features.name} has a top; it can be given a new one")
    network = build_image_network(features.name, features.shape, classes)
    for name, layer in features.named_children():
        network.set_submodule(name, layer)
    return network


def learn_only(network: ImageNetwork, what: str) -> ImageNetwork:
    """Let training change the `last` layer only, the `top` behind the features, or `all` layers."""
    if what not in LEARN:
        raise ConfigError(f"expected to learn {', '.join(LEARN)}, got {what!r}")
    top = set(_top_names(network))
    for name, layer in network.named_children():
        layer.requires_grad_(what == "all" or name == HEAD or (what == "top" and name in top))
    return network


def feature_layers(network: ImageNetwork) -> nn.Sequential:
    """Return the layers before the top, which give features [B, C, H, W]; they are shared."""
    top = set(_top_names(network))
    return nn.Sequential(*(layer for name, layer in network.named_children() if name not in top))


def _top_names(network: ImageNetwork) -> list[str]:
    """Return the names of the layers from the first one that no longer sees a picture."""
    names = [name for name, _ in network.named_children()]
    starts = [place for place, name in enumerate(names) if name in ("flatten", "global_average")]
    return names[starts[0] :] if starts else []


def train_mode(network: ImageNetwork) -> ImageNetwork:
    """Set the network to training, except for its frozen layers."""
    network.train()
    for layer in network.children():
        parameters = list(layer.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            layer.eval()
    return network
