"""Loops over the decisions of games that were played, as numba kernels."""

import numpy as np
import numpy.typing as npt

from gopolicy.go.batch_kernels import GameArrays, play_action
from gopolicy.go.kernels import event_point
from gopolicy.jit import kernel
from gopolicy.rl.self_play_kernels import SelfPlayScratch, begin_at, mark_sensible


@kernel
def mark_choices(
    games: GameArrays,
    events: npt.NDArray[np.uint16],
    begin: tuple[int, int],
    rows: npt.NDArray[np.int64],
    scratch: SelfPlayScratch,
    out: npt.NDArray[np.bool_],
) -> None:
    """Replay a game of self-play and mark what there was to choose from.

    ``events`` [E] are the game; begin tells how many of them were given and who began then.  rows
    [E]: the row of out [M, A] to write the sensible points before an event into, -1 for none.
    ``games`` holds one game, with the rules that it was played by.
    """
    start, to_move = begin
    begin_at(games, 0, events[:start], to_move)
    for i in range(start, events.shape[0]):
        if rows[i] >= 0:
            mark_sensible(games, 0, scratch, out[rows[i]])
        event = np.int64(events[i])
        point = event_point(event)
        action = point if point >= 0 else out.shape[1]
        play_action(games, 0, action, 1 << 30)
