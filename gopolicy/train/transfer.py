"""Does it help to have learned other classes before?  The question, asked of real pictures.

The classes are split in halves by chance.  A network learns the first half from all its pictures.
Then a few pictures of each class of the second half are to be learned in four ways:

- `scratch`: a fresh network;
- `last`: the first network with a new last layer, and only that learns;
- `top`: the same, but all layers behind the convolutions learn;
- `all`: the same, but every layer learns.

All of them see the same pictures equally often with the same learning rate, and are measured on all
held out pictures of the second half.  This is repeated, everything drawn anew.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from gopolicy.errors import ConfigError
from gopolicy.evaluation.pictures import judge_pictures, probabilities
from gopolicy.images.picture_set import PictureSet
from gopolicy.images.source import Pictures
from gopolicy.nets.network import ImageNetwork
from gopolicy.nets.pictures import LEARN, learn_only, with_new_top
from gopolicy.progress import SILENT, Progress
from gopolicy.train.pictures import PicturePlan, refuse_diverged, train_pictures

WAYS = ("scratch", *LEARN)
"""The ways to learn the second half."""
_T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_T_975_MORE = (2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)
"""97.5 % points of Student's t with 1 to 20 degrees of freedom; 1.96 and a bit beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPlan:
    """What to try, and how often."""

    per_class: int = 5
    """Pictures of each class of the second half."""
    repeats: int = 10
    """How often all is repeated."""
    seed: int = 1
    """Decides everything drawn; each repeat adds one to it."""
    first: PicturePlan
    """How the first half is learned."""
    second: PicturePlan
    """How the second half is learned, in all ways."""

    def __post_init__(self) -> None:
        if self.per_class < 1 or self.repeats < 2:
            raise ConfigError("expected 1 picture per class or more, and 2 repeats or more")


@dataclass(frozen=True, slots=True)
class Trial:
    """One repeat."""

    first: tuple[str, ...]
    """The classes learned before."""
    second: tuple[str, ...]
    """The classes to be learned from few pictures."""
    first_accuracy: float
    """Accuracy on held out pictures of the first half."""
    accuracy: dict[str, float]
    """Accuracy on held out pictures of the second half, by the way of learning."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over the repeats and its 95 % interval (Student's t)."""

    mean: float
    """The mean."""
    interval: tuple[float, float]
    """Its interval."""


@dataclass(frozen=True, slots=True)
class TransferResult:
    """What came out."""

    trials: list[Trial]
    """The repeats."""
    accuracy: dict[str, Mean]
    """Mean accuracy by the way of learning."""
    gain: dict[str, Mean]
    """Mean of what each other way had more than `scratch` in the same repeat."""


def try_transfer(
    build: Callable[[int], ImageNetwork],
    pictures: Pictures,
    plan: TransferPlan,
    *,
    device: torch.device | None = None,
    progress: Progress = SILENT,
) -> TransferResult:
    """Run the experiment; build returns a fresh network for a number of classes."""
    if len(pictures.train.classes) < 4:
        raise ConfigError("expected 4 classes or more, to have two in each half")
    for name, count in zip(pictures.train.classes, pictures.train.counts(), strict=True):
        if count < plan.per_class:  # any class may come to be in the second half
            raise ConfigError(
                f"class {name} has {count} pictures to train on, expected {plan.per_class} or more"
            )
    trials = []
    for seed in range(plan.seed, plan.seed + plan.repeats):
        trials.append(_trial(build, pictures, replace(plan, seed=seed), device, progress))
        figures = ", ".join(f"{way} {trials[-1].accuracy[way]:.1%}" for way in WAYS)
        progress.message(f"repeat {len(trials)} of {plan.repeats}: {figures}")
    accuracy = {way: mean_of([trial.accuracy[way] for trial in trials]) for way in WAYS}
    gain = {
        way: mean_of([trial.accuracy[way] - trial.accuracy["scratch"] for trial in trials])
        for way in WAYS[1:]
    }
    return TransferResult(trials, accuracy, gain)


def mean_of(values: list[float]) -> Mean:
    """Return the mean of two or more values and its 95 % interval.

    >>> mean_of([1.0, 2.0, 3.0]).mean
    2.0
    >>> [round(end, 3) for end in mean_of([1.0, 2.0, 3.0]).interval]
    [-0.484, 4.484]
    """
    count = len(values)
    mean = sum(values) / count
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    points = _T_975 + _T_975_MORE
    reach = points[count - 2] if count - 2 < len(points) else 1.96 + 2.6 / (count - 1)
    half = reach * math.sqrt(variance / count)
    return Mean(mean, (mean - half, mean + half))


def _trial(
    build: Callable[[int], ImageNetwork],
    pictures: Pictures,
    plan: TransferPlan,
    device: torch.device | None,
    progress: Progress,
) -> Trial:
    """Draw halves and few pictures, learn in all ways, and measure."""
    generator = np.random.default_rng(plan.seed)
    torch.manual_seed(plan.seed)
    order = generator.permutation(len(pictures.train.classes)).tolist()
    first, second = sorted(order[: len(order) // 2]), sorted(order[len(order) // 2 :])
    place = device or torch.device("cpu")
    before = build(len(first)).to(place)
    learned = replace(plan.first, seed=plan.seed)
    train_pictures(before, pictures.train.only(first), learned, progress=progress)
    few = pictures.train.only(second).few(plan.per_class, generator)
    held_out = pictures.test.only(second)
    accuracy = {}
    for way in WAYS:
        network = build(len(second)) if way == "scratch" else _copy(build, before, len(second))
        if way in LEARN:
            learn_only(network, way)
        network.to(place)
        train_pictures(network, few, replace(plan.second, seed=plan.seed))
        accuracy[way] = _accuracy(network, held_out, place)
    names = pictures.train.classes
    return Trial(
        tuple(names[label] for label in first),
        tuple(names[label] for label in second),
        _accuracy(before, pictures.test.only(first), place),
        accuracy,
    )


def _copy(
    build: Callable[[int], ImageNetwork], trained: ImageNetwork, classes: int
) -> ImageNetwork:
    """Return a network with the layers of a trained one and a new top."""
    network = build(trained.classes)
    network.load_state_dict(trained.state_dict())
    return with_new_top(network, classes)


def _accuracy(network: ImageNetwork, pictures: PictureSet, device: torch.device) -> float:
    """Return the share of pictures that the network names right, unless its training diverged."""
    report = judge_pictures(probabilities(network, pictures.pixels, device=device), pictures)
    refuse_diverged(network, report.nll)
    return report.accuracy
