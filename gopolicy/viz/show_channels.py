"""The view ``channels``: real positions that excite the channels of deeper layers most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gopolicy.errors import ConfigError
from gopolicy.go.types import Point
from gopolicy.go.vertex import vertex_name
from gopolicy.progress import SILENT, Progress
from gopolicy.viz.board import Area, BoardPicture
from gopolicy.viz.channels import Excitation, LayerPeaks, excitation, peaks_of
from gopolicy.viz.gallery import Section, Shown
from gopolicy.viz.positions import PositionSample
from gopolicy.viz.probe import hidden_layers
from gopolicy.viz.receptive import receptive_field
from gopolicy.viz.sheet import Row, Tile, draw_sheet
from gopolicy.viz.small_boards import about_colors, seen_stones, small_board
from gopolicy.viz.subject import GoSubject, png

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
    """How many of those."""
    boards: int = 4
    """Positions for each."""


def channels_section(
    subject: GoSubject,
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
    """Return the channels that were asked for, or the most selective ones."""
    total = peaks.values.shape[1]
    wrong = [k for k in channels if not 0 <= k < total]
    if wrong:
        raise ConfigError(f"layer {peaks.layer} has channels 0 to {total - 1}, not {wrong[0]}")
    return list(channels) or peaks.most_selective(count)


def _excitations(
    subject: GoSubject,
    sample: PositionSample,
    peaks: LayerPeaks,
    wanted: Sequence[tuple[int, list[int]]],
    progress: Progress,
) -> dict[int, list[Excitation]]:
    """Return the excitations of every wanted channel."""
    progress.start(f"taking stones away ({peaks.layer})", len(wanted), "channels")
    shown = {}
    for k, rows in wanted:
        shown[k] = [excitation(subject, sample, peaks, k, row) for row in rows]
        progress.advance()
    progress.finish()
    return shown


def _picture(
    subject: GoSubject,
    peaks: LayerPeaks,
    shown: dict[int, list[Excitation]],
    wanted: ChannelOptions,
) -> Shown:
    """Return the sheet of one layer."""
    rows = []
    for k, excitations in shown.items():
        heading = f"channel {k}: above 0 on {peaks.active[k]:.1%} of all points"
        if len(excitations) < wanted.boards:
            heading += f"; only {len(excitations)} of these games excite it"
        rows.append(Row([_tile(subject, peaks, each) for each in excitations], heading))
    title = f"{subject.name}, {peaks.layer}: the real positions that excite a channel most"
    if not rows:
        rows = [Row([], "no channel is ever above 0")]
    silent = int(peaks.silent.sum())
    which = "" if wanted.channels else ", those whose best answer stands out most"
    caption = (
        f"{peaks.layer}: {len(shown)} of its {len(peaks.spread)} channels{which}; {silent} are "
        f"silent in all positions. {NOTE}"
    )
    note = about_colors(subject.plane_set) + NOTE
    return Shown(peaks.layer, png(draw_sheet(title, rows, note)), caption)


def _tile(subject: GoSubject, peaks: LayerPeaks, excited: Excitation) -> Tile:
    """Return one board with what excites the channel."""
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


def _unit_point(subject: GoSubject, peaks: LayerPeaks, excited: Excitation) -> Point | None:
    """Return the point of the board that a unit sits on, if its layer has one unit per point."""
    if peaks.width != subject.size:
        return None
    return Point(excited.row * subject.size + excited.column)


def _area(subject: GoSubject, peaks: LayerPeaks, excited: Excitation) -> list[Area]:
    """Return what the unit sees, if that is not the whole board in any case."""
    field = receptive_field(subject.network, peaks.layer, subject.size)
    if field is None:
        return []
    return [Area(*field.area(excited.row, excited.column, subject.size, subject.size))]


def _finding(
    subject: GoSubject, peaks: LayerPeaks, shown: dict[int, list[Excitation]]
) -> dict[str, Any]:
    """Return what was found in one layer, as plain values."""
    return {
        "channels": len(peaks.spread),
        "silent": int(peaks.silent.sum()),
        "mean_active": round(float(peaks.active.mean()), 4),
        "best": {str(k): [_as_json(subject, each) for each in found] for k, found in shown.items()},
    }


def _as_json(subject: GoSubject, excited: Excitation) -> dict[str, Any]:
    """Return one excitation as plain values, with the three stones that matter most."""
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
