"""Networks as lists of named layers: for Go, planes to one logit per point; for pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from gopolicy.errors import WeightsError
from gopolicy.settings import Setting


class LayerList(nn.Sequential):
    """Named layers in order, with the name and the settings they were built from."""

    def __init__(self, name: str, settings: Mapping[str, Setting]) -> None:
        super().__init__()
        self.name, self.settings = name, dict(settings)

    def append_layers(self, layers: Mapping[str, nn.Module]) -> Self:
        """Add layers by name at the end; return the network."""
        for name, layer in layers.items():
            self.add_module(name, layer)
        return self

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return sum(parameter.numel() for parameter in self.parameters())


class PolicyNetwork(LayerList):
    """A network for Go.

    It maps planes [B, C, N, N] to logits [B, N * N], point by point from the top left.
    """

    def __init__(self, name: str, settings: Mapping[str, Setting], planes: int, size: int) -> None:
        super().__init__(name, settings)
        self.planes, self.size = planes, size


@dataclass(frozen=True, slots=True)
class PictureShape:
    """The shape of one picture."""

    channels: int
    """1 for gray, 3 for red, green and blue; any number of planes."""
    height: int
    """Rows."""
    width: int
    """Columns."""

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width}"


class ImageNetwork(LayerList):
    """A network for pictures: [B, C, H, W], values from 0 to 1, to logits [B, classes]."""

    def __init__(
        self, name: str, settings: Mapping[str, Setting], shape: PictureShape, classes: int
    ) -> None:
        super().__init__(name, settings)
        self.shape, self.classes = shape, classes

    @property
    def total_count(self) -> int:
        """How many numbers it keeps: parameters and the running figures of normalizations."""
        return self.parameter_count + sum(buffer.numel() for buffer in self.buffers())


def finite(answer: Tensor, who: str = "the network") -> Tensor:
    """Return what a network or layer answers; WeightsError where some of it is not finite.

    Weights that are finite may still be so large that nothing else comes out.
    """
    if not torch.isfinite(answer).all():
        raise WeightsError(
            f"{who} answers with numbers that are not finite; its weights are damaged or its"
            " training diverged"
        )
    return answer
