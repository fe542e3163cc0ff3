"""Moves that the rules of Go, or an exact reading, call wrong.

Four kinds: an *occupied* point; a *suicide*; filling an *own eye* while no chain around it is in
atari; and running out of a *ladder* that catches the chain all the same.  Candidates come from the
planes of `alphago48`, which the one encoder makes; the rules then confirm a suicide, and a ladder
is played out, so that "caught" is certain and no reading that ran out of budget.
"""

import numpy as np
import numpy.typing as npt

from gopolicy.errors import Refusal
from gopolicy.features.encode import Planes
from gopolicy.features.planes import plane_set
from gopolicy.go.board import Board
from gopolicy.go.kernels import cell_of, copy_board
from gopolicy.go.ladder_reading_kernels import CAUGHT, new_ladder_scratch, read_move
from gopolicy.go.types import Color, Point

PLANES = "alphago48"
KINDS = ("occupied", "suicide", "own eye", "failed ladder")
_LONGEST = 200
"""Moves of the longest ladder that is played out; a ladder crosses a board of 25 in fewer."""

Mask = npt.NDArray[np.bool_]


def wrong_masks(planes: Planes) -> Mask:
    """Return where a move may be wrong in each way, [B, 4, A], from alphago48 planes [B, 48, N, N].

    "May": `is_certain` tells a suicide from a ko and a ladder that works from one too long to read.
    """
    own, libs = _planes(planes, "stone color", 1)[:, 0], _planes(planes, "liberties", 1)[:, 0]
    legal = _planes(planes, "liberties after move", 8).any(axis=1)
    sensible = _planes(planes, "sensibleness", 1)[:, 0]
    in_atari = own & libs
    captures = _planes(planes, "capture size", 8).any(axis=1)
    escapes = _planes(planes, "ladder escape", 1)[:, 0]
    beside_atari = _beside(in_atari)
    eye = legal & ~sensible & ~beside_atari
    ladder = legal & beside_atari & ~escapes & ~captures
    empty = planes[:, 2] > 0
    masks: Mask = np.stack([~empty, empty & ~legal, eye, ladder], axis=1)
    return masks.reshape(len(planes), len(KINDS), -1)


def _planes(planes: Planes, group: str, count: int) -> Mask:
    first = plane_set(PLANES).first(group)
    chosen: Mask = planes[:, first : first + count] > 0
    return chosen


def _beside(mask: Mask) -> Mask:
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    inside = slice(1, -1)
    return (
        padded[:, :-2, inside]
        | padded[:, 2:, inside]
        | padded[:, inside, :-2]
        | padded[:, inside, 2:]
    )


def is_certain(board: Board, to_play: Color, kind: str, move: Point) -> bool:
    """Return whether a move is beyond doubt wrong in this way; kind as in `wrong_masks`."""
    if kind == "suicide":
        return board.refusal(move, to_play) == Refusal.SUICIDE
    return kind != "failed ladder" or bool(refutation(board, to_play, move))


def refutation(board: Board, to_play: Color, move: Point) -> list[Point]:
    """Return a ladder played out: the runner's move, then both sides until the chain is taken.

    Empty if the move does not run out of atari, or the chain cannot be caught by exact reading.
    """
    if not any(len(board.liberties(near)) == 1 for near in _own_neighbors(board, to_play, move)):
        return []
    copy = Board.from_events(board.size, board.events)
    if not copy.legal(move, to_play) or copy.play(move, to_play):
        return []
    line = [move]
    while len(line) < _LONGEST:
        attack = _attack(copy, move, to_play.opponent)
        if attack is None:
            return []
        line.append(attack)
        copy.play(attack, to_play.opponent)
        if copy.color_at(move) != to_play:
            return line
        liberties = copy.liberties(move)
        if len(liberties) == 1 and copy.legal(liberties[0], to_play):
            line.append(liberties[0])
            if copy.play(liberties[0], to_play):
                return []
        else:
            return [*line[:-1], attack, *_take(copy, move, to_play.opponent)]
    return []


def _take(board: Board, target: Point, chaser: Color) -> list[Point]:
    liberties = board.liberties(target)
    return [liberties[0]] if len(liberties) == 1 and board.legal(liberties[0], chaser) else []


def _attack(board: Board, target: Point, chaser: Color) -> Point | None:
    """Return a move that takes the chain at target or keeps it in a ladder to the end."""
    liberties = board.liberties(target)
    if len(liberties) == 1:
        return liberties[0] if board.legal(liberties[0], chaser) else None
    if len(liberties) != 2:
        return None
    scratch = new_ladder_scratch()
    arrays = copy_board(board.arrays)
    for at in liberties:
        cells = cell_of(arrays, at), chaser, cell_of(arrays, target)
        if read_move(arrays, *cells, scratch) == CAUGHT:
            return at
    return None


def _own_neighbors(board: Board, color: Color, point: Point) -> list[Point]:
    size = board.size
    row, column = divmod(int(point), size)
    spots = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    inside = [Point(r * size + c) for r, c in spots if 0 <= r < size and 0 <= c < size]
    return [near for near in inside if board.color_at(near) == color]
