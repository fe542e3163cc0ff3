"""Work spread over processes, with the results in the order of the work."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait
from typing import TypeVar

from gopolicy.errors import GoPolicyError

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 3  # pieces of work per process that wait for their turn


def ordered_map(
    work: Callable[[T], R], items: Iterable[T], processes: int, *, inline: int = 4
) -> Iterator[R]:
    """Yield work(item) for every item, in order.

    The first few items are done here: small jobs start no process, and kernels are compiled once
    before others want them.  `work` and the items must be picklable.
    """
    source = iter(items)
    yield from map(work, source if processes < 2 else islice(source, inline))
    head = list(islice(source, 1))
    if not head:
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=prepare_worker)
    pending: deque[Future[R]] = deque()
    try:
        pending.append(pool.submit(work, head.pop()))
        for item in source:
            pending.append(pool.submit(work, item))
            if len(pending) > AHEAD * processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise GoPolicyError(
            "a worker process ended unexpectedly; perhaps the memory ran out"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def prepare_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent does, even by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
