"""``gopolicy predict``: one position of a game through the eyes of a network."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    add_device,
    add_json,
    add_symmetries,
    add_weights,
    output_file,
    positive_int,
)
from gopolicy.cli.output import print_json, print_text, say

if TYPE_CHECKING:
    from gopolicy.engine.predictor import Predictor
    from gopolicy.evaluation.opinion import Moment, Opinion
    from gopolicy.sgf.record import GameRecord

DESCRIPTION = """\
Shows the most probable moves of one position of a game, the move that was played, and a board.

Probabilities are the network's own, over all points; only legal points are listed, so the list
may add up to a little less than 100 %. Passes are not predicted."""

EXAMPLES = """\
examples:
  gopolicy predict game.sgf                     after the last move
  gopolicy predict game.sgf --move 30           before move 30, to compare with it
  gopolicy predict game.sgf --move 30 --picture board.png
  gopolicy predict game.sgf --annotate seen.sgf
  gopolicy predict game.sgf --move 30 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", metavar="FILE.sgf", type=Path, help="the game; its main line")
    parser.add_argument(
        "--move",
        type=positive_int,
        metavar="N",
        help="the position before move N, passes counted (default: after the last move)",
    )
    parser.add_argument(
        "--top", type=positive_int, default=5, metavar="N", help="moves to list (default: 5)"
    )
    parser.add_argument(
        "--picture", type=output_file, metavar="OUT.png", help="write the board with a heat map"
    )
    parser.add_argument(
        "--annotate",
        type=output_file,
        metavar="OUT.sgf",
        help="write the whole game with the network's view of every move",
    )
    add_weights(parser)
    add_symmetries(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import load_predictor
    from gopolicy.evaluation.opinion import moment_before, opinion_of
    from gopolicy.sgf.read import read_game

    record = read_game(args.file)
    moment = moment_before(record, args.move)
    predictor = load_predictor(args)
    opinion = opinion_of(predictor, moment)
    if args.picture:
        _draw(args.picture, record, moment, opinion, args.top)
        say(f"picture: {args.picture}")
    if args.annotate:
        _annotate(args, predictor, record)
        say(f"annotated game: {args.annotate}")
    if args.json:
        print_json(_as_json(args, predictor, moment, opinion))
    else:
        print_text(_as_text(record, moment, opinion, args.top))
    return 0


def _as_json(
    args: argparse.Namespace, predictor: "Predictor", moment: "Moment", opinion: "Opinion"
) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    from gopolicy.go.vertex import vertex_name

    size, played = moment.board.size, moment.played
    known = played is not None and played >= 0
    return {
        "file": args.file,
        "size": size,
        "to_play": moment.to_play.name.lower(),
        "move_number": moment.number,
        "played": None if played is None else vertex_name(played, size),
        "played_probability": float(opinion.probabilities[played]) if known else None,
        "played_rank": opinion.rank(played) if played is not None else None,
        "moves": [
            {"vertex": vertex_name(point, size), "probability": probability}
            for point, probability in opinion.best(args.top)
        ],
        "symmetries": predictor.symmetries,
        "plane_set": predictor.plane_set,
    }


def _as_text(record: "GameRecord", moment: "Moment", opinion: "Opinion", top: int) -> str:
    """Return the board and the moves for people."""
    from gopolicy.cli.boards import board_lines, color_name, move_lines, players, verdict

    points = [point for point, _ in opinion.best(top)]
    lines = [
        players(record),
        f"Move {moment.number}, {color_name(moment.to_play)} to play",
        "",
        *board_lines(moment, points),
        "",
        "Most probable moves:",
        *move_lines(moment, opinion, top),
        "",
        verdict(moment, opinion),
    ]
    return "\n".join(line for line in lines if line is not None)


def _draw(path: Path, record: "GameRecord", moment: "Moment", opinion: "Opinion", top: int) -> None:
    """Write the picture."""
    from gopolicy.cli.boards import picture_of
    from gopolicy.viz.board import write_board

    write_board(path, picture_of(record, moment, opinion, top))


def _annotate(args: argparse.Namespace, predictor: "Predictor", record: "GameRecord") -> None:
    """Write the annotated game."""
    from gopolicy.cli.networks import weights_name
    from gopolicy.evaluation.annotate import annotate

    name = weights_name(args)
    annotate(args.annotate, predictor, record, top=args.top, network=name)
