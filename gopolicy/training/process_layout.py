"""Threads and processes: what this machine trains fastest with, found by trying.

On a CPU one process with several threads, one with one thread, and several with one thread each
differ by more than twice, and which is best changes with the network and with what else runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from gopolicy.cores import thread_counts, usable_cores
from gopolicy.training.config import TrainConfig
from gopolicy.training.speed_trial import SpeedTrial
from gopolicy.training.world import World, check_shares

MOST_PROCESSES = 16
"""More are not started by themselves; each takes half a gigabyte of memory."""
SHORT_MINUTES, SHORT_POSITIONS = 1.0, 20_000
"""Runs below that are not worth a trial."""
LONG_MINUTES, LONG_POSITIONS = 5.0, 100_000
"""From here on it pays to start several processes only to try them."""
WORTHWHILE = 1.05
"""A layout that means starting or ending processes must be better by this factor."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the cores of a machine are used."""

    processes: int = 1
    threads: int = 1
    """Of each process."""

    def __str__(self) -> str:
        """Return it in words.

        >>> str(Layout(2, 1)), str(Layout(1, 4))
        ('2 processes with 1 thread each', '1 process with 4 threads')
        """
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        if self.processes == 1:
            return f"1 process with {threads}"
        return f"{self.processes} processes with {threads} each"


def process_count(batch_size: int, cores: int | None = None) -> int:
    """Return the largest number of processes, on so many cores, that can share each batch.

    >>> process_count(128, 2), process_count(128, 6), process_count(7, 4)
    (2, 4, 1)
    """
    most = min(cores or usable_cores(), MOST_PROCESSES)
    return next(count for count in range(most, 0, -1) if batch_size % count == 0)


def rates_by_threads(
    config: TrainConfig, planes: int, size: int, world: World, counts: Iterable[int]
) -> dict[int, float]:
    """Return positions per second of short trials in this process alone, by its threads.

    The threads are afterwards those of the best.
    """
    rates: dict[int, float] = {}
    alone = World(world.device)
    for threads in counts:
        torch.set_num_threads(threads)
        rival = max(rates.values(), default=0.0)
        rates[threads] = SpeedTrial(config, planes, size, alone).rate(0.5, rival)
    torch.set_num_threads(max(rates, key=lambda threads: rates[threads]))
    return rates


def choose_layout(
    config: TrainConfig,
    planes: int,
    size: int,
    world: World,
    *,
    processes: int | None = None,
    threads: int | None = None,
) -> tuple[Layout, dict[Layout, float]]:
    """Return how to train, and the positions per second that one process reached alone.

    processes and threads, where given, are obeyed.  Several processes are only proposed: whether
    they are better is seen when they are there.  This process gets the threads that suit it best.
    """
    if processes and processes > 1:
        check_shares(config.batch_size, processes)
        return Layout(processes, threads or 1), {}
    if is_short(config):
        torch.set_num_threads(threads or torch.get_num_threads())
        return Layout(1, torch.get_num_threads()), {}
    counts = [threads] if threads else thread_counts()
    if counts == [1] and processes == 1:
        torch.set_num_threads(1)
        return Layout(1, 1), {}
    by_threads = rates_by_threads(config, planes, size, world, counts)
    rates = {Layout(1, count): rate for count, rate in by_threads.items()}
    best = max(rates, key=lambda layout: rates[layout])
    may_try = processes is None and 1 in by_threads and is_long(config)
    several = process_count(config.batch_size) if may_try else 1
    if several > 1 and several * by_threads[1] > WORTHWHILE * rates[best]:
        return Layout(several, 1), rates
    return best, rates


def is_short(config: TrainConfig) -> bool:
    """Return whether a run is so short that no trial pays."""
    return config.minutes < SHORT_MINUTES if config.minutes else config.positions < SHORT_POSITIONS


def is_long(config: TrainConfig) -> bool:
    """Return whether a run is so long that it pays to start processes only to try them."""
    return config.minutes >= LONG_MINUTES if config.minutes else config.positions >= LONG_POSITIONS


def alone_is_faster(config: TrainConfig, planes: int, size: int, world: World) -> bool:
    """Return whether one process would now train faster than all processes of the world do.

    Every process must call it and gets the same answer; all go on with as many threads as before.
    """
    together = SpeedTrial(config, planes, size, world).rate(0.5)
    alone = 0.0
    if world.leads:
        threads = torch.get_num_threads()
        alone = max(rates_by_threads(config, planes, size, world, thread_counts()).values())
        torch.set_num_threads(threads)
    return bool(world.agree(alone > WORTHWHILE * together))


def told(rates: dict[Layout, float], chosen: Layout) -> str:
    """Return a line on which layout was chosen and why."""
    listed = ", ".join(f"{layout}: {rate:.0f}" for layout, rate in rates.items())
    return f"training in {chosen} (positions/s in a short trial: {listed})"
