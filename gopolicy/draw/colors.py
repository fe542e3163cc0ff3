"""The colors of pictures: a board of wood, and two scales that color-blind people can read.

The scale of amounts goes from pale to dark without changing direction in lightness, so it also
survives a black-and-white printer; dark means much.  The scale of signed values goes from orange
(less than nothing) over white to blue (more).
"""

import numpy as np
import numpy.typing as npt

RGB = tuple[int, int, int]

PAPER: RGB = (250, 248, 244)
INK: RGB = (35, 33, 30)
SOFT_INK: RGB = (105, 100, 92)
WOOD: RGB = (226, 190, 124)
PALE_WOOD: RGB = (240, 224, 192)
LINE: RGB = (74, 56, 30)
MARK: RGB = (0, 158, 115)
"""The move played: a green that stays apart from the scale for every kind of color blindness."""

FOR: RGB = (0, 114, 178)
AGAINST: RGB = (213, 94, 0)
"""The ends of the scale of signed values."""
NEUTRAL: RGB = (248, 247, 245)

SERIES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#000000",
    "#8a8a8a",
)
"""Colors for lines in one chart, told apart with every kind of color blindness (Okabe and Ito)."""

SCALE = np.array(
    [
        (253, 231, 76),
        (252, 176, 50),
        (240, 116, 73),
        (204, 71, 120),
        (139, 30, 150),
        (70, 12, 120),
        (28, 8, 78),
    ],
    np.float64,
)
"""The scale of amounts in equal steps."""


def heat_color(share: float) -> RGB:
    """Return the color of a share from 0 (pale) to 1 (dark) of the scale."""
    place = float(np.clip(share, 0.0, 1.0)) * (len(SCALE) - 1)
    low = min(int(place), len(SCALE) - 2)
    mixed = SCALE[low] + (SCALE[low + 1] - SCALE[low]) * (place - low)
    red, green, blue = (round(float(part)) for part in mixed)
    return red, green, blue


def signed_color(share: float) -> RGB:
    """Return the color of a share from -1 (orange) over 0 (white) to 1 (blue)."""
    return blend(NEUTRAL, FOR if share > 0 else AGAINST, min(abs(float(share)), 1.0))


def blend(below: RGB, above: RGB, opacity: float) -> RGB:
    """Return the color seen when above covers below with this opacity."""
    mixed = [round(b + (a - b) * opacity) for b, a in zip(below, above, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def readable_on(color: RGB) -> RGB:
    """Return the ink, dark or light, that can be read on this color."""
    weights: npt.NDArray[np.float64] = np.array([0.299, 0.587, 0.114])
    return INK if float(weights @ np.array(color)) > 140 else PAPER
