"""The view ``filters``: what the first layer looks for, as stones."""

from typing import Any

import numpy as np

from gopolicy.data.position_sample import PositionSample
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.map_sheet import draw_table
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet, in_rows
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.filter_patterns import (
    FirstLayer,
    Float32Array,
    StoneWeights,
    best_pattern,
    first_layer,
    group_shares,
    liveliness,
    stone_weights,
    strongest,
)
from gopolicy.views.filter_pictures import draw_grid, draw_pattern, side_by_side, signed_legend

POSITIONS = 128
"""Positions that say how lively a filter is and which planes move it."""
WORDS = ".XO#"
IMPOSSIBLE = "cannot occur whole, a chain without liberty"


def filters_section(subject: BoardLens, sample: PositionSample, *, top: int = 48) -> Section:
    """Return the first-layer filters that vary most as stone patterns, and their plane groups."""
    layer = first_layer(subject.network, subject.plane_set, subject.size)
    x = subject.sample_input(sample, POSITIONS)
    spread, peak = liveliness(subject.network, x, layer.name)
    chosen = strongest(spread, top)
    shares = group_shares(subject.network, x, subject.plane_set)
    weights = stone_weights(layer.weight, subject.plane_set, x.cpu().numpy())
    groups = [group.name for group in subject.plane_set.groups]
    silent = int((peak <= 0).sum())
    mean = shares.mean(axis=0)
    leading = int(mean.argmax())
    return Section(
        view="filters",
        title=f"Filters of {layer.name}: which stones they look for",
        text=_text(layer, weights),
        network=subject.name,
        headline={
            "filters": str(len(layer.weight)),
            "never active": f"{silent} of {len(peak)}",
            "strongest group": f"{groups[leading]} ({mean[leading]:.0%})",
        },
        findings={
            "layer": layer.name,
            "filters": len(layer.weight),
            "silent": silent,
            "positions": len(x),
            "group_shares": dict(zip(groups, mean.round(4).tolist(), strict=True)),
            "patterns": [_finding(k, layer, weights, spread) for k in chosen],
        },
        pictures=[
            _pattern_picture(subject, layer, weights, chosen),
            _group_picture(subject, shares, chosen, groups),
        ],
    )


def _text(layer: FirstLayer, weights: StoneWeights) -> str:
    edge = "" if layer.whole_board else " Paper instead of wood is beyond the edge of the board."
    colors = "Black stones are those of the side to move. " if weights.words[1] != "black" else ""
    return (
        "Each pattern is the arrangement of stones that excites a filter most, found exactly, "
        f"point by point, from its weights. {colors}The larger a stone or a cross (an empty "
        f"point), the more it matters.{edge} Planes that follow from the stones (liberties, legal "
        "moves and so on) cannot be chosen freely: they count with their mean over real positions, "
        "for each state of a point, and the table says how much they matter. The "
        "weights know no rules: a pattern with a chain without a liberty cannot occur whole on a "
        "board, and says so."
    )


def _finding(
    k: int, layer: FirstLayer, weights: StoneWeights, spread: Float32Array
) -> dict[str, Any]:
    """Return one filter as plain values: rows of . (empty), X (own), O (opponent), # (edge)."""
    pattern = best_pattern(weights, k, whole_board=layer.whole_board)
    rows = ["".join(WORDS[state] for state in row) for row in pattern.states]
    return {
        "filter": k,
        "pattern": rows,
        "possible": pattern.possible,
        "value": round(pattern.value, 4),
        "spread": round(float(spread[k]), 4),
    }


def _pattern_picture(
    subject: BoardLens, layer: FirstLayer, weights: StoneWeights, chosen: Any
) -> Shown:
    centered = weights.centered()
    most = float(np.quantile(np.abs(centered[list(chosen)]), 0.995)) or 1.0
    cell, small = (11, 4) if layer.whole_board else (20, 9)
    tiles = []
    for k in chosen:
        pattern = best_pattern(weights, k, whole_board=layer.whole_board)
        grids = [draw_grid(part, most, small) for part in centered[k]]
        words = f"filter {k}" if pattern.possible else f"filter {k}: {IMPOSSIBLE}"
        tiles.append(Tile(side_by_side([draw_pattern(pattern, cell), *grids]), words))
    width = tiles[0].image.width
    columns = max(1, 1250 // width)
    names = f"{weights.words[0]}, {weights.words[1]}, {weights.words[2]}, on the board at all"
    legend = SheetRow([Tile(signed_legend(most, "weight"), "")])
    title = f"{subject.name}, {layer.name}: the stones that excite each filter most"
    literal = weights.words[1] == "black"
    colors = "" if literal else "Black stones: the side to move, white ones: the other side; "
    note = (
        f"{colors}cross: the point is empty; size: how much the point matters, nothing where "
        f"it hardly does; paper: off the board. Right of each pattern its weights for: {names}."
    )
    sheet = draw_sheet(title, [*in_rows(tiles, columns), legend], note)
    caption = f"{len(chosen)} of {len(layer.weight)} filters, those that vary most first. {note}"
    return Shown("patterns", image_png(sheet), caption)


def _group_picture(
    subject: BoardLens, shares: Float32Array, chosen: Any, groups: list[str]
) -> Shown:
    rows = [*(f"filter {k}" for k in chosen), "mean of all"]
    values = np.concatenate([shares[list(chosen)], shares.mean(axis=0, keepdims=True)])
    data = draw_table(
        values,
        rows,
        groups,
        title=f"{subject.name}: which planes move the first-layer filters",
        legend="share of the variance",
    )
    caption = (
        "How much of a filter's ups and downs over real positions comes from each group of planes "
        "(the variance of what the group adds; dark is much)."
    )
    return Shown("plane-groups", data, caption)
