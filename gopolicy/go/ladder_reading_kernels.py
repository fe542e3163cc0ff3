"""Ladder reading, exact within a budget.

A ladder is read on the stones alone, with liberties counted by flood fill and moves undone from a
stack, so the board that is passed in is unchanged when a reading ends.

The rules of the reading (Silver et al. 2016 give none; these are ours):

- The *chaser* attacks a chain, the *runner* owns it.  Both move legally: no suicide, no retaking of
  a ko.
- The runner answers an atari with its last liberty, or by capturing a chaser's chain in atari that
  touches the chain.  Every such answer is tried.
- The chaser, faced with two liberties, tries both; a try that lets the runner have three at once is
  seen without playing it, and counts as the two positions that it would take.
- With three liberties or more the runner is out; with one on the chaser's turn it is caught, if
  taking it is legal.
- A *ladder capture* is a move that puts a chain with two liberties into atari such that no answer
  saves it.  A *ladder escape* is an answer that saves a chain in atari.

A reading visits at most `NODE_BUDGET` positions, and is exact if it needs no more.  One that runs
out counts as a move that does not work, for the capture and for the escape alike.  Readings of real
games need a few positions, and at most some hundreds; problems that were composed to be long need
more, such as Nakayama's ladder some 2,300.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays
from gopolicy.go.types import BLACK, EMPTY, MAX_SIZE, WHITE
from gopolicy.jit import kernel, small_kernel

NODE_BUDGET = 5000
_CELLS = (MAX_SIZE + 1) * (MAX_SIZE + 2) + 1
_STACK = 64 * 1024
_ROOM = 2 * _CELLS + 3
"""What one position adds to the stack at most: answers to it, and what undoing one takes."""
_STAMP_LIMIT = 2**31 - 2 * NODE_BUDGET * _CELLS
SAFE, CAUGHT, UNDECIDED, NEW, ILLEGAL = range(5)


class FloodFill(NamedTuple):
    """Working memory for finding one chain."""

    queue: npt.NDArray[np.int16]  # [P] stones found
    libs: npt.NDArray[np.int16]  # [3] liberties found
    mark: npt.NDArray[np.int32]  # [P] stamp of the fill that saw a cell last
    last: npt.NDArray[np.int32]  # [2] stamp of the last fill, stones it found


class LadderScratch(NamedTuple):
    """Working memory of a reading; one per thread, its contents mean nothing between readings."""

    chain: FloodFill  # the runner's chain, or a chain that a move may capture
    near: FloodFill  # a chaser's chain beside it
    answers: npt.NDArray[np.int16]  # [P] first moves of the readings under way
    moves: npt.NDArray[np.int16]  # stack: answers still to be tried, and what undoing needs
    frames: npt.NDArray[np.int32]  # [depth, 3] moves on the stack: first, next to try, end
    state: npt.NDArray[np.int64]  # [5] indexed by the constants below


_FIRST, _NEXT, _END = range(3)
_STRIDE, _TOP, _NODES, _KO, _KO_COLOR = range(5)


def new_ladder_scratch() -> LadderScratch:
    """Return working memory for boards of every size."""

    def fill() -> FloodFill:
        return FloodFill(
            queue=np.zeros(_CELLS, np.int16),
            libs=np.zeros(3, np.int16),
            mark=np.zeros(_CELLS, np.int32),
            last=np.zeros(2, np.int32),
        )

    return LadderScratch(
        chain=fill(),
        near=fill(),
        answers=np.zeros(_CELLS, np.int16),
        moves=np.zeros(_STACK, np.int16),
        frames=np.zeros((NODE_BUDGET + 2, 3), np.int32),
        state=np.zeros(5, np.int64),
    )


@small_kernel
def scan_chain(
    stones: npt.NDArray[np.int8], at: int, stride: int, enough: int, fill: FloodFill
) -> int:
    """Return the liberties of the chain at a cell, or enough (at most 3) if it has that many.

    ``fill.libs`` then holds the liberties; ``fill.queue`` the whole chain if there are fewer.
    """
    fill.last[0] += 1
    stamp = fill.last[0]
    color = stones[at]
    fill.mark[at] = stamp
    fill.queue[0] = at
    first, last, libs = 0, 1, 0
    while first < last:
        here = np.int64(fill.queue[first])
        first += 1
        for step in (-stride, -1, 1, stride):
            near = np.uint64(here + step)  # an index without a sign is quicker
            if fill.mark[near] == stamp:
                continue
            if stones[near] == color:
                fill.mark[near] = stamp
                fill.queue[last] = near
                last += 1
            elif stones[near] == EMPTY:
                fill.mark[near] = stamp
                fill.libs[libs] = near
                libs += 1
                if libs == enough:
                    return libs
    fill.last[1] = last
    return libs


@small_kernel
def capture_chain(stones: npt.NDArray[np.int8], at: int, scratch: LadderScratch) -> int:
    """Take the chain at a cell off the board onto the stack; return its size."""
    color = stones[at]
    stride = scratch.state[_STRIDE]
    bottom = scratch.state[_TOP]
    stones[at] = EMPTY
    scratch.moves[bottom] = at
    first, last = bottom, bottom + 1
    while first < last:
        here = np.int64(scratch.moves[first])
        first += 1
        for step in (-stride, -1, 1, stride):
            if stones[here + step] == color:
                stones[here + step] = EMPTY
                scratch.moves[last] = here + step
                last += 1
    scratch.state[_TOP] = last
    return last - bottom


@small_kernel
def touches(stones: npt.NDArray[np.int8], at: int, stride: int, color: int) -> bool:
    """Return whether a cell has a neighbor of color."""
    found = False
    for step in (-stride, -1, 1, stride):
        found |= stones[at + step] == color
    return found


@small_kernel
def try_move(stones: npt.NDArray[np.int8], at: int, color: int, scratch: LadderScratch) -> bool:
    """Play a move if it is legal; the stack then ends with what `take_back` needs."""
    state = scratch.state
    stride = state[_STRIDE]
    other = BLACK + WHITE - color
    if stones[at] != EMPTY or (state[_KO] == at and state[_KO_COLOR] == color):
        return False
    stones[at] = color
    captured = 0
    prisoner = 0
    for step in (-stride, -1, 1, stride):
        near = at + step
        if stones[near] == other and scan_chain(stones, near, stride, 1, scratch.chain) == 0:
            captured += capture_chain(stones, near, scratch)
            prisoner = near
    libs = scan_chain(stones, at, stride, 2, scratch.chain)
    if libs == 0:
        stones[at] = EMPTY
        return False
    top = state[_TOP]
    scratch.moves[top] = state[_KO]
    scratch.moves[top + 1] = state[_KO_COLOR]
    scratch.moves[top + 2] = captured
    state[_TOP] = top + 3
    starts_ko = captured == 1 and libs == 1 and not touches(stones, at, stride, color)
    state[_KO] = prisoner if starts_ko else 0
    state[_KO_COLOR] = other
    return True


@small_kernel
def take_back(stones: npt.NDArray[np.int8], at: int, color: int, scratch: LadderScratch) -> None:
    """Undo the last move that `try_move` played, which was color at a cell."""
    state = scratch.state
    top = state[_TOP] - 3
    state[_KO] = scratch.moves[top]
    state[_KO_COLOR] = scratch.moves[top + 1]
    bottom = top - np.int64(scratch.moves[top + 2])
    for i in range(bottom, top):
        stones[scratch.moves[i]] = BLACK + WHITE - color
    stones[at] = EMPTY
    state[_TOP] = bottom


@small_kernel
def push_answer(scratch: LadderScratch, bottom: int, at: int) -> None:
    """Push a cell on the stack unless it is there already, above bottom."""
    top = scratch.state[_TOP]
    for i in range(bottom, top):
        if scratch.moves[i] == at:
            return
    scratch.moves[top] = at
    scratch.state[_TOP] = top + 1


@small_kernel
def push_answers(stones: npt.NDArray[np.int8], target: int, scratch: LadderScratch) -> None:
    """Push the runner's answers for a chain in atari: captures beside it, then its last liberty."""
    stride = scratch.state[_STRIDE]
    bottom = scratch.state[_TOP]
    chain = scratch.chain
    other = BLACK + WHITE - stones[target]
    scan_chain(stones, target, stride, 2, chain)
    last_liberty = np.int64(chain.libs[0])
    met = np.int64(scratch.near.last[0])
    for i in range(chain.last[1]):
        here = np.int64(chain.queue[i])
        for step in (-stride, -1, 1, stride):
            near = here + step
            if stones[near] != other or scratch.near.mark[near] > met:
                continue  # of a chain that was scanned before
            if scan_chain(stones, near, stride, 2, scratch.near) == 1:
                push_answer(scratch, bottom, scratch.near.libs[0])
    push_answer(scratch, bottom, last_liberty)


@small_kernel
def extends_out(
    stones: npt.NDArray[np.int8], at: int, color: int, stride: int, seen: int, fill: FloodFill
) -> bool:
    """Return whether a chain of color gets three new liberties by extending to its liberty at.

    The chain and its liberties bear the stamp seen of the fill.
    """
    fill.last[0] += 1
    stamp = fill.last[0]
    fill.queue[0] = at
    first, last, libs = 0, 1, 0
    while first < last:
        here = np.int64(fill.queue[first])
        first += 1
        for step in (-stride, -1, 1, stride):
            near = np.uint64(here + step)
            if fill.mark[near] == seen or fill.mark[near] == stamp:
                continue
            if stones[near] == color:
                fill.mark[near] = stamp
                fill.queue[last] = near
                last += 1
            elif stones[near] == EMPTY:
                fill.mark[near] = stamp
                libs += 1
                if libs == 3:
                    return True
    return False


@small_kernel
def push_attacks(stones: npt.NDArray[np.int8], target: int, scratch: LadderScratch) -> None:
    """Push the chaser's moves against a chain just scanned, which has two liberties.

    A move after which the runner gets out by its other liberty is left out; the two positions that
    show it count as visited.
    """
    state, chain = scratch.state, scratch.chain
    color = stones[target]
    seen = np.int64(chain.last[0])
    one, two = np.int64(chain.libs[0]), np.int64(chain.libs[1])
    for attack in (one, two):
        if extends_out(stones, one + two - attack, color, state[_STRIDE], seen, chain):
            state[_NODES] += 2
        else:
            scratch.moves[state[_TOP]] = attack
            state[_TOP] += 1


@small_kernel
def open_position(
    stones: npt.NDArray[np.int8], target: int, side: int, scratch: LadderScratch
) -> int:
    """Return SAFE or CAUGHT if that is plain, else push the moves of side to be tried."""
    state = scratch.state
    if side == stones[target]:
        push_answers(stones, target, scratch)
        return UNDECIDED
    libs = scan_chain(stones, target, state[_STRIDE], 3, scratch.chain)
    if libs == 3:
        return SAFE
    one = np.int64(scratch.chain.libs[0])
    if libs == 1:
        return SAFE if state[_KO] == one and state[_KO_COLOR] == side else CAUGHT
    push_attacks(stones, target, scratch)
    return UNDECIDED


@small_kernel
def next_move(stones: npt.NDArray[np.int8], side: int, depth: int, scratch: LadderScratch) -> int:
    """Play the next legal move among those of the frame at depth; return 0 if none is left."""
    frames = scratch.frames
    while frames[depth, _NEXT] < frames[depth, _END]:
        move = np.int64(scratch.moves[frames[depth, _NEXT]])
        frames[depth, _NEXT] += 1
        if try_move(stones, move, side, scratch):
            return move
    return 0


@small_kernel
def is_caught(stones: npt.NDArray[np.int8], target: int, side: int, scratch: LadderScratch) -> bool:
    """Return whether the chain at a cell is caught with side to move; the runner's turn: in atari.

    True is always exact; False also says that the node budget ran out.  The search is depth first
    with its frames in an array, one for each position on the way: for the chaser one move that
    catches is enough, for the runner one that saves.
    """
    state, frames = scratch.state, scratch.frames
    chaser = BLACK + WHITE - stones[target]
    depth = 0
    verdict = NEW
    while True:
        if verdict == NEW:
            state[_NODES] += 1
            frames[depth, _FIRST] = state[_TOP]
            if state[_TOP] > _STACK - _ROOM:
                state[_NODES] = NODE_BUDGET + 1
            if state[_NODES] > NODE_BUDGET:
                verdict = SAFE
            else:
                verdict = open_position(stones, target, side, scratch)
            frames[depth, _NEXT] = frames[depth, _FIRST]
            frames[depth, _END] = state[_TOP]
        if verdict == UNDECIDED:
            if next_move(stones, side, depth, scratch) != 0:
                side = BLACK + WHITE - side
                depth += 1
                verdict = NEW
                continue
            verdict = SAFE if side == chaser else CAUGHT
        state[_TOP] = frames[depth, _FIRST]
        if depth == 0:
            return verdict == CAUGHT
        depth -= 1
        side = BLACK + WHITE - side
        take_back(stones, np.int64(scratch.moves[frames[depth, _NEXT] - 1]), side, scratch)
        if verdict != (CAUGHT if side == chaser else SAFE):
            verdict = UNDECIDED


@small_kernel
def start_reading(board: BoardArrays, scratch: LadderScratch) -> None:
    """Make the working memory ready for one reading on a board."""
    for fill in (scratch.chain, scratch.near):
        if fill.last[0] > _STAMP_LIMIT:
            fill.last[0] = 0
            fill.mark[:] = 0
    scratch.state[_STRIDE] = board.stride
    scratch.state[_TOP] = 0
    scratch.state[_NODES] = 0
    scratch.state[_KO] = board.ko[0]
    scratch.state[_KO_COLOR] = board.ko[1]


@kernel
def read_move(board: BoardArrays, at: int, color: int, target: int, scratch: LadderScratch) -> int:
    """Return SAFE or CAUGHT for the chain at target after a move of color, or ILLEGAL.

    The move is an attack or, by the chain's own color, an answer to one.  UNDECIDED says that the
    node budget ran out.
    """
    start_reading(board, scratch)
    if not try_move(board.stones, at, color, scratch):
        return ILLEGAL
    caught = is_caught(board.stones, target, BLACK + WHITE - color, scratch)
    take_back(board.stones, at, color, scratch)
    if caught:
        return CAUGHT
    return SAFE if scratch.state[_NODES] <= NODE_BUDGET else UNDECIDED
