"""Boards small enough to stand side by side, seen as the network sees them."""

import dataclasses

import numpy as np
from PIL import Image

from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.features.planes import PlaneSet
from gopolicy.go.board import Board
from gopolicy.go.types import BLACK, WHITE, Color
from gopolicy.views.repaired_boards import Stones

CELL = 13
"""Pixels between two lines."""
AS_SEEN = "The side to move is drawn in black, as the network sees it. "


def small_board(picture: BoardPicture, cell: int = CELL) -> Image.Image:
    """Return a board without coordinates and legend."""
    plain = dataclasses.replace(picture, coordinates=False, title="", caption="")
    side = round((len(picture.stones) + 0.5) * cell)
    return board_image(plain, cell).crop((0, 0, side, side))


def seen_stones(board: Board, to_play: Color, plane_set: PlaneSet) -> Stones:
    """Return the stones with the side to move in black, [N, N].

    Plane sets that tell black from white, not own from opponent, leave them as they are.
    """
    stones = board.stones
    if to_play == BLACK or is_literal(plane_set):
        return stones
    swapped: Stones = np.array([0, WHITE, BLACK], np.int8)[stones]
    return swapped


def is_literal(plane_set: PlaneSet) -> bool:
    """Return whether planes tell black from white instead of own from opponent."""
    return plane_set.first("stone color") < 0


def about_colors(plane_set: PlaneSet) -> str:
    """Return the words that say how boards are colored."""
    return "" if is_literal(plane_set) else AS_SEEN
