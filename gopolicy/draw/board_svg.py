"""A Go board as SVG text: stones on wood, coordinates, a heat map of probabilities, labels.

The text needs no font, no script and no other file. A page may restyle what lies around the wood:
`paper` is the background, `words` are title, caption and legends.
"""

import math
import unicodedata
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.colors import (
    AGAINST,
    FOR,
    INK,
    LINE,
    MARK,
    PALE_WOOD,
    PAPER,
    RGB,
    SOFT_INK,
    WOOD,
    readable_on,
)
from gopolicy.draw.heat_map import (
    BOLD,
    FAINTEST,
    heat_gradient,
    heat_legend,
    heat_on_wood,
    heat_squares,
)
from gopolicy.draw.owner_squares import owner_squares
from gopolicy.draw.stone_svg import stone_element, stone_gradients
from gopolicy.draw.svg import Svg, element, shown_text
from gopolicy.go.handicap import star_points
from gopolicy.go.types import BLACK, WHITE, Point
from gopolicy.go.vertex import vertex_name

CELL = 44
"""The distance between two lines in pixels, unless told otherwise."""
LEAST_SHARE = 0.02
"""Signed values below this share of a full disc are not drawn."""
DISC = 0.25
"""The radius of a full disc, in cells: the stone below stays visible."""
FADED = 0.45
"""The opacity of stones that are taken to be dead."""
STONE = 0.475
"""The radius of a stone, in cells."""
_WIDTHS = {**dict.fromkeys("fijlrtI.,:;'|!()[] -/", 0.4), **dict.fromkeys("mwMW@%", 1.0)}


def board_svg(picture: BoardPicture, cell: int = CELL) -> Svg:
    """Return the picture as SVG; `cell` is the distance between two lines in pixels."""
    return _Drawing(picture, cell).svg()


def text_width(text: str, size: float) -> float:
    """Return what a line needs at most in a common sans-serif font of this size."""
    return size * sum(
        1.05 if unicodedata.east_asian_width(letter) in "WF" else _WIDTHS.get(letter, 0.68)
        for letter in shown_text(text)
    )


class _Drawing:
    """One picture being drawn; all lengths are in pixels."""

    def __init__(self, picture: BoardPicture, cell: int) -> None:
        self.picture = picture
        self.cell = cell
        self.size = picture.stones.shape[0]
        self.stones = picture.stones.reshape(-1)
        self.top = round(cell * 1.1) if picture.title else 0
        # Half a pixel more puts every line on the middle of a pixel, which keeps it sharp.
        self.margin = math.floor(cell * (1.25 if picture.coordinates else 0.75)) + 0.5
        self.side = (self.size - 1) * cell + round(
            2 * cell * (1.25 if picture.coordinates else 0.75)
        )
        legend = 0.0
        if picture.legend and (picture.heat is not None or picture.weights is not None):
            legend = cell * (1.9 if picture.weights is None else 2.6)
        words = [text_width(picture.title, 0.42 * cell), text_width(picture.caption, 0.36 * cell)]
        self.width = math.ceil(max(self.side + legend, *(n + cell for n in words if n), 0))
        self.height = self.top + self.side + (round(cell * 0.95) if picture.caption else 0)

    def svg(self) -> Svg:
        """Draw everything, back to front."""
        heat = self.picture.heat
        wood = WOOD if heat is None else PALE_WOOD
        box = {"width": self.width, "height": self.height}
        parts = [
            element("title", shown_text(self.picture.title or "Go board")),
            element("desc", shown_text(self._description())),
            element("defs", stone_gradients(), heat_gradient() if heat is not None else ""),
            element("rect", class_="paper", **box, fill=PAPER),
            element("rect", class_="wood", **self._square(), fill=wood),
            self._group("heat faint", heat_squares(self, heat, FAINTEST, BOLD)),
            self._grid(),
            self._group("heat", heat_squares(self, heat, BOLD, math.inf)),
            self._coordinates(),
            self._group("shadows", self._shadows()),
            self._group("stones", self._stones()),
            self._group("owners", owner_squares(self, self.picture.owners)),
            self._group("weights", self._weights()),
            self._group("marks", self._marks()),
            self._areas(),
            heat_legend(self) if heat is not None and self.picture.legend else "",
            self._weights_legend() if self.picture.legend else "",
            self._title_and_caption(),
        ]
        x, y = self.center(0)
        return Svg(
            element(
                "svg",
                *(f"\n{part}" for part in parts if part),
                "\n",
                xmlns="http://www.w3.org/2000/svg",
                class_="board",
                viewBox=f"0 0 {self.width} {self.height}",
                **box,
                role="img",
                font_family="Helvetica, Arial, 'DejaVu Sans', sans-serif",
                data_size=self.size,
                data_cell=self.cell,
                data_left=x,
                data_top=y,
            )
        )

    def center(self, point: int) -> tuple[float, float]:
        """Return x and y of a point."""
        row, column = divmod(int(point), self.size)
        return self.margin + column * self.cell, self.top + self.margin + row * self.cell

    def _square(self) -> dict[str, object]:
        return {"y": self.top, "width": self.side, "height": self.side}

    def name(self, point: int) -> str:
        """Return the vertex of a point."""
        return vertex_name(Point(point), self.size)

    def words(self, at: tuple[float, float], text: str, share: float) -> str:
        """Return a text that begins there; share is its size in cells."""
        return self._text(at, text, share, **_BESIDE)

    def _group(self, name: str, parts: Iterable[str]) -> str:
        found = "".join(parts)
        return element("g", found, class_=name) if found else ""

    def _text(self, at: tuple[float, float], text: str, share: float, **look: object) -> str:
        """Return a short text, its middle at this height; share is that of a cell."""
        x, y = at
        size = max(self.cell * share, 2.0)
        settings: dict[str, object] = {"fill": INK, "text_anchor": "middle"} | look
        words = shown_text(text)
        return element("text", words, x=x, y=y + 0.36 * size, font_size=size, **settings)

    def _description(self) -> str:
        black, white = (int((self.stones == color).sum()) for color in (BLACK, WHITE))
        parts = [f"{self.size}x{self.size} board, {black} black and {white} white stones"]
        for name, point in (("last move", self.picture.last_move), ("played", self.picture.played)):
            if point is not None and point >= 0:
                parts.append(f"{name} {self.name(point)}")
        if self.picture.heat is not None:
            best = int(self.picture.heat.argmax())
            parts.append(f"most probable {self.name(best)}, {self.picture.heat[best]:.1%}")
        return "; ".join([*parts, *filter(None, [self.picture.caption])])

    def _grid(self) -> str:
        (left, top), (right, bottom) = self.center(0), self.center(self.size * self.size - 1)
        inner = range(1, self.size - 1)
        lines = "".join(f"M{left + k * self.cell:g} {top:g}V{bottom:g}" for k in inner)
        lines += "".join(f"M{left:g} {top + k * self.cell:g}H{right:g}" for k in inner)
        thin, thick = max(0.5, self.cell / 38), max(0.9, self.cell / 20)
        length = {"width": right - left, "height": bottom - top}
        stars = (self._disc(self.center(p), self.cell * 0.09, LINE) for p in star_points(self.size))
        return element(
            "g",
            element("path", d=lines, stroke=LINE, stroke_width=thin) if lines else "",
            element("rect", x=left, y=top, **length, fill="none", stroke=LINE, stroke_width=thick),
            *stars,
            class_="grid",
        )

    def _disc(self, at: tuple[float, float], radius: float, color: RGB, **more: object) -> str:
        return element("circle", cx=at[0], cy=at[1], r=radius, fill=color, **more)

    def _coordinates(self) -> str:
        if not self.picture.coordinates:
            return ""
        away, far, found = 0.8 * self.cell, (self.size - 1) * self.cell, []
        left, top = self.center(0)
        for k in range(self.size):
            along, letter = k * self.cell, self.name(k)[0]
            found += [
                self._text((left + along, y), letter, 0.34) for y in (top - away, top + far + away)
            ]
            found += [
                self._text((x, top + along), str(self.size - k), 0.34)
                for x in (left - away, left + far + away)
            ]
        return self._group("coordinates", found)

    def _occupied(self) -> list[int]:
        return [int(point) for point in np.flatnonzero(self.stones)]

    def _shadows(self) -> Iterable[str]:
        """Yield the shadows of all stones; they come first so that none falls on a stone."""
        shift, radius = self.cell * 0.045, self.cell * STONE * 1.13
        for point in self._occupied():
            x, y = self.center(point)
            fill = "url(#stone-shadow)"
            yield element("circle", cx=x + shift, cy=y + shift, r=radius, fill=fill)

    def _stones(self) -> Iterable[str]:
        for point in self._occupied():
            color, name = int(self.stones[point]), self.name(point)
            look = {"opacity": FADED} if point in self.picture.faded else {}
            at = self.center(point)
            yield stone_element(color, *at, self.cell * STONE, data_vertex=name, **look)

    def _marks(self) -> Iterable[str]:
        last, played = self.picture.last_move, self.picture.played
        if last is not None and last >= 0:
            radius = self.cell * (0.24 if self.picture.weights is None else 0.36)
            look = {"stroke": PAPER if self.stones[last] == BLACK else INK, "class_": "last-move"}
            yield self._outline(last, radius, max(1.0, self.cell / 15), **look)
        for point, label in self.picture.labels.items():
            yield from self._label(point, label)
        if played is not None and played >= 0:
            x, y = self.center(played)
            half = self.cell * 0.43
            yield element(
                "rect",
                **{"x": x - half, "y": y - half, "width": 2 * half, "height": 2 * half},
                **{"fill": "none", "stroke": MARK, "stroke_width": max(1.5, self.cell / 12)},
                rx=self.cell * 0.05,
                class_="played",
                data_vertex=self.name(played),
            )

    def _outline(self, point: int, radius: float, width: float, **look: object) -> str:
        x, y = self.center(point)
        size = {"cx": x, "cy": y, "r": radius, "stroke_width": width}
        return element("circle", **size, fill="none", **look, data_vertex=self.name(point))

    def _label(self, point: Point, label: str) -> Iterable[str]:
        heat, stone = self.picture.heat, int(self.stones[point])
        ground = {int(BLACK): (20, 20, 20), int(WHITE): (240, 240, 240)}.get(stone, WOOD)
        if not stone:
            if heat is not None:
                drawn = heat[point] >= FAINTEST
                ground = heat_on_wood(float(heat[point])) if drawn else PALE_WOOD
            yield self._disc(self.center(point), self.cell * 0.36, ground)
        share = {1: 0.46, 2: 0.44, 3: 0.36}.get(len(label), 0.29)
        look = {"fill": readable_on(ground), "class_": "label", "data_vertex": self.name(point)}
        yield self._text(self.center(point), label, share, **look)

    def _areas(self) -> str:
        if not self.picture.areas:
            return ""
        outside = np.ones((self.size, self.size), bool)
        frames = []
        for area in self.picture.areas:
            outside[area.top : area.bottom + 1, area.left : area.right + 1] = False
            (left, top) = self.center(area.top * self.size + area.left)
            frames.append(
                element(
                    "rect",
                    **{"x": left - self.cell / 2, "y": top - self.cell / 2, "fill": "none"},
                    width=(area.right - area.left + 1) * self.cell,
                    height=(area.bottom - area.top + 1) * self.cell,
                    **{"stroke": MARK, "stroke_width": max(2.0, self.cell / 8)},
                )
            )
        veil = element("path", d=self._veil(outside), fill=PAPER, fill_opacity=0.43)
        return element("g", veil, *frames, class_="areas")

    def _veil(self, outside: npt.NDArray[np.bool_]) -> str:
        """Return the path around these points; those on the edge reach the end of the wood."""
        edges = [(k - 0.5) * self.cell + self.margin for k in range(self.size + 1)]
        edges[0], edges[-1] = 0.0, float(self.side)
        return "".join(
            f"M{edges[c]:g} {self.top + edges[r]:g}H{edges[c + 1]:g}"
            f"V{self.top + edges[r + 1]:g}H{edges[c]:g}Z"
            for r, c in np.argwhere(outside).tolist()
        )

    def _weights(self) -> Iterable[str]:
        if self.picture.weights is None:
            return
        for point, value in enumerate(self.picture.weights.tolist()):
            if abs(value) >= LEAST_SHARE * self._full:
                share, name = value / self._full, self.name(point)
                yield from self._weight_disc(self.center(point), share, data_vertex=name)

    @cached_property
    def _full(self) -> float:
        """The value of a full disc."""
        weights = self.picture.weights
        most = 0.0 if weights is None else float(np.abs(weights).max())
        return self.picture.full_weight or most or 1.0

    def _weight_disc(self, at: tuple[float, float], share: float, **more: object) -> Iterable[str]:
        """Yield one disc for a share from -1 to 1, on a pale rim."""
        radius = self.cell * DISC * math.sqrt(abs(share))
        yield self._disc(at, radius + self.cell * 0.03, PAPER)
        yield self._disc(at, radius, FOR if share > 0 else AGAINST, **more)

    def _weights_legend(self) -> str:
        if self.picture.weights is None:
            return ""
        left, top = self.side + self.cell * 0.5, self.center(0)[1]
        below = (-0.1, -0.5, -1.0) if (self.picture.weights < 0).any() else ()
        found: list[str] = []
        for row, share in enumerate((1.0, 0.5, 0.1, *below)):
            y = top + row * self.cell
            found += self._weight_disc((left, y), share)
            label = f"{share * self._full:+.2g}"
            found.append(self.words((left + self.cell * 0.6, y), label, 0.34))
        return element("g", *found, class_="legend")

    def _title_and_caption(self) -> str:
        left, found = self.cell * 0.5, []
        if self.picture.title:
            look = _BESIDE | {"fill": INK}
            found.append(self._text((left, self.top / 2), self.picture.title, 0.4, **look))
        if self.picture.caption:
            place = (left, self.top + self.side + self.cell * 0.45)
            found.append(self.words(place, self.picture.caption, 0.36))
        return "".join(found)


_BESIDE: dict[str, object] = {"class_": "words", "text_anchor": "start", "fill": SOFT_INK}
