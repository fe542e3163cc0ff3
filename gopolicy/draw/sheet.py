"""Sheets: many small pictures in rows under one title and a note, each with a caption."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from gopolicy.draw.colors import INK, PAPER, SOFT_INK

TITLE, CAPTION = 20, 13
"""Sizes of the letters, in pixels."""
MARGIN, GAP = 16, 12
LINE_HEIGHT = 1.3

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a sheet."""

    image: Image.Image
    caption: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Tiles side by side, with words of their own above."""

    tiles: Sequence[Tile]
    heading: str = ""


def draw_sheet(title: str, rows: Sequence[SheetRow], note: str = "") -> Image.Image:
    """Return all rows below the title, as wide as the widest row."""
    widths = [sum(tile.image.width + GAP for tile in row.tiles) - GAP for row in rows]
    width = max([360, *widths]) + 2 * MARGIN
    blocks = [_words(title, TITLE, width - 2 * MARGIN, INK)]
    if note:
        blocks.append(_words(note, CAPTION, width - 2 * MARGIN, SOFT_INK))
    for row in rows:
        if row.heading:
            blocks.append(_words(row.heading, CAPTION + 2, width - 2 * MARGIN, INK))
        blocks.append(_row(row))
    height = sum(block.height + GAP for block in blocks) - GAP + 2 * MARGIN
    sheet = Image.new("RGB", (width, height), PAPER)
    y = MARGIN
    for block in blocks:
        sheet.paste(block, (MARGIN, y))
        y += block.height + GAP
    return sheet


def in_rows(tiles: Sequence[Tile], columns: int) -> list[SheetRow]:
    """Return tiles in rows of so many columns."""
    return [SheetRow(tiles[at : at + columns]) for at in range(0, len(tiles), columns)]


def _row(row: SheetRow) -> Image.Image:
    captions = [_words(tile.caption, CAPTION, tile.image.width, SOFT_INK) for tile in row.tiles]
    tallest = max((tile.image.height for tile in row.tiles), default=0)
    below = max((caption.height for caption in captions), default=0)
    width = max(1, sum(tile.image.width + GAP for tile in row.tiles) - GAP)
    block = Image.new("RGB", (width, tallest + below + 2), PAPER)
    x = 0
    for tile, caption in zip(row.tiles, captions, strict=True):
        block.paste(tile.image, (x, 0))
        block.paste(caption, (x, tallest + 2))
        x += tile.image.width + GAP
    return block


def _words(text: str, size: int, width: int, color: tuple[int, int, int]) -> Image.Image:
    """Return text in lines that fit the width; what the font has no letters for becomes '?'."""
    font = ImageFont.load_default(size)
    lines = _wrapped(text.encode("latin-1", "replace").decode("latin-1"), font, width)
    step = round(size * LINE_HEIGHT)
    block = Image.new("RGB", (max(1, width), max(1, step * len(lines))), PAPER)
    draw = ImageDraw.Draw(block)
    for number, line in enumerate(lines):
        draw.text((0, number * step), line, font=font, fill=color)
    return block


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n") if text else []:
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines
