"""Colours, points and the event code: the words that every layer shares.

A *point* is a flat index ``row * size + column`` with row 0 at the top; `PASS` is -1.
A *game* is an array of uint16 *events*, one per move or setup stone, so that a whole game is one
contiguous array that kernels can replay::

    bits 0-9    point, or 1023 for none (a pass; a change of turn)
    bits 10-11  colour: 0 empty, 1 black, 2 white
    bit  12     set for setup (AB, AW, AE, PL), clear for a move
"""

from enum import IntEnum
from typing import NewType

from gopolicy.errors import wrong_kind

Point = NewType("Point", int)
PASS = Point(-1)
MIN_SIZE, MAX_SIZE = 2, 25


class Color(IntEnum):
    """What stands on a point, or who is to move."""

    EMPTY = 0
    BLACK = 1
    WHITE = 2

    @property
    def opponent(self) -> "Color":
        """The other player; ConfigError for EMPTY, which has none."""
        return Color(3 - player(self))


def player(color: int) -> Color:
    """Return color as that of a player; ConfigError for EMPTY and whatever is no color.

    >>> player(2)
    <Color.WHITE: 2>
    """
    if isinstance(color, bool) or color not in (Color.BLACK, Color.WHITE):
        raise wrong_kind("the color of a player, Color.BLACK or Color.WHITE", color)
    return Color(color)


EMPTY, BLACK, WHITE, BORDER = 0, 1, 2, 3

EVENT_POINT_MASK = 0x3FF
EVENT_NO_POINT = 0x3FF
EVENT_COLOR_SHIFT = 10
EVENT_SETUP = 1 << 12


def move_event(point: Point, color: int) -> int:
    """Return the event of color playing at point, which may be `PASS`."""
    return (EVENT_NO_POINT if point < 0 else int(point)) | (color << EVENT_COLOR_SHIFT)


def setup_event(point: Point, color: int) -> int:
    """Return the event that sets point to color (0 removes a stone: AE).

    With `PASS` for a point it is the event of PL: color is to move next.
    """
    return move_event(point, color) | EVENT_SETUP
