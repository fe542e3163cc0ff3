"""Pictures of a position: stones on wood, coordinates, a heat map of probabilities, labels.

Everything is drawn at `OVERSAMPLE` times the final size and scaled down, which smooths all edges.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from gopolicy.files import replacing
from gopolicy.go.handicap import star_points
from gopolicy.go.types import BLACK, WHITE, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.viz.colors import (
    AGAINST,
    FOR,
    INK,
    LINE,
    MARK,
    PALE_WOOD,
    PAPER,
    SOFT_INK,
    WOOD,
    blend,
    heat_color,
    readable_on,
)

OVERSAMPLE = 3
LEGEND_TICKS = (0.01, 0.05, 0.2, 0.5, 1.0)
FAINTEST = 0.002
"""Probabilities below this are not drawn."""
BOLD = 0.03
"""From this probability on, color covers the lines, so that a label can be read."""
VEIL = 110
"""How much of what lies outside the areas is covered, of 255."""
LEAST_SHARE = 0.02
"""Signed values below this share of a full disc are not drawn."""
DISC = 0.25
"""The radius of a full disc, in cells: the stone below stays visible."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of points, its borders included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPicture:
    """What a picture shows."""

    stones: npt.NDArray[np.int8]
    """[N, N] EMPTY, BLACK or WHITE, row 0 at the top."""
    last_move: Point | None = None
    """Gets a ring on its stone."""
    heat: npt.NDArray[np.float32] | None = None
    """[N * N] a probability per point, drawn as a heat map with a legend."""
    labels: Mapping[Point, str] = field(default_factory=dict)
    """Short texts on points."""
    played: Point | None = None
    """The move that was played next, marked by a square."""
    weights: npt.NDArray[np.float32] | None = None
    """[N * N] a signed value per point, drawn as a disc: blue above 0, orange below, its area the
    amount; with a legend."""
    full_weight: float | None = None
    """The value of a full disc; by default the largest of this board."""
    areas: Sequence[Area] = ()
    """Rectangles drawn around points; the rest of the board fades."""
    coordinates: bool = True
    """Letters and numbers around the board."""
    title: str = ""
    caption: str = ""


def draw_board(picture: BoardPicture, cell: int = 44) -> Image.Image:
    """Return the picture; `cell` is the distance between two lines in pixels."""
    return _Canvas(picture, cell * OVERSAMPLE).paint()


def write_board(path: str | os.PathLike[str], picture: BoardPicture, cell: int = 44) -> None:
    """Write the picture as a PNG file."""
    image = draw_board(picture, cell)
    with replacing(path) as beside:
        image.save(beside, format="PNG", optimize=True)


def picture_size(picture: BoardPicture, cell: int = 44) -> tuple[int, int]:
    """Return the width and height in pixels that `draw_board` will give."""
    canvas = _Canvas(picture, cell * OVERSAMPLE)
    return canvas.width // OVERSAMPLE, canvas.height // OVERSAMPLE


class _Canvas:
    """One picture being drawn; all lengths are in oversampled pixels."""

    def __init__(self, picture: BoardPicture, cell: int) -> None:
        self.picture = picture
        self.cell = cell
        self.size = picture.stones.shape[0]
        self.top = round(cell * 1.1) if picture.title else 0
        self.margin = cell * (1.25 if picture.coordinates else 0.75)
        self.board_side = round((self.size - 1) * cell + 2 * self.margin)
        has_legend = picture.heat is not None or picture.weights is not None
        legend = round(cell * (1.9 if picture.weights is None else 2.6)) if has_legend else 0
        needed = [self._text_width(text) for text in (picture.title, picture.caption) if text]
        self.width = self._whole(max([self.board_side + legend, *(n + cell for n in needed)]))
        bottom = round(cell * 0.95) if picture.caption else 0
        self.height = self._whole(self.top + self.board_side + bottom)

    def paint(self) -> Image.Image:
        """Draw everything, back to front."""
        self.image = Image.new("RGB", (self.width, self.height), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self._wood()
        self._heat(FAINTEST, BOLD)
        self._grid()
        self._heat(BOLD, 2.0)
        if self.picture.coordinates:
            self._coordinates()
        self._stones()
        self._weights()
        self._marks()
        self._areas()
        self._legend()
        self._weights_legend()
        self._words()
        final = (self.width // OVERSAMPLE, self.height // OVERSAMPLE)
        return self.image.resize(final, Image.Resampling.LANCZOS)

    def center(self, point: int) -> tuple[float, float]:
        """Return x and y of a point."""
        row, column = divmod(int(point), self.size)
        return self.margin + column * self.cell, self.top + self.margin + row * self.cell

    def _whole(self, length: int) -> int:
        """Return the length rounded up to whole final pixels."""
        return math.ceil(length / OVERSAMPLE) * OVERSAMPLE

    def _font(self, share: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        """Return a font of this share of a cell."""
        return _font(max(8, round(self.cell * share)))

    def _text_width(self, text: str) -> int:
        """Return the width of a line of words."""
        return math.ceil(self._font(0.42).getlength(text))

    def _text(self, at: tuple[float, float], text: str, share: float, **look: object) -> None:
        """Write a short text centered at a place."""
        settings: dict[str, object] = {"anchor": "mm", "fill": INK} | look
        self.draw.text(at, text, font=self._font(share), **settings)  # type: ignore[arg-type]

    def _wood(self) -> None:
        """Draw the board's surface, paler under a heat map."""
        box = (0, self.top, self.board_side, self.top + self.board_side)
        self.draw.rectangle(box, fill=WOOD if self.picture.heat is None else PALE_WOOD)

    def _grid(self) -> None:
        """Draw lines and star points."""
        left, top = self.center(0)
        right, bottom = self.center(self.size * self.size - 1)
        thin, thick = max(1, self.cell // 34), max(2, self.cell // 20)
        for k in range(self.size):
            width = thick if k in (0, self.size - 1) else thin
            offset = k * self.cell
            self.draw.line((left + offset, top, left + offset, bottom), fill=LINE, width=width)
            self.draw.line((left, top + offset, right, top + offset), fill=LINE, width=width)
        for point in star_points(self.size):
            self._disc(self.center(point), self.cell * 0.09, LINE)

    def _disc(self, at: tuple[float, float], radius: float, color: tuple[int, int, int]) -> None:
        """Draw a filled circle."""
        x, y = at
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def _heat(self, least: float, below: float) -> None:
        """Color the empty points with a probability from least to below."""
        if self.picture.heat is None:
            return
        heat, flat = self.picture.heat, self.picture.stones.reshape(-1)
        for point in np.flatnonzero((heat >= least) & (heat < below) & (flat == 0)):
            x, y = self.center(int(point))
            half = self.cell * 0.47
            color = heat_on_wood(float(self.picture.heat[point]))
            self.draw.rectangle((x - half, y - half, x + half, y + half), fill=color)

    def _coordinates(self) -> None:
        """Write letters above and below, numbers left and right."""
        last = self.size - 1
        for k in range(self.size):
            letter = vertex_name(Point(k), self.size)[0]
            x, y = self.center(k)[0], self.center(k * self.size)[1]
            for row in (0, last):
                edge = self.center(row * self.size)[1]
                self._text((x, edge + self.cell * (0.85 if row else -0.85)), letter, 0.36)
            for column in (0, last):
                edge = self.center(column)[0]
                place = (edge + self.cell * (0.85 if column else -0.85), y)
                self._text(place, str(self.size - k), 0.36)

    def _stones(self) -> None:
        """Put the stones down, shadows first so that none falls on a stone."""
        radius = round(self.cell * 0.475)
        placed = list(np.ndenumerate(self.picture.stones.reshape(-1)))
        for (point,), color in placed:
            if color:
                self._paste(_shadow(radius), point, self.cell * 0.04)
        for (point,), color in placed:
            if color in (BLACK, WHITE):
                self._paste(stone_sprite(radius, int(color)), point, 0.0)

    def _paste(self, sprite: Image.Image, point: int, shift: float) -> None:
        """Put a sprite over a point."""
        x, y = self.center(point)
        place = (round(x + shift - sprite.width / 2), round(y + shift - sprite.height / 2))
        self.image.paste(sprite, place, sprite)

    def _marks(self) -> None:
        """Mark the last move, the move played and the labeled points."""
        flat = self.picture.stones.reshape(-1)
        if self.picture.last_move is not None and self.picture.last_move >= 0:
            light = flat[self.picture.last_move] == BLACK
            self._ring(self.picture.last_move, PAPER if light else INK)
        for point, label in self.picture.labels.items():
            self._label(point, label)
        if self.picture.played is not None and self.picture.played >= 0:
            x, y = self.center(self.picture.played)
            half, width = self.cell * 0.45, max(3, self.cell // 12)
            box = (x - half, y - half, x + half, y + half)
            self.draw.rectangle(box, outline=MARK, width=width)

    def _ring(self, point: int, color: tuple[int, int, int]) -> None:
        """Draw a ring on a stone."""
        x, y = self.center(point)
        radius = self.cell * (0.24 if self.picture.weights is None else 0.36)
        box = (x - radius, y - radius, x + radius, y + radius)
        self.draw.ellipse(box, outline=color, width=max(2, self.cell // 15))

    def _label(self, point: Point, label: str) -> None:
        """Write a label on a point, readable on whatever is there."""
        heat = self.picture.heat
        stone = int(self.picture.stones.reshape(-1)[point])
        if stone:
            ground = (20, 20, 20) if stone == BLACK else (240, 240, 240)
        else:
            ground = WOOD if heat is None else PALE_WOOD
            if heat is not None and heat[point] >= FAINTEST:
                ground = heat_on_wood(float(heat[point]))
            self._disc(self.center(point), self.cell * 0.36, ground)
        share = 0.44 if len(label) < 3 else 0.36
        self._text(self.center(point), label, share, fill=readable_on(ground))

    def _legend(self) -> None:
        """Draw the scale of the heat map to the right of the board."""
        if self.picture.heat is None:
            return
        left = self.board_side + self.cell * 0.35
        top, bottom = self.center(0)[1], self.center(self.size * self.size - 1)[1]
        length = min(bottom - top, self.cell * 8)
        steps = round(length)
        for step in range(steps):
            color = heat_on_wood((1 - step / steps) ** 2)
            y = top + step
            self.draw.rectangle((left, y, left + self.cell * 0.35, y + 1), fill=color)
        for tick in LEGEND_TICKS:
            y = top + length * (1 - math.sqrt(tick))
            place = (left + self.cell * 0.45, y)
            self._text(place, f"{tick:.0%}", 0.32, anchor="lm", fill=SOFT_INK)

    def _areas(self) -> None:
        """Draw the rectangles, and a veil over everything outside them."""
        if not self.picture.areas:
            return
        boxes = [self._box(area) for area in self.picture.areas]
        veil = Image.new("L", self.image.size, 0)
        side = self.top + self.board_side
        ImageDraw.Draw(veil).rectangle((0, self.top, self.board_side, side), fill=VEIL)
        for box in boxes:
            ImageDraw.Draw(veil).rectangle(box, fill=0)
        self.image.paste(PAPER, (0, 0), veil)
        for box in boxes:
            self.draw.rectangle(box, outline=MARK, width=max(4, self.cell // 8))

    def _box(self, area: Area) -> tuple[float, float, float, float]:
        """Return the corners of the cells of an area."""
        left, top = self.center(area.top * self.size + area.left)
        right, bottom = self.center(area.bottom * self.size + area.right)
        half = self.cell * 0.5
        return (left - half, top - half, right + half, bottom + half)

    def _weights(self) -> None:
        """Draw the discs of signed values."""
        if self.picture.weights is None:
            return
        most = self._full_weight(self.picture.weights)
        for point, value in enumerate(self.picture.weights.tolist()):
            if abs(value) >= LEAST_SHARE * most:
                self._weight_disc(self.center(point), value / most)

    def _full_weight(self, weights: npt.NDArray[np.float32]) -> float:
        """Return the value of a full disc."""
        return self.picture.full_weight or float(np.abs(weights).max()) or 1.0

    def _weight_disc(self, at: tuple[float, float], share: float) -> None:
        """Draw one disc for a share from -1 to 1."""
        radius = self.cell * DISC * math.sqrt(abs(share))
        self._disc(at, radius + self.cell * 0.03, PAPER)
        self._disc(at, radius, FOR if share > 0 else AGAINST)

    def _weights_legend(self) -> None:
        """Draw what the discs mean to the right of the board."""
        if self.picture.weights is None:
            return
        most = self._full_weight(self.picture.weights)
        left, top = self.board_side + self.cell * 0.5, self.center(0)[1]
        below = (-0.1, -0.5, -1.0) if (self.picture.weights < 0).any() else ()
        for row, share in enumerate((1.0, 0.5, 0.1, *below)):
            y = top + row * self.cell
            self._weight_disc((left, y), share)
            label = f"{share * most:+.2g}"
            self._text((left + self.cell * 0.6, y), label, 0.34, anchor="lm", fill=SOFT_INK)

    def _words(self) -> None:
        """Write the title above and the caption below."""
        if self.picture.title:
            place = (self.cell * 0.5, self.top / 2)
            self._text(place, self.picture.title, 0.42, anchor="lm")
        if self.picture.caption:
            place = (self.cell * 0.5, self.top + self.board_side + self.cell * 0.45)
            self._text(place, self.picture.caption, 0.36, anchor="lm", fill=SOFT_INK)


def heat_on_wood(probability: float) -> tuple[int, int, int]:
    """Return the color of a probability on the board; square roots make small ones visible."""
    share = math.sqrt(min(max(probability, 0.0), 1.0))
    return blend(PALE_WOOD, heat_color(share), min(1.0, 0.25 + 3.0 * share))


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font, which is there on every machine."""
    return ImageFont.load_default(size)


def _offsets(radius: int, reach: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return x and y, in radii, of the pixels of a sprite that reaches this many radii."""
    half = math.ceil(radius * reach)
    axis = np.arange(-half, half + 1) / radius
    return np.meshgrid(axis, axis)


@lru_cache(maxsize=8)
def _shadow(radius: int) -> Image.Image:
    """Return the soft shadow of a stone."""
    x, y = _offsets(radius, 1.2)
    depth = np.clip((1.14 - np.hypot(x, y)) / 0.22, 0.0, 1.0) * 95
    pixels = np.zeros((*x.shape, 4), np.uint8)
    pixels[..., 3] = depth.astype(np.uint8)
    return Image.fromarray(pixels, "RGBA")


@lru_cache(maxsize=8)
def stone_sprite(radius: int, color: int) -> Image.Image:
    """Return a stone lit from the upper left."""
    x, y = _offsets(radius, 1.05)
    away = np.hypot(x, y)
    height = np.sqrt(np.clip(1 - away**2, 0.0, 1.0))
    light = np.clip((-0.45 * x - 0.55 * y + 0.75 * height) / 1.03, 0.0, 1.0)
    if color == BLACK:
        tone = 18 + 40 * light + 110 * light**14
    else:
        tone = 190 + 55 * np.sqrt(light) + 10 * light**10
    pixels = np.zeros((*x.shape, 4), np.uint8)
    pixels[..., :3] = np.clip(tone, 0, 255)[..., None].astype(np.uint8)
    pixels[..., 3] = (np.clip((1 - away) * radius + 0.5, 0.0, 1.0) * 255).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA")
