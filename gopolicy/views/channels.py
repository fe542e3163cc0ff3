"""The view ``channels``: real positions that excite the channels of deeper layers most.

With the stones of them that do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gopolicy.data.position_sample import PositionSample, RealPosition
from gopolicy.draw.board_picture import Area, BoardPicture
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.errors import ConfigError
from gopolicy.go.types import Point
from gopolicy.go.vertex import vertex_name
from gopolicy.nets.probe import answers, hidden_layers, layer_of
from gopolicy.nets.receptive import ReceptiveField, receptive_field
from gopolicy.progress import SILENT, Progress
from gopolicy.views.board_lens import BATCH, BoardLens
from gopolicy.views.saliency import each_stone, planes_without
from gopolicy.views.small_boards import about_colors, seen_stones, small_board

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
    subject: BoardLens,
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
    subject: BoardLens, sample: PositionSample, peaks: LayerPeaks, k: int, row: int
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
    size = position.size
    stones = [int(point) for (point,) in each_stone(position.board)]
    if field is None:
        return stones
    top, left, bottom, right = field.area(y, x, size, size)
    return [at for at in stones if top <= at // size <= bottom and left <= at % size <= right]


def _values_without(
    subject: BoardLens,
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


NOTE = (
    "Small green square: the point that answers; large one: what the layer sees of the planes. "
    "Discs: the answer falls (blue) or rises (orange) if the stone is taken away and the board is "
    "encoded anew; the area of a disc is its share of the largest on that board."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """Which channels are shown."""

    layers: Sequence[str] = ()
    """By default an early, a middle and the last hidden one."""
    channels: Sequence[int] = ()
    """By default the most selective ones of each layer."""
    count: int = 6
    boards: int = 4
    """Positions for each."""


def channels_section(
    subject: BoardLens,
    sample: PositionSample,
    wanted: ChannelOptions,
    progress: Progress = SILENT,
) -> Section:
    """Return the real positions that excite channels most, one picture per layer."""
    layers = wanted.layers or _three_of(hidden_layers(subject.network))
    games = sample.games()
    pictures, findings = [], {}
    for peaks in peaks_of(subject, sample, layers, progress):
        chosen = _chosen(peaks, wanted.channels, wanted.count)
        best = [(k, peaks.best_rows(k, games, wanted.boards)) for k in chosen]
        excited = [(k, [row for row in rows if peaks.values[row, k] > 0]) for k, rows in best]
        shown = _excitations(subject, sample, peaks, excited, progress)
        pictures.append(_picture(subject, peaks, shown, wanted))
        findings[peaks.layer] = _finding(subject, peaks, shown)
    silent = {name: found["silent"] for name, found in findings.items()}
    return Section(
        view="channels",
        title="Channels: the real positions that excite them most",
        text=(
            f"Of {len(sample):,} positions, no two of one game, those where a channel answers most "
            "strongly, as long as that is above 0. Planes also carry what happens outside the "
            "square (liberties of long chains, ladders), so stones beyond it can matter too; they "
            "are not tried."
        ),
        network=subject.name,
        headline={"positions": f"{len(sample):,}"}
        | {f"{name}: silent channels": f"{n}" for name, n in silent.items()},
        findings={"positions": len(sample), "layers": findings},
        pictures=pictures,
    )


def _three_of(layers: Sequence[str]) -> list[str]:
    """Return the second, the middle and the last of some layers, fewer if there are fewer."""
    if not layers:
        raise ConfigError("the network has no hidden layer whose channels could be shown")
    places = {min(1, len(layers) - 1), len(layers) // 2, len(layers) - 1}
    return [layers[place] for place in sorted(places)]


def _chosen(peaks: LayerPeaks, channels: Sequence[int], count: int) -> list[int]:
    total = peaks.values.shape[1]
    wrong = [k for k in channels if not 0 <= k < total]
    if wrong:
        raise ConfigError(f"layer {peaks.layer} has channels 0 to {total - 1}, not {wrong[0]}")
    return list(channels) or peaks.most_selective(count)


def _excitations(
    subject: BoardLens,
    sample: PositionSample,
    peaks: LayerPeaks,
    wanted: Sequence[tuple[int, list[int]]],
    progress: Progress,
) -> dict[int, list[Excitation]]:
    progress.start(f"taking stones away ({peaks.layer})", len(wanted), "channels")
    shown = {}
    for k, rows in wanted:
        shown[k] = [excitation(subject, sample, peaks, k, row) for row in rows]
        progress.advance()
    progress.finish()
    return shown


def _picture(
    subject: BoardLens,
    peaks: LayerPeaks,
    shown: dict[int, list[Excitation]],
    wanted: ChannelOptions,
) -> Shown:
    rows = []
    for k, excitations in shown.items():
        heading = f"channel {k}: above 0 on {peaks.active[k]:.1%} of all points"
        if len(excitations) < wanted.boards:
            heading += f"; only {len(excitations)} of these games excite it"
        rows.append(SheetRow([_tile(subject, peaks, each) for each in excitations], heading))
    title = f"{subject.name}, {peaks.layer}: the real positions that excite a channel most"
    if not rows:
        rows = [SheetRow([], "no channel is ever above 0")]
    silent = int(peaks.silent.sum())
    which = "" if wanted.channels else ", those whose best answer stands out most"
    caption = (
        f"{peaks.layer}: {len(shown)} of its {len(peaks.spread)} channels{which}; {silent} are "
        f"silent in all positions. {NOTE}"
    )
    note = about_colors(subject.plane_set) + NOTE
    return Shown(peaks.layer, image_png(draw_sheet(title, rows, note)), caption)


def _tile(subject: BoardLens, peaks: LayerPeaks, excited: Excitation) -> Tile:
    position = excited.position
    picture = BoardPicture(
        stones=seen_stones(position.board, position.to_play, subject.plane_set),
        last_move=position.board.last_move,
        weights=excited.support,
        areas=_area(subject, peaks, excited),
        played=_unit_point(subject, peaks, excited),
        coordinates=False,
    )
    who = position.to_play.name.capitalize()
    caption = f"{excited.value:.2f}   ({who} to play)\n{position.name}"
    return Tile(small_board(picture), caption)


def _unit_point(subject: BoardLens, peaks: LayerPeaks, excited: Excitation) -> Point | None:
    """Return the point of the board that a unit sits on, if its layer has one unit per point."""
    if peaks.width != subject.size:
        return None
    return Point(excited.row * subject.size + excited.column)


def _area(subject: BoardLens, peaks: LayerPeaks, excited: Excitation) -> list[Area]:
    field = receptive_field(subject.network, peaks.layer, subject.size)
    if field is None:
        return []
    return [Area(*field.area(excited.row, excited.column, subject.size, subject.size))]


def _finding(
    subject: BoardLens, peaks: LayerPeaks, shown: dict[int, list[Excitation]]
) -> dict[str, Any]:
    return {
        "channels": len(peaks.spread),
        "silent": int(peaks.silent.sum()),
        "mean_active": round(float(peaks.active.mean()), 4),
        "best": {str(k): [_as_json(subject, each) for each in found] for k, found in shown.items()},
    }


def _as_json(subject: BoardLens, excited: Excitation) -> dict[str, Any]:
    order = np.argsort(-excited.support, kind="stable")[:3]
    stones = {
        vertex_name(int(point), subject.size): round(float(excited.support[point]), 4)
        for point in order
        if excited.support[point] > 0
    }
    return {
        "game": excited.position.game,
        "move": excited.position.number,
        "value": round(excited.value, 4),
        "place": [excited.row, excited.column],
        "stones": stones,
    }
