"""What random games say about a position: whose points will be, who wins, which stones are dead.

No network and no other program is needed.  The answers are estimates, good enough to end games by:
`dead_chains` is meant for finished positions, where nothing is left to do but to count.
"""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.scoring import Score, Scoring
from gopolicy.go.types import BORDER, Color, Point, player
from gopolicy.play.playout_kernels import PlayoutTally, new_playout_scratch, run_playouts
from gopolicy.policy.outlook import Outlook

PLAYOUTS = 400
"""Enough to tell living stones from dead ones on a finished board."""
_ROUND = 50
_LEANING = 0.3
"""How much a network's opinion on an owner counts against that of all playouts."""


def estimate(
    board: Board,
    playouts: int = PLAYOUTS,
    *,
    seed: int = 0,
    to_move: Color | None = None,
    seconds: float | None = None,
) -> Outlook:
    """Play so many playouts from the position; the same seed gives the same answer.

    With to_move that color moves first; without, each color does in half of them, as suits a
    position in which it no longer matters.  Stops early, but not before the first 50 playouts, when
    seconds have passed.
    """
    if playouts < 1:
        raise ConfigError(f"expected at least 1 playout, got {playouts}")
    deadline = None if seconds is None else time.monotonic() + seconds
    scratch = new_playout_scratch(board.size)
    scratch.random[0] = _first_state(seed)
    ownership = np.zeros(len(board.arrays.stones), np.int64)
    margins: list[NDArray[np.int32]] = []
    left = playouts
    while left > 0:
        tally = PlayoutTally(ownership=ownership, margins=np.zeros(min(left, _ROUND), np.int32))
        color = board.to_move if to_move is None else player(to_move)
        run_playouts(board.arrays, int(color), to_move is None, scratch, tally)
        margins.append(tally.margins)
        left -= len(tally.margins)
        if deadline is not None and time.monotonic() > deadline:
            break
    inside = ownership[board.arrays.stones != BORDER]
    return _summary(inside, np.concatenate(margins).astype(np.float64) - board.komi)


def dead_chains(
    board: Board, playouts: int = PLAYOUTS, *, seed: int = 0
) -> list[tuple[Point, ...]]:
    """Return the chains that end as the opponent's in most playouts, in order of their points."""
    return dead_by(board, estimate(board, playouts, seed=seed))


def leaning(verdict: Outlook, towards: Outlook) -> Outlook:
    """Return a verdict of playouts with what a network says added where they are undecided.

    On finished boards playouts are sure of nearly every chain, and then right more often than the
    network; of the rest the network is the better judge.
    """
    ownership = np.clip(verdict.ownership + _LEANING * towards.ownership, -1, 1)
    return replace(verdict, ownership=ownership.astype(np.float32))


def dead_by(board: Board, verdict: Outlook) -> list[tuple[Point, ...]]:
    """Return the chains that are dead by an estimate of the position."""
    dead = []
    seen: set[Point] = set()
    for at in np.flatnonzero(board.stones):
        if at in seen:
            continue
        chain = board.chain(Point(int(at)))
        seen.update(chain)
        color = board.color_at(chain[0])
        if verdict.ownership_for(color)[list(chain)].mean() < 0:
            dead.append(chain)
    return dead


def final_score(
    board: Board, scoring: Scoring = "area", *, playouts: int = PLAYOUTS, seed: int = 0
) -> Score:
    """Return the score of a finished position, its dead stones found by playouts."""
    dead = [chain[0] for chain in dead_chains(board, playouts, seed=seed)]
    return board.area_score(dead) if scoring == "area" else board.territory_score(dead)


def _first_state(seed: int) -> np.uint64:
    """Return a state for the random numbers that is not 0, far apart for neighboring seeds."""
    state = np.random.SeedSequence(abs(seed)).generate_state(1, np.uint64)[0]
    return np.uint64(state | np.uint64(1))


def _summary(ownership: NDArray[np.int64], leads: NDArray[np.float64]) -> Outlook:
    """Return what the playouts amount to."""
    count = len(leads)
    return Outlook(
        ownership=(ownership / count).astype(np.float32),
        lead=float(leads.mean()),
        spread=float(leads.std()),
        black_wins=float((leads > 0).mean() + (leads == 0).mean() / 2),
        playouts=count,
    )
