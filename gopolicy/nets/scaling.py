"""What a published network expects of its input, as a first layer.

Every image network here takes values from 0 to 1 in the order red, green, blue; weights trained
elsewhere were trained on other scales, which this layer restores.
"""

from typing import Literal

from torch import Tensor, nn

from gopolicy.errors import ConfigError

Scale = Literal["unit", "signed", "imagenet", "caffe"]
SCALES: dict[str, str] = {
    "unit": "values from 0 to 1",
    "signed": "values from -1 to 1",
    "imagenet": "mean 0, deviation 1 over ImageNet",
    "caffe": "blue, green, red to 255, less means",
}
"""The scales in words; means and deviations are those of each channel over ImageNet."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red


class Scaling(nn.Module):
    """Turns values from 0 to 1 into the scale that some weights were trained on."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        if scale not in SCALES:
            raise ConfigError(f"expected a scale of {', '.join(SCALES)}, got {scale!r}")
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to the same shape; imagenet and caffe need 3 channels."""
        if self.scale == "signed":
            return x * 2.0 - 1.0
        if self.scale == "imagenet":
            mean, deviation = (x.new_tensor(v).view(3, 1, 1) for v in (_MEAN, _DEVIATION))
            return (x - mean) / deviation
        if self.scale == "caffe":
            return x.flip(1) * 255.0 - x.new_tensor(_CAFFE_MEAN).view(3, 1, 1)
        return x
