"""The general image network without the registry of picture networks."""

from dataclasses import asdict

from gopolicy.nets.image_cnn import image_layers
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.network_settings import ImageSettings


def image_network(
    shape: PictureShape, classes: int, settings: ImageSettings | None = None
) -> ImageNetwork:
    """Return the network for pictures of this shape, with fresh weights."""
    chosen = settings or ImageSettings()
    network = ImageNetwork("image", asdict(chosen), shape, classes)
    return network.append_layers(image_layers(shape, classes, chosen))
