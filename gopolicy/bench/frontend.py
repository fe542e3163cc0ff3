"""How long a frontend waits for ``gopolicy gtp``: to start, to move, to end.

The engine is a process of its own and is asked over pipes, as a frontend would.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gopolicy.bench.throughput import Events
from gopolicy.errors import ConfigError
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.types import EVENT_SETUP, Color
from gopolicy.go.vertex import vertex_name
from gopolicy.gtp.client import EngineProcess
from gopolicy.nets.weights import LoadedNetwork, save_weights
from gopolicy.timing import ROUNDS, SpeedRow

PATIENCE = 300.0
START_S, START_AIM_S = 6.0, 3.0
MOVE_MS, MOVE_AIM_MS, LOOK_AHEAD_MS = 100.0, 40.0, 60.0
END_S, END_AIM_S = 2.0, 1.0
_STAGES = (("opening", 0.1), ("middle game", 0.5), ("finished game", 1.0))


def save_network(loaded: LoadedNetwork, folder: Path) -> Path:
    """Write a network where an engine finds it, and return the folder."""
    save_weights(folder, loaded.network, loaded.info)
    return folder


def measure_gtp(
    weights: str | Path,
    name: str,
    game: Events,
    size: int,
    device: str = "auto",
    look_ahead: int = 0,
) -> list[SpeedRow]:
    """Measure an engine with these weights; game is one without setup stones.

    With look_ahead one stage is also measured where it chooses among so many candidates.

    The first start is not counted, because it may have to compile.  Of everything else the best of
    some rounds counts, as everywhere in the benchmarks, but for the end the worst.  The engine's
    processor time is told beside the time on the clock: where other programs compete for the cores,
    it is the better guess at what the engine would need alone.
    """
    command = [sys.executable, "-m", "gopolicy", "gtp"]
    command += ["--weights", str(weights), "--device", device]
    with _engine(command) as engine:
        engine.ask("genmove b", PATIENCE)
    starts = [_start(command) for _ in range(ROUNDS)]
    rows = _two_rows(f"start to the first move, {name}", starts, "s", START_S, START_AIM_S)
    with _engine(command) as engine:
        for stage, share in _STAGES:
            color = _replay(engine, game[: max(round(share * len(game)), 1)], size)
            times = _move_times(engine, color)
            rows += _two_rows(f"genmove, {stage}, {name}", times, "ms", MOVE_MS, MOVE_AIM_MS)
    if look_ahead:
        with _engine([*command, "--look-ahead", str(look_ahead)]) as engine:
            color = _replay(engine, game[: len(game) // 2], size)
            times = _move_times(engine, color)
            stage = f"genmove, middle game, looking ahead {look_ahead}, {name}"
            rows += _two_rows(stage, times, "ms", LOOK_AHEAD_MS, MOVE_AIM_MS)
    rows.append(
        SpeedRow(
            name=f"to end once the frontend is gone, {name}",
            value=max(_end(command) for _ in range(ROUNDS)),
            unit="s",
            must=END_S,
            aim=END_AIM_S,
            smaller_is_better=True,
        )
    )
    return rows


def _two_rows(
    name: str, times: Sequence[tuple[float, float]], unit: str, must: float, aim: float
) -> list[SpeedRow]:
    """Return the best of some times, on the clock and of the processor, in seconds."""
    scale = 1000 if unit == "ms" else 1
    clock, processor = (scale * min(column) for column in zip(*times, strict=True))
    limits = SpeedRow(name=name, value=clock, unit=unit, must=must, aim=aim, smaller_is_better=True)
    return [limits, SpeedRow(name="  the same in processor time", value=processor, unit=unit)]


def first_game(games: Sequence[Events]) -> Events:
    """Return the first game that begins on an empty board."""
    for events in games:
        if not (events & EVENT_SETUP).any():
            return events
    raise ConfigError("no game without setup stones to measure on")


@contextmanager
def _engine(command: list[str]) -> Iterator[EngineProcess]:
    """Start an engine, and end it whatever happens."""
    engine = EngineProcess(command)
    try:
        yield engine
    finally:
        engine.close()


def _start(command: list[str]) -> tuple[float, float]:
    """Return the seconds from the start to the first move, clock and processor."""
    begin = time.perf_counter()
    with _engine(command) as engine:
        engine.ask("genmove b", PATIENCE)
        return time.perf_counter() - begin, _processor_time(engine)


def _move_times(engine: EngineProcess, color: str) -> list[tuple[float, float]]:
    """Return the seconds of some moves in one position, clock and processor."""
    times = []
    for _ in range(2 * ROUNDS):
        before, begin = _processor_time(engine), time.perf_counter()
        engine.ask(f"genmove {color}", PATIENCE)
        clock = time.perf_counter() - begin
        times.append((clock, _processor_time(engine) - before))
        engine.ask("undo", PATIENCE)
    return times[1:]


def _processor_time(engine: EngineProcess) -> float:
    return float(engine.ask("cputime", PATIENCE))


def _replay(engine: EngineProcess, events: Events, size: int) -> str:
    """Play moves on the engine's board; return who is to move then."""
    for command in (f"boardsize {size}", "clear_board"):
        engine.ask(command, PATIENCE)
    color = Color.WHITE
    for event in events.tolist():
        color = Color(event_color(event))
        engine.ask(f"play {color.name} {vertex_name(event_point(event), size)}", PATIENCE)
    return color.opponent.name


def _end(command: list[str]) -> float:
    """Return the seconds from a frontend's death, in the middle of an analysis, to the end."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"kata-analyze b 5\n")
        process.stdin.flush()
        for _ in range(2):  # the sign and the first report
            process.stdout.readline()
        begin = time.perf_counter()
        process.stdin.close()
        process.stdout.close()
        process.wait(PATIENCE)
        return time.perf_counter() - begin
