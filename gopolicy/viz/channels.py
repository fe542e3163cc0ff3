"""Which real positions excite the channels of a layer most, and which stones of them do it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gopolicy.progress import SILENT, Progress
from gopolicy.viz.positions import PositionSample, RealPosition
from gopolicy.viz.probe import answers, layer_of
from gopolicy.viz.receptive import ReceptiveField, receptive_field
from gopolicy.viz.removal import planes_without, stones_of
from gopolicy.viz.subject import BATCH, GoSubject

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerPeaks:
    """The largest answer of every channel in every position.  P positions, K channels."""

    layer: str
    values: Float32Array
    """[P, K] the largest over all places of the channel's map."""
    places: npt.NDArray[np.int64]
    """[P, K] where that was: row * width + column of the map; 0 for neurons."""
    width: int
    """The width of the map; 1 for neurons."""
    active: Float32Array
    """[K] the share of places, over all positions, where the channel is above 0."""
    spread: Float32Array
    """[K] the standard deviation of its answers."""

    @property
    def silent(self) -> npt.NDArray[np.bool_]:
        """[K] channels that are nowhere above 0."""
        result: npt.NDArray[np.bool_] = self.values.max(axis=0) <= 0
        return result

    def most_selective(self, count: int) -> list[int]:
        """Return the channels whose best answer stands out most from their usual ones.

        Those that hardly ever stir at all are left out while there are enough others.
        """
        standing_out = self.values.max(axis=0) / np.maximum(self.spread, 1e-9)
        faint = self.spread < 0.5 * np.median(self.spread)
        order = np.lexsort((-standing_out, faint, self.silent))
        return [int(k) for k in order[:count] if not self.silent[k]]

    def best_rows(self, k: int, games: npt.NDArray[np.int64], count: int) -> list[int]:
        """Return the positions that excite channel k most, no two of one game."""
        chosen: dict[int, int] = {}
        for row in np.argsort(-self.values[:, k], kind="stable"):
            chosen.setdefault(int(games[row]), int(row))
            if len(chosen) == count:
                break
        return list(chosen.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excitation:
    """One real position that excites a channel, and the stones that do it."""

    position: RealPosition
    value: float
    row: int
    column: int
    """The place of the map."""
    support: Float32Array
    """[A] how much the answer at that place falls without each stone."""


def peaks_of(
    subject: GoSubject,
    sample: PositionSample,
    layers: Sequence[str],
    progress: Progress = SILENT,
) -> list[LayerPeaks]:
    """Return the peaks of all channels of some layers, with one pass over the positions."""
    for name in layers:
        layer_of(subject.network, name)  # refuses a name before the work begins
    found: dict[str, list[tuple[Tensor, ...]]] = {name: [] for name in layers}
    shapes: dict[str, tuple[int, int]] = {}
    progress.start("looking at positions", len(sample), "positions")
    for at in range(0, len(sample), BATCH):
        rows = np.arange(at, min(at + BATCH, len(sample)))
        x = subject.input_of(sample.planes(subject.encoder, rows))
        with torch.inference_mode():
            for name, out in answers(subject.network, x, layers).items():
                maps = out if out.ndim == 4 else out[:, :, None, None]
                shapes[name] = (maps.shape[2], maps.shape[3])
                found[name].append(_summary(maps.flatten(2)))
        progress.advance(len(rows))
    progress.finish()
    return [_peaks(name, found[name], shapes[name]) for name in layers]


def _summary(flat_bka: Tensor) -> tuple[Tensor, ...]:
    """Return peak, place, how often active, sum and sum of squares of every channel of a batch."""
    value, place = flat_bka.max(dim=2)
    total, square = flat_bka.sum(dim=2), flat_bka.square().sum(dim=2)
    parts = (value, place, (flat_bka > 0).sum(dim=2), total, square)
    return tuple(part.cpu() for part in parts)


def _peaks(name: str, parts: list[tuple[Tensor, ...]], shape: tuple[int, int]) -> LayerPeaks:
    """Put the summaries of all batches of a layer together."""
    value, place, active, total, square = (
        torch.cat(column).numpy() for column in zip(*parts, strict=True)
    )
    count = len(value) * shape[0] * shape[1]
    mean = total.sum(axis=0, dtype=np.float64) / count
    variance = square.sum(axis=0, dtype=np.float64) / count - mean**2
    return LayerPeaks(
        layer=name,
        values=value.astype(np.float32),
        places=place.astype(np.int64),
        width=shape[1],
        active=(active.sum(axis=0) / count).astype(np.float32),
        spread=np.sqrt(np.maximum(variance, 0.0)).astype(np.float32),
    )


def excitation(
    subject: GoSubject, sample: PositionSample, peaks: LayerPeaks, k: int, row: int
) -> Excitation:
    """Return what excites channel k in the position of a row: the stones that matter there."""
    position = sample.position(row)
    place = int(peaks.places[row, k])
    y, x = divmod(place, peaks.width)
    field = receptive_field(subject.network, peaks.layer, subject.size)
    support = np.zeros(subject.size**2, np.float32)
    seen = _stones_in_sight(position, field, y, x)
    if seen:
        values = _values_without(subject, position, peaks.layer, seen, (k, place))
        support[seen] = peaks.values[row, k] - values
    return Excitation(
        position=position, value=float(peaks.values[row, k]), row=y, column=x, support=support
    )


def _stones_in_sight(
    position: RealPosition, field: ReceptiveField | None, y: int, x: int
) -> list[int]:
    """Return the stones that a unit sees."""
    size = position.size
    stones = [int(point) for (point,) in stones_of(position.board)]
    if field is None:
        return stones
    top, left, bottom, right = field.area(y, x, size, size)
    return [at for at in stones if top <= at // size <= bottom and left <= at % size <= right]


def _values_without(
    subject: GoSubject,
    position: RealPosition,
    layer: str,
    stones: Sequence[int],
    unit: tuple[int, int],
) -> Float32Array:
    """Return the answers of one unit, a channel and a place, without each of the stones."""
    pieces = [(stone,) for stone in stones]
    planes = planes_without(subject.encoder, position.board, position.to_play, pieces)
    k, place = unit
    values = []
    with torch.inference_mode():
        for at in range(0, len(planes), BATCH):
            x = subject.input_of(planes[at : at + BATCH])
            out = answers(subject.network, x, [layer])[layer]
            values.append(out.flatten(2)[:, k, place] if out.ndim == 4 else out[:, k])
    result: Float32Array = torch.cat(values).cpu().numpy()
    return result
