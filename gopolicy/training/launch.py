"""Several training processes on this machine, started and watched by the first one.

torchrun does it too; here nobody has to know of it, nothing listens to the network, and a trial
decides whether several processes are worth it.  The processes are started by the launcher of
torch.distributed, meet through a file, and say in another file how it went (`Verdict`).
"""

import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gopolicy.errors import GoPolicyError
from gopolicy.training.world import MEETING

ORDERS = "GOPOLICY_ORDERS"
"""The variable that holds the `Orders` of started processes, as JSON."""
PATIENCE = 600
"""Seconds that processes have to end after a signal: a checkpoint may be long to write."""
POLL = 0.2


@dataclass(frozen=True, slots=True)
class Orders:
    """What started processes are told."""

    verdict: str
    """The file for what becomes of them."""
    rival: float | None
    """Positions per second that one process reached alone; None where they are not to compare."""
    seconds: float
    """How long the command has been running."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What started processes say at their end."""

    status: int = 1
    """The exit status of the command."""
    go_alone: bool = False
    """They are slower than one process alone, which should take over."""
    begun: bool = False
    """There is a run to take over."""


def orders() -> Orders | None:
    """Return what this process was told, if `run_processes` started it."""
    text = os.environ.get(ORDERS)
    return Orders(**json.loads(text)) if text else None


def give_verdict(verdict: Verdict) -> None:
    """Tell the process that started this one; only the first of the processes does."""
    told = orders()
    if told and os.environ.get("RANK") == "0":
        Path(told.verdict).write_text(json.dumps(asdict(verdict)), encoding="utf-8")


def run_processes(
    words: Sequence[str], count: int, *, rival: float | None, seconds: float
) -> Verdict:
    """Run ``gopolicy WORDS`` in so many processes of one thread each; return what became of it.

    rival and seconds are those of `Orders`.  SIGINT and SIGTERM are passed on.  GoPolicyError where
    a process was killed.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs

    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="gopolicy-") as folder, _signals_kept():
        verdict = Path(folder) / "verdict.json"
        common = {
            MEETING: str(Path(folder) / "meeting"),
            ORDERS: json.dumps(asdict(Orders(str(verdict), rival, seconds))),
            "WORLD_SIZE": str(count),
            "LOCAL_WORLD_SIZE": str(count),
            "OMP_NUM_THREADS": "1",
        }
        if sys.platform == "linux":
            common["GLOO_SOCKET_IFNAME"] = "lo"  # nothing is told to the network
        ranks = range(count)
        failures, stopped_by = _run_to_end(
            entrypoint=sys.executable,
            args={rank: ("-m", "gopolicy", *words) for rank in ranks},
            envs={rank: common | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in ranks},
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        return read_verdict(verdict, failures, stopped_by)


def _run_to_end(**what: Any) -> tuple[dict[int, Any], int]:
    """Start processes and wait for them; return the failures by rank, and a signal or 0.

    A signal is passed on, also a second one while they write the checkpoint that the first one
    asked for.
    """
    from torch.distributed.elastic.multiprocessing import start_processes
    from torch.distributed.elastic.multiprocessing.api import SignalException

    ignored = _ignored_signals()
    started, stopped_by = None, 0
    try:
        while True:
            try:
                if started is None and not stopped_by:
                    started = start_processes(name="train", **what)
                    for number in ignored:  # as under nohup, which the launcher does not know
                        signal.signal(number, signal.SIG_IGN)
                if started is not None and not stopped_by:
                    return _wait(started), 0
                if started is not None:
                    started.close(_passed_on(stopped_by), timeout=PATIENCE)
                return {}, stopped_by
            except SignalException as stop:
                stopped_by = int(stop.sigval)
    finally:
        if started is not None:
            started.close(timeout=PATIENCE)


def _wait(started: Any) -> dict[int, Any]:
    """Wait for processes; return the failures by rank."""
    while (done := started.wait(timeout=POLL, period=POLL)) is None:
        pass
    return dict(done.failures)


def _passed_on(number: int) -> signal.Signals:
    """Return the signal that makes the processes save and stop; SIGQUIT would end them at once."""
    known = (signal.SIGINT, signal.SIGTERM)
    return signal.Signals(number) if number in known else signal.SIGTERM


def read_verdict(path: Path, failures: dict[int, Any], stopped_by: int) -> Verdict:
    """Return what the processes said; what they said of errors is on the screen already."""
    ends = {failure.exitcode for failure in failures.values()}
    if max(ends, default=0) > 0:
        ends.discard(-signal.SIGTERM)  # the launcher ends the others of one that failed
    killed = [end for end in ends if end < 0]
    if killed:
        name = signal.Signals(-max(killed)).name  # others may have been asked to end
        raise GoPolicyError(
            f"a training process was ended by {name}; go on with --resume (if it happens again,"
            " perhaps the memory does not suffice for several: --processes 1)"
        )
    if path.exists() and not failures:
        return Verdict(**json.loads(path.read_text(encoding="utf-8")))
    return Verdict(128 + stopped_by) if stopped_by else Verdict()


def _ignored_signals() -> list[int]:
    """Return the signals that this process ignores, of those that the launcher takes over."""
    return [number for number in _taken_over() if signal.getsignal(number) == signal.SIG_IGN]


def _taken_over() -> list[int]:
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back, in the end, the handlers of signals that the launcher takes over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _taken_over()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow_parent() -> None:
    """Ask this process to stop, as Ctrl-C would, when the one that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    if os.name == "posix":
        threading.Thread(target=watch, name="follow-parent", daemon=True).start()
