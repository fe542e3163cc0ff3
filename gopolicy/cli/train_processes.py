"""The work of ``gopolicy train``: in this process, or in several that it starts."""

import argparse
import os
import shlex
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gopolicy.cli.output import say
from gopolicy.cli.train import asked_run, given_settings, report_run

if TYPE_CHECKING:
    from gopolicy.progress import Progress
    from gopolicy.training.config import TrainConfig
    from gopolicy.training.process_layout import Layout
    from gopolicy.training.source import StoreSource
    from gopolicy.training.task import Result
    from gopolicy.training.world import World

    Recheck = Callable[[TrainConfig, StoreSource, World], bool]

READY = "Getting ready ..."
"""The first line: loading torch takes a while."""


def train_here(args: argparse.Namespace, begun: float) -> int:
    """Train in the layout that was asked for, or in the fastest; return the exit status."""
    say(READY)
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.training.launch import run_processes
    from gopolicy.training.run import SessionOptions, train_in
    from gopolicy.training.run_folder import check_vacant
    from gopolicy.training.world import open_world

    config, choose_size = asked_run(args)
    progress, resume = TqdmProgress(), args.resume
    if not resume:
        check_vacant(args.out)  # before minutes go into trials
    with open_world(args.device) as world:
        layout, rival = _choose(args, config, world)
        if layout.processes > 1:
            words = shlex.split(args.command_line)[1:]
            seconds = time.perf_counter() - begun
            verdict = run_processes(words, layout.processes, rival=rival, seconds=seconds)
            if not verdict.go_alone:
                return verdict.status
            resume = resume or verdict.begun
        session = SessionOptions(
            resume=resume,
            choose_size=choose_size,
            rate=rival,
            given=given_settings(args),
            recheck=_retry_threads(progress) if rival and not args.threads else None,
            begun=begun,
        )
        taken_over = resume and not args.resume
        result = train_in(
            world, args.data, args.out, None if taken_over else config, session, progress
        )
    report_run(args, result)
    return _status(result)


def train_together(args: argparse.Namespace, begun: float) -> int:
    """Train as one of the processes that torchrun or `train_here` has started."""
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.training.divergence import TrainingError
    from gopolicy.training.launch import Verdict, follow_parent, give_verdict, orders
    from gopolicy.training.run import SessionOptions, train_in
    from gopolicy.training.world import open_world

    told = orders()
    if told:
        follow_parent()
    elif os.environ["RANK"] == "0":
        say(READY)
    _use_threads(args)
    config, choose_size = asked_run(args)
    with open_world(args.device) as world:
        rate = _rate_together(args, config, world, told.rival) if told and told.rival else None
        if rate == 0.0:
            give_verdict(Verdict(0, go_alone=True))
            return 0
        session = SessionOptions(
            resume=args.resume,
            choose_size=choose_size,
            rate=rate,
            given=given_settings(args),
            recheck=_ask_whether_alone if told and told.rival else None,
            begun=begun - (told.seconds if told else 0.0),
        )
        try:
            result = train_in(world, args.data, args.out, config, session, TqdmProgress())
        except TrainingError:
            if world.leads:  # all processes see it
                raise
            return 1
    if world.leads and not result.relayout:
        report_run(args, result)
    give_verdict(Verdict(_status(result), go_alone=result.relayout, begun=True))
    return 0 if told else _status(result)


def _status(result: "Result") -> int:
    return 128 + result.signal if result.signal else 0


def _use_threads(args: argparse.Namespace) -> None:
    import torch

    if args.threads:
        torch.set_num_threads(args.threads)


def _choose(
    args: argparse.Namespace, config: "TrainConfig", world: "World"
) -> "tuple[Layout, float | None]":
    """Return the layout and what a single process reaches, None where nothing was tried."""
    import torch

    from gopolicy.training.process_layout import Layout, choose_layout, told

    _use_threads(args)
    if world.device.type != "cpu":
        return Layout(args.processes or 1, torch.get_num_threads()), None
    layout, rates = choose_layout(
        config,
        *_board(args, config),
        world,
        processes=args.processes,
        threads=args.threads,
    )
    if layout.processes > 1 and rates:
        say(f"{told(rates, max(rates, key=rates.__getitem__))}; trying {layout} ...")
    elif rates:
        say(told(rates, layout))
    return layout, max(rates.values(), default=None)


def _board(args: argparse.Namespace, config: "TrainConfig") -> tuple[int, int]:
    """Return how many planes a position has, and the side of the board."""
    from gopolicy.data.store import open_store
    from gopolicy.features.planes import plane_set
    from gopolicy.training.run_folder import kept_stores

    store = open_store((args.data or kept_stores(args.out))[0][0])
    return plane_set(config.planes).count, store.table.size


def _rate_together(
    args: argparse.Namespace, config: "TrainConfig", world: "World", rival: float
) -> float:
    """Return the positions per second of all processes, 0 where one was faster; say what it is."""
    from gopolicy.training.process_layout import WORTHWHILE, Layout
    from gopolicy.training.speed_trial import SpeedTrial

    rate = SpeedTrial(config, *_board(args, config), world).rate(0.5, rival)
    slower = rate < WORTHWHILE * rival
    if world.leads:
        result = "going back to one process" if slower else "training in them"
        say(f"{Layout(world.size, 1)}: {rate:.0f} positions/s; {result}")
    return 0.0 if slower else rate


def _retry_threads(progress: "Progress") -> "Recheck":
    """Return what tries the threads of this process again."""

    def retry(config: "TrainConfig", source: "StoreSource", world: "World") -> bool:
        from gopolicy.cores import thread_counts
        from gopolicy.training.process_layout import Layout, rates_by_threads, told

        by_threads = rates_by_threads(config, source.planes, source.size, world, thread_counts())
        rates = {Layout(1, count): rate for count, rate in by_threads.items()}
        progress.message(told(rates, max(rates, key=rates.__getitem__)))
        return False

    return retry


def _ask_whether_alone(config: "TrainConfig", source: "StoreSource", world: "World") -> bool:
    from gopolicy.training.process_layout import alone_is_faster

    return alone_is_faster(config, source.planes, source.size, world)
