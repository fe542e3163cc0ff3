"""What became of the games that positions are from, seen by who is to move in each."""

from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from gopolicy.data.sampling import Draw
from gopolicy.data.table import GameTable
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import BLACK, EVENT_COLOR_SHIFT

Array = TypeVar("Array")


class OutcomeTargets(NamedTuple, Generic[Array]):
    """What became of B positions, for the player to move; A = N * N points."""

    owners: Array
    """[B, A] int8: 1 for the player's points in the end, -1 for the opponent's, 0 for nobody's."""
    scores: Array
    """[B] float32: the player's area minus the opponent's, without komi."""
    counted: Array
    """[B] bool: whether owners and scores are known."""
    komi: Array
    """[B] float32: what the player has to be ahead by; White's is negative."""
    won: Array
    """[B] int8: 1 if the player won, -1 if the opponent did, 0 where that is not known."""
    color: Array
    """[B] int8: 1 where the player is Black, -1 where White."""


def outcome_targets(table: GameTable, draw: Draw) -> OutcomeTargets[npt.NDArray[np.generic]]:
    """Return what became of the positions of a draw, turned as it says."""
    located = table.locate(draw.position_ids)
    movers = (table.events[located.starts + located.indices] >> EVENT_COLOR_SHIFT) & 3
    games = located.games
    sign = np.where(movers == BLACK, 1, -1).astype(np.int8)
    komi = table.komi[games]
    winner = table.winner[games]
    won = np.where(winner == 0, 0, np.where(winner == movers, 1, -1))
    won = np.where(np.isnan(komi), 0, won).astype(np.int8)
    owners = np.zeros((len(games), table.size**2), np.int8)
    scores = np.zeros(len(games), np.float32)
    counted = np.zeros(len(games), np.bool_)
    ends = table.played_out
    if ends is not None:
        counted = _is_told(won, sign * ends.scores[games] - komi * sign)
        counted &= located.indices >= ends.starts[games]
        scores = (sign * ends.scores[games]).astype(np.float32)
        turned = symmetry_table(table.size)[draw.symmetries]
        np.put_along_axis(owners, turned.astype(np.int64), ends.ownership(games), 1)
        owners *= sign[:, None]
    return OutcomeTargets(
        owners=owners,
        scores=scores,
        counted=counted,
        komi=np.nan_to_num(komi * sign).astype(np.float32),
        won=won,
        color=sign,
    )


def _is_told(
    won: npt.NDArray[np.int8], margins: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.bool_]:
    """Return where the points at the end tell how the game went: nothing else was recorded.

    Somebody may have resigned, or run out of time, in a game that was then played on differently.
    """
    told: npt.NDArray[np.bool_] = (won == 0) | np.isnan(margins) | (np.sign(margins) == won)
    return told
