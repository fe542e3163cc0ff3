"""A report on named pictures: the confusion matrix and the mistakes the network was surest of."""

import os

import numpy as np
import numpy.typing as npt

from gopolicy.draw.figure import figure_png, new_axes, new_figure
from gopolicy.files import filling
from gopolicy.pictures.picture_accuracy import PictureReport
from gopolicy.pictures.picture_set import PictureSet

MISTAKES = 24
MANY = 30
"""With more classes than this, the matrix bears no numbers and few names."""
NAME = 18
"""Letters of a name that are shown."""


def write_picture_report(
    folder: str | os.PathLike[str],
    report: PictureReport,
    pictures: PictureSet,
    log_probability: npt.NDArray[np.float32],
) -> None:
    """Write `confusion.png` and `mistakes.png` into a folder; log_probability is [N, classes]."""
    with filling(folder) as beside:
        (beside / "confusion.png").write_bytes(_confusion(report, pictures.classes))
        (beside / "mistakes.png").write_bytes(_mistakes(pictures, log_probability))


def _confusion(report: PictureReport, classes: tuple[str, ...]) -> bytes:
    matrix = np.array(report.confusion)
    used = np.flatnonzero(matrix.sum(0) + matrix.sum(1))
    matrix = matrix[np.ix_(used, used)]
    names = [_drawable(classes[number]) for number in used]
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    side = float(np.clip(1.5 + 0.5 * len(used), 5.0, 12.0))
    figure = new_figure(side + 1.2, side, dpi=130)
    (axes,) = new_axes(figure, grid="")
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    figure.colorbar(image, ax=axes, label="share of the pictures of a class", shrink=0.8)
    every = max(1, len(used) // MANY)
    axes.set_xticks(range(0, len(used), every), names[::every], rotation=60, ha="right")
    axes.set_yticks(range(0, len(used), every), names[::every])
    if len(used) <= MANY:
        for (row, column), count in np.ndenumerate(matrix):
            if count:
                ink = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", color=ink, fontsize=7)
    axes.set(xlabel="named by the network", ylabel="class of the picture")
    axes.set_title(f"{report.pictures:,} pictures, {report.accuracy:.2%} named right")
    return figure_png(figure)


def _mistakes(pictures: PictureSet, log_probability: npt.NDArray[np.float32]) -> bytes:
    named = log_probability.argmax(1)
    wrong = np.flatnonzero(named != pictures.labels)
    sure = log_probability[wrong, named[wrong]]
    shown = wrong[np.argsort(-sure, kind="stable")][:MISTAKES]
    columns = 6
    rows = max(-(-len(shown) // columns), 1)
    figure = new_figure(1.7 * columns, 2.0 * rows + 0.6, dpi=130)
    for place, number in enumerate(shown, start=1):
        axes = figure.add_subplot(rows, columns, place)
        picture = pictures.pixels[number].transpose(1, 2, 0)
        if picture.shape[2] == 1:
            axes.imshow(picture[:, :, 0], cmap="gray", vmin=0, vmax=255)
        else:
            axes.imshow(picture)
        axes.set_axis_off()
        name = _drawable(pictures.classes[named[number]])
        label = _drawable(pictures.classes[pictures.labels[number]])
        share = np.exp(log_probability[number].max())
        axes.set_title(f"named {name}: {share:.0%}\nis {label}", fontsize=8)
    text = f"The {len(shown)} of {len(wrong):,} mistakes that the network was surest of"
    figure.suptitle(text if len(shown) else "No mistakes")
    return figure_png(figure)


def _drawable(name: str) -> str:
    """Return the start of a name as matplotlib draws it as it stands: dollars are no formulas."""
    return name[:NAME].encode("utf-8", "replace").decode().replace("$", r"\$")
