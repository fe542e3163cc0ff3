"""A network for pictures under the magnifying glass, and pictures as tensors and back."""

import difflib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from gopolicy.errors import ConfigError
from gopolicy.nets.network import PictureShape, finite
from gopolicy.nets.probe import as_input, frozen, takes
from gopolicy.pictures.picture_set import Pixels
from gopolicy.pictures.picture_weights import LoadedImage

LISTED = 12
"""At most this many classes are named in a message."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureLens:
    """A network for pictures; it takes values from 0 to 1 and computes in float32."""

    name: str
    loaded: LoadedImage
    device: torch.device

    @property
    def network(self) -> nn.Module:
        """The network, without gradients of its own."""
        return frozen(self.loaded.network.to(self.device))

    @property
    def shape(self) -> PictureShape:
        """The pictures it takes."""
        return self.loaded.network.shape

    @property
    def classes(self) -> list[str]:
        """The names of its classes; empty for a network without a top."""
        return self.loaded.info.classes if self.loaded.network.classes else []

    def class_index(self, name: str) -> int:
        """Return the number of a class by its name; ConfigError if there is none."""
        if name not in self.classes:
            close = difflib.get_close_matches(name, self.classes, n=1)
            shown = ", ".join(self.classes[:LISTED]) + (", ..." if self.classes[LISTED:] else "")
            hint = f"did you mean {close[0]!r}?" if close else f"there are {shown}"
            raise ConfigError(f"no class called {name!r}; {hint}")
        return self.classes.index(name)

    def check_top(self) -> None:
        """Raise ConfigError unless the network tells classes apart."""
        if not self.classes:
            raise ConfigError(f"{self.name} has no classes; it was loaded without its top")

    def check_large_enough(self, picture: Tensor, name: str) -> None:
        """Raise ConfigError for a picture [1, C, H, W] that is smaller than the network takes."""
        height, width = picture.shape[2:]
        if not takes(self.network, picture, (height, width)):
            raise ConfigError(
                f"{name}, painted at {width}x{height} pixels, is too small for the network"
            )

    def input_of(self, pixels: Pixels) -> Tensor:
        """Return pictures [B, C, H, W] from 0 to 255 as the network takes them."""
        return as_input(pixels.copy(), self.device) / 255.0

    def probabilities(self, x: Tensor) -> npt.NDArray[np.float32]:
        """Return the probabilities of all classes, [B, classes]."""
        with torch.inference_mode():
            answer = finite(torch.softmax(self.network(x), 1).cpu())
            result: npt.NDArray[np.float32] = answer.numpy()
        return result


def as_picture(x: Tensor, least_side: int = 0) -> Image.Image:
    """Return one input [C, H, W] from 0 to 1 as a picture, its pixels enlarged to a least side.

    Of more than three channels, or two, only the first is shown, as gray.
    """
    pixels = (x.detach().float().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    array = pixels.transpose(1, 2, 0) if len(pixels) == 3 else pixels[0]
    picture = Image.fromarray(array)
    factor = max(1, -(-least_side // min(picture.size)))
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.NEAREST).convert("RGB")
