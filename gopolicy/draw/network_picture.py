"""The structure of a network as a drawing: PNG, SVG, or DOT for Graphviz."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

from gopolicy.draw.colors import INK, PAPER, RGB, SOFT_INK
from gopolicy.draw.network_layout import NetworkLayout, arrange
from gopolicy.draw.raster import font_path, png_of
from gopolicy.draw.svg import color_text, element, shown_text
from gopolicy.errors import ConfigError
from gopolicy.files import replacing, write_text

if TYPE_CHECKING:
    from gopolicy.nets.graph import GraphNode

FILL: dict[str, RGB] = {
    "input": (255, 255, 255),
    "convolution": (176, 212, 236),
    "dense": (247, 209, 140),
    "pooling": (168, 222, 200),
    "join": (236, 190, 214),
    "other": (232, 230, 224),
}
"""Pale forms of colors that stay apart with every kind of color blindness."""
TITLE, LARGE, SMALL = 17, 13, 11
"""Sizes of letters."""
ARROW = 8.0
"""The length of an arrow's head, which points straight down."""
BOX_HEIGHT, ROW_GAP, MARGIN, HEADER = 46.0, 22.0, 24.0, 78.0
MAX_PIXELS = 100_000_000
"""A drawing that would be larger at twice the size is drawn at its size."""
ENDINGS = (".png", ".svg", ".dot")


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Boxes and lines with their coordinates."""

    nodes: Sequence["GraphNode"]
    layout: NetworkLayout
    title: str
    width: float
    height: float

    def top(self, row: int) -> float:
        """Return the upper border of the boxes of a row."""
        return HEADER + row * (BOX_HEIGHT + ROW_GAP)

    def box(self, number: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of a layer."""
        place = self.layout.places[number]
        left = MARGIN + place.x - place.width / 2
        top = self.top(place.row)
        return left, top, left + place.width, top + BOX_HEIGHT

    def line(self, path: list[int]) -> list[tuple[float, float]]:
        """Return the points of a connection."""
        points = []
        for number in path:
            place = self.layout.places[number]
            x, top = MARGIN + place.x, self.top(place.row)
            points += [(x, top - ARROW), (x, top), (x, top + BOX_HEIGHT)]
        return points[2:-1]


def write_network(path: str | os.PathLike[str], nodes: Sequence["GraphNode"], title: str) -> None:
    """Draw the layers of a network into a file, whose ending chooses the format."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}")
    if ending == ".dot":
        write_text(path, _dot(nodes, title))
        return
    drawing = _drawing(nodes, title)
    if ending == ".svg":
        write_text(path, _svg(drawing) + "\n")
        return
    scale = 2 if 4 * drawing.width * drawing.height <= MAX_PIXELS else 1
    png = png_of(_svg(drawing), scale)
    with replacing(path) as beside:
        beside.write_bytes(png)


def _drawing(nodes: Sequence["GraphNode"], title: str) -> _Drawing:
    layout = arrange(nodes, _width)
    right = max(place.x + place.width / 2 for place in layout.places)
    legend = sum(map(_legend_width, FILL))
    inner = max(right, legend, _text_width(title, TITLE))
    shift = (inner - right) / 2
    for place in layout.places:
        place.x += shift
    height = HEADER + layout.rows * (BOX_HEIGHT + ROW_GAP) - ROW_GAP + MARGIN
    return _Drawing(nodes, layout, title, inner + 2 * MARGIN, height)


def _lines(node: "GraphNode") -> tuple[str, str]:
    """Return the two lines in a box: what the layer does; its name, output and parameters."""
    shape = " x ".join(str(side) for side in node.shape)
    name = "" if node.kind == "input" else f"{node.name}: "
    count = f", {node.parameters:,} parameters" if node.parameters else ""
    return node.title, f"{name}{shape}{count}"


def _width(node: "GraphNode") -> float:
    what, facts = _lines(node)
    return max(_text_width(what, LARGE), _text_width(facts, SMALL)) + 12


def _svg(drawing: _Drawing) -> str:
    tip = element("path", d="M0,0 L8,4 L0,8 z", fill=SOFT_INK)
    size = {"markerWidth": 8, "markerHeight": 8, "refX": 7, "refY": 4, "orient": "auto"}
    parts = [
        element("rect", width="100%", height="100%", fill=PAPER),
        element("defs", element("marker", tip, id="tip", **size)),
    ]
    for path in drawing.layout.edges:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawing.line(path))
        look = {"fill": "none", "stroke": SOFT_INK, "marker_end": "url(#tip)"}
        parts.append(element("polyline", points=points, **look))
    for number, node in enumerate(drawing.nodes):
        left, top, right, bottom = drawing.box(number)
        box = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rx": 5}
        parts.append(element("rect", **box, fill=FILL[node.kind], stroke=SOFT_INK))
        what, facts = _lines(node)
        parts.append(_text((left + right) / 2, top + 15, what, LARGE, text_anchor="middle"))
        look = {"fill": SOFT_INK, "text_anchor": "middle"}
        parts.append(_text((left + right) / 2, top + 33, facts, SMALL, **look))
    parts.append(_text(MARGIN, 24, drawing.title, TITLE))
    x = MARGIN
    for kind, color in FILL.items():
        parts.append(element("rect", x=x, y=42, width=12, height=12, fill=color, stroke=SOFT_INK))
        parts.append(_text(x + 17, 48, kind, SMALL, fill=SOFT_INK))
        x += _legend_width(kind)
    return element(
        "svg",
        *(f"\n{part}" for part in parts),
        "\n",
        xmlns="http://www.w3.org/2000/svg",
        width=round(drawing.width),
        height=round(drawing.height),
        font_family="sans-serif",
    )


def _text(x: float, y: float, words: str, letters: int, **look: object) -> str:
    """Return a line of text around this height, in ink and from x on unless told otherwise."""
    look = {"fill": INK} | look
    place = {"x": x, "y": y + 0.35 * letters, "font_size": letters}
    return element("text", shown_text(words), **place, **look)


def _dot(nodes: Sequence["GraphNode"], title: str) -> str:
    """Describe the graph in the language of Graphviz."""
    lines = ["digraph network {", "  node [shape=box, style=filled, fontname=sans];"]
    lines.append(f"  label={json.dumps(title)}; labelloc=t;")
    for number, node in enumerate(nodes):
        label = json.dumps("\n".join(_lines(node)), ensure_ascii=False)
        fill = color_text(FILL[node.kind])
        lines.append(f'  n{number} [label={label}, fillcolor="{fill}"];')
    for number, node in enumerate(nodes):
        lines += [f"  n{source} -> n{number};" for source in dict.fromkeys(node.sources)]
    return "\n".join([*lines, "}", ""])


def _legend_width(kind: str) -> float:
    return _text_width(kind, SMALL) + 34


@cache
def _text_width(text: str, letters: int) -> float:
    """Return the width in the font of `png_of`, which is wider than most that viewers have."""
    return ImageFont.truetype(font_path(), letters).getlength(text)
