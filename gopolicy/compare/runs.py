"""The trials of a comparison: each is run once, kept in a folder of its own, and found again."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from os import setsid
from pathlib import Path

import torch

from gopolicy.compare.network_spec import Trial
from gopolicy.compare.subject import StoppedEarly, Subject
from gopolicy.compare.trial_result import TrialResult, read_trial_result, write_trial_result
from gopolicy.cores import usable_cores
from gopolicy.data.workers import prepare_worker
from gopolicy.errors import GoPolicyError
from gopolicy.nets.thread_trial import trial_words, try_threads
from gopolicy.progress import SILENT, Progress
from gopolicy.training.interruption import stop_on_signals

WORTH_A_TRIAL = 100_000
"""Examples of a training from which on it pays to try with how many threads it is fastest."""
_BATCH = 128
PATIENCE = 0.5
"""Seconds between two looks whether a signal has come."""


class Runs:
    """The folder of all trials on one subject."""

    def __init__(
        self, subject: Subject, folder: Path, *, parallel: int = 1, progress: Progress = SILENT
    ) -> None:
        self.subject, self.folder = subject, folder
        self.parallel, self.progress = parallel, progress

    def place(self, trial: Trial) -> Path:
        """Return the folder of a trial."""
        return self.folder / trial.folder

    def trial_results(self, trials: Sequence[Trial], label: str) -> list[TrialResult]:
        """Return the result of every trial, running those that have none yet.

        StoppedEarly after a signal: unfinished trials go on from their last checkpoint next time.
        """
        wanted = {trial.folder: trial for trial in trials}
        missing = [trial for trial in wanted.values() if self._find(trial) is None]
        if missing:
            self.progress.message(f"{label}: {len(missing)} of {len(wanted)} trainings to do")
        if self.parallel > 1 and len(missing) > 1:
            self._run_in_parallel(missing, label)
        else:
            for trial in missing:
                self.progress.message(_describe(trial))
                self._use_best_threads(trial)
                run_trial(self.subject, trial, self.place(trial), self.progress)
        return [self._get(trial) for trial in trials]

    def _use_best_threads(self, trial: Trial) -> None:
        """Find the fastest number of threads for a training that runs alone and is long."""
        if trial.examples < WORTH_A_TRIAL:
            return
        network = self.subject.build(trial.spec).train()
        pixels = torch.rand(_BATCH, *self.subject.shape)
        spent = try_threads(lambda: network(pixels).sum().backward())
        if spent:
            self.progress.message(trial_words(spent))

    def _find(self, trial: Trial) -> TrialResult | None:
        return read_trial_result(self.place(trial), self.subject.trial_facts(trial))

    def _get(self, trial: Trial) -> TrialResult:
        trial_result = self._find(trial)
        assert trial_result is not None, trial
        return trial_result

    def _run_in_parallel(self, trials: list[Trial], label: str) -> None:
        threads = max(1, usable_cores() // self.parallel)
        self.progress.start(label, sum(trial.examples for trial in trials), self.subject.example)
        try:
            with _pool(min(self.parallel, len(trials)), threads) as pool:

                def start(trial: Trial) -> Future[None]:
                    return pool.submit(run_trial, self.subject, trial, self.place(trial))

                for trial in _finished(start, trials, self.parallel):
                    self.progress.message(f"done: {_describe(trial)}")
                    self.progress.advance(trial.examples)
        except BrokenProcessPool as error:
            message = "a training process ended unexpectedly; perhaps the memory ran out"
            raise GoPolicyError(message) from error
        finally:
            self.progress.finish()


def run_trial(subject: Subject, trial: Trial, folder: Path, progress: Progress = SILENT) -> None:
    """Run one trial in its folder and keep its result there."""
    trial_result = subject.run(trial, folder, progress)
    write_trial_result(folder, subject.trial_facts(trial), trial_result)


def _finished(
    start: Callable[[Trial], Future[None]], trials: Sequence[Trial], at_once: int
) -> Iterator[Trial]:
    """Start trials, so many at a time, and yield each as it ends.

    No more are handed out than can run, because a pool does not give back what it has queued.
    After a signal what runs saves itself; StoppedEarly is raised.
    """
    waiting = list(reversed(trials))
    running: dict[Future[None], Trial] = {}
    with stop_on_signals() as request:
        while waiting or running:
            while waiting and len(running) < at_once:
                trial = waiting.pop()
                running[start(trial)] = trial
            done, _ = wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            if request.signal:
                for child in multiprocessing.active_children():
                    child.terminate()  # training saves a checkpoint first
                raise StoppedEarly(request.signal)
            for future in done:
                future.result()
                yield running.pop(future)


@contextmanager
def _pool(processes: int, threads: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        processes, mp_context=context, initializer=_prepare, initargs=(threads,)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(threads: int) -> None:
    """Set up a process: signals of the terminal reach it through the parent only."""
    prepare_worker()
    setsid()
    torch.set_num_threads(threads)


def _describe(trial: Trial) -> str:
    kind = f"seed {trial.seed}" if trial.final else "trying"
    return f"{trial.spec.title}, {kind}, learning rate {trial.lr:g}, {trial.examples:,} examples"
