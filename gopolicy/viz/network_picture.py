"""The structure of a network as a drawing: PNG, SVG, or DOT for Graphviz."""

import html
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gopolicy.errors import ConfigError
from gopolicy.files import replacing, write_text
from gopolicy.nets.graph import Node
from gopolicy.viz.colors import INK, PAPER, RGB, SOFT_INK
from gopolicy.viz.network_layout import Layout, arrange

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
ROOM = 1.2
"""Boxes have room for letters wider than Pillow's by this, as a viewer of SVG may have them."""
BOX_HEIGHT, ROW_GAP, MARGIN, HEADER = 46.0, 22.0, 24.0, 78.0
MAX_PIXELS = 100_000_000
"""A drawing that would be larger at twice the size is drawn at its size."""
ENDINGS = (".png", ".svg", ".dot")


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Boxes and lines with their coordinates."""

    nodes: Sequence[Node]
    layout: Layout
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


def write_network(path: str | os.PathLike[str], nodes: Sequence[Node], title: str) -> None:
    """Draw the layers of a network into a file, whose ending chooses the format."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}")
    if ending == ".dot":
        write_text(path, _dot(nodes, title))
        return
    drawing = _drawing(nodes, title)
    if ending == ".svg":
        write_text(path, _svg(drawing))
        return
    picture = _png(drawing)
    with replacing(path) as beside:
        picture.save(beside, format="PNG")


def _drawing(nodes: Sequence[Node], title: str) -> _Drawing:
    """Place everything."""
    layout = arrange(nodes, _width)
    right = max(place.x + place.width / 2 for place in layout.places)
    legend = sum(ROOM * _text_width(kind, SMALL) + 34 for kind in FILL)
    inner = max(right, legend, ROOM * _text_width(title, TITLE))
    shift = (inner - right) / 2
    for place in layout.places:
        place.x += shift
    height = HEADER + layout.rows * (BOX_HEIGHT + ROW_GAP) - ROW_GAP + MARGIN
    return _Drawing(nodes, layout, title, inner + 2 * MARGIN, height)


def _lines(node: Node) -> tuple[str, str]:
    """Return the two lines in a box: what the layer does; its name, output and parameters."""
    shape = " x ".join(str(side) for side in node.shape)
    name = "" if node.kind == "input" else f"{node.name}: "
    count = f", {node.parameters:,} parameters" if node.parameters else ""
    return node.title, f"{name}{shape}{count}"


def _width(node: Node) -> float:
    """Return how wide the box of a layer must be."""
    what, facts = _lines(node)
    return ROOM * max(_text_width(what, LARGE), _text_width(facts, SMALL)) + 12


def _png(drawing: _Drawing) -> Image.Image:
    """Draw with pixels."""
    scale = 2 if 4 * drawing.width * drawing.height <= MAX_PIXELS else 1
    size = round(drawing.width * scale), round(drawing.height * scale)
    picture = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(picture)

    def scaled(*values: float) -> list[float]:
        return [value * scale for value in values]

    def write(x: float, y: float, text: str, letters: int, color: RGB, anchor: str = "mm") -> None:
        font = _font(letters * scale)
        pen.text((x * scale, y * scale), text, fill=color, font=font, anchor=anchor)

    for path in drawing.layout.edges:
        points = [(x * scale, y * scale) for x, y in drawing.line(path)]
        pen.line(points, fill=SOFT_INK, width=scale, joint="curve")
        x, y = points[-1]
        back, side = y - ARROW * scale, 4 * scale
        pen.polygon([(x, y), (x - side, back), (x + side, back)], SOFT_INK)
    for number, node in enumerate(drawing.nodes):
        left, top, right, bottom = drawing.box(number)
        box = scaled(left, top, right, bottom)
        pen.rounded_rectangle(box, 5 * scale, FILL[node.kind], SOFT_INK, scale)
        what, facts = _lines(node)
        middle = (left + right) / 2
        write(middle, top + 15, what, LARGE, INK)
        write(middle, top + 33, facts, SMALL, SOFT_INK)
    write(MARGIN, 24, drawing.title, TITLE, INK, "lm")
    for x, kind in _legend():
        pen.rectangle(scaled(x, 42, x + 12, 54), FILL[kind], SOFT_INK, scale)
        write(x + 17, 48, kind, SMALL, SOFT_INK, "lm")
    return picture


def _svg(drawing: _Drawing) -> str:
    """Draw with words."""

    def color(rgb: RGB) -> str:
        return "#{:02x}{:02x}{:02x}".format(*rgb)

    def text(x: float, y: float, words: str, letters: int, rgb: RGB, anchor: str = "middle") -> str:
        where = f'x="{x:.1f}" y="{y + 0.35 * letters:.1f}" font-size="{letters}"'
        return (
            f'<text {where} text-anchor="{anchor}" fill="{color(rgb)}">{html.escape(words)}</text>'
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:.0f}"'
        f' height="{drawing.height:.0f}" font-family="sans-serif">',
        f'<rect width="100%" height="100%" fill="{color(PAPER)}"/>',
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{color(SOFT_INK)}"/></marker></defs>',
    ]
    for path in drawing.layout.edges:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawing.line(path))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color(SOFT_INK)}"'
            ' marker-end="url(#tip)"/>'
        )
    for number, node in enumerate(drawing.nodes):
        left, top, right, bottom = drawing.box(number)
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
            f' height="{bottom - top:.1f}" rx="5" fill="{color(FILL[node.kind])}"'
            f' stroke="{color(SOFT_INK)}"/>'
        )
        what, facts = _lines(node)
        middle = (left + right) / 2
        parts += [text(middle, top + 15, what, LARGE, INK)]
        parts += [text(middle, top + 33, facts, SMALL, SOFT_INK)]
    parts.append(text(MARGIN, 24, drawing.title, TITLE, INK, "start"))
    for x, kind in _legend():
        parts.append(
            f'<rect x="{x:.1f}" y="42" width="12" height="12" fill="{color(FILL[kind])}"'
            f' stroke="{color(SOFT_INK)}"/>'
        )
        parts.append(text(x + 17, 48, kind, SMALL, SOFT_INK, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _dot(nodes: Sequence[Node], title: str) -> str:
    """Describe the graph in the language of Graphviz."""
    lines = ["digraph network {", "  node [shape=box, style=filled, fontname=sans];"]
    lines.append(f"  label={json.dumps(title)}; labelloc=t;")
    for number, node in enumerate(nodes):
        label = json.dumps("\n".join(_lines(node)), ensure_ascii=False)
        fill = "#{:02x}{:02x}{:02x}".format(*FILL[node.kind])
        lines.append(f'  n{number} [label={label}, fillcolor="{fill}"];')
    for number, node in enumerate(nodes):
        lines += [f"  n{source} -> n{number};" for source in dict.fromkeys(node.sources)]
    return "\n".join([*lines, "}", ""])


def _legend() -> list[tuple[float, str]]:
    """Return where the entries of the legend begin."""
    entries, x = [], MARGIN
    for kind in FILL:
        entries.append((x, kind))
        x += ROOM * _text_width(kind, SMALL) + 34
    return entries


@cache
def _text_width(text: str, letters: int) -> float:
    """Return the width of a text."""
    return float(_font(letters).getlength(text))


@lru_cache
def _font(letters: int) -> ImageFont.FreeTypeFont:
    """Return the font that comes with Pillow."""
    font = ImageFont.load_default(letters)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
