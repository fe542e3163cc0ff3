"""Stone patterns and small grids of weights as pictures."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gopolicy.draw.board_files import stone_sprite
from gopolicy.draw.colors import INK, LINE, PAPER, SOFT_INK, WOOD, signed_color
from gopolicy.go.types import BLACK, WHITE
from gopolicy.views.filter_patterns import (
    EMPTY_HERE,
    OFF_BOARD,
    OWN_STONE,
    Float32Array,
    StonePattern,
)

OVERSAMPLE = 3
"""Patterns are drawn this much larger and scaled down, which smooths their edges."""
FRAMED = 6
"""Squares of this side and more have lines between them."""


def draw_pattern(pattern: StonePattern, cell: int = 18) -> Image.Image:
    """Return a pattern as a piece of a board: the larger a stone, the more it matters.

    A cross is a point that should be empty, plain paper is off the board.
    """
    height, width = pattern.states.shape
    step = cell * OVERSAMPLE
    image = Image.new("RGB", (width * step, height * step), PAPER)
    draw = ImageDraw.Draw(image)
    inside = np.argwhere(pattern.states != OFF_BOARD)
    for row, column in inside:
        draw.rectangle((column * step, row * step, (column + 1) * step, (row + 1) * step), WOOD)
    for row, column in inside:
        _cross_lines(draw, pattern, int(row), int(column), step)
    most = float(pattern.margins.max()) or 1.0
    for row, column in inside:
        share = math.sqrt(float(pattern.margins[row, column]) / most)
        center = (column * step + step // 2, row * step + step // 2)
        _state(image, int(pattern.states[row, column]), center, share * step / 2)
    return image.resize((width * cell, height * cell), Image.Resampling.LANCZOS)


def _cross_lines(
    draw: ImageDraw.ImageDraw, pattern: StonePattern, row: int, column: int, step: int
) -> None:
    states = np.pad(pattern.states, 1, mode="edge")
    x, y = column * step + step // 2, row * step + step // 2
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        if states[row + 1 + down, column + 1 + right] != OFF_BOARD:
            end = (x + right * step // 2, y + down * step // 2)
            draw.line((x, y, *end), fill=LINE, width=OVERSAMPLE)


def _state(image: Image.Image, state: int, center: tuple[int, int], radius: float) -> None:
    """Draw what a point should hold, as large as it matters; nothing where it hardly does."""
    x, y = center
    if radius < 2 * OVERSAMPLE:
        return
    if state == EMPTY_HERE:
        arm = 0.6 * radius
        for sign in (-1, 1):
            line = (x - arm, y - sign * arm, x + arm, y + sign * arm)
            ImageDraw.Draw(image).line(line, fill=INK, width=OVERSAMPLE)
        return
    sprite = stone_sprite(round(0.95 * radius), BLACK if state == OWN_STONE else WHITE)
    image.paste(sprite, (x - sprite.width // 2, y - sprite.height // 2), sprite)


def draw_grid(values: Float32Array, most: float, cell: int = 11) -> Image.Image:
    """Return weights [H, W] as colored squares; most is the weight of the full color."""
    height, width = values.shape
    image = Image.new("RGB", (width * cell + 1, height * cell + 1), SOFT_INK)
    draw = ImageDraw.Draw(image)
    line = 1 if cell >= FRAMED else 0
    for (row, column), value in np.ndenumerate(values):
        left, top = column * cell + 1, row * cell + 1
        box = (left, top, left + cell - 1 - line, top + cell - 1 - line)
        draw.rectangle(box, fill=signed_color(float(value) / most))
    return image


def signed_legend(most: float, words: str, width: int = 260) -> Image.Image:
    """Return the scale of signed weights with its ends."""
    image = Image.new("RGB", (width, 40), PAPER)
    draw = ImageDraw.Draw(image)
    for x in range(width):
        draw.line((x, 0, x, 14), fill=signed_color(2 * x / (width - 1) - 1))
    font = ImageFont.load_default(12)
    draw.text((0, 18), f"-{most:.2g}", font=font, fill=SOFT_INK)
    draw.text((width / 2, 18), words, font=font, fill=SOFT_INK, anchor="ma")
    draw.text((width, 18), f"+{most:.2g}", font=font, fill=SOFT_INK, anchor="ra")
    return image


def side_by_side(images: Sequence[Image.Image], gap: int = 6) -> Image.Image:
    """Return pictures in one row, centered in height."""
    height = max(image.height for image in images)
    width = sum(image.width + gap for image in images) - gap
    row = Image.new("RGB", (width, height), PAPER)
    x = 0
    for image in images:
        row.paste(image, (x, (height - image.height) // 2))
        x += image.width + gap
    return row
