"""Labelled pictures in memory, and how some of them are held out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gopolicy.errors import PictureError

Pixels = npt.NDArray[np.uint8]
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures of one shape with one class each."""

    pixels: Pixels
    """[N, C, H, W] from 0 to 255; C is 1 for gray, 3 for red, green and blue."""
    labels: Classes
    """[N] indices into `classes`."""
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or len(self.pixels) != len(self.labels):
            raise PictureError(
                f"expected a label for every picture, got {len(self.labels)} labels"
                f" for pictures of shape {self.pixels.shape}"
            )
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise PictureError(
                f"expected labels from 0 to {len(self.classes) - 1},"
                f" got {self.labels.min()} to {self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def select(self, indices: npt.NDArray[np.int64]) -> "PictureSet":
        """Return the pictures of these indices."""
        return replace(self, pixels=self.pixels[indices], labels=self.labels[indices])

    def only(self, classes: Sequence[int]) -> "PictureSet":
        """Return the pictures of some classes, whose labels then count from 0 in this order."""
        new = np.full(len(self.classes), -1, np.int64)
        new[list(classes)] = np.arange(len(classes))
        labels = new[self.labels]
        return PictureSet(
            self.pixels[labels >= 0],
            labels[labels >= 0],
            tuple(self.classes[label] for label in classes),
        )

    def few(self, per_class: int, generator: np.random.Generator) -> "PictureSet":
        """Return this many random pictures of each class."""
        chosen = []
        for label, name in enumerate(self.classes):
            indices = np.flatnonzero(self.labels == label)
            if len(indices) < per_class:
                raise PictureError(
                    f"class {name} has {len(indices)} pictures, expected {per_class}"
                )
            chosen.append(generator.choice(indices, per_class, replace=False))
        return self.select(np.concatenate(chosen))

    def counts(self) -> list[int]:
        """Return the number of pictures of each class."""
        return [int(n) for n in np.bincount(self.labels, minlength=len(self.classes))]

    def digest(self) -> str:
        """Return a hash of all pictures, labels and names."""
        total = hashlib.sha256(repr((self.classes, self.pixels.shape)).encode())
        total.update(np.ascontiguousarray(self.labels).tobytes())
        total.update(np.ascontiguousarray(self.pixels).data)
        return total.hexdigest()


def joined(*sets: PictureSet) -> PictureSet:
    """Return the pictures of several sets of the same classes, one after the other."""
    pixels = np.concatenate([each.pixels for each in sets])
    return replace(sets[0], pixels=pixels, labels=np.concatenate([each.labels for each in sets]))


def renumbered(pictures: PictureSet, classes: tuple[str, ...]) -> PictureSet:
    """Return the pictures with the numbers that their classes have among others."""
    unknown = sorted(set(pictures.classes) - set(classes))
    if unknown:
        raise PictureError(f"class {unknown[0]} is not among the classes {', '.join(classes[:20])}")
    numbers = np.array([classes.index(name) for name in pictures.classes], np.int64)
    return PictureSet(pictures.pixels, numbers[pictures.labels], classes)


def hold_out(pictures: PictureSet, share: float) -> tuple[PictureSet, PictureSet]:
    """Return the pictures to train on and those held out, about this share of every class.

    The choice depends on what a picture looks like and nothing else: it is the same whenever the
    same pictures are read in the same size, and copies of a picture, also those in other classes,
    are never on both sides.
    """
    if not 0 < share < 1:
        raise PictureError(f"expected to hold out a share above 0 and below 1, got {share}")
    places = np.array([_place(picture) for picture in pictures.pixels])
    held = np.zeros(len(pictures), bool)
    for label, name in enumerate(pictures.classes):
        mine = pictures.labels == label
        different = np.unique(places[mine])
        if len(different) < 2:
            raise PictureError(f"class {name} needs 2 or more different pictures, to hold one out")
        count = min(max(round(share * len(different)), 1), len(different) - 1)
        held |= mine & (places <= different[count - 1])
    held = np.isin(places, places[held])
    for label, name in enumerate(pictures.classes):
        if held[pictures.labels == label].all():
            raise PictureError(f"class {name} has nothing but copies of held out pictures left")
    return pictures.select(np.flatnonzero(~held)), pictures.select(np.flatnonzero(held))


def _place(picture: Pixels) -> int:
    """Return a number that looks random and depends on the pixels only."""
    digest = hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
