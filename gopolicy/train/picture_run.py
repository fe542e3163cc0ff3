"""A run of training on pictures and what it leaves in its folder."""

import csv
import io
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from gopolicy.errors import ConfigError
from gopolicy.evaluation.pictures import PictureReport, judge_pictures, probabilities
from gopolicy.files import check_folder, filling
from gopolicy.images.source import Pictures
from gopolicy.nets.image_weights import describe_image, save_image
from gopolicy.nets.network import ImageNetwork
from gopolicy.progress import Progress
from gopolicy.train.interruption import StopRequest
from gopolicy.train.pictures import Epoch, PicturePlan, refuse_diverged, train_pictures

WEIGHTS, CHART, FIGURES = "weights", "training.png", "training.csv"
SAVE_EVERY = 20.0
"""Seconds after which the end of an epoch is a reason to save."""
BLUE, ORANGE = "#0072b2", "#d55e00"


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
    """The network, fresh or trained before."""
    pictures: Pictures
    """To train on, and held out."""
    plan: PicturePlan
    """How to train."""
    out: Path
    """The folder of the run."""

    def run(self, device: torch.device, request: StopRequest, progress: Progress) -> dict[str, Any]:
        """Train and measure after every epoch; return the figures at the end.

        Raises TrainingError where loss or weights are no numbers any more.
        """
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
        """How accuracy is measured, in words."""
        return f"most probable class against the label, on {self.pictures.protocol}"

    def _measure(self, device: torch.device) -> PictureReport:
        """Return the figures on the held out pictures."""
        test = self.pictures.test
        return judge_pictures(probabilities(self.network, test.pixels, device=device), test)

    def _save(self, epoch: Epoch, report: PictureReport, rows: list[dict[str, float]]) -> None:
        """Keep the network as it is, its figures and the chart."""
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
            (beside / FIGURES).write_text(text.getvalue(), "utf-8")
            (beside / CHART).write_bytes(_chart(rows, f"Network {self.network.name}"))


def _headline(report: PictureReport) -> dict[str, Any]:
    """Return the figures of a report that a description keeps."""
    low, high = report.interval
    return {
        "accuracy": report.accuracy,
        "interval": [low, high],
        "top5": report.top5,
        "nll": report.nll,
    }


def _chart(rows: list[dict[str, float]], name: str) -> bytes:
    """Draw loss and accuracy by epoch; return a PNG."""
    figure = Figure(figsize=(8.4, 3.6), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
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
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    figure.suptitle(f"{name}: training on pictures")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()
