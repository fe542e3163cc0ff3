"""``gopolicy demo``: first contact, in three minutes and without any data of your own."""

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import add_device, add_json, add_option, add_weights, repetitions
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import OutputError

if TYPE_CHECKING:
    from gopolicy.data.store import Store
    from gopolicy.evaluation.accuracy import AccuracyReport
    from gopolicy.policy.policy import Policy

MOVE = 39
"""The position of the bundled game that is shown."""
SIZE = 19
"""The side of the boards of the bundled games."""
TOP = 5
HELD_OUT = 0.2
"""The share of the bundled games that the small network is measured on."""

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
    add_option(parser, "--out DIR", "where the picture goes", Path("gopolicy-demo"), Path)
    add_option(parser, "--seconds S", "how long to train, about", 60, repetitions)
    add_weights(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import load_network, policy_for, weights_name

    say("Getting ready (the first run compiles the rules of Go) ...")
    name = weights_name(args)
    shipped = policy_for(args, load_network(args), SIZE)
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
    if not args.json:
        print_text(text)


def _look(args: argparse.Namespace, policy: "Policy", name: str, picture: Path) -> dict[str, Any]:
    from gopolicy.cli.position_text import board_lines, color_name, move_lines, picture_of, verdict
    from gopolicy.draw.board_files import write_board
    from gopolicy.go.vertex import vertex_name
    from gopolicy.policy.view import view_of
    from gopolicy.samples import SAMPLE_GAME
    from gopolicy.sgf.positions import position_before
    from gopolicy.sgf.read import read_game

    record = read_game(SAMPLE_GAME)
    position = position_before(record, MOVE)
    view = view_of(policy, position)
    best = view.best_points(TOP)
    _tell(
        args,
        f"\n1. What does the network '{name}' play here? {color_name(position.to_play)} moves.\n",
    )
    _tell(args, "\n".join(board_lines(position, [point for point, _ in best])))
    _tell(args, "\n" + "\n".join(move_lines(position, view, TOP)))
    _tell(args, "\n" + verdict(position, view))
    write_board(picture, picture_of(record, position, view, TOP))
    _tell(args, f"The same as a picture: {picture}")
    moves = [{"vertex": vertex_name(p, record.size), "probability": share} for p, share in best]
    return {"move_number": position.number, "moves": moves}


def _train_and_measure(args: argparse.Namespace, shipped: "Policy") -> dict[str, Any]:
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.evaluation.accuracy import evaluate_positions
    from gopolicy.nets.weights import load_weights
    from gopolicy.policy.policy import Policy

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
        small = Policy(load_weights(result.weights), device=args.device)
        reports = {
            name: evaluate_positions(policy, store.table, held_out.spread(), progress=progress)
            for name, policy in (("small", small), ("shipped", shipped))
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
    from gopolicy.data.prepare_options import PrepareOptions
    from gopolicy.data.prepare_store import prepare
    from gopolicy.samples import SAMPLE_GAMES

    return prepare(SAMPLE_GAMES, out, PrepareOptions(validation=HELD_OUT), processes=1)


def _train(args: argparse.Namespace, store: "Store", out: Path) -> Any:
    """Train by the recipe ``quick``, as many positions as fit into the time."""
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.training.recipes import RECIPES
    from gopolicy.training.run import SessionOptions, train_in
    from gopolicy.training.world import open_world

    minutes = args.seconds / 60
    config = dataclasses.replace(RECIPES["quick"], validation_positions=0, minutes=minutes)
    with open_world(args.device) as world:
        return train_in(world, store, out, config, SessionOptions(), TqdmProgress())


def _as_text(positions: int, seconds: float, reports: "dict[str, AccuracyReport]") -> str:
    small, shipped = reports["small"], reports["shipped"]
    return f"""
3. After {positions:,} positions in {seconds:.0f} seconds, on {small.positions:,} moves of games
   that it has not seen:

                    top-1    top-5
   your network   {small.top1:7.1%}  {small.top5:7.1%}
   the shipped one{shipped.top1:7.1%}  {shipped.top5:7.1%}

   (top-k: the move played is among the k most probable of all points, illegal ones included;
   the shipped network learned from human games, these are a program's.)

Next: gopolicy board, to look and play in your browser, or
      gopolicy prepare YOUR-GAMES --out store && gopolicy train --data store --out run --hours 1"""
