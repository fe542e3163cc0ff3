"""Vertices: points as people write them.

`D4` is column D, row 4; rows are numbered from the bottom and the letter I is left out.  `pass` is
the vertex of `PASS`.  `resign` is no vertex here: it ends a game and stands on no board.
"""

import re
from operator import index

from gopolicy.errors import ConfigError, VertexError, wrong_kind
from gopolicy.go.types import MAX_SIZE, MIN_SIZE, PASS, Point

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"

_VERTEX = re.compile(r"([A-HJ-Z])([1-9][0-9]?)", re.ASCII)


def check_size(size: int) -> int:
    """Return size; raise ConfigError unless a board can have it."""
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise wrong_kind(f"a board size from {MIN_SIZE} to {MAX_SIZE}", size)
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ConfigError(f"expected a board size from {MIN_SIZE} to {MAX_SIZE}, got {size}")
    return size


def point_at(row: int, column: int, size: int) -> Point:
    """Return the point of a row counted from the top and a column, both from 0."""
    return Point(row * size + column)


def parse_vertex(text: str, size: int) -> Point:
    """Return the point that text names, in either case; raise VertexError if there is none.

    >>> parse_vertex("A19", 19), parse_vertex("t1", 19), parse_vertex("pass", 19)
    (0, 360, -1)
    """
    name = text.strip().upper()
    if name == "PASS":
        return PASS
    match = _VERTEX.fullmatch(name)
    if match:
        column, row = COLUMNS.index(match[1]), size - int(match[2])
        if column < size and row >= 0:
            return point_at(row, column, size)
    raise VertexError(f"expected a vertex like D4 on {size}x{size}, got {text[:20]!r}")


def point_of(move: Point | int | str, size: int) -> Point:
    """Return the point that a vertex or a number means; VertexError for whatever is neither.

    Whether the number is on the board is not asked.

    >>> point_of("A19", 19), point_of(360, 19)
    (0, 360)
    """
    if isinstance(move, str):
        return parse_vertex(move, size)
    if isinstance(move, bool) or not hasattr(move, "__index__"):
        raise VertexError(str(wrong_kind(f"a vertex like D4 or a point on {size}x{size}", move)))
    return Point(index(move))


def point_on_board(move: Point | int | str, size: int) -> Point:
    """Return the point that a vertex or a number means; VertexError unless it is on the board."""
    at = point_of(move, size)
    if not 0 <= at < size * size:
        raise VertexError(f"expected a point of the {size}x{size} board, got {move}")
    return at


def vertex_name(point: int, size: int) -> str:
    """Return the vertex of a point, `pass` for `PASS`; raise VertexError off the board.

    >>> vertex_name(parse_vertex("q16", 19), 19)
    'Q16'
    """
    if point == PASS:
        return "pass"
    if not 0 <= point < size * size:
        raise VertexError(f"expected a point from 0 to {size * size - 1}, got {point}")
    row, column = divmod(int(point), size)
    return f"{COLUMNS[column]}{size - row}"
