"""``gopolicy predict``: one position of a game through the eyes of a network."""

import argparse
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    add_symmetries,
    add_weights,
    check_no_input_is_written,
    output_file,
    positive_int,
)
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import ConfigError

if TYPE_CHECKING:
    from gopolicy.policy.annotate import SourceText
    from gopolicy.policy.policy import Policy
    from gopolicy.policy.view import View
    from gopolicy.sgf.positions import Position
    from gopolicy.sgf.record import GameRecord

PICTURES = (".png", ".svg", ".jpg", ".jpeg", ".webp", ".pdf")

DESCRIPTION = """\
Shows the most probable moves of one position of a game, the move that was played, and a board.

Probabilities are the network's own, over all points; only legal points are listed, so the list
may add up to a little less than 100 %. Passes are not predicted. Boards of other sizes than that of
the network's training work, too, with networks that are made of convolutions.

Networks that have learned how games end also say who is ahead: the win rate, and the points with
their standard deviation, by the komi and the rules of the file. In --json these are win_rate (0 to
1), score_lead and score_spread for the side to move; other networks leave them out."""

EXAMPLES = """\
examples:
  gopolicy predict game.sgf                     after the last move
  gopolicy predict game.sgf --move 30           before move 30, to compare with it
  gopolicy predict game.sgf --move 30 --picture board.png
  gopolicy predict game.sgf --annotate seen.sgf
  gopolicy predict game.sgf --move 30 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = partial(add_option, parser)
    add("file FILE.sgf", "the game; its main line", kind=Path)
    add(
        "--move N",
        "the position before move N, passes counted (default: after the last move)",
        kind=positive_int,
    )
    add("--game N", "which game of a file that holds several", 1, positive_int)
    add("--top N", "moves to list", 5, positive_int)
    add(
        "--picture OUT.png",
        f"write the board with a heat map; {', '.join(PICTURES)}",
        kind=output_file(*PICTURES),
    )
    add(
        "--annotate OUT.sgf",
        "write the file with the network's view of every move (where it knows who "
        "wins, with the graph that Sabaki draws); it may be FILE.sgf itself",
        kind=output_file(".sgf"),
    )
    add_weights(parser)
    add_symmetries(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import load_network, policy_for, size_note
    from gopolicy.policy.annotate import SourceText
    from gopolicy.policy.balanced_views import balanced_views
    from gopolicy.sgf.positions import position_before
    from gopolicy.sgf.read import parse_games, read_bytes, read_game

    check_no_input_is_written((args.picture,), (args.file, args.weights))
    source = SourceText(name=str(args.file), data=read_bytes(args.file))
    if args.annotate and args.game > 1:
        raise ConfigError("--annotate writes into the first game of a file; leave out --game")
    record = read_game(source.data, source.name, game=args.game)
    if args.game == 1 and any(islice(parse_games(source.data), 1, None)):
        say(f"{args.file}: game 1 of several; --game chooses another")
    if record.handicap_placed:
        say(f"{args.file}: no stones for HA[{record.handicap}]; they stand on the fixed points")
    position = position_before(record, args.move)
    loaded = load_network(args)
    policy = policy_for(args, loaded, record.size, precision="fp32")
    (view,) = balanced_views(policy, [position])
    if args.picture:
        _draw(args.picture, record, position, view, args.top)
        say(f"picture: {args.picture}")
    if args.annotate:
        _annotate(args, policy, source)
    if args.json:
        sizes = {"trained_size": loaded.info.size, "note": size_note(loaded.info.size, record.size)}
        print_json({**_as_json(args, policy, position, view), **sizes})
    else:
        print_text(_as_text(record, position, view, args.top))
    return 0


def _as_json(
    args: argparse.Namespace, policy: "Policy", position: "Position", view: "View"
) -> dict[str, Any]:
    from gopolicy.go.vertex import vertex_name

    size, played = position.board.size, position.played
    known = played is not None and played >= 0
    return {
        "file": args.file,
        "size": size,
        "to_play": position.to_play.name.lower(),
        "move_number": position.number,
        "played": None if played is None else vertex_name(played, size),
        "played_probability": float(view.probabilities[played]) if known else None,
        "played_rank": view.rank(played) if played is not None else None,
        "played_equal": view.equals(played) if played is not None and known else None,
        "moves": [
            {"vertex": vertex_name(point, size), "probability": probability}
            for point, probability in view.best_points(args.top)
        ],
        "symmetries": policy.symmetries,
        "plane_set": policy.plane_set,
        **_outlook_json(position, view),
    }


def _outlook_json(position: "Position", view: "View") -> dict[str, float]:
    """Return how the game may end for the side to move; nothing where that is not known."""
    if view.outlook is None:
        return {}
    return {
        "win_rate": view.outlook.win_rate(position.to_play),
        "score_lead": view.outlook.lead_of(position.to_play),
        "score_spread": view.outlook.spread,
    }


def _as_text(record: "GameRecord", position: "Position", view: "View", top: int) -> str:
    from gopolicy.cli.position_text import (
        board_lines,
        color_name,
        move_lines,
        players_text,
        verdict,
    )
    from gopolicy.sgf.positions import record_rules, whole_komi

    points = [point for point, _ in view.best_points(top)]
    lines = [
        players_text(record),
        f"Move {position.number}, {color_name(position.to_play)} to play",
        "",
        *board_lines(position, points),
        "",
        "Most probable moves:",
        *move_lines(position, view, top),
        "",
        verdict(position, view),
    ]
    if view.outlook:
        komi = whole_komi(record.komi, record.rules, position.board)
        counting = f"by {record_rules(record.rules).scoring}, komi {komi:g}"
        lines.append(f"{view.outlook.summary()} ({counting})")
    return "\n".join(lines)


def _draw(path: Path, record: "GameRecord", position: "Position", view: "View", top: int) -> None:
    from gopolicy.cli.position_text import picture_of
    from gopolicy.draw.board_files import write_board

    write_board(path, picture_of(record, position, view, top))


def _annotate(args: argparse.Namespace, policy: "Policy", source: "SourceText") -> None:
    from gopolicy.cli.networks import weights_name
    from gopolicy.policy.annotate import annotate

    name = weights_name(args)
    annotate(args.annotate, policy, source, top=args.top, network=name, remark=say)
    say(f"annotated game: {args.annotate}")
