"""``gopolicy demo``: first contact, in three minutes and without any data of your own."""

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import add_device, add_json, add_weights, positive_int
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import OutputError

if TYPE_CHECKING:
    from gopolicy.data.store import Store
    from gopolicy.engine.predictor import Predictor
    from gopolicy.evaluation.accuracy import AccuracyReport

MOVE = 39
"""The position of the bundled game that is shown."""
TOP = 5
HELD_OUT = 0.2
"""The share of the bundled games that the small network is measured on."""
MOST_POSITIONS = 400_000

DESCRIPTION = """\
First contact. Shows what the shipped network would play in a game that comes with the package,
draws a picture, then trains a small network of your own for a minute on bundled games and
measures it on games it has not seen. Needs nothing but this package and takes about two minutes
(the first run compiles the rules of Go, which takes a while longer)."""

EXAMPLES = """\
examples:
  gopolicy demo
  gopolicy demo --seconds 20 --out first-look
  gopolicy demo --weights run/weights"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("gopolicy-demo"),
        metavar="DIR",
        help="where the picture goes (default: gopolicy-demo)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_int,
        default=60,
        metavar="S",
        help="how long to train, about (default: 60)",
    )
    add_weights(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import weights_name
    from gopolicy.engine.predictor import Predictor
    from gopolicy.nets.weights import load_weights

    say("Getting ready (the first run compiles the rules of Go) ...")
    name = weights_name(args)
    shipped = Predictor(load_weights(name), device=args.device)
    picture = _folder(args.out) / "board.png"
    seen = _look(args, shipped, name, picture)
    trained = _train_and_measure(args, shipped)
    if args.json:
        print_json({"weights": name, "picture": picture, **seen, **trained})
    return 0


def _folder(out: Path) -> Path:
    """Return the folder for results, created if need be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}") from error
    return out


def _tell(args: argparse.Namespace, text: str) -> None:
    """Print a line for people, unless JSON was asked for."""
    if not args.json:
        print_text(text)


def _look(
    args: argparse.Namespace, predictor: "Predictor", name: str, picture: Path
) -> dict[str, Any]:
    """Show one position of the bundled game through the network's eyes."""
    from gopolicy.cli.boards import board_lines, color_name, move_lines, picture_of, verdict
    from gopolicy.cli.samples import SAMPLE_GAME
    from gopolicy.evaluation.opinion import moment_before, opinion_of
    from gopolicy.go.vertex import vertex_name
    from gopolicy.sgf.read import read_game
    from gopolicy.viz.board import write_board

    record = read_game(SAMPLE_GAME)
    moment = moment_before(record, MOVE)
    opinion = opinion_of(predictor, moment)
    best = opinion.best(TOP)
    _tell(
        args,
        f"\n1. What does the network '{name}' play here? {color_name(moment.to_play)} moves.\n",
    )
    _tell(args, "\n".join(board_lines(moment, [point for point, _ in best])))
    _tell(args, "\n" + "\n".join(move_lines(moment, opinion, TOP)))
    _tell(args, "\n" + verdict(moment, opinion))
    write_board(picture, picture_of(record, moment, opinion, TOP))
    _tell(args, f"The same as a picture: {picture}")
    moves = [{"vertex": vertex_name(p, record.size), "probability": share} for p, share in best]
    return {"move_number": moment.number, "moves": moves}


def _train_and_measure(args: argparse.Namespace, shipped: "Predictor") -> dict[str, Any]:
    """Train a small network on bundled games; measure both networks on held-out ones."""
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.engine.predictor import Predictor
    from gopolicy.evaluation.accuracy import evaluate
    from gopolicy.nets.weights import load_weights

    with tempfile.TemporaryDirectory() as folder:
        store = _prepare(Path(folder) / "store")
        held_out = store.split("validation")
        games, kept = len(store.split("train").games), len(held_out.games)
        _tell(
            args,
            f"\n2. Training a small network for about {args.seconds} seconds on {games} bundled "
            f"games\n   (GNU Go against itself), to be measured on {kept} others ...",
        )
        result = _train(args, store, Path(folder) / "run")
        progress = TqdmProgress()
        small = Predictor(load_weights(result.weights), device=args.device)
        reports = {
            name: evaluate(predictor, store.table, held_out.spread(), progress=progress)
            for name, predictor in (("small", small), ("shipped", shipped))
        }
    _tell(args, _as_text(result.positions, result.seconds, reports))
    return {
        "trained_positions": result.positions,
        "trained_seconds": result.seconds,
        "held_out_positions": reports["small"].positions,
        **{f"{name}_top1": report.top1 for name, report in reports.items()},
        **{f"{name}_top5": report.top5 for name, report in reports.items()},
    }


def _prepare(out: Path) -> "Store":
    """Write the bundled games to a store."""
    from gopolicy.cli.samples import SAMPLE_GAMES
    from gopolicy.data.build import build_table
    from gopolicy.data.options import PrepareOptions
    from gopolicy.data.store import open_store, write_store

    options = PrepareOptions(validation=HELD_OUT)
    table, rejections = build_table([SAMPLE_GAMES], options, processes=1)
    write_store(table, rejections, out, options)
    return open_store(out)


def _train(args: argparse.Namespace, store: "Store", out: Path) -> Any:
    """Train by the recipe ``quick``, as many positions as fit into the time."""
    from gopolicy.cli.progress import TqdmProgress
    from gopolicy.train.loop import Task, train
    from gopolicy.train.recipes import recipe
    from gopolicy.train.source import StoreSource
    from gopolicy.train.speed import bare_rate
    from gopolicy.train.world import open_world

    config = dataclasses.replace(recipe("quick"), validation_positions=0)
    with open_world(args.device) as world:
        source = StoreSource(store, config, world)
        rate, compute = bare_rate(config, source, world, seconds=2.0)
        config = dataclasses.replace(
            config,
            positions=int(min(MOST_POSITIONS, max(2_000, 0.85 * rate * args.seconds))),
            precision=compute.precision,
            memory_format=compute.memory_format,
        )
        source = StoreSource(store, config, world)
        return train(
            Task(config=config, source=source, out=out, world=world), progress=TqdmProgress()
        )


def _as_text(positions: int, seconds: float, reports: "dict[str, AccuracyReport]") -> str:
    """Return what came out of the training."""
    small, shipped = reports["small"], reports["shipped"]
    return f"""
3. After {positions:,} positions in {seconds:.0f} seconds, on {small.positions:,} moves of games
   that it has not seen:

                    top-1    top-5
   your network   {small.top1:7.1%}  {small.top5:7.1%}
   the shipped one{shipped.top1:7.1%}  {shipped.top5:7.1%}

   (top-k: the move played is among the k most probable of all points, illegal ones included;
   the shipped network learned from human games, these are a program's.)

Next: gopolicy prepare YOUR-GAMES --out store && gopolicy train --data store --out run"""
