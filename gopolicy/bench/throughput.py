"""How fast this machine goes through games: replaying, encoding, drawing, predicting.

Everything is a ratio against a reference measured in the same run, because absolute numbers of a
shared machine say little.  Work on one core is timed by that thread's processor time, so other
programs disturb it less; rounds of what is compared take turns and the best round counts.
"""

import time

import numpy as np
import numpy.typing as npt
from sgfmill.boards import Board as SgfmillBoard

from gopolicy.data.loader import BatchLoader, LoaderOptions, encode_draw
from gopolicy.data.sampling import BatchPlan
from gopolicy.data.selection import GameSelection
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.kernels import clear, event_color, event_point, new_board, replay
from gopolicy.go.types import EVENT_SETUP
from gopolicy.timing import SpeedRow, Work, best_rates

Events = npt.NDArray[np.uint16]
SgfmillMoves = list[tuple[int, int, str]]

BATCH = 256
RUN = 16
"""Batches that one run of the loader makes, from the start of its threads to their end."""
LARGEST = 200
"""Games used at most; more would only take longer."""


def measure_encode(table: GameTable, seconds: float = 0.3) -> list[SpeedRow]:
    """Measure replay and planes on one core against sgfmill's board."""
    games = [table.game_events(g) for g in range(min(table.games, LARGEST))]
    games = [events for events in games if not (events & EVENT_SETUP).any()]
    if not games:
        raise ConfigError("no game without setup stones to measure on")
    moves = sum(len(events) for events in games)
    reference = _as_sgfmill(games, table.size)
    selection = GameSelection(table, np.arange(min(table.games, LARGEST)))
    works = {
        "sgfmill": Work(lambda: _replay_sgfmill(reference, table.size), moves),
        "replay": Work(lambda: _replay_kernels(games, table.size), moves),
        "shuffled alphago48": _shuffled(selection, "alphago48"),
    }
    for name in ("stones", "alphago20", "alphago48"):
        works[name] = _sequential(games, table.size, name)
    rates = best_rates(works, seconds=seconds)
    sgfmill, sequential = rates["sgfmill"], rates["alphago48"]
    board = "sgfmill's board replaying the same games, moves/s"
    return [
        SpeedRow(name=board, value=sgfmill, unit="moves/s"),
        SpeedRow(
            name="replay in kernels",
            value=rates["replay"],
            unit="moves/s",
            reference=board,
            ratio=rates["replay"] / sgfmill,
            must=20,
            aim=50,
        ),
        *(
            SpeedRow(
                name=f"{name} of whole games, one core",
                value=rates[name],
                unit="positions/s",
                reference=board,
                ratio=rates[name] / sgfmill,
                must=0.1 if name == "alphago48" else None,
                aim=0.3 if name == "alphago48" else None,
            )
            for name in ("stones", "alphago20", "alphago48")
        ),
        SpeedRow(
            name="alphago48 of shuffled positions, one core",
            value=rates["shuffled alphago48"],
            unit="positions/s",
            reference="alphago48 of whole games, one core",
            ratio=rates["shuffled alphago48"] / sequential,
            must=0.5,
            aim=1.0,
        ),
    ]


def measure_loader(table: GameTable, seconds: float = 0.3, threads: int = 1) -> list[SpeedRow]:
    """Measure the background loader against encoding without threads."""
    selection = GameSelection(table, np.arange(table.games))
    plan = BatchPlan(selection, BATCH, 0)
    options = LoaderOptions(threads=threads)

    def load() -> None:
        with BatchLoader(table, plan, "alphago48", stop_batch=RUN, options=options) as loader:
            for _ in loader:
                pass

    works = {"alone": _shuffled(selection, "alphago48"), "loader": Work(load, RUN * BATCH)}
    rates = best_rates(works, seconds=seconds, clock=time.perf_counter)
    reference = "the same batches one after the other, one thread"
    return [
        SpeedRow(
            name=f"loader, alphago48, {threads} thread{'s' if threads > 1 else ''}",
            value=rates["loader"],
            unit="positions/s",
            reference=reference,
            ratio=rates["loader"] / rates["alone"],
        )
    ]


def _shuffled(selection: GameSelection, plane_set: str) -> Work:
    """Return the work of drawing, replaying and encoding one shuffled batch."""
    encoder = Encoder(plane_set, selection.table.size)
    plan = BatchPlan(selection, BATCH, 0)
    numbers = iter(range(1 << 60))
    return Work(lambda: encode_draw(selection.table, encoder, plan.batch(next(numbers))), BATCH)


def _sequential(games: list[Events], size: int, plane_set: str) -> Work:
    encoder = Encoder(plane_set, size)
    positions = sum(len(encoder.game(events)[1]) for events in games)

    def encode() -> None:
        for events in games:
            encoder.game(events)

    return Work(encode, positions)


def _replay_kernels(games: list[Events], size: int) -> None:
    """Replay games, legality checked, with one kernel call each."""
    board = new_board(size)
    for events in games:
        clear(board)
        replay(board, events, len(events))


def _replay_sgfmill(games: list[SgfmillMoves], size: int) -> None:
    """Replay games on sgfmill's board, which checks neither ko nor suicide."""
    for moves in games:
        board = SgfmillBoard(size)
        for row, column, color in moves:
            board.play(row, column, color)


def _as_sgfmill(games: list[Events], size: int) -> list[SgfmillMoves]:
    """Return board moves as sgfmill wants them, rows from the bottom."""
    found = []
    for events in games:
        moves = []
        for event in events.tolist():
            point = event_point(event)
            if not event & EVENT_SETUP and point >= 0:
                row, column = divmod(point, size)
                moves.append((size - 1 - row, column, " bw"[event_color(event)]))
        found.append(moves)
    return found
