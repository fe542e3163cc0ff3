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
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean, stdev

import numpy as np
import torch
from matplotlib.ticker import PercentFormatter

from gopolicy.draw.figure import BLUE, GRAY, new_axes, new_figure, write_figure
from gopolicy.errors import ConfigError
from gopolicy.nets.network import ImageNetwork
from gopolicy.pictures.open_pictures import Pictures
from gopolicy.pictures.picture_networks import LEARN, learn_only, with_new_top
from gopolicy.pictures.picture_set import PictureSet
from gopolicy.pictures.picture_training import PicturePlan, measure_pictures, train_pictures
from gopolicy.progress import SILENT, Progress
from gopolicy.stats import student

WAYS = ("scratch", *LEARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPlan:
    """What to try, and how often."""

    per_class: int = 5
    repeats: int = 10
    seed: int = 1
    """Decides everything drawn; each repeat adds one to it."""
    first: PicturePlan
    second: PicturePlan

    def __post_init__(self) -> None:
        if self.per_class < 1 or self.repeats < 2:
            raise ConfigError("expected 1 picture per class or more, and 2 repeats or more")


@dataclass(frozen=True, slots=True)
class TransferTrial:
    """One repeat."""

    first: tuple[str, ...]
    """The classes learned before."""
    second: tuple[str, ...]
    """The classes to be learned from few pictures."""
    first_accuracy: float
    accuracy: dict[str, float]
    """Accuracy on held out pictures of the second half, by the way of learning."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over the repeats and its 95 % interval (Student's t)."""

    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TransferResult:
    """What came out."""

    trials: list[TransferTrial]
    accuracy: dict[str, Mean]
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
    for name, count in zip(pictures.test.classes, pictures.test.counts(), strict=True):
        if not count:
            raise ConfigError(f"class {name} has no picture to test on, expected 1 or more")
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
    mean = fmean(values)
    half = student(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Mean(mean, (mean - half, mean + half))


def _trial(
    build: Callable[[int], ImageNetwork],
    pictures: Pictures,
    plan: TransferPlan,
    device: torch.device | None,
    progress: Progress,
) -> TransferTrial:
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
    return TransferTrial(
        tuple(names[label] for label in first),
        tuple(names[label] for label in second),
        _accuracy(before, pictures.test.only(first), place),
        accuracy,
    )


def _copy(
    build: Callable[[int], ImageNetwork], trained: ImageNetwork, classes: int
) -> ImageNetwork:
    network = build(trained.classes)
    network.load_state_dict(trained.state_dict())
    return with_new_top(network, classes)


def _accuracy(network: ImageNetwork, pictures: PictureSet, device: torch.device) -> float:
    return measure_pictures(network, pictures, device).accuracy


LABELS = {
    "scratch": "from\nscratch",
    "last": "transfer,\nlast layer\nlearns",
    "top": "transfer,\nall behind the\nconvolutions learn",
    "all": "transfer,\nall layers\nlearn",
}


def write_transfer_chart(
    path: str | os.PathLike[str], result: TransferResult, per_class: int
) -> None:
    """Draw every repeat, and the means with their 95 % intervals; the ending is the format."""
    figure = new_figure(7.2, 4.4)
    (axes,) = new_axes(figure)
    ways = list(result.accuracy)
    for trial in result.trials:
        values = [trial.accuracy[way] for way in ways]
        axes.plot(range(len(ways)), values, color=GRAY, linewidth=0.8, alpha=0.6, zorder=1)
    for place, way in enumerate(ways):
        mean = result.accuracy[way]
        low, high = mean.interval
        reach = [[mean.mean - low], [high - mean.mean]]
        axes.errorbar(place, mean.mean, reach, fmt="o", color=BLUE, capsize=5, zorder=2)
        axes.annotate(
            f"{mean.mean:.1%}", (place, mean.mean), xytext=(9, 0), textcoords="offset points"
        )
    axes.set_xticks(range(len(ways)), [LABELS[way] for way in ways])
    axes.set_xlim(-0.4, len(ways) - 0.4)
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, 0.0), min(top, 1.0))  # intervals may reach beyond
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("held out pictures named right")
    axes.set_title(
        f"New classes from {per_class} pictures each, after learning others\n"
        f"gray: {len(result.trials)} repeats; blue: means with 95 % intervals",
        fontsize=11,
    )
    write_figure(path, figure)
