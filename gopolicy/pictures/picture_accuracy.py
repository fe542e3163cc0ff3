"""How well a network names the classes of held out pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gopolicy.errors import ConfigError
from gopolicy.nets.network import ImageNetwork, finite
from gopolicy.pictures.picture_set import PictureSet, Pixels
from gopolicy.progress import SILENT, Progress
from gopolicy.stats import wilson_interval


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """How one class fared."""

    name: str
    pictures: int
    recall: float | None
    """Share of them that were named right; None without pictures."""
    precision: float | None
    """Share of those given this name that are of this class; None where the name was not given."""


@dataclass(frozen=True, slots=True)
class PictureReport:
    """The figures of a network on some pictures."""

    pictures: int
    accuracy: float
    """Share of pictures whose most probable class is right."""
    interval: tuple[float, float]
    """95 % interval of the accuracy (Wilson), each picture one independent draw."""
    top5: float
    """Share of pictures whose class is among the five most probable."""
    nll: float
    """Mean negative logarithm of the probability of the right class, in nats."""
    by_class: list[ClassFigures]
    confusion: list[list[int]]
    """Pictures of a class (row) that were given a name (column)."""


def log_probabilities(
    network: ImageNetwork,
    pixels: Pixels,
    *,
    device: torch.device | None = None,
    batch_size: int = 256,
    progress: Progress = SILENT,
) -> npt.NDArray[np.float32]:
    """Return the logarithm of the probability of every class for every picture, [N, classes].

    pixels: [N, C, H, W] of 0 to 255.  The network is set to evaluation and left on the device.
    WeightsError where it answers with numbers that are not finite.
    """
    place = device or torch.device("cpu")
    network.eval().to(place)
    parts = []
    progress.start("looking at pictures", len(pixels), "pictures")
    with torch.inference_mode():
        for start in range(0, len(pixels), batch_size):
            batch = torch.from_numpy(np.ascontiguousarray(pixels[start : start + batch_size]))
            logits = network(batch.to(place).float() / 255)
            parts.append(finite(logits.log_softmax(1).cpu()).numpy())
            progress.advance(len(batch))
    progress.finish()
    return np.concatenate(parts)


def probabilities(
    network: ImageNetwork, pixels: Pixels, *, device: torch.device | None = None
) -> npt.NDArray[np.float32]:
    """Return the probability of every class for every picture, see `log_probabilities`."""
    return np.exp(log_probabilities(network, pixels, device=device))


def judge_pictures(logs_nc: npt.NDArray[np.float32], pictures: PictureSet) -> PictureReport:
    """Return the figures for the `log_probabilities` that a network gave to these pictures.

    Of equal ones the first class counts as the more probable.
    """
    if not len(pictures) or logs_nc.shape != (len(pictures), len(pictures.classes)):
        raise ConfigError(
            f"expected a probability per class for {len(pictures)} pictures of"
            f" {len(pictures.classes)} classes, got {logs_nc.shape}"
        )
    labels, count = pictures.labels, len(pictures.classes)
    named = logs_nc.argmax(1)
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, named), 1)
    hits = int((named == labels).sum())
    own = logs_nc[np.arange(len(labels)), labels]
    equal_before = (logs_nc == own[:, None]) & (np.arange(count) < labels[:, None])
    better = ((logs_nc > own[:, None]) | equal_before).sum(1)
    return PictureReport(
        pictures=len(labels),
        accuracy=hits / len(labels),
        interval=wilson_interval(hits / len(labels), len(labels)),
        top5=float((better < 5).mean()),
        nll=-float(own.mean(dtype=np.float64)),
        by_class=[_figures(confusion, label, name) for label, name in enumerate(pictures.classes)],
        confusion=confusion.tolist(),
    )


def _figures(confusion: npt.NDArray[np.int64], label: int, name: str) -> ClassFigures:
    right, mine = int(confusion[label, label]), int(confusion[label].sum())
    given = int(confusion[:, label].sum())
    return ClassFigures(
        name, mine, right / mine if mine else None, right / given if given else None
    )
