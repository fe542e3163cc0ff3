"""Labelled pictures made on the spot: bars that lie, stand or slant, in noise."""

import numpy as np

from gopolicy.pictures.picture_set import PictureSet

NAMES = ("lying", "standing", "slanting", "empty")


def bars(per_class: int = 30, side: int = 12, classes: int = 3, seed: int = 1) -> PictureSet:
    """Return gray pictures; the bars are anywhere, so a network must learn their direction."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    pixels = generator.integers(0, 60, (len(labels), 1, side, side)).astype(np.uint8)
    for picture, label in zip(pixels[:, 0], labels, strict=True):
        place = int(generator.integers(2, side - 2))
        if label == 0:
            picture[place, 1:-1] = 250
        elif label == 1:
            picture[1:-1, place] = 250
        elif label == 2:
            shift = place - side // 2
            np.fill_diagonal(picture[max(shift, 0) :, max(-shift, 0) :], 250)
    order = generator.permutation(len(labels))
    return PictureSet(pixels[order], labels[order], NAMES[:classes])
