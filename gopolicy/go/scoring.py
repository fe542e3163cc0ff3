"""Scores: area counting (Tromp-Taylor) and territory counting.

*Area*: a player has the points under living stones and the empty points that touch only them.
Without dead stones given, every stone counts as alive, which is the Tromp-Taylor rule.

*Territory*: a player has the empty points that touch only his living stones, and a point for each
prisoner; dead stones become prisoners.  What is dead is for the caller to say.  False eyes that
must be filled once the neutral points are gone are no territory, and with the tax SEKI of Japanese
rules the eyes of chains in a seki neither, see `gopolicy.go.territory_kernels`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.go.kernels import BoardArrays, copy_board, new_board, rebuild_chains
from gopolicy.go.scoring_kernels import fill_owners
from gopolicy.go.territory_kernels import drop_eyes, fill_false_eyes, fill_neutral, mark_seki
from gopolicy.go.types import BORDER, Color, Point
from gopolicy.go.vertex import vertex_name

Scoring = Literal["area", "territory"]
Tax = Literal["NONE", "SEKI"]
_FINISHED_SHARE = 4
"""With more than a quarter of the board neutral nothing is said about seki."""


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
    stones: npt.NDArray[np.int8], dead: Iterable[Point] = (), *, tax: Tax = "SEKI"
) -> npt.NDArray[np.int8]:
    """Return whose territory every point is, [N, N]; a point under a living stone is nobody's.

    Nor is a false eye anybody's, which must be filled once the neutral points are, and with tax
    SEKI no eye of a chain in a seki.
    """
    return _territory(_without(stones, dead), tax)[0]


def stones_in_seki(
    stones: npt.NDArray[np.int8], dead: Iterable[Point] = ()
) -> npt.NDArray[np.bool_]:
    """Return the living stones that share a liberty with the opponent which neither can fill."""
    return _territory(_without(stones, dead), "SEKI")[1]


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
    tax: Tax = "SEKI",
) -> Score:
    """Return the score by territory counting; captures are the stones each player has captured."""
    alive = _without(stones, dead)
    owners, _ = _territory(alive, tax)
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
    board = _board_of(stones)
    filled: npt.NDArray[np.int8] = _cell_owners(board)[board.stones != BORDER]
    return filled.reshape(stones.shape)


def _territory(
    alive: npt.NDArray[np.int8], tax: Tax
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Return whose territory every point is and which stones are in a seki, both [N, N]."""
    board = _board_of(alive)
    inside = board.stones != BORDER
    owners = _cell_owners(board)
    owners[board.stones != Color.EMPTY] = BORDER
    rebuild_chains(board)
    in_seki = np.zeros(len(inside), np.bool_)
    if np.sum(owners == Color.EMPTY) * _FINISHED_SHARE < alive.size:
        neutral = copy_board(board)
        fill_neutral(neutral, owners)
        mark_seki(neutral, owners, in_seki)
    for color in (Color.BLACK, Color.WHITE):
        filled = copy_board(board)
        fill_false_eyes(filled, owners, int(color))
        owners[(owners == color) & (filled.stones != Color.EMPTY)] = BORDER
    if tax == "SEKI":
        drop_eyes(board, in_seki, owners)
    owners[owners == BORDER] = Color.EMPTY
    shape = alive.shape
    seki = in_seki[inside].reshape(shape) & (alive != Color.EMPTY)
    return owners[inside].reshape(shape), seki


def _board_of(stones: npt.NDArray[np.int8]) -> BoardArrays:
    """Return a board with stones [N, N] on it, their chains unknown."""
    board = new_board(len(stones))
    board.stones[board.stones != BORDER] = stones.ravel()
    return board


def _cell_owners(board: BoardArrays) -> npt.NDArray[np.int8]:
    """Return the owners [P] of the cells by area."""
    owners = np.empty_like(board.stones)
    fill_owners(board.stones, board.stride, owners, np.empty(len(owners), np.int16))
    return owners


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
