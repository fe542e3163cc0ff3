"""Self-play of many games, as numba kernels: which moves are sensible, and the choice among them.

Games are played to the very end, so that counting is exact: a player passes only where nothing
sensible is left to play.  *Sensible* is a legal move that

- fills no eye of the player's;
- is not in an area where nothing is left to decide, see `gopolicy.go.life_kernels`, except to take
  dead stones off there;
- leaves its chain two liberties or captures, or is a throw-in: the stones that the opponent can
  take lie alone in an eye space of his, where they leave him, taken, a shape of one eye, and he has
  hardly a liberty elsewhere; or it is a single stone that gives atari.

So shared liberties in a seki stay empty, and dead stones are taken off the board.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.features.move_kernels import is_own_eye
from gopolicy.go.batch_kernels import (
    GOING,
    GameArrays,
    board_of,
    may_play,
    past_of,
    play_action,
    random_below,
    start_game,
)
from gopolicy.go.kernels import BoardArrays, apply_event, cell_of
from gopolicy.go.legal_kernels import update_all
from gopolicy.go.life_kernels import TO_CLEAR, LifeScratch, mark_settled, new_life_scratch
from gopolicy.go.scoring_kernels import fill_owners
from gopolicy.go.superko_kernels import NO_SUPERKO, start_past
from gopolicy.go.types import BLACK, BORDER, EMPTY, WHITE
from gopolicy.jit import kernel, small_kernel
from gopolicy.play.playout_kernels import breathes_after, gives_atari

_LARGEST = 6
"""Stones of the largest shape that, taken, leaves one eye."""
_FEW = 3
"""Liberties of a chain that may still be killed from inside."""
_FOUR, _FIVE, _SIX = 12, 20, 30


class SelfPlayScratch(NamedTuple):
    """Working memory; one per thread.  P: cells of the padded board."""

    life: LifeScratch
    settled: npt.NDArray[np.int8]  # [P] see `mark_settled`
    shape: npt.NDArray[np.int16]  # [7] cells of a few stones, and of their last liberty
    kept: npt.NDArray[np.bool_]  # [N * N] points among which a move is drawn


class ChoiceRules(NamedTuple):
    """How moves are drawn: one temperature and top-p for the opening, one for what follows."""

    opening_plies: int
    opening_temperature: float
    opening_top_p: float
    temperature: float
    top_p: float


def new_self_play_scratch(size: int) -> SelfPlayScratch:
    """Return working memory for boards of this size."""
    life = new_life_scratch(size)
    return SelfPlayScratch(
        life=life,
        settled=np.zeros(len(life.region), np.int8),
        shape=np.zeros(_LARGEST + 1, np.int16),
        kept=np.zeros(size * size, np.bool_),
    )


@kernel
def begin_at(games: GameArrays, g: int, events: npt.NDArray[np.uint16], to_move: int) -> None:
    """Begin one game at the position after legal events; repetitions count from there on."""
    start_game(games, g, events[:0])
    board = board_of(games, g)
    for i in range(events.shape[0]):
        games.events[g, i] = events[i]
        apply_event(board, np.int64(events[i]))
    games.length[g] = events.shape[0]
    games.to_move[g] = to_move
    update_all(board, games.suicide, games.legal[g])
    if games.superko != NO_SUPERKO:
        start_past(past_of(games, g), board, to_move, games.superko)


@kernel
def is_throw_in(board: BoardArrays, at: int, color: int, scratch: SelfPlayScratch) -> bool:
    """Return whether a legal move that leaves its chain one liberty is a throw-in."""
    shape = scratch.shape
    shape[0] = at
    count, done, liberty = 1, 0, 0
    while done < count:
        stone = np.int64(shape[done])
        done += 1
        for step in (-board.stride, -1, 1, board.stride):
            near = stone + step
            if board.stones[near] == EMPTY and near != at:
                liberty = near
            if board.stones[near] == color and not is_among(near, shape, count):
                if count == _LARGEST:
                    return False
                shape[count] = near
                count += 1
    if liberty == 0:
        return False
    if count == 1 and gives_atari(board, at, color):
        return True
    shape[count] = liberty
    return has_one_eye(board, shape, count) and is_closed(board, color, count, scratch)


@small_kernel
def is_among(cell: int, shape: npt.NDArray[np.int16], count: int) -> bool:
    """Return whether a cell is one of the first count of shape."""
    known = False
    for i in range(count):
        known |= shape[i] == cell
    return known


@kernel
def has_one_eye(board: BoardArrays, shape: npt.NDArray[np.int16], count: int) -> bool:
    """Return whether an eye space of this shape makes one eye at most if its middle is taken.

    Up to three points always do; four, five and six do if many of them touch each other.
    """
    if count <= 3:
        return True
    squares = 0
    for i in range(count):
        touching = 0
        for k in range(count):
            far = abs(np.int64(shape[i]) - np.int64(shape[k]))
            touching += far == 1 or far == board.stride
        squares += touching * touching
    if count == 4:
        return squares >= _FOUR
    return squares >= _FIVE if count == 5 else squares == _SIX


@kernel
def is_closed(board: BoardArrays, color: int, count: int, scratch: SelfPlayScratch) -> bool:
    """Return whether a shape and its last liberty touch nothing but enemies that it can harm.

    Enemies who live, or have liberties elsewhere, would only be given stones, unless it is one.
    """
    for i in range(count + 1):
        for step in (-board.stride, -1, 1, board.stride):
            near = np.int64(scratch.shape[i]) + step
            stone = board.stones[near]
            if stone == BLACK + WHITE - color:
                libs = board.chain_libs[board.chain_head[near]]
                if count > 1 and (libs > _FEW or scratch.settled[near] != EMPTY):
                    return False
            elif stone != BORDER and not is_among(near, scratch.shape, count + 1):
                return False
    return True


@kernel
def is_sensible(board: BoardArrays, at: int, color: int, scratch: SelfPlayScratch) -> bool:
    """Return whether a legal move on an empty cell is sensible; settled is marked."""
    settled = scratch.settled[at]
    if settled != EMPTY:
        return settled == color + TO_CLEAR
    if is_own_eye(board, at, color):
        return False
    return breathes_after(board, at, color) or is_throw_in(board, at, color, scratch)


@kernel
def mark_sensible(
    games: GameArrays, g: int, scratch: SelfPlayScratch, out: npt.NDArray[np.bool_]
) -> int:
    """Write into out [N * N] which points of one game are sensible for who is to move.

    Returns how many are.
    """
    board = board_of(games, g)
    color = np.int64(games.to_move[g])
    scratch.settled[:] = EMPTY
    mark_settled(board, BLACK, scratch.life, scratch.settled)
    mark_settled(board, WHITE, scratch.life, scratch.settled)
    count = 0
    for point in range(out.shape[0]):
        out[point] = False
        if games.legal[g, color - 1, point]:
            at = cell_of(board, point)
            if is_sensible(board, at, color, scratch) and may_play(games, g, point, color):
                out[point] = True
                count += 1
    return count


@kernel
def next_probable(
    logs: npt.NDArray[np.float32], kept: npt.NDArray[np.bool_], last: float, before: int
) -> int:
    """Return the point of kept that comes after one at which logs is last, -1 if there is none.

    Points are in order of probability, equal ones in order of their numbers.
    """
    best, place = -np.inf, -1
    for point in range(kept.shape[0]):
        value = np.float64(logs[point])
        behind = value < last or (value == last and point > before)
        if kept[point] and behind and (place < 0 or value > best):
            best, place = value, point
    return place


@kernel
def keep_probable(logs: npt.NDArray[np.float32], top_p: float, kept: npt.NDArray[np.bool_]) -> None:
    """Leave in kept [N * N] the most probable of its points that together reach top_p."""
    place = next_probable(logs, kept, np.inf, -1)
    best, total = np.float64(logs[place]), 0.0
    for point in range(kept.shape[0]):
        if kept[point]:
            total += np.exp(logs[point] - best)
    left = (top_p - 1e-9) * total - 1.0
    last = best
    while left > 0.0:
        following = next_probable(logs, kept, last, place)
        if following < 0:
            return
        place, last = following, np.float64(logs[following])
        left -= np.exp(last - best)
    for point in range(kept.shape[0]):
        if logs[point] < last or (logs[point] == last and point > place):
            kept[point] = False


@kernel
def draw_point(
    random: npt.NDArray[np.uint64],
    logs: npt.NDArray[np.float32],
    temperature: float,
    kept: npt.NDArray[np.bool_],
) -> int:
    """Return a point of kept [N * N], which has some, drawn by probability ** (1 / temperature).

    logs [N * N] are logarithms of probabilities; temperature 0 takes the most probable point.
    """
    best, place = -np.inf, -1
    for point in range(kept.shape[0]):
        if kept[point] and (place < 0 or logs[point] > best):
            best, place = np.float64(logs[point]), point
    if temperature == 0.0:
        return place
    total = 0.0
    for point in range(kept.shape[0]):
        if kept[point]:
            total += np.exp((logs[point] - best) / temperature)
    left = random_below(random, 1 << 31) / 2147483648.0 * total
    for point in range(kept.shape[0]):
        if kept[point]:
            share = np.exp((logs[point] - best) / temperature)
            if share > 0.0:
                place = point
                left -= share
                if left < 0.0:
                    break
    return place


@kernel
def choose_action(
    games: GameArrays,
    g: int,
    logs: npt.NDArray[np.float32],
    rules: ChoiceRules,
    scratch: SelfPlayScratch,
) -> int:
    """Return the action of who is to move in one game: a sensible one, or a pass if none is."""
    kept = scratch.kept
    if mark_sensible(games, g, scratch, kept) == 0:
        return np.int64(kept.shape[0])
    opening = games.ply[g, 0] < rules.opening_plies
    top_p = rules.opening_top_p if opening else rules.top_p
    if top_p < 1.0:
        keep_probable(logs, top_p, kept)
    temperature = rules.opening_temperature if opening else rules.temperature
    return draw_point(games.random[g], logs, temperature, kept)


@kernel
def advance_games(
    games: GameArrays,
    logs: npt.NDArray[np.float32],
    most_plies: npt.NDArray[np.int32],
    rules: ChoiceRules,
    scratch: SelfPlayScratch,
) -> None:
    """Play one action in every game that goes on, by log-probabilities [G, N * N].

    A game that ends, at the latest after most_plies [G], is counted.
    """
    for g in range(logs.shape[0]):
        if games.status[g] != GOING:
            continue
        action = choose_action(games, g, logs[g], rules, scratch)
        games.status[g] = play_action(games, g, action, np.int64(most_plies[g]))
        if games.status[g] != GOING:
            games.area[g] = fill_owners(
                games.stones[g], games.stride, games.owners[g], games.queue[g]
            )
