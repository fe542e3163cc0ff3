"""Where handicap stones go, and how many a game has.

The fixed placement is the table of the Go Text Protocol: two to nine stones on the star points,
up to four where the board has an even side or is 7x7, none below that.
"""

from collections.abc import Iterable
from typing import SupportsIndex

from gopolicy.errors import ConfigError, wrong_kind
from gopolicy.go.types import (
    BLACK,
    EVENT_COLOR_SHIFT,
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    EVENT_SETUP,
    WHITE,
    Point,
)
from gopolicy.go.vertex import check_size, point_at

_ORDER = {
    2: ("low left", "high right"),
    3: ("low left", "high right", "high left"),
    4: ("low left", "high right", "high left", "low right"),
    6: ("low left", "high right", "high left", "low right", "middle left", "middle right"),
    8: (
        *("low left", "high right", "high left", "low right"),
        *("middle left", "middle right", "low middle", "high middle"),
    ),
}
_WORDS = {"low": -1, "left": 0, "middle": 1, "high": 0, "right": -1}


def star_lines(size: int) -> tuple[int, ...]:
    """Return the rows (and columns) that star points stand on: none, the outer two, or three."""
    check_size(size)
    if size < 7:
        return ()
    outer = 3 if size >= 13 else 2
    if size % 2 == 0 or size == 7:
        return outer, size - 1 - outer
    return outer, size // 2, size - 1 - outer


def star_points(size: int) -> tuple[Point, ...]:
    """Return the marked points of the board, row by row."""
    lines = star_lines(size)
    return tuple(point_at(row, column, size) for row in lines for column in lines)


def largest_fixed_handicap(size: int) -> int:
    """Return how many fixed handicap stones the board has room for: 0, 4 or 9."""
    return len(star_points(size))


def fixed_handicap(size: int, stones: int) -> tuple[Point, ...]:
    """Return the fixed placement of 2 or more stones, in the order of the protocol's table.

    >>> from gopolicy.go.vertex import vertex_name
    >>> [vertex_name(point, 19) for point in fixed_handicap(19, 5)]
    ['D4', 'Q16', 'D16', 'Q4', 'K10']
    """
    if isinstance(stones, bool) or not isinstance(stones, SupportsIndex):
        raise wrong_kind("a number of handicap stones", stones)
    largest = largest_fixed_handicap(size)
    if not 2 <= stones <= largest:
        room = f"from 2 to {largest}" if largest else "no fixed handicap"
        raise ConfigError(f"expected {room} stones on {size}x{size}, got {stones}")
    lines = star_lines(size)
    has_center = stones in (5, 7, 9)
    points = [_corner(place, lines, size) for place in _ORDER[stones - has_center]]
    if has_center:
        points.append(point_at(size // 2, size // 2, size))
    return tuple(points)


def _corner(place: str, lines: tuple[int, ...], size: int) -> Point:
    """Return the star point of a place such as "low left" or "middle right"."""
    row, column = place.split()
    return point_at(lines[_WORDS[row]], lines[_WORDS[column]], size)


def free_handicap(size: int, stones: int) -> tuple[Point, ...]:
    """Return a placement of at least 2 stones, fewer than asked where no good point is left.

    The fixed placement comes first; each further stone takes the point, off the first two lines
    where the board has others, that is farthest from the stones already placed.
    """
    if not 2 <= stones < size * size:
        raise ConfigError(f"expected from 2 to {size * size - 1} stones, got {stones}")
    fixed = min(stones, largest_fixed_handicap(size))
    placed = list(fixed_handicap(size, fixed)) if fixed else []
    margin = 2 if size >= 7 else 1 if size >= 5 else 0
    inner = range(margin, size - margin)
    candidates = [point_at(row, column, size) for row in inner for column in inner]
    gaps = {
        point: min([size, *(_steps(point, near, size) for near in placed)]) for point in candidates
    }
    while len(placed) < stones:
        best = max(candidates, key=lambda point: (gaps[point], -point))
        if gaps[best] < 2:
            break
        placed.append(best)
        gaps = {point: min(gap, _steps(point, best, size)) for point, gap in gaps.items()}
    return tuple(placed)


def _steps(one: Point, other: Point, size: int) -> int:
    return abs(one // size - other // size) + abs(one % size - other % size)


def handicap_stones(events: Iterable[int]) -> int:
    """Return how many handicap stones a game begins with, 0 for a single one.

    They are Black's stones before White's first move, set up or played: some frontends send them
    as moves.  A white stone set up there makes it a position, which has none, and so do two white
    stones one after the other, which is how a frontend enters a position by moves.  Black's passes
    do not matter, and White's first move, a pass too, ends what Black plays.

    >>> from gopolicy.go.types import move_event
    >>> handicap_stones([move_event(Point(60), BLACK), move_event(Point(72), BLACK)])
    2
    """
    stones: set[int] = set()
    white_passed = white_moved = False
    for event in events:
        point, color = event & EVENT_POINT_MASK, event >> EVENT_COLOR_SHIFT & 3
        is_setup = bool(event & EVENT_SETUP)
        if white_moved:
            if color == WHITE and not is_setup and point != EVENT_NO_POINT:
                return 0
            break
        if point == EVENT_NO_POINT:
            white_passed |= color == WHITE and not is_setup
        elif color == WHITE:
            if is_setup:
                return 0
            white_moved = True
        elif color != BLACK:
            stones.discard(point)
        elif is_setup or not white_passed:
            stones.add(point)
    return len(stones) if len(stones) > 1 else 0
