"""``gopolicy train``: from a store to a weight folder."""

import argparse
import signal
from pathlib import Path
from typing import Any

from gopolicy.cli.options import add_device, add_json

EXAMPLES = """\
examples:
  gopolicy train --data store --out run --recipe quick
  gopolicy train --data store --out run --filters 64 --layers 6 --positions 2M
  gopolicy train --data store --out run --set optimizer=sgd --set lr=0.05 --set normalization=batch
  gopolicy train --data store --out run --set mix=kgs-6d=2,tygem-9d=1
  gopolicy train --data my-games --out run --start alphago-64x8 --set lr=0.001
  gopolicy train --data store --out run --resume
  torchrun --nproc-per-node 8 -m gopolicy train --data store --out run

--set takes any field of gopolicy/train/config.py and any setting of the network.
Ctrl-C saves a checkpoint and stops; --resume goes on from there."""

_SHORTHANDS = (
    *("start", "network", "filters", "layers", "planes"),
    *("positions", "batch_size", "seed"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="a store made by gopolicy prepare")
    add("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    add("--recipe", metavar="NAME", help="settings by name, to start from (default: default)")
    add(
        "--start", metavar="WEIGHTS", help="begin with the network of these weights: name or folder"
    )
    add("--resume", action="store_true", help="continue the run in RUN from its last checkpoint")
    add("--network", metavar="NAME", help="alphago, alphago-res, dense or image")
    add("--filters", metavar="N", help="filters of each hidden layer")
    add("--layers", metavar="N", help="hidden layers")
    add("--planes", metavar="SET", help="the plane set, such as alphago48")
    add("--positions", metavar="N", help="positions to train on in all (k and M are understood)")
    add("--batch-size", metavar="N", help="positions per step, summed over processes")
    add("--seed", metavar="N", help="decides the first weights and the order of positions")
    add(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="change any setting; may be given several times",
    )
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train and report."""
    from gopolicy.train.world import open_world

    with open_world(args.device) as world:
        result = _train(args, world)
    if world.leads:
        _report(args, result)
    return 128 + result.signal if result.signal else 0


def _train(args: argparse.Namespace, world: Any) -> Any:
    """Read the settings, open the store and train."""
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.data.store import open_store
    from gopolicy.progress import SILENT
    from gopolicy.train.loop import Task, train
    from gopolicy.train.recipes import recipe
    from gopolicy.train.run_folder import (
        check_resumable,
        check_vacant,
        resumed_config,
        started_config,
    )
    from gopolicy.train.source import StoreSource

    changes = _changes(args)
    if args.resume:
        check_resumable(args.recipe)
        config = resumed_config(args.out, changes)
    else:
        if world.leads:
            check_vacant(args.out)
        config = started_config(recipe(args.recipe or "default"), changes)
    store = open_store(args.data)
    store.verify()
    source = StoreSource(store, config, world)
    task = Task(config=config, source=source, out=args.out, world=world)
    return train(task, resume=args.resume, progress=TqdmProgress() if world.leads else SILENT)


def _changes(args: argparse.Namespace) -> list[str]:
    """Return the options and ``--set`` as changes of settings, ``--set`` last."""
    short = [(name, getattr(args, name)) for name in _SHORTHANDS]
    return [*(f"{name}={value}" for name, value in short if value is not None), *args.changes]


def _report(args: argparse.Namespace, result: Any) -> None:
    """Say what came out, as JSON or in words."""
    from gopolicy.cli.output import print_json, print_text, say

    if result.signal:
        say(f"stopped by {signal.Signals(result.signal).name}; go on with --resume")
    found = result.validation
    if args.json:
        print_json(_as_json(result))
        return
    print_text(
        f"{result.positions:,} positions in {result.seconds / 60:.1f} minutes,"
        f" {result.positions_per_second:.0f} positions/s,"
        f" {result.wait_share:.1%} of it waiting for data"
    )
    if found:
        print_text(
            f"validation top-1 {found['top1']:.2%} (all points, one look per position),"
            f" nll {found['nll']:.4f}, over {found['positions']:,} positions"
        )
    print_text(f"weights: {result.weights}")


def _as_json(result: Any) -> dict[str, Any]:
    """Return the result as one flat object."""
    found = result.validation
    return {
        "positions": result.positions,
        "seconds": round(result.seconds, 3),
        "positions_per_second": round(result.positions_per_second, 1),
        "wait_share": round(result.wait_share, 5),
        "top1": found.get("top1"),
        "nll": found.get("nll"),
        "validation_positions": found.get("positions", 0),
        "precision": result.compute.precision,
        "memory_format": result.compute.memory_format,
        "weights": str(result.weights),
        "complete": not result.signal,
    }
