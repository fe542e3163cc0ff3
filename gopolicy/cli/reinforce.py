"""``gopolicy reinforce``: a network that learns from games against its past selves."""

import argparse
import signal
from functools import partial
from pathlib import Path
from typing import Any

from gopolicy.cli.options import add_device, add_json, add_option, number, repetitions
from gopolicy.ranges import MAX_SECONDS

DESCRIPTION = """\
Policy gradient by self-play (REINFORCE): the network plays games to the very end against past
selves, and moves become more probable by how much better the games ended than expected. With
candidates=N and judge=W, the most probable moves are tried instead, and a network W that has
learned who wins says who is ahead after each.

RUN gets checkpoints, a weight folder (weights), past selves (pool), a log (metrics.jsonl) and the
curves (learning.png). The parent is the network that the run began with."""

EXAMPLES = """\
examples:
  gopolicy reinforce --weights alphago-res-64x9 --out run --minutes 60
  gopolicy reinforce --size 9 --filters 32 --layers 6 --out run --set baseline=ownership
  gopolicy reinforce --weights alphago-res-64x9 --size 9 --out run --set kl=0.1
  gopolicy reinforce --out run --resume --set lr=0.0003
  torchrun --nproc-per-node 8 -m gopolicy reinforce --size 9 --out run

Ctrl-C loses the games under way and no more; --resume goes on from there."""

_SHORTHANDS = (
    *("weights", "network", "filters", "layers", "planes", "size"),
    *("positions", "games", "batch_size", "seed"),
)
_NAMES = {"weights": "start"}
"""Settings that the options call otherwise."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = partial(add_option, parser)
    add("--out RUN", "folder of the run", kind=Path, required=True)
    add("--weights W", "begin with this network, a name or folder (default: random weights)")
    add("--network NAME", "alphago or alphago-res, with random weights")
    add("--filters N", "filters of each hidden layer")
    add("--layers N", "hidden layers")
    add("--planes SET", "the plane set, such as alphago48")
    add("--size N", "side of the board (default: that of the weights, or 19)")
    add("--positions N", "decisions to learn from in all (k and M are understood)")
    add("--games N", "games of an iteration")
    add("--batch-size N", "decisions per step, summed over processes")
    add("--seed N", "decides the first weights and every game")
    add("--iterations N", "stop after so many (default: at the end of the run)", kind=repetitions)
    minutes = number(0, MAX_SECONDS // 60, above=True)
    add("--minutes N", "stop after so many (default: at the end of the run)", kind=minutes)
    add("--resume", "continue the run in RUN from its last checkpoint", False, action="store_true")
    add(
        "--set KEY=VALUE",
        "change any setting listed below; may be given several times",
        [],
        action="append",
        dest="changes",
    )
    add_device(parser)
    add_json(parser)


def details() -> str:
    """Return what the help says after the options: every setting."""
    from gopolicy.cli.settings_text import reinforce_text

    return f"{reinforce_text()}\n"


def run(args: argparse.Namespace) -> int:
    """Train and report."""
    from gopolicy.training.world import open_world

    with open_world(args.device) as world:
        result = _reinforce(args, world)
    if world.leads:
        _report(args, result)
    return 128 + result.signal if result.signal else 0


def _reinforce(args: argparse.Namespace, world: Any) -> Any:
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.rl.reinforce_config import ReinforceConfig
    from gopolicy.rl.reinforce_folder import begun_reinforce, resumed_reinforce
    from gopolicy.rl.reinforce_run import Limits, reinforce_in

    given = {name: getattr(args, name) for name in _SHORTHANDS if getattr(args, name) is not None}
    changes = [f"{_NAMES.get(name, name)}={value}" for name, value in given.items()] + args.changes
    if args.resume:
        config = resumed_reinforce(args.out, changes)
    else:
        config = begun_reinforce(ReinforceConfig(), changes)
    limits = Limits(iterations=args.iterations or 0, minutes=args.minutes or 0.0)
    return reinforce_in(
        world, args.out, config, limits=limits, resume=args.resume, progress=TqdmProgress()
    )


def _report(args: argparse.Namespace, result: Any) -> None:
    """Say what came out, as JSON or in words."""
    from gopolicy.cli.output import print_json, print_text, say

    if result.signal:
        say(f"stopped by {signal.Signals(result.signal).name}; go on with --resume")
    if args.json:
        print_json(_as_json(result))
        return
    print_text(
        f"{result.games:,} games in {result.iterations:,} iterations,"
        f" {result.positions:,} decisions learned from, {result.seconds / 60:.1f} minutes"
    )
    if result.parent:
        rate, low, high = (result.parent[name] for name in ("win_rate", "low", "high"))
        print_text(f"last measured: {rate:.1%} against the parent ({low:.1%} to {high:.1%})")
    print_text(f"weights: {result.weights}")


def _as_json(result: Any) -> dict[str, Any]:
    measured = {f"parent_{name}": value for name, value in result.parent.items()}
    return {
        "iterations": result.iterations,
        "games": result.games,
        "positions": result.positions,
        "seconds": round(result.seconds, 3),
        **measured,
        "weights": str(result.weights),
        "complete": result.complete,
    }
