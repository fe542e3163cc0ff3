"""The size of a drawing, read from what a browser reads."""

import xml.etree.ElementTree as ET

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import CELL, board_svg


def drawn_size(picture: BoardPicture, cell: int = CELL) -> tuple[int, int]:
    """Return the width and height in pixels of the board as SVG."""
    root = ET.fromstring(board_svg(picture, cell))
    width, height = (int(root.get(side, "")) for side in ("width", "height"))
    assert root.get("viewBox") == f"0 0 {width} {height}"
    return width, height
