"""Labelled pictures, such as digits, as the subject of a comparison.

A tenth of the training pictures is set aside: by it learning rates are chosen and learning curves
drawn.  Results are measured on the pictures that the source holds out, also moved by some pixels,
because that is what pooling is said to be good for.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gopolicy.compare.frequency_baseline import FrequencyBaseline, shares_of
from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.subject import StoppedEarly
from gopolicy.compare.trial_result import Measured, TrialResult, Units
from gopolicy.nets.cost import multiply_adds
from gopolicy.nets.devices import pick_device
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.weight_info import TENSORS
from gopolicy.pictures.open_pictures import open_pictures
from gopolicy.pictures.picture_accuracy import judge_pictures, log_probabilities, probabilities
from gopolicy.pictures.picture_networks import build_image_network, image_settings
from gopolicy.pictures.picture_set import Pixels, hold_out
from gopolicy.pictures.picture_training import (
    Epoch,
    PicturePlan,
    measure_pictures,
    refuse_diverged,
    train_pictures,
)
from gopolicy.pictures.picture_weights import describe_image, load_image, save_image
from gopolicy.progress import Progress
from gopolicy.settings import Setting
from gopolicy.timing import Work
from gopolicy.training.divergence import TrainingError
from gopolicy.training.interruption import stop_on_signals

TUNING = 0.1
"""Share of the training pictures that rates are chosen by."""
SERVED = 64
"""Pictures in a batch when the speed of answering is measured."""
SHIFTS = range(5)
WAYS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""Right, down, left, up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOptions:
    """How networks are trained on pictures."""

    batch_size: int = 64
    device: str = "auto"


class PictureSubject:
    """Pictures, and how networks learn from them."""

    key, example, unit = "pictures", "picture", "picture"

    def __init__(self, source: str, options: PictureOptions) -> None:
        self.source, self.options = source, options
        pictures = open_pictures(source)
        self.train, self.tuning = hold_out(pictures.train, TUNING)
        self.test, self.protocol = pictures.test, pictures.protocol
        self._digests = {"pictures": pictures.train.digest(), "test pictures": self.test.digest()}

    def __reduce__(self) -> tuple[Any, ...]:
        return PictureSubject, (self.source, self.options)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return self.train.shape

    @property
    def facts(self) -> dict[str, Any]:
        """What a report says about the data."""
        return {
            "source": self.source,
            "digests": ", ".join(self._digests.values()),
            "batch size": self.options.batch_size,
            "training pictures": len(self.train),
            "pictures that rates are chosen by": len(self.tuning),
            "measured on": self.protocol,
        }

    def examples(self, epochs: int) -> int:
        """Return how many pictures so many passes are; the last, short batch is left out."""
        size = min(self.options.batch_size, len(self.train))
        return epochs * (len(self.train) // size) * size

    def defaults(self, network: str) -> dict[str, Setting]:
        """Return the settings of a network for pictures."""
        return image_settings(network)

    def build(self, spec: NetworkSpec) -> ImageNetwork:
        """Return the network of a spec."""
        classes = len(self.train.classes)
        shape = PictureShape(*self.shape)
        return build_image_network(spec.network, shape, classes, spec.settings)

    def trial_facts(self, trial: Trial) -> dict[str, Any]:
        """Return everything that decides what a trial comes to."""
        network = trial.spec.network
        settings = {f"{network}.{key}": value for key, value in trial.spec.settings.items()}
        return {
            **self._digests,
            "network": network,
            "examples": trial.examples,
            "batch_size": self.options.batch_size,
            "lr": trial.lr,
            "seed": trial.seed,
        } | settings

    def run(self, trial: Trial, folder: Path, progress: Progress) -> TrialResult:
        """Train and measure; what a signal interrupts begins again, for it takes minutes only."""
        device = pick_device(self.options.device)
        torch.manual_seed(trial.seed)
        network = self.build(trial.spec).to(device)
        epochs = max(1, round(trial.examples / self.examples(1)))
        plan = PicturePlan(
            epochs=epochs, batch_size=self.options.batch_size, lr=trial.lr, seed=trial.seed
        )
        curve: list[dict[str, float]] = []

        def after_epoch(epoch: Epoch) -> None:
            if trial.final or epoch.number == epochs:
                curve.append(self._point(network, epoch, device))

        with stop_on_signals() as request:
            history = train_pictures(
                network,
                self.train,
                plan,
                after_epoch=after_epoch,
                request=request,
                progress=progress,
            )
        if request:
            raise StoppedEarly(request.signal)
        network.eval()
        size = 0
        if trial.final:
            try:
                refuse_diverged(network, history[-1].loss)
            except TrainingError as error:
                where = f"{folder}, learning rate {trial.lr:g}"
                raise TrainingError(f"{where}: {error}; give lower --learning-rates") from None
            save_image(folder / "weights", network, describe_image(network, self.train.classes))
            size = (folder / "weights" / TENSORS).stat().st_size
        else:
            folder.mkdir(parents=True, exist_ok=True)
        return TrialResult(
            parameters=network.parameter_count,
            multiply_adds=multiply_adds(network, self.shape),
            bytes=size,
            examples=history[-1].pictures,
            seconds=history[-1].seconds,
            order=history[-1].order,
            tuning={name: curve[-1][name] for name in ("top1", "nll")},
            curve=curve,
            measured=self._measure(network, device) if trial.final else None,
        )

    def blind(self) -> Measured:
        """Return the figures of who never looks."""
        classes, labels = len(self.train.classes), self.test.labels
        shares = shares_of(self.train.labels, classes)
        return FrequencyBaseline(shares).measured(labels, np.arange(len(labels)))

    def serving(self, spec: NetworkSpec, folder: Path) -> Work:
        """Return the work of asking the network in folder about a batch of black pictures."""
        network = load_image(folder / "weights").network
        device = pick_device(self.options.device)
        pixels = np.zeros((SERVED, *self.shape), np.uint8)
        return Work(lambda: probabilities(network, pixels, device=device), SERVED)

    def _point(self, network: ImageNetwork, epoch: Epoch, device: torch.device) -> dict[str, float]:
        try:
            report = measure_pictures(network, self.tuning, device)
            figures = {"top1": report.accuracy, "nll": report.nll}
        except TrainingError:  # it diverged, which is the worst that a learning rate can do
            figures = {"top1": 0.0, "nll": math.inf}
        return {
            "examples": float(epoch.pictures),
            "seconds": round(epoch.seconds, 2),
            **figures,
        }

    def _measure(self, network: ImageNetwork, device: torch.device) -> Measured:
        found = log_probabilities(network, self.test.pixels, device=device)
        report, labels = judge_pictures(found, self.test), self.test.labels
        hits = found.argmax(1) == labels
        return Measured(
            examples=len(labels),
            top1=report.accuracy,
            top5=report.top5,
            nll=report.nll,
            units=Units(
                counts=[1] * len(labels),
                hits=hits.astype(int).tolist(),
                nats=[round(float(nats), 4) for nats in -found[np.arange(len(labels)), labels]],
            ),
            by_shift=[self._shifted(network, pixels, device) for pixels in SHIFTS],
        )

    def _shifted(self, network: ImageNetwork, pixels: int, device: torch.device) -> dict[str, Any]:
        """Return top-1 of pictures moved in each of the four ways, and the hits by picture."""
        hits = np.zeros(len(self.test), np.int64)
        for down, right in WAYS:
            moved = shift(self.test.pixels, pixels * down, pixels * right)
            hits += probabilities(network, moved, device=device).argmax(1) == self.test.labels
        return {
            "pixels": pixels,
            "top1": float(hits.mean() / len(WAYS)),
            "hits": hits.tolist(),
            "of": len(WAYS),
        }


def shift(pixels: Pixels, down: int, right: int) -> Pixels:
    """Return pictures [N, C, H, W] moved by some pixels; what comes in is black."""
    moved: npt.NDArray[np.uint8] = np.zeros_like(pixels)
    height, width = pixels.shape[-2:]
    rows, columns = (_overlap(side, by) for side, by in ((height, down), (width, right)))
    moved[..., rows[1], columns[1]] = pixels[..., rows[0], columns[0]]
    return moved


def _overlap(side: int, by: int) -> tuple[slice, slice]:
    """Return the lines that stay in the picture: where they are and where they go."""
    kept = max(side - abs(by), 0)
    here, there = (0, by) if by >= 0 else (-by, 0)
    return slice(here, here + kept), slice(there, there + kept)
