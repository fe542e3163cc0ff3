"""Where the layers of a network go in a drawing: one row per step, lines that keep out of boxes.

The usual way to draw a graph that flows in one direction (Sugiyama et al. 1981): a layer's row is
the longest way from the input; a line that passes over rows gets a place in each; places in a row
are ordered by where their neighbors are, then moved as close to these as their widths allow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gopolicy.nets.graph import GraphNode


SWEEPS = 6
"""How often rows are ordered and moved; more changes little."""
LINE_WIDTH = 14.0
"""The room that a passing line takes."""
GAP = 16.0
"""The room between two boxes of a row."""


@dataclass(slots=True)
class Place:
    """A layer, or a line passing by, in its row."""

    node: int | None
    """The layer, or None for a line."""
    row: int
    """Counted from the top."""
    width: float
    x: float = 0.0


@dataclass(frozen=True, slots=True)
class NetworkLayout:
    """Everything placed."""

    places: list[Place]
    """The layers in their order, then the passing lines."""
    edges: list[list[int]]
    """For each connection the indices of the places it passes, from source to target."""
    rows: int


def arrange(
    nodes: Sequence["GraphNode"], width_of: Callable[["GraphNode"], float]
) -> NetworkLayout:
    """Place layers and lines; the smallest x of any border is 0."""
    rows: list[int] = []
    for node in nodes:
        rows.append(1 + max((rows[source] for source in node.sources), default=-1))
    places = [
        Place(number, row, width_of(node))
        for number, (node, row) in enumerate(zip(nodes, rows, strict=True))
    ]
    edges = []
    for number, node in enumerate(nodes):
        for source in dict.fromkeys(node.sources):
            edges.append(_path(places, source, number))
    by_row: list[list[int]] = [[] for _ in range(max(rows) + 1)]
    for number, place in enumerate(places):
        by_row[place.row].append(number)
    for row in by_row:
        _settle(places, row, [0.0] * len(row))
    above, below = _neighbors(edges, len(places))
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in by_row if down else reversed(by_row):
            _follow(places, row, above if down else below)
    left = min(place.x - place.width / 2 for place in places)
    for place in places:
        place.x -= left
    return NetworkLayout(places, edges, len(by_row))


def _neighbors(edges: list[list[int]], count: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return for each place those it is joined to in the row above, and in the row below."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for path in edges:
        for upper, lower in pairwise(path):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below


def _path(places: list[Place], source: int, target: int) -> list[int]:
    """Return the places of a connection, with new ones in the rows that it passes."""
    path = [source]
    for row in range(places[source].row + 1, places[target].row):
        path.append(len(places))
        places.append(Place(None, row, LINE_WIDTH))
    return [*path, target]


def _follow(places: list[Place], row: list[int], neighbors: list[list[int]]) -> None:
    wishes = {}
    for number in row:
        xs = [places[other].x for other in neighbors[number]]
        wishes[number] = sum(xs) / len(xs) if xs else places[number].x
    row.sort(key=lambda number: wishes[number])
    _settle(places, row, [wishes[number] for number in row])


def _settle(places: list[Place], row: list[int], wishes: list[float]) -> None:
    """Give a row positions nearest to its wishes, in squares, without overlaps.

    Less the room that all before it need, positions must not fall: an isotonic regression, solved
    by joining neighbors that want to pass each other.
    """
    offsets, room = [], 0.0
    for before, number in zip([None, *row], row, strict=False):
        if before is not None:
            room += (places[before].width + places[number].width) / 2 + GAP
        offsets.append(room)
    groups: list[tuple[float, int]] = []  # mean wish and size
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, size = wish - offset, 1
        while groups and groups[-1][0] > mean:
            other, others = groups.pop()
            mean, size = (mean * size + other * others) / (size + others), size + others
        groups.append((mean, size))
    means = [mean for mean, size in groups for _ in range(size)]
    for number, mean, offset in zip(row, means, offsets, strict=True):
        places[number].x = mean + offset
