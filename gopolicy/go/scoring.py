"""Scores: area counting (Tromp-Taylor) and territory counting.

*Area*: a player has the points under living stones and the empty points that touch only them.
Without dead stones given, every stone counts as alive, which is the Tromp-Taylor rule.

*Territory*: a player has the empty points that touch only his living stones, and a point for each
prisoner; dead stones become prisoners.  What is dead is for the caller to say.  Japanese rules give
no points for eyes in a seki; nothing here can tell a seki, so such eyes are counted as territory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.go.kernels import new_board
from gopolicy.go.scoring_kernels import fill_owners
from gopolicy.go.types import BORDER, Color, Point
from gopolicy.go.vertex import vertex_name

Scoring = Literal["area", "territory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Points of both players, komi included in White's.

    >>> str(Score(black=9.0, white=5.5)), str(Score(black=7.0, white=7.0))
    ('B+3.5', '0')
    """

    black: float
    white: float

    @property
    def margin(self) -> float:
        """Black's points minus White's."""
        return self.black - self.white

    @property
    def winner(self) -> Color:
        """The player with more points, EMPTY for a draw."""
        if self.margin == 0:
            return Color.EMPTY
        return Color.BLACK if self.margin > 0 else Color.WHITE

    def __str__(self) -> str:
        """Return the result as SGF and GTP write it: `B+3.5`, `W+0.5` or `0`."""
        if self.margin == 0:
            return "0"
        return f"{self.winner.name[0]}+{abs(self.margin):.10g}"


def owners_by_area(
    stones: npt.NDArray[np.int8], dead: Iterable[Point] = ()
) -> npt.NDArray[np.int8]:
    """Return whose every point is by area counting, [N, N]: EMPTY, BLACK or WHITE.

    stones are [N, N]; one point of a dead chain stands for the whole chain.
    """
    return _fill(_without(stones, dead))


def territory_owners(
    stones: npt.NDArray[np.int8], dead: Iterable[Point] = ()
) -> npt.NDArray[np.int8]:
    """Return whose territory every point is, [N, N]; a point under a living stone is nobody's."""
    alive = _without(stones, dead)
    return np.where(alive == Color.EMPTY, _fill(alive), Color.EMPTY).astype(np.int8)


def area_score(
    stones: npt.NDArray[np.int8], *, komi: float = 0.0, dead: Iterable[Point] = ()
) -> Score:
    """Return the score by area counting of stones [N, N].

    >>> area_score(np.array([[0, 1], [1, 1]], dtype=np.int8), komi=0.5)
    Score(black=4.0, white=0.5)
    """
    return _score(owners_by_area(stones, dead), {}, komi)


def territory_score(
    stones: npt.NDArray[np.int8],
    captures: Mapping[Color, int],
    *,
    komi: float = 0.0,
    dead: Iterable[Point] = (),
) -> Score:
    """Return the score by territory counting; captures are the stones each player has captured."""
    alive = _without(stones, dead)
    owners = np.where(alive == Color.EMPTY, _fill(alive), Color.EMPTY).astype(np.int8)
    prisoners = {
        color: captures.get(color, 0) + int(np.sum((stones == color.opponent) & (alive == 0)))
        for color in (Color.BLACK, Color.WHITE)
    }
    return _score(owners, prisoners, komi)


def _score(owners: npt.NDArray[np.int8], prisoners: Mapping[Color, int], komi: float) -> Score:
    black, white = (
        float(np.sum(owners == color)) + prisoners.get(color, 0)
        for color in (Color.BLACK, Color.WHITE)
    )
    return Score(black=black, white=white + komi)


def _fill(stones: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Return the owners [N, N] of stones [N, N], all of them alive."""
    board = new_board(len(stones))
    cells = board.stones
    inside = cells != BORDER
    cells[inside] = stones.ravel()
    owners = np.empty_like(cells)
    fill_owners(cells, board.stride, owners, np.empty(len(cells), np.int16))
    filled: npt.NDArray[np.int8] = owners[inside].reshape(stones.shape)
    return filled


def _without(stones: npt.NDArray[np.int8], dead: Iterable[Point]) -> npt.NDArray[np.int8]:
    size = len(stones)
    alive = stones.copy().ravel()
    for point in dead:
        if not 0 <= point < size * size or not stones.flat[point]:
            where = vertex_name(point, size)
            raise ConfigError(f"expected a stone to be dead, got the empty point {where}")
        _erase(alive, point, size)
    return alive.reshape(size, size)


def _erase(alive: npt.NDArray[np.int8], point: int, size: int) -> None:
    """Take the chain at a point off alive [N * N]; nothing where it is gone already."""
    color = alive[point]
    waiting = [point] if color else []
    while waiting:
        at = waiting.pop()
        if alive[at] == color:
            alive[at] = 0
            waiting += neighbors(at, size)


def neighbors(point: int, size: int) -> list[int]:
    """Return the two to four points next to a point.

    >>> neighbors(0, 3), neighbors(4, 3)
    ([1, 3], [3, 5, 1, 7])
    """
    row, column = divmod(point, size)
    near = []
    if column > 0:
        near.append(point - 1)
    if column < size - 1:
        near.append(point + 1)
    if row > 0:
        near.append(point - size)
    if row < size - 1:
        near.append(point + size)
    return near
