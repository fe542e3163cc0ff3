"""Short openings for matches, so that engines that always answer the same play different games."""

import random

from gopolicy.go.types import Point

_CORNER = ((2, 2), (2, 3), (2, 4), (3, 3), (3, 4))
"""Lines from the two edges, counted from 0: 3-3, 3-4, 3-5, 4-4 and 4-5 points."""
_SMALL = 13


def opening(size: int, moves: int, seed: int) -> tuple[Point, ...]:
    """Return up to four moves by seed, one in each corner; on small boards two in the middle.

    >>> len(set(opening(19, 4, seed=1))), len(opening(9, 4, seed=1)), opening(19, 0, seed=1)
    (4, 2, ())
    """
    dice = random.Random(seed)
    if size < _SMALL:
        middle, reach = size // 2, max(size // 5, 0)
        lines = range(middle - reach, middle + reach + 1)
        points = [Point(row * size + column) for row in lines for column in lines]
        return tuple(dice.sample(points, min(moves, 2, len(points))))
    corners = [(top, left) for top in (True, False) for left in (True, False)]
    dice.shuffle(corners)
    return tuple(_corner_move(dice, size, top, left) for top, left in corners[:moves])


def _corner_move(dice: random.Random, size: int, top: bool, left: bool) -> Point:
    row, column = dice.sample(dice.choice(_CORNER), 2)
    row = row if top else size - 1 - row
    column = column if left else size - 1 - column
    return Point(row * size + column)
