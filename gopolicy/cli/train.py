"""``gopolicy train``: from a store to a weight folder."""

import argparse
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import add_device, add_json, add_option, at_once, hours, minutes, number

if TYPE_CHECKING:
    from gopolicy.training.config import TrainConfig
    from gopolicy.training.task import Result

DESCRIPTION = """\
Train a policy network on a store.  Say how long it may take: the size of the network, the number
of positions and the learning rate are chosen so that the run is complete when the time is over.
Without any option it takes an hour."""

EXAMPLES = """\
examples:
  gopolicy train --data store --out run --hours 2
  gopolicy train --data store --out run --recipe quick
  gopolicy train --data store --out run --filters 64 --layers 6 --positions 2M
  gopolicy train --data store --out run --recipe plain --set optimizer=sgd --set lr=0.05
  gopolicy train --data strong:2 --data others --out run --hours 8
  gopolicy train --data store --out run --set mix=kgs-6d=2,tygem-9d=1
  gopolicy train --data my-games --out run --start alphago-64x8 --set lr=0.001
  gopolicy train --out run --resume
  torchrun --nproc-per-node 8 -m gopolicy train --data store --out run

Ctrl-C saves a checkpoint and stops; --resume goes on from there."""

store_weight = number(0, 10**6, above=True)
_SHORTHANDS = (
    *("start", "network", "filters", "layers", "planes"),
    *("positions", "batch_size", "seed"),
)
_SHAPE = ("start", "network", "filters", "layers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = partial(add_option, parser)
    data = add(
        "--data DIR[:WEIGHT]",
        "a store made by gopolicy prepare; several may be given, with weights such as strong:2"
        " (with --resume by default those of the run)",
        kind=weighed_store,
        required=True,
        action="append",
    )
    out = add("--out RUN", "folder of the run", kind=Path, required=True)
    _add_amount(parser)
    add("--recipe NAME", "settings by name, to start from (default: default)")
    add(
        "--list-recipes",
        "say what each recipe sets, and train nothing",
        False,
        action=_Freeing,
        nargs=0,
        makes_optional=[data, out],
    )
    add("--start WEIGHTS", "begin with the network of these weights: name or folder")
    add(
        "--resume",
        "continue the run in RUN from its last checkpoint",
        False,
        action=_Freeing,
        nargs=0,
        makes_optional=[data],
    )
    add("--network NAME", "alphago, alphago-res, dense or image")
    add("--filters N", "filters of each hidden layer")
    add("--layers N", "hidden layers")
    add("--planes SET", "the plane set, such as alphago48")
    add("--batch-size N", "positions per step, summed over processes")
    add("--seed N", "decides the first weights and the order of positions")
    add(
        "--set KEY=VALUE",
        "change any setting listed below; may be given several times",
        [],
        action="append",
        dest="changes",
    )
    add(
        "--processes N",
        "processes that share the work, one thread each (default: what a trial finds fastest)",
        kind=at_once,
    )
    add("--threads N", "threads of each process (default: likewise)", kind=at_once)
    add_device(parser)
    add_json(parser)


def _add_amount(parser: argparse.ArgumentParser) -> None:
    """Add what says how much to train."""
    add = partial(add_option, parser.add_mutually_exclusive_group())
    add(
        "--hours H",
        "how long the run takes; it is complete then (default: 1, unless --positions or --recipe"
        " says how much)",
        kind=hours,
    )
    add("--minutes M", "the same in minutes", kind=minutes)
    add(
        "--positions N",
        "positions to train on in all, however long they take (k and M are understood)",
    )


def weighed_store(text: str) -> tuple[Path, float | None]:
    """Return the path of a store and its weight, if one follows a colon (an argparse type).

    A colon belongs to the path unless what stands before it is there.

    >>> [str(weighed_store(text)[0]) for text in ("store", "nothing:0.5")]
    ['store', 'nothing:0.5']
    >>> weighed_store("/:0.5")[1]
    0.5
    """
    path, colon, weight = text.rpartition(":")
    if not text:
        raise argparse.ArgumentTypeError("expected something, got an empty word")
    if not colon or Path(text).exists() or not Path(path).exists():
        return Path(text), None
    return Path(path), store_weight(weight)


class _Freeing(argparse.Action):
    """An option without a value that makes required ones optional."""

    def __init__(self, *words: Any, makes_optional: list[argparse.Action], **settings: Any) -> None:
        super().__init__(*words, **settings)
        self._makes_optional = makes_optional

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, True)
        for option in self._makes_optional:
            option.required = False


def details() -> str:
    """Return what the help says after the options: the recipes and every setting."""
    from gopolicy.cli.settings_text import recipes_text, settings_text

    return f"{recipes_text(with_settings=False)}\n\n{settings_text()}\n"


def run(args: argparse.Namespace) -> int:
    """Train and report, or list the recipes."""
    if args.list_recipes:
        return _list_recipes(args)
    from gopolicy.cli.train_processes import train_here, train_together

    return (train_together if "RANK" in os.environ else train_here)(args, time.perf_counter())


def _list_recipes(args: argparse.Namespace) -> int:
    from gopolicy.cli.output import print_json, print_text
    from gopolicy.cli.settings_text import recipes_text
    from gopolicy.training.config import to_json
    from gopolicy.training.recipes import PURPOSES, RECIPES

    if args.json:
        found = {
            name: {"purpose": PURPOSES[name], "settings": to_json(config)}
            for name, config in RECIPES.items()
        }
        print_json({"recipes": found})
    else:
        print_text(recipes_text(with_settings=True))
    return 0


def asked_run(args: argparse.Namespace) -> "tuple[TrainConfig, bool]":
    """Return the settings that were asked for, and whether the network may get another size."""
    from gopolicy.training.recipes import RECIPES
    from gopolicy.training.run_folder import check_resumable, resumed_config, started_config

    changes = _changes(args)
    if args.resume:
        check_resumable(args.recipe)
        return resumed_config(args.out, changes), False
    config = started_config(RECIPES[args.recipe or "default"], changes)
    return config, args.recipe in (None, "default") and not _names_network(changes)


def _changes(args: argparse.Namespace) -> list[str]:
    """Return the options and ``--set`` as changes of settings, ``--set`` last."""
    short = [(name, getattr(args, name)) for name in _SHORTHANDS]
    changes = [f"{name}={value}" for name, value in short if value is not None]
    whole = args.minutes or (args.hours and 60 * args.hours)
    return [*changes, *([f"minutes={whole:g}"] if whole else []), *args.changes]


def given_settings(args: argparse.Namespace) -> frozenset[str]:
    """Return the settings that the command names."""
    from gopolicy.settings import split_setting

    return frozenset(dict(map(split_setting, _changes(args))))


def _names_network(changes: list[str]) -> bool:
    """Return whether changes say anything about the shape of the network."""
    return any(change.partition("=")[0].strip() in _SHAPE for change in changes)


def report_run(args: argparse.Namespace, result: "Result") -> None:
    """Say what came of a run."""
    from gopolicy.cli.output import print_json, print_text, say
    from gopolicy.training.config import HITS

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
        points = " (all points, one look per position)" if result.objective == "moves" else ""
        print_text(
            f"validation {HITS[result.objective]} {found['top1']:.2%}{points},"
            f" nll {found['nll']:.4f}, over {found['positions']:,} positions"
        )
    print_text(f"weights: {result.weights}")


def _as_json(result: "Result") -> dict[str, Any]:
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
