"""Handicap stones that a record promises: how many, where they are, and whose turn it is then."""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from gopolicy.go.handicap import fixed_handicap, largest_fixed_handicap
from gopolicy.go.kernels import new_board, replay
from gopolicy.go.types import (
    BLACK,
    EMPTY,
    EVENT_COLOR_SHIFT,
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    EVENT_SETUP,
    PASS,
    WHITE,
    Point,
    setup_event,
)


class Start(NamedTuple):
    """How a game begins, seen from its handicap."""

    before: list[int]
    """Events that the record leaves out, to be put before its own."""
    after: list[int]
    """Likewise, to be put behind its own."""
    stones: int
    """Handicap stones: what the record says, or Black's stones before the first move if more.

    Anything else set up beforehand makes it a problem or a position, not a handicap.
    """


class NoPlacement(ValueError):
    """Handicap stones are missing, and nobody can tell where they were."""


def start_of(events: Sequence[int], said: int, size: int) -> Start:
    """Return what the events of a game need for the handicap that its record says.

    Some servers write no handicap stones because they always stand on the fixed points: there, a
    game in which White moves first on an empty board.  And White is to move behind handicap stones
    also where no move and no PL says so.  Raises NoPlacement for more stones than fixed points.
    """
    setup = list(takewhile(EVENT_SETUP.__and__, events))
    placed = {(event & EVENT_POINT_MASK, _color(event)) for event in setup if _has_point(event)}
    only_black = bool(placed) and all(color == BLACK for _, color in placed)
    first = _color(events[len(setup)]) if len(events) > len(setup) else EMPTY
    total = said
    if only_black and len(placed) > 1 and (said or first != EMPTY):
        total = max(said, len(placed))
    if said < 2:
        return Start([], [], total)
    if first == WHITE and all(color == EMPTY for _, color in placed):
        return Start(_fixed(said, size, events), [], total)
    if first == EMPTY and only_black and all(map(_has_point, setup)):
        return Start([], [setup_event(PASS, WHITE)], total)
    return Start([], [], total)


def _fixed(stones: int, size: int, events: Sequence[int]) -> list[int]:
    """Return the setup of stones on the fixed points of GTP.

    Six and seven stones stand on the left and right side there, but above and below in old records
    of Fox: those are taken where the game is possible with them only.
    """
    largest = largest_fixed_handicap(size)
    if stones > largest:
        room = f"for at most {largest}" if largest else "for none"
        raise NoPlacement(f"HA[{stones}] without AB, and {size}x{size} has fixed points {room}")
    points = fixed_handicap(size, stones)
    turned = [Point(point % size * size + point // size) for point in points]
    usual, other = ([setup_event(point, BLACK) for point in way] for way in (points, turned))
    if set(points) != set(turned) and not _is_legal([*usual, *events], size):
        return other if _is_legal([*other, *events], size) else usual
    return usual


def _is_legal(events: Sequence[int], size: int) -> bool:
    game = np.array(events, dtype=np.uint16)
    return int(replay(new_board(size), game, len(game))) < 0


def _has_point(event: int) -> bool:
    """Say whether an event is about a point: not a pass, not a change of turn."""
    return event & EVENT_POINT_MASK != EVENT_NO_POINT


def _color(event: int) -> int:
    return event >> EVENT_COLOR_SHIFT & 3
