"""What evaluation needs to know about positions besides their planes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gopolicy.go.kernels import BoardArrays, apply_event, clear, event_color, legal_points
from gopolicy.go.types import EVENT_SETUP
from gopolicy.jit import kernel


class Where(NamedTuple):
    """Positions of games in one array of events, [B] each: event ``starts + indices`` is next."""

    events: npt.NDArray[np.uint16]  # [E]
    starts: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]


class PositionFacts(NamedTuple):
    """What `write_facts` writes, one row per position."""

    legal: npt.NDArray[np.bool_]  # [B, A] where the mover may play under simple ko
    colors: npt.NDArray[np.int8]  # [B] who makes the next move
    numbers: npt.NDArray[np.int32]  # [B] the number of the next move; passes count, setup does not


@kernel
def write_facts(board: BoardArrays, where: Where, out: PositionFacts) -> None:
    """Fill out; neighbors of one game in ascending order are replayed only once."""
    start = np.int64(-1)
    done = np.int64(0)
    number = np.int64(0)
    for b in range(where.starts.shape[0]):
        index = np.int64(where.indices[b])
        if where.starts[b] != start or index < done:
            start = where.starts[b]
            done = np.int64(0)
            number = np.int64(0)
            clear(board)
        while done < index:
            event = np.int64(where.events[start + done])
            if event & EVENT_SETUP == 0:
                number += 1
            apply_event(board, event)
            done += 1
        out.colors[b] = event_color(np.int64(where.events[start + index]))
        out.numbers[b] = number + 1
        legal_points(board, out.colors[b], False, out.legal[b])
