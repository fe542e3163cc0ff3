"""What is no territory though one color surrounds it: false eyes, and eyes in a seki."""

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, liberties_joined, place_stone
from gopolicy.go.types import BLACK, EMPTY, WHITE
from gopolicy.jit import kernel


@kernel
def has_chain_in_atari(board: BoardArrays, at: int, color: int) -> bool:
    """Return whether an empty cell is the only liberty of a chain of color."""
    return weakest_beside(board, at, color) == 1


@kernel
def weakest_beside(board: BoardArrays, at: int, color: int) -> int:
    """Return the fewest liberties of a chain of color beside an empty cell; many if none is."""
    fewest = int(board.stones.shape[0])
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == color:
            fewest = min(fewest, int(board.chain_libs[board.chain_head[near]]))
    return fewest


@kernel
def joins_chains(board: BoardArrays, at: int, color: int) -> bool:
    """Return whether a stone of color on an empty cell connects two chains."""
    first = np.int64(0)
    for step in (-board.stride, -1, 1, board.stride):
        near = at + step
        if board.stones[near] == color:
            head = np.int64(board.chain_head[near])
            if first != 0 and head != first:
                return True
            first = head
    return False


@kernel
def fill_false_eyes(board: BoardArrays, owners: npt.NDArray[np.int8], color: int) -> None:
    """Put stones of color where its territory must be filled once the neutral points are gone.

    owners [P] are those of the empty cells: EMPTY for neutral ones.  These go to color where they
    connect, otherwise to the opponent.  A chain that is then in atari is connected on its own
    territory, unless that takes its last liberty: the point was a false eye.
    """
    opponent = BLACK + WHITE - color
    for at in range(board.stones.shape[0]):
        if board.stones[at] == EMPTY and owners[at] == EMPTY and joins_chains(board, at, color):
            place_stone(board, at, color)
    for at in range(board.stones.shape[0]):
        neutral = board.stones[at] == EMPTY and owners[at] == EMPTY
        closes = neutral and not has_chain_in_atari(board, at, color)
        if closes and liberties_joined(board, at, opponent, 0) > 0:
            place_stone(board, at, opponent)
    changed = True
    while changed:
        changed = False
        for at in range(board.stones.shape[0]):
            is_own = board.stones[at] == EMPTY and owners[at] == color
            fills = is_own and has_chain_in_atari(board, at, color)
            if fills and liberties_joined(board, at, color, 0) > 0:
                place_stone(board, at, color)
                changed = True


@kernel
def connection(board: BoardArrays, at: int, color: int, owners: npt.NDArray[np.int8]) -> int:
    """Return the cell where color connects the chain that a stone at leaves in atari.

    It is color's own territory, and connecting there gives the chain a second liberty; 0 if there
    is none.
    """
    if liberties_joined(board, at, color, 0) != 1:
        return 0
    for cell in range(board.stones.shape[0]):
        own = board.stones[cell] == EMPTY and owners[cell] == color
        if own and liberties_joined(board, at, color, cell) == 0:
            return cell if liberties_joined(board, cell, color, at) > 1 else 0
    return 0


@kernel
def fill_neutral(board: BoardArrays, owners: npt.NDArray[np.int8]) -> None:
    """Fill the neutral points as far as somebody can who is not in atari there.

    Whoever would be in atari connects first, where that helps.  The side with the weakest chain
    beside a point comes first, so that nobody is cut off.
    """
    changed = True
    while changed:
        changed = False
        for at in range(board.stones.shape[0]):
            if board.stones[at] != EMPTY or owners[at] != EMPTY:
                continue
            black, white = weakest_beside(board, at, BLACK), weakest_beside(board, at, WHITE)
            first = BLACK if black < white else WHITE
            for color in (first, BLACK + WHITE - first):
                if has_chain_in_atari(board, at, BLACK + WHITE - color):
                    continue
                link = connection(board, at, color, owners)
                if link > 0:
                    place_stone(board, link, color)
                if link > 0 or liberties_joined(board, at, color, 0) > 1:
                    place_stone(board, at, color)
                    changed = True
                    break


@kernel
def mark_seki(board: BoardArrays, owners: npt.NDArray[np.int8], out: npt.NDArray[np.bool_]) -> None:
    """Write into out [P] the stones of chains that share a liberty which neither side can fill.

    The board is one that `fill_neutral` has left, owners those that it was given.
    """
    out[:] = False
    for at in range(board.stones.shape[0]):
        if board.stones[at] != EMPTY or owners[at] != EMPTY:
            continue
        if max(liberties_joined(board, at, BLACK, 0), liberties_joined(board, at, WHITE, 0)) > 1:
            continue
        for step in (-board.stride, -1, 1, board.stride):
            if board.stones[at + step] in (BLACK, WHITE):
                out[board.chain_head[at + step]] = True
    for at in range(board.stones.shape[0]):
        if board.stones[at] in (BLACK, WHITE):
            out[at] = out[board.chain_head[at]]


@kernel
def drop_eyes(
    board: BoardArrays, in_seki: npt.NDArray[np.bool_], owners: npt.NDArray[np.int8]
) -> None:
    """Set owners [P] to EMPTY in the empty regions that touch a chain in a seki."""
    changed = True
    while changed:
        changed = False
        for at in range(board.stones.shape[0]):
            if board.stones[at] != EMPTY or owners[at] == EMPTY:
                continue
            for step in (-board.stride, -1, 1, board.stride):
                near = at + step
                if in_seki[near] or (board.stones[near] == EMPTY and owners[near] == EMPTY):
                    owners[at] = EMPTY
                    changed = True
