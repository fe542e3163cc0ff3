"""Random games to the end, as numba kernels.

A *playout* goes on from a position with fast, mostly random moves until both sides pass; then all
stones on the board count as alive.  Averaged over many, playouts tell whose each point will be.

A move is random except that a player

- never fills his own eye, and puts his own chain in atari only to capture, or rarely, if
  it is a small one;
- answers the last move where it matters: takes a chain that left itself in atari, saves his own
  chain that was put in atari, plays in a small eye space;
- plays the middle of an eye space of three points rather than elsewhere in it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.features.move_kernels import is_own_eye
from gopolicy.go.batch_kernels import random_below
from gopolicy.go.kernels import (
    LEGAL,
    BoardArrays,
    bit_of,
    cell_of,
    check_cell,
    count_word,
    new_board,
    place_stone,
)
from gopolicy.go.scoring_kernels import fill_owners
from gopolicy.go.types import BLACK, BORDER, EMPTY, WHITE
from gopolicy.jit import kernel, small_kernel

_ONE, _ZERO = np.uint64(1), np.uint64(0)
_CANDIDATES = 64
_SPACE = 6
_COUNT, _SHAPE = 0, 1


class PlayoutScratch(NamedTuple):
    """Working memory of playouts; one per thread.  P = cells of the padded board."""

    board: BoardArrays  # the position the playout has reached
    cells: npt.NDArray[np.int16]  # [P] empty cells, and cells that were empty a moment ago
    moves: npt.NDArray[np.int16]  # [64] answers to the last move
    space: npt.NDArray[np.int16]  # [6] cells of a small empty region
    owners: npt.NDArray[np.int8]  # [P] whose every cell is at the end
    queue: npt.NDArray[np.int16]  # [P] for counting
    counts: npt.NDArray[np.int64]  # [2] entries in use of cells; cells of the region in space
    random: npt.NDArray[np.uint64]  # [1] state of the random numbers, never 0


class PlayoutTally(NamedTuple):
    """What playouts add up to."""

    ownership: npt.NDArray[np.int64]  # [P] playouts that ended Black's minus those White's
    margins: npt.NDArray[np.int32]  # [playouts] Black's area minus White's, without komi


def new_playout_scratch(size: int) -> PlayoutScratch:
    """Return working memory for boards of this size."""
    board = new_board(size)
    cells = len(board.stones)
    return PlayoutScratch(
        board=board,
        cells=np.zeros(cells, np.int16),
        moves=np.zeros(_CANDIDATES, np.int16),
        space=np.zeros(_SPACE, np.int16),
        owners=np.zeros(cells, np.int8),
        queue=np.zeros(cells, np.int16),
        counts=np.zeros(2, np.int64),
        random=np.ones(1, np.uint64),
    )


@kernel
def restore(board: BoardArrays, source: BoardArrays) -> None:
    """Make board the same position as source, of the same size."""
    for at in range(source.stones.shape[0]):
        board.stones[at] = source.stones[at]
        board.chain_head[at] = source.chain_head[at]
        if source.chain_head[at] != 0:
            board.chain_next[at] = source.chain_next[at]
        if at > 0 and source.chain_head[at] == at:
            board.chain_size[at] = source.chain_size[at]
            board.chain_libs[at] = source.chain_libs[at]
            for word in range(source.lib_bits.shape[1]):
                board.lib_bits[at, word] = source.lib_bits[at, word]
    board.ko[0] = source.ko[0]
    board.ko[1] = source.ko[1]
    board.ply[0] = source.ply[0]


@kernel
def collect_empty(scratch: PlayoutScratch) -> None:
    """List the empty cells anew."""
    count = 0
    stones = scratch.board.stones
    for at in range(stones.shape[0]):
        if stones[at] == EMPTY:
            scratch.cells[count] = at
            count += 1
    scratch.counts[_COUNT] = count


@small_kernel
def liberty_beside(board: BoardArrays, head: int, at: int) -> int:
    """Return the lowest liberty of a chain other than cell at (0 for none); 0 if there is none."""
    for word in range(board.lib_bits.shape[1]):
        bits = board.lib_bits[head, word]
        if at >> 6 == word:
            bits &= ~bit_of(at)
        if bits != _ZERO:
            below = (bits & (~bits + _ONE)) - _ONE
            return word * 64 + count_word(below)
    return 0


@kernel
def breathes_after(board: BoardArrays, at: int, color: int) -> bool:
    """Return whether a legal move leaves its chain two liberties, or captures."""
    first = 0
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        stone = board.stones[near]
        other = 0
        if stone == EMPTY:
            other = near
        elif stone == color:
            head = np.int64(board.chain_head[near])
            if board.chain_libs[head] > 2:
                return True
            if board.chain_libs[head] == 2:
                other = liberty_beside(board, head, at)
        elif stone != BORDER and board.chain_libs[board.chain_head[near]] == 1:
            return True
        if other != 0:
            if first != 0 and first != other:
                return True
            first = other
    return False


@kernel
def size_after(board: BoardArrays, at: int, color: int) -> int:
    """Return how many stones the chain of a move on an empty cell would have, about."""
    size = 1
    for step in (-board.stride, -1, 1, board.stride):
        if board.stones[at + step] == color:
            size += np.int64(board.chain_size[board.chain_head[at + step]])
    return size


@kernel
def gives_atari(board: BoardArrays, at: int, color: int) -> bool:
    """Return whether a move takes the last but one liberty of an opponent's chain."""
    for step in (-board.stride, -1, 1, board.stride):
        hostile = board.stones[at + step] == BLACK + WHITE - color
        if hostile and board.chain_libs[board.chain_head[at + step]] == 2:
            return True
    return False


@kernel
def is_playable(board: BoardArrays, at: int, color: int, random: npt.NDArray[np.uint64]) -> bool:
    """Return whether a random move may be played on an empty cell."""
    if check_cell(board, at, color, False) != LEGAL or is_own_eye(board, at, color):
        return False
    if breathes_after(board, at, color):
        return True
    size = size_after(board, at, color)
    if size <= 3 and gives_atari(board, at, color):  # may leave the opponent a single eye
        return random_below(random, 2) == 0
    return size <= 4 and random_below(random, 8) == 0


@kernel
def random_move(scratch: PlayoutScratch, color: int) -> int:
    """Return a random playable cell, 0 if there is none."""
    board, cells = scratch.board, scratch.cells
    left = scratch.counts[_COUNT]
    while left > 0:
        i = random_below(scratch.random, left)
        at = np.int64(cells[i])
        left -= 1
        if board.stones[at] != EMPTY:
            scratch.counts[_COUNT] -= 1
            cells[i] = cells[left]
            cells[left] = cells[scratch.counts[_COUNT]]
            continue
        if is_playable(board, at, color, scratch.random):
            vital = vital_point(scratch, at)
            return at if vital == 0 else vital
        cells[i] = cells[left]
        cells[left] = at
    return 0


@small_kernel
def suggest(scratch: PlayoutScratch, count: int, at: int) -> int:
    """Add a cell to the answers if there is room; return how many there are."""
    if count < scratch.moves.shape[0]:
        scratch.moves[count] = at
        count += 1
    return count


@kernel
def suggest_rescues(scratch: PlayoutScratch, head: int, count: int) -> int:
    """Add the moves that save a chain in atari: captures beside it, and running out."""
    board = scratch.board
    color = np.int64(board.stones[head])
    liberty = liberty_beside(board, head, 0)
    if breathes_after(board, liberty, color):
        count = suggest(scratch, count, liberty)
    at = np.int64(head)
    while True:
        for step in (-board.stride, -1, 1, board.stride):
            near = at + step
            if board.stones[near] == BLACK + WHITE - color:
                enemy = np.int64(board.chain_head[near])
                if board.chain_libs[enemy] == 1:
                    count = suggest(scratch, count, liberty_beside(board, enemy, 0))
        at = np.int64(board.chain_next[at])
        if at == head:
            break
    return count


@kernel
def measure_space(scratch: PlayoutScratch, start: int, limit: int) -> int:
    """Collect the empty region around start into space; return its size, limit + 1 if larger."""
    board, space = scratch.board, scratch.space
    space[0] = start
    count, done = 1, 0
    while done < count:
        at = np.int64(space[done])
        done += 1
        for step in (-board.stride, -1, 1, board.stride):
            near = at + step
            if board.stones[near] != EMPTY:
                continue
            known = False
            for i in range(count):
                known |= space[i] == near
            if known:
                continue
            if count == limit:
                return limit + 1
            space[count] = near
            count += 1
    return count


@kernel
def vital_point(scratch: PlayoutScratch, start: int) -> int:
    """Return the middle of a region of three empty points that one color surrounds, or 0."""
    board = scratch.board
    if measure_space(scratch, start, 3) != 3:
        return 0
    middle, around = 0, EMPTY
    for i in range(3):
        at = np.int64(scratch.space[i])
        empty = 0
        for step in (-board.stride, -1, 1, board.stride):
            stone = np.int64(board.stones[at + step])
            if stone == EMPTY:
                empty += 1
            elif stone != BORDER:
                if around == BLACK + WHITE - stone:
                    return 0
                around = stone
        if empty == 2:
            middle = at
    return middle


@kernel
def answer(scratch: PlayoutScratch, color: int, last: int) -> int:
    """Return a move that the last move, a stone of the opponent's, calls for; 0 if none."""
    board = scratch.board
    count = 0
    head = np.int64(board.chain_head[last])
    if head != 0 and board.chain_libs[head] == 1:
        count = suggest(scratch, count, liberty_beside(board, head, 0))
    for step in (-board.stride, -1, 1, board.stride):
        near = last + step
        if board.stones[near] == color:
            own = np.int64(board.chain_head[near])
            if board.chain_libs[own] == 1:
                count = suggest_rescues(scratch, own, count)
    if count == 0:
        for step in (-board.stride, -1, 1, board.stride):
            if board.stones[last + step] == EMPTY:
                vital = vital_point(scratch, last + step)
                if vital != 0:
                    count = suggest(scratch, count, vital)
    if count == 0 or random_below(scratch.random, 16) == 0:
        return 0
    at = np.int64(scratch.moves[random_below(scratch.random, count)])
    return at if check_cell(board, at, color, False) == LEGAL else 0


@kernel
def run_playout(scratch: PlayoutScratch, color: int) -> None:
    """Play from the position in scratch, color first, until both pass or the game is too long."""
    board = scratch.board
    collect_empty(scratch)
    passes, last = 0, 0
    for _ in range(3 * board.size * board.size):
        at = answer(scratch, color, last) if last != 0 else 0
        if at == 0:
            at = random_move(scratch, color)
        board.ko[0] = 0
        last = at
        if at == 0:
            passes += 1
            if passes == 2:
                return
        else:
            passes = 0
            if place_stone(board, at, color) != 0:
                collect_empty(scratch)
        color = BLACK + WHITE - color


@kernel
def run_playouts(
    position: BoardArrays, color: int, alternate: bool, scratch: PlayoutScratch, tally: PlayoutTally
) -> None:
    """Play one playout from position for each entry of ``tally.margins`` and add them up.

    color is first to move, in every second playout the opponent if alternate.
    """
    for i in range(tally.margins.shape[0]):
        restore(scratch.board, position)
        mover = BLACK + WHITE - color if alternate and i % 2 == 1 else color
        run_playout(scratch, mover)
        tally.margins[i] = fill_owners(
            scratch.board.stones, scratch.board.stride, scratch.owners, scratch.queue
        )
        for at in range(scratch.owners.shape[0]):
            if scratch.owners[at] == BLACK:
                tally.ownership[at] += 1
            elif scratch.owners[at] == WHITE:
                tally.ownership[at] -= 1


@kernel
def mark_own_eyes(board: BoardArrays, color: int, out: npt.NDArray[np.bool_]) -> None:
    """Write into out [N * N] whether each point is empty and an eye of color."""
    for point in range(board.size * board.size):
        at = cell_of(board, point)
        out[point] = board.stones[at] == EMPTY and is_own_eye(board, at, color)
