"""The view ``maximize`` for Go: synthetic boards that excite a unit, beside the best real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gopolicy.data.position_sample import PositionSample
from gopolicy.draw.board_picture import Area, BoardPicture
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.errors import ConfigError
from gopolicy.go.diagram import format_diagram
from gopolicy.go.types import BLACK, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.nets.probe import hidden_layers, layer_names
from gopolicy.nets.receptive import receptive_field
from gopolicy.progress import SILENT, Progress
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.channels import LayerPeaks, peaks_of
from gopolicy.views.filter_patterns import state_means
from gopolicy.views.maximize_search import BoardSearch, FoundBoard, Goal, Unit
from gopolicy.views.repaired_boards import Sketch
from gopolicy.views.small_boards import about_colors, seen_stones, small_board

REAL = 2
"""Real positions shown beside the synthetic boards."""
STONE_COST = 0.01
"""The L1 term: what a stone costs, as a share of the best real answer."""
POSITIONS = 128
"""Positions that say which planes go with a stone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """What is searched, and how long."""

    layer: str = ""
    """By default the middle one of the hidden layers."""
    channels: Sequence[int] = ()
    """By default the most selective ones."""
    moves: Sequence[Point] = ()
    """Points: search boards where the network wants these moves, instead of channels."""
    count: int = 4
    steps: int = 60
    rounds: int = 15
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answer:
    """Everything about one unit."""

    unit: Unit
    real: Sequence[int]
    """Rows of the sample, best first."""
    free: FoundBoard
    sparse: FoundBoard


def boards_section(
    subject: BoardLens,
    sample: PositionSample,
    options: SearchOptions,
    progress: Progress = SILENT,
) -> Section:
    """Return boards found by gradient, repaired and rounded, beside the best real positions."""
    layer = _layer(subject, options)
    (peaks,) = peaks_of(subject, sample, [layer], progress)
    found = _search(subject, sample, peaks, options, progress)
    won = sum(each.free.value > peaks.values[each.real[0], each.unit.channel] for each in found)
    what = "the logits of moves" if options.moves else f"channels of {layer}"
    return Section(
        view="maximize",
        title=f"Boards that maximize {what}",
        text=(
            "Left, the real positions that excite a unit most. Right, boards found by gradient "
            "ascent with straight-through stones, without and with a cost for every stone (the L1 "
            "term). Every synthetic board is a legal position and every number belongs to exactly "
            "the board shown, encoded like any other; but nobody would play there."
        ),
        network=subject.name,
        headline={
            "units": str(len(found)),
            "synthetic above real": f"{won} of {len(found)}",
            "real positions": f"{len(sample):,}",
        },
        findings={
            "layer": layer,
            "positions": len(sample),
            "units": [_finding(subject, sample, peaks, options, each) for each in found],
        },
        pictures=[_picture(subject, sample, peaks, options, found)],
    )


def _layer(subject: BoardLens, options: SearchOptions) -> str:
    if options.moves:
        return layer_names(subject.network)[-1]
    hidden = hidden_layers(subject.network)
    if not options.layer and not hidden:
        raise ConfigError("the network has no hidden layer whose channels could be excited")
    return options.layer or hidden[len(hidden) // 2]


def _search(
    subject: BoardLens,
    sample: PositionSample,
    peaks: LayerPeaks,
    options: SearchOptions,
    progress: Progress,
) -> list[_Answer]:
    """Search two boards for every unit: with free stones, and with stones that cost."""
    channels = [int(m) for m in options.moves] or list(options.channels)
    channels = channels or peaks.most_selective(options.count)
    wrong = [k for k in channels if not 0 <= k < peaks.values.shape[1]]
    if wrong:
        raise ConfigError(f"layer {peaks.layer} has no channel {wrong[0]}")
    games = sample.games()
    real = [peaks.best_rows(k, games, REAL) for k in channels]
    units = [Unit(k, int(peaks.places[rows[0], k])) for k, rows in zip(channels, real, strict=True)]
    goals = []
    for unit, rows in zip(units, real, strict=True):
        best = abs(float(peaks.values[rows[0], unit.channel]))
        move = unit.channel if options.moves else None
        goals += [Goal(unit=unit, penalty=cost * best, move=move) for cost in (0.0, STONE_COST)]
    means = state_means(subject.sample_input(sample, POSITIONS).cpu().numpy(), subject.plane_set)
    search = BoardSearch(subject, peaks.layer, goals, means, options.seed)
    found = search.run(options.steps, options.rounds, progress)
    return [
        _Answer(unit=unit, real=rows, free=found[2 * i], sparse=found[2 * i + 1])
        for i, (unit, rows) in enumerate(zip(units, real, strict=True))
    ]


def _picture(
    subject: BoardLens,
    sample: PositionSample,
    peaks: LayerPeaks,
    options: SearchOptions,
    found: Sequence[_Answer],
) -> Shown:
    rows = []
    for each in found:
        tiles = [_real_tile(subject, sample, peaks, each, row) for row in each.real]
        tiles.append(_synthetic_tile(subject, peaks, each, each.free, "stones are free"))
        tiles.append(_synthetic_tile(subject, peaks, each, each.sparse, "stones cost (L1)"))
        rows.append(SheetRow(tiles, _name(subject, options, each.unit)))
    note = (
        f"{about_colors(subject.plane_set)}Two real positions, two synthetic ones. Numbers: the "
        "answer of the unit at the green square, on exactly this board; in the second real "
        "position it may be at another point. Ring: the last move."
    )
    title = f"{subject.name}, {peaks.layer}: the boards that excite a unit most, real and synthetic"
    name = "moves" if options.moves else peaks.layer
    return Shown(name, image_png(draw_sheet(title, rows, note)), note)


def _name(subject: BoardLens, options: SearchOptions, unit: Unit) -> str:
    if options.moves:
        return f"the move {vertex_name(unit.channel, subject.size)}: its logit"
    return f"channel {unit.channel}"


def _real_tile(
    subject: BoardLens, sample: PositionSample, peaks: LayerPeaks, each: _Answer, row: int
) -> Tile:
    position, k = sample.position(row), each.unit.channel
    picture = BoardPicture(
        stones=seen_stones(position.board, position.to_play, subject.plane_set),
        last_move=position.board.last_move,
        areas=_areas(subject, peaks, int(peaks.places[row, k])),
        played=_point(subject, peaks, k, int(peaks.places[row, k])),
    )
    return Tile(small_board(picture), f"real: {peaks.values[row, k]:.2f}\n{position.name}")


def _synthetic_tile(
    subject: BoardLens, peaks: LayerPeaks, each: _Answer, found: FoundBoard, words: str
) -> Tile:
    sketch = found.sketch
    picture = BoardPicture(
        stones=sketch.stones,
        last_move=None if sketch.last is None else Point(sketch.last),
        areas=_areas(subject, peaks, each.unit.place),
        played=_point(subject, peaks, each.unit.channel, each.unit.place),
    )
    stones = int(np.count_nonzero(sketch.stones))
    return Tile(small_board(picture), f"synthetic: {found.value:.2f}\n{stones} stones; {words}")


def _areas(subject: BoardLens, peaks: LayerPeaks, place: int) -> list[Area]:
    field = receptive_field(subject.network, peaks.layer, subject.size)
    if field is None or peaks.width == 1:
        return []
    y, x = divmod(place, peaks.width)
    return [Area(*field.area(y, x, subject.size, subject.size))]


def _point(subject: BoardLens, peaks: LayerPeaks, channel: int, place: int) -> Point | None:
    """Return the point that a unit stands for, if it does for one."""
    if peaks.width == subject.size:
        return Point(place)
    is_output = peaks.layer == layer_names(subject.network)[-1]
    return Point(channel) if is_output else None


def _finding(
    subject: BoardLens,
    sample: PositionSample,
    peaks: LayerPeaks,
    options: SearchOptions,
    each: _Answer,
) -> dict[str, Any]:
    k = each.unit.channel
    real = [
        {"game": p.game, "move": p.number, "value": round(float(peaks.values[row, k]), 4)}
        for row in each.real
        for p in [sample.position(row)]
    ]
    boards = {"free": each.free, "sparse": each.sparse}
    name = vertex_name(k, subject.size) if options.moves else k
    return {
        "move" if options.moves else "channel": name,
        "place": each.unit.place,
        "real": real,
        **{key: _board_finding(subject, options, each, board) for key, board in boards.items()},
    }


def _board_finding(
    subject: BoardLens, options: SearchOptions, each: _Answer, found: FoundBoard
) -> dict[str, Any]:
    sketch: Sketch = found.sketch
    last = -1 if sketch.last is None else sketch.last
    result = {
        "value": round(found.value, 4),
        "stones": int(np.count_nonzero(sketch.stones)),
        "last_move": None if last < 0 else vertex_name(last, subject.size),
        "diagram": format_diagram(sketch.stones, last).split("\n"),
    }
    if options.moves:
        planes = subject.encoder.board(sketch.arrays, BLACK)
        result["probability"] = float(
            np.exp(subject.log_probabilities(planes[None])[0, each.unit.channel])
        )
    return result
