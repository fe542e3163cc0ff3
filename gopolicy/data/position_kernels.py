"""Loops over events and positions that are too many for Python."""

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, clear, replay
from gopolicy.go.types import EVENT_COLOR_SHIFT, EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP
from gopolicy.jit import kernel

Int64Array = npt.NDArray[np.int64]
EventArray = npt.NDArray[np.uint16]

WORD = 0xFFFFFFFF


@kernel
def is_counted(event: int, counted: int) -> bool:
    """Return whether event is a board move of a colour in the mask (1 black, 2 white)."""
    if event & EVENT_SETUP or event & EVENT_POINT_MASK == EVENT_NO_POINT:
        return False
    return (counted >> ((event >> EVENT_COLOR_SHIFT) - 1)) & 1 == 1


@kernel
def count_positions(events: EventArray, counted: int) -> int:
    """Return how many moves of one game are counted."""
    total = 0
    for event in events:
        if is_counted(int(event), counted):
            total += 1
    return total


@kernel
def find_impossible_game(
    events: EventArray,
    event_offsets: Int64Array,
    position_offsets: Int64Array,
    counted: npt.NDArray[np.uint8],
    points: int,
) -> int:
    """Return the first game with an event that means nothing or another count of positions, or -1.

    ``points`` is the number of points on the board; offsets must ascend within the events.
    """
    for game in range(len(counted)):
        total = 0
        if counted[game] > 3:
            return game
        for i in range(event_offsets[game], event_offsets[game + 1]):
            event = int(events[i])
            point, color = event & EVENT_POINT_MASK, (event >> EVENT_COLOR_SHIFT) & 3
            removes = event & EVENT_SETUP != 0 and point != EVENT_NO_POINT and color == 0
            if event >= 2 * EVENT_SETUP or color == 3 or (color == 0 and not removes):
                return game
            if point >= points and point != EVENT_NO_POINT:
                return game
            if is_counted(event, int(counted[game])):
                total += 1
        if total != position_offsets[game + 1] - position_offsets[game]:
            return game
    return -1


@kernel
def find_illegal_game(
    board: BoardArrays,
    events: EventArray,
    event_offsets: Int64Array,
    games: Int64Array,
    unchecked: npt.NDArray[np.bool_],
) -> int:
    """Replay those of games that are unchecked; return the first that is illegal, or -1.

    Clears unchecked for the legal ones.
    """
    for game in games:
        if unchecked[game]:
            start, stop = event_offsets[game], event_offsets[game + 1]
            clear(board)
            if replay(board, events[start:stop], stop - start) >= 0:
                return game
            unchecked[game] = False
    return -1


@kernel
def locate_positions(
    events: EventArray,
    event_offsets: Int64Array,
    counted: npt.NDArray[np.uint8],
    ranks: Int64Array,
    games: Int64Array,
    indices: npt.NDArray[np.int32],
) -> None:
    """Fill indices with the event index, in its game, of counted move ranks[b] of games[b]."""
    for b in range(len(games)):
        game = games[b]
        start = event_offsets[game]
        mask = int(counted[game])
        left = ranks[b]
        for i in range(event_offsets[game + 1] - start):
            if is_counted(int(events[start + i]), mask):
                if left == 0:
                    indices[b] = i
                    break
                left -= 1


@kernel
def canonical_opening(
    events: EventArray, symmetries: npt.NDArray[np.int16], out: npt.NDArray[np.uint16]
) -> None:
    """Fill out with the lexicographically smallest of the 8 images of events[:len(out)]."""
    for s in range(symmetries.shape[0]):
        state = 0 if s else -1  # -1 smaller than the best so far, 0 equal, 1 larger
        for i in range(len(out)):
            event = int(events[i])
            point = event & EVENT_POINT_MASK
            if point != EVENT_NO_POINT:
                event = event - point + int(symmetries[s, point])
            if state == 0:
                best = int(out[i])
                state = -1 if event < best else (1 if event > best else 0)
            if state > 0:
                break
            out[i] = event


@kernel
def scramble(word: int) -> int:
    """Return 32 well-mixed bits of a 32-bit word; products stay below 2**63."""
    word = word ^ (word >> 16)
    word = (word * 0x7FEB352D) & WORD
    word = word ^ (word >> 15)
    word = (word * 0x2C1B3C6D) & WORD
    return word ^ (word >> 16)


@kernel
def permute(numbers: Int64Array, count: int, keys: Int64Array, out: Int64Array) -> None:
    """Fill out with where a keyed bijection of range(count) sends each number.

    A Feistel network over the next even power of two; a value outside the range is sent on until
    it falls inside (cycle walking), which keeps the map one to one.
    """
    half = 1
    while (1 << (2 * half)) < count:
        half += 1
    mask = (1 << half) - 1
    for b in range(len(numbers)):
        value = numbers[b]
        while True:
            left, right = value >> half, value & mask
            for key in keys:
                left, right = right, left ^ (scramble(right ^ key) & mask)
            value = (left << half) | right
            if value < count:
                break
        out[b] = value


@kernel
def scramble_draw(draw: int, keys: Int64Array) -> int:
    """Return 32 well-mixed bits that depend on the number of a draw and two keys."""
    word = scramble((draw & WORD) ^ keys[0])
    return scramble(word ^ ((draw >> 32) & WORD) ^ keys[1])


@kernel
def draw_symmetries(first: int, keys: Int64Array, out: npt.NDArray[np.int8]) -> None:
    """Fill out with a symmetry 0..7 for draws first, first + 1, ..."""
    for b in range(len(out)):
        out[b] = scramble_draw(first + b, keys) & 7


@kernel
def draw_flags(first: int, keys: Int64Array, share: float, out: npt.NDArray[np.bool_]) -> None:
    """Fill out with flags, set in the given share of draws first, first + 1, ..."""
    for b in range(len(out)):
        out[b] = scramble_draw(first + b, keys) < share * (WORD + 1)
