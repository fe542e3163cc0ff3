"""A run of training on pictures and what it leaves in its folder."""

import csv
import io
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from gopolicy.draw.figure import BLUE, ORANGE, figure_png, new_axes, new_figure
from gopolicy.errors import ConfigError
from gopolicy.files import check_folder, filling, write_text, writing_alone
from gopolicy.nets.network import ImageNetwork
from gopolicy.pictures.open_pictures import Pictures
from gopolicy.pictures.picture_accuracy import PictureReport
from gopolicy.pictures.picture_training import (
    Epoch,
    PicturePlan,
    measure_pictures,
    refuse_diverged,
    train_pictures,
)
from gopolicy.pictures.picture_weights import describe_image, save_image
from gopolicy.progress import Progress
from gopolicy.training.interruption import StopRequest

WEIGHTS, CHART, FIGURES = "weights", "training.png", "training.csv"
SAVE_EVERY = 20.0
"""Seconds after which the end of an epoch is a reason to save."""


def check_free(out: Path) -> None:
    """Refuse a folder that a run lives in, or that cannot be one."""
    check_folder(out)
    for name in (WEIGHTS, "run.json"):
        if (out / name).exists():
            raise ConfigError(f"{out} already holds a run; choose another folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRun:
    """What to train on what, and where it goes."""

    network: ImageNetwork
    pictures: Pictures
    plan: PicturePlan
    out: Path

    def run(self, device: torch.device, request: StopRequest, progress: Progress) -> dict[str, Any]:
        """Train and measure after every epoch; return the figures at the end.

        Raises TrainingError where loss or weights are no numbers any more.
        """
        with writing_alone(self.out):
            return self._run(device, request, progress)

    def _run(
        self, device: torch.device, request: StopRequest, progress: Progress
    ) -> dict[str, Any]:
        self.network.to(device)
        rows: list[dict[str, float]] = []
        reports: list[PictureReport] = []
        saved, saved_at = 0, time.monotonic()

        def after_epoch(epoch: Epoch) -> None:
            nonlocal saved, saved_at
            reports.append(self._measure(device))
            refuse_diverged(self.network, epoch.loss, reports[-1].nll)
            rows.append(asdict(epoch) | {"accuracy": reports[-1].accuracy, "nll": reports[-1].nll})
            if time.monotonic() > saved_at + SAVE_EVERY:
                self._save(epoch, reports[-1], rows)
                saved, saved_at = epoch.number, time.monotonic()
            progress.message(
                f"epoch {epoch.number}: loss {epoch.loss:.4f}, {reports[-1].accuracy:.2%} of the"
                f" held out pictures right"
            )

        train = self.pictures.train
        history = train_pictures(
            self.network,
            train,
            self.plan,
            after_epoch=after_epoch,
            request=request,
            progress=progress,
        )
        if saved < history[-1].number:  # also where a request came at the very end of an epoch
            self._save(history[-1], reports[-1], rows)
        return {
            "pictures": history[-1].pictures,
            "epochs": history[-1].number,
            "seconds": history[-1].seconds,
            "loss": history[-1].loss,
            **_headline(reports[-1]),
            "held_out": reports[-1].pictures,
            "protocol": self._protocol,
            "classes": list(train.classes),
            "weights": self.out / WEIGHTS,
            "chart": self.out / CHART,
        }

    @property
    def _protocol(self) -> str:
        return f"most probable class against the label, on {self.pictures.protocol}"

    def _measure(self, device: torch.device) -> PictureReport:
        return measure_pictures(self.network, self.pictures.test, device)

    def _save(self, epoch: Epoch, report: PictureReport, rows: list[dict[str, float]]) -> None:
        train = self.pictures.train
        info = describe_image(
            self.network,
            train.classes,
            data=train.digest(),
            pictures=epoch.pictures,
            accuracy={**_headline(report), "pictures": report.pictures, "protocol": self._protocol},
        )
        save_image(self.out / WEIGHTS, self.network, info)
        with filling(self.out) as beside:
            text = io.StringIO()
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            write_text(beside / FIGURES, text.getvalue())
            (beside / CHART).write_bytes(_chart(rows, f"Network {self.network.name}"))


def _headline(report: PictureReport) -> dict[str, Any]:
    low, high = report.interval
    return {
        "accuracy": report.accuracy,
        "interval": [low, high],
        "top5": report.top5,
        "nll": report.nll,
    }


def _chart(rows: list[dict[str, float]], name: str) -> bytes:
    figure = new_figure(8.4, 3.6)
    left, right = new_axes(figure, 1, 2)
    epochs = [row["number"] for row in rows]
    left.plot(epochs, [row["loss"] for row in rows], marker="o", color=BLUE, label="training")
    left.plot(epochs, [row["nll"] for row in rows], marker="s", color=ORANGE, label="held out")
    left.set_ylabel("mean loss in nats")
    left.set_ylim(bottom=0)
    left.legend(frameon=False)
    right.plot(epochs, [row["accuracy"] for row in rows], marker="s", color=ORANGE)
    right.set_title(f"at the end {rows[-1]['accuracy']:.2%}", fontsize=10)
    right.set_ylabel("held out pictures named right")
    lowest = min(row["accuracy"] for row in rows)
    right.set_ylim(max(0.0, lowest - 0.1 * (1 - lowest) - 0.001), 1.0)
    right.yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.set_xlim(0.5, epochs[-1] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.suptitle(f"{name}: training on pictures")
    return figure_png(figure)
