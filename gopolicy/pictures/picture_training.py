"""Training on labelled pictures: all of them in memory, once through in every epoch.

It shares optimizers and schedules with the training on games (`gopolicy.training.loop`); there is
nothing to resume, because such runs take minutes.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import ImageNetwork
from gopolicy.pictures.picture_accuracy import PictureReport, judge_pictures, log_probabilities
from gopolicy.pictures.picture_networks import train_mode
from gopolicy.pictures.picture_set import PictureSet
from gopolicy.progress import SILENT, Progress
from gopolicy.training.config import TrainConfig
from gopolicy.training.divergence import TrainingError
from gopolicy.training.interruption import StopRequest
from gopolicy.training.optimizers import make_optimizer, set_learning_rate
from gopolicy.training.schedule import learning_rate

_DIVERGED = "the loss or the weights are no numbers any more; try a lower lr"


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePlan:
    """How to train."""

    epochs: int = 5
    """How often every picture is seen."""
    batch_size: int = 64
    lr: float = 0.002
    """The learning rate at its highest; it falls to zero along a cosine."""
    weight_decay: float = 0.01
    """Pull of the matrices to zero (AdamW)."""
    shift: int = 0
    """Every picture is moved at random by up to this many pixels each way."""
    seed: int = 1
    """Decides the first weights and the order of pictures."""

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size) < 1:
            raise ConfigError("expected 1 epoch or more, and 1 picture per step or more")
        if not 0 < self.lr < math.inf:
            raise ConfigError(f"expected lr to be a finite number above 0, got {self.lr}")
        if self.shift < 0 or self.weight_decay < 0:
            raise ConfigError("expected shift and weight decay of 0 or more")

    def schedule(self, pictures: int) -> TrainConfig:
        """Return the plan in terms of the training on games."""
        batch = min(self.batch_size, pictures)
        total = self.epochs * (pictures // batch) * batch
        return TrainConfig(
            network="image",
            positions=total,
            batch_size=batch,
            lr=self.lr,
            weight_decay=self.weight_decay,
            warmup=total // 20,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the pictures came to."""

    number: int
    """Counted from 1."""
    pictures: int
    """Pictures seen so far, repetitions counted."""
    loss: float
    """Mean loss over the pass, in nats."""
    seconds: float
    """Time spent training so far."""
    order: str
    """A hash of which pictures came when so far."""


def train_pictures(
    network: ImageNetwork,
    pictures: PictureSet,
    plan: PicturePlan,
    *,
    after_epoch: Callable[[Epoch], None] = lambda epoch: None,
    request: StopRequest | None = None,
    progress: Progress = SILENT,
) -> list[Epoch]:
    """Train the layers of a network that are not frozen, where it is; return what happened.

    A request to stop is granted after the step under way; `after_epoch` is then called for the
    part of the epoch that was done.
    """
    _check_fit(network, pictures)
    place = next(network.parameters()).device
    config = plan.schedule(len(pictures))
    optimizer = make_optimizer(config, network)
    pixels = torch.from_numpy(np.ascontiguousarray(pictures.pixels))
    labels = torch.from_numpy(pictures.labels)
    generator = torch.Generator().manual_seed(plan.seed)
    step, seen, seconds, history = 0, 0, 0.0, list[Epoch]()
    order = hashlib.sha256()
    progress.start("training", config.positions, "pictures")
    try:
        for number in range(1, plan.epochs + 1):
            train_mode(network)
            began, losses = time.perf_counter(), list[Tensor]()
            for chosen in _batches(len(labels), plan.batch_size, generator):
                order.update(chosen.numpy().tobytes())
                set_learning_rate(optimizer, learning_rate(config, step))
                x = _moved(pixels[chosen], plan.shift, generator).to(place).float() / 255
                loss = F.cross_entropy(network(x), labels[chosen].to(place))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                losses.append(loss.detach())
                step, seen = step + 1, seen + len(chosen)
                progress.advance(len(chosen), epoch=number)
                if request:
                    break
            seconds += time.perf_counter() - began
            mean = float(torch.stack(losses).mean())
            history.append(Epoch(number, seen, mean, seconds, order.hexdigest()[:16]))
            after_epoch(history[-1])
            if request:
                break
    finally:
        progress.finish()
    return history


def refuse_diverged(network: ImageNetwork, *figures: float) -> None:
    """Raise TrainingError unless the figures of a trained network and its weights are finite."""
    finite = all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())
    if not finite or not all(map(math.isfinite, figures)):
        raise TrainingError(_DIVERGED)


def measure_pictures(
    network: ImageNetwork, pictures: PictureSet, device: torch.device
) -> PictureReport:
    """Judge a network in training; TrainingError where its answers are no numbers any more."""
    refuse_diverged(network)
    try:
        return judge_pictures(log_probabilities(network, pictures.pixels, device=device), pictures)
    except WeightsError as error:
        raise TrainingError(_DIVERGED) from error


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield the indices of full batches in random order; a small set gives one smaller batch."""
    order = torch.randperm(count, generator=generator)
    for start in range(0, max(count // size, 1) * size, size):
        yield order[start : start + size]


def _moved(pixels: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    """Move every picture [B, C, H, W] by up to reach pixels each way; what comes in is black."""
    if not reach:
        return pixels
    height, width = pixels.shape[-2:]
    padded = F.pad(pixels, (reach, reach, reach, reach))
    down, right = torch.randint(0, 2 * reach + 1, (2, len(pixels), 1), generator=generator)
    rows = (torch.arange(height) + down)[:, :, None]  # [B, H, 1]
    columns = (torch.arange(width) + right)[:, None, :]  # [B, 1, W]
    each = torch.arange(len(pixels))[:, None, None]
    return padded[each, :, rows, columns].permute(0, 3, 1, 2)


def _check_fit(network: ImageNetwork, pictures: PictureSet) -> None:
    if not len(pictures):
        raise ConfigError("expected pictures to train on, got none")
    shape = network.shape.channels, network.shape.height, network.shape.width
    if shape != pictures.shape:
        found = "x".join(str(side) for side in pictures.shape)
        raise ConfigError(f"expected pictures of {network.shape}, got {found}")
    if not network.classes:
        raise ConfigError("a network without its top tells no classes; leave include_top as it is")
    if network.classes != len(pictures.classes):
        raise ConfigError(
            f"expected pictures of {network.classes} classes, got {len(pictures.classes)}"
        )
