"""Boards as pixels and as files, made from their SVG."""

import os
from functools import lru_cache
from pathlib import Path

from PIL import Image

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import CELL, board_svg
from gopolicy.draw.raster import image_of
from gopolicy.draw.stone_svg import stone_element, stone_gradients
from gopolicy.draw.svg import element
from gopolicy.errors import OutputError
from gopolicy.files import replacing

FORMATS = {
    ".png": "PNG",
    ".svg": "SVG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".pdf": "PDF",
}
"""What a picture is written as, by the ending of its file's name."""


def board_image(picture: BoardPicture, cell: int = CELL) -> Image.Image:
    """Return the picture in RGB; `cell` is the distance between two lines in pixels."""
    return image_of(board_svg(picture, cell)).convert("RGB")


def write_board(path: str | os.PathLike[str], picture: BoardPicture, cell: int = CELL) -> None:
    """Write the picture in one of `FORMATS`, by the ending; OutputError for another ending."""
    kind = picture_format(path)
    with replacing(path) as beside:
        if kind == "SVG":
            beside.write_text(board_svg(picture, cell), encoding="utf-8", newline="\n")
        else:
            board_image(picture, cell).save(beside, format=kind, optimize=True, quality=92)


def picture_format(path: str | os.PathLike[str]) -> str:
    """Return the format that the ending of a file's name asks for; OutputError if there is none."""
    try:
        return FORMATS[Path(path).suffix.lower()]
    except KeyError:
        *others, last = FORMATS
        endings = f"{', '.join(others)} or {last}"
        raise OutputError(f"cannot write {path}: a picture's name ends in {endings}") from None


@lru_cache(maxsize=64)
def stone_sprite(radius: int, color: int) -> Image.Image:
    """Return a stone in RGBA on nothing, one pixel wider than its radius on each side."""
    side = 2 * radius + 2
    stone = stone_element(color, radius + 1, radius + 1, radius)
    size = {"width": side, "height": side}
    svg = element(
        "svg",
        element("defs", stone_gradients()),
        stone,
        xmlns="http://www.w3.org/2000/svg",
        **size,
    )
    return image_of(svg).convert("RGBA")
