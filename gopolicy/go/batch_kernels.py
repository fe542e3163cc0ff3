"""Many games of one board size that step together, as numba kernels.

Each field of `GameArrays` holds the same thing for all games, one row per game; `board_of` shows
one row as the `BoardArrays` that every other kernel works on, without copying.  The kernels here
go through the games from start to before stop, so that several threads can share the work.

An *action* is a flat point, or N * N for a pass.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import (
    BoardArrays,
    apply_event,
    cell_of,
    clear,
    event_color,
    event_point,
    new_board,
    place_stone,
)
from gopolicy.go.legal_kernels import note_atari, update_after_move, update_all, update_cell
from gopolicy.go.scoring_kernels import fill_owners
from gopolicy.go.superko_kernels import (
    NO_SUPERKO,
    PastArrays,
    forbid_repeats,
    key_after,
    record,
    repeats,
    start_past,
    table_size,
    zobrist_keys,
)
from gopolicy.go.types import BLACK, EVENT_COLOR_SHIFT, EVENT_NO_POINT, WHITE
from gopolicy.jit import kernel, small_kernel

GOING, PASSED_OUT, AT_LIMIT, ILLEGAL = 0, 1, 2, 3

_TRIES = 16
_S12, _S25, _S27, _S32 = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(32)


class GameArrays(NamedTuple):
    """The state of G games.  P, W: see `BoardArrays`; T: see `PastArrays`; E = most events."""

    stones: npt.NDArray[np.int8]  # [G, P]
    chain_head: npt.NDArray[np.int16]  # [G, P]
    chain_next: npt.NDArray[np.int16]  # [G, P]
    chain_size: npt.NDArray[np.int16]  # [G, P]
    chain_libs: npt.NDArray[np.int16]  # [G, P]
    lib_bits: npt.NDArray[np.uint64]  # [G, P, W]
    birth: npt.NDArray[np.int32]  # [G, P]
    ko: npt.NDArray[np.int16]  # [G, 2]
    ply: npt.NDArray[np.int32]  # [G, 1]
    to_move: npt.NDArray[np.int8]  # [G] BLACK or WHITE
    passes: npt.NDArray[np.int8]  # [G] passes in a row just played
    status: npt.NDArray[np.int8]  # [G] GOING, PASSED_OUT, AT_LIMIT or ILLEGAL
    events: npt.NDArray[np.uint16]  # [G, E] the whole game, see `gopolicy.go.types`
    length: npt.NDArray[np.int32]  # [G] events so far
    random: npt.NDArray[np.uint64]  # [G, 1] state of the random numbers of each game, never 0
    owners: npt.NDArray[np.int8]  # [G, P] whose every cell is, as of the last count
    area: npt.NDArray[np.int32]  # [G] Black's area minus White's, as of the last count
    queue: npt.NDArray[np.int16]  # [G, P] scratch
    legal: npt.NDArray[np.bool_]  # [G, 2, A] what Black and White may play, superko aside
    zobrist: npt.NDArray[np.uint64]  # [3, P]
    key: npt.NDArray[np.uint64]  # [G, 1]
    table: npt.NDArray[np.uint64]  # [G, T]; T is 1 without superko
    stood: npt.NDArray[np.bool_]  # [G, 3, P]; only with superko
    size: int
    stride: int
    superko: int  # NO_SUPERKO, POSITIONAL or SITUATIONAL
    suicide: bool


def new_games(
    games: int, size: int, *, superko: int, suicide: bool, most_events: int
) -> GameArrays:
    """Return games on empty boards, Black to move; each has room for so many events."""
    board = new_board(size)
    cells = len(board.stones)

    rows: dict[str, Any] = {
        name: np.repeat(getattr(board, name)[None], games, axis=0)
        for name in BoardArrays._fields[:-2]
    }
    entries = 1 if superko == NO_SUPERKO else table_size(most_events + 1)
    arrays = GameArrays(
        **rows,
        to_move=np.full(games, BLACK, np.int8),
        passes=np.zeros(games, np.int8),
        status=np.zeros(games, np.int8),
        events=np.zeros((games, most_events), np.uint16),
        length=np.zeros(games, np.int32),
        random=np.arange(1, games + 1, dtype=np.uint64)[:, None],
        owners=np.zeros((games, cells), np.int8),
        area=np.zeros(games, np.int32),
        queue=np.zeros((games, cells), np.int16),
        legal=np.ones((games, 2, size * size + 1), np.bool_),
        zobrist=zobrist_keys(cells),
        key=np.zeros((games, 1), np.uint64),
        table=np.zeros((games, entries), np.uint64),
        stood=np.zeros((games, 3, cells if entries > 1 else 1), np.bool_),
        size=size,
        stride=size + 1,
        superko=superko,
        suicide=suicide,
    )
    start_games(arrays, 0, games, np.ones(games, np.bool_), np.zeros(0, np.uint16))
    return arrays


@small_kernel
def board_of(games: GameArrays, g: int) -> BoardArrays:
    """Return one game's board, a view."""
    return BoardArrays(
        games.stones[g],
        games.chain_head[g],
        games.chain_next[g],
        games.chain_size[g],
        games.chain_libs[g],
        games.lib_bits[g],
        games.birth[g],
        games.ko[g],
        games.ply[g],
        games.size,
        games.stride,
    )


@small_kernel
def past_of(games: GameArrays, g: int) -> PastArrays:
    """Return one game's past positions, a view; only with superko."""
    return PastArrays(games.zobrist, games.key[g], games.table[g], games.stood[g])


@kernel
def start_games(
    games: GameArrays,
    start: int,
    stop: int,
    chosen: npt.NDArray[np.bool_],
    setup: npt.NDArray[np.uint16],
) -> None:
    """Begin the chosen games [G] anew, with legal setup events already carried out."""
    for g in range(start, stop):
        if chosen[g]:
            start_game(games, g, setup)


@kernel
def start_game(games: GameArrays, g: int, setup: npt.NDArray[np.uint16]) -> None:
    """Begin one game anew, with legal setup events already carried out."""
    board = board_of(games, g)
    clear(board)
    games.to_move[g] = BLACK
    games.passes[g] = 0
    games.status[g] = GOING
    games.length[g] = setup.shape[0]
    for i in range(setup.shape[0]):
        event = np.int64(setup[i])
        games.events[g, i] = setup[i]
        apply_event(board, event)
        if event_point(event) < 0:
            games.to_move[g] = event_color(event)
    update_all(board, games.suicide, games.legal[g])
    if games.superko != NO_SUPERKO:
        start_past(past_of(games, g), board, games.to_move[g], games.superko)


@small_kernel
def may_play(games: GameArrays, g: int, point: int, color: int) -> bool:
    """Return whether color may play on a point in one game."""
    if not games.legal[g, color - 1, point]:
        return False
    if games.superko == NO_SUPERKO:
        return True
    board = board_of(games, g)
    return not repeats(past_of(games, g), board, cell_of(board, point), color, games.superko)


@kernel
def play_games(
    games: GameArrays,
    start: int,
    stop: int,
    chosen: npt.NDArray[np.bool_],
    actions: npt.NDArray[np.int64],
    most_moves: int,
) -> None:
    """Play actions [G] in the chosen games [G] that are going on; a game that ends is counted.

    Two passes in a row or most_moves moves and passes end a game, and so does an illegal action,
    which leaves the board as it was.
    """
    for g in range(start, stop):
        if chosen[g] and games.status[g] == GOING:
            games.status[g] = play_action(games, g, actions[g], most_moves)
            if games.status[g] != GOING:
                board = board_of(games, g)
                games.area[g] = fill_owners(
                    board.stones, board.stride, games.owners[g], games.queue[g]
                )


@kernel
def play_action(games: GameArrays, g: int, action: int, most_moves: int) -> int:
    """Play one action; return the status of the game after it."""
    color = np.int64(games.to_move[g])
    points = games.size * games.size
    if action < points and not may_play(games, g, action, color):
        return ILLEGAL
    board = board_of(games, g)
    other = BLACK + WHITE - color
    past = past_of(games, g)
    key = past.key[0]
    event = EVENT_NO_POINT
    board.ply[0] += 1
    ko = np.int64(board.ko[0])
    board.ko[0] = 0
    if action == points:
        games.passes[g] += 1
    else:
        event = action
        games.passes[g] = 0
        at = cell_of(board, action)
        if games.superko != NO_SUPERKO:
            key = key_after(past, board, at, color)
            past.stood[color, at] = True
        note_atari(board, at, color, games.queue[g])
        captured = place_stone(board, at, color)
        update_after_move(board, at, captured, games.queue[g], games.suicide, games.legal[g])
    if ko > 0:
        update_cell(board, ko, games.suicide, games.legal[g])
    if games.superko != NO_SUPERKO:
        record(past, key, other, games.superko)
    games.events[g, games.length[g]] = event | (color << EVENT_COLOR_SHIFT)
    games.length[g] += 1
    games.to_move[g] = other
    if games.passes[g] == 2:
        return PASSED_OUT
    return AT_LIMIT if board.ply[0] >= most_moves else GOING


@kernel
def count_games(games: GameArrays, start: int, stop: int) -> None:
    """Count every game's area as it stands, into owners and area."""
    for g in range(start, stop):
        games.area[g] = fill_owners(games.stones[g], games.stride, games.owners[g], games.queue[g])


@kernel
def mark_legal(
    games: GameArrays,
    start: int,
    stop: int,
    colors: npt.NDArray[np.int8],
    out: npt.NDArray[np.bool_],
) -> None:
    """Write into out [G, N * N + 1] which actions colors [G] may play; a pass is always legal."""
    for g in range(start, stop):
        color = np.int64(colors[g])
        for action in range(out.shape[1]):
            out[g, action] = games.legal[g, color - 1, action]
        if games.superko != NO_SUPERKO:
            forbid_repeats(past_of(games, g), board_of(games, g), color, games.superko, out[g])


@small_kernel
def random_below(random: npt.NDArray[np.uint64], limit: int) -> int:
    """Return a random number from 0 to limit - 1 (xorshift)."""
    x = random[0]
    x ^= x >> _S12
    x ^= x << _S25
    x ^= x >> _S27
    random[0] = x
    return np.int64(((x >> _S32) * np.uint64(limit)) >> _S32)


@kernel
def draw_actions(
    random: npt.NDArray[np.uint64],
    start: int,
    stop: int,
    chosen: npt.NDArray[np.bool_],
    legal: npt.NDArray[np.bool_],
    out: npt.NDArray[np.int64],
) -> None:
    """Write into out [G] an action for each chosen game [G], all legal ones [G, A] alike probable.

    random [G, 1] are states of random numbers, see `GameArrays`.
    """
    actions = legal.shape[1]
    for g in range(start, stop):
        if not chosen[g]:
            continue
        action = random_below(random[g], actions)
        tries = 1
        while not legal[g, action] and tries < _TRIES:
            action = random_below(random[g], actions)
            tries += 1
        if not legal[g, action]:
            count = 0
            for i in range(actions):
                count += legal[g, i]
            rank = random_below(random[g], count)
            action = -1
            while rank >= 0:
                action += 1
                rank -= legal[g, action]
        out[g] = action


@kernel
def draw_weighted(
    random: npt.NDArray[np.uint64],
    chosen: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    out: npt.NDArray[np.int64],
) -> None:
    """Write into out [G] a point for each chosen game [G], as probable as weights [G, N * N] say.

    out stays as it is where all weights are 0.  random: see `draw_actions`.
    """
    for g in range(chosen.shape[0]):
        if not chosen[g]:
            continue
        total = 0.0
        for point in range(weights.shape[1]):
            total += weights[g, point]
        left = random_below(random[g], 1 << 31) / 2147483648.0 * total
        for point in range(weights.shape[1]):
            if weights[g, point] > 0.0:
                out[g] = point
                left -= weights[g, point]
                if left < 0.0:
                    break
