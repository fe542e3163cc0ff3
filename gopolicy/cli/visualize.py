"""``gopolicy visualize``: pictures of what a network has learned, in one gallery."""

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from gopolicy.cli.options import add_device, add_json, add_weights, positive_int
from gopolicy.cli.output import plain, print_json, print_text, say

DESCRIPTION = """\
Shows what a network has learned. Each view writes pictures (PNG), what it found (JSON), and one
page, index.html, that shows all views written to the same folder."""

EXAMPLES = """\
examples:
  gopolicy visualize filters
  gopolicy visualize channels --layer conv3 --games games.tar.gz
  gopolicy visualize saliency game.sgf --move 39
  gopolicy visualize fool --games store --positions 5000 --weights run/weights
  gopolicy visualize filters --help            explains one view"""

VIEWS: Mapping[str, str] = {
    "filters": "first-layer filters as exact stone patterns, and the planes that move them",
    "channels": "the real positions that excite the channels of deeper layers most",
    "maximize": "boards made to excite a channel or a move, beside the best real positions",
    "activations": "what every layer makes of one position",
    "saliency": "which stones make the network want a move",
    "symmetries": "where the network changes its mind when the board is turned",
    "fool": "positions where the network is sure and the rules say it is wrong, as SGF",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    views = parser.add_subparsers(dest="view", required=True, metavar="VIEW", title="views")
    for name, text in VIEWS.items():
        view = views.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _OPTIONS[name](view)
        _add_shared(view)
        view.set_defaults(view_parser=view)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    import dataclasses

    from gopolicy.cli.visualize_go import section_of
    from gopolicy.files import check_folder
    from gopolicy.viz.gallery import write_section

    check_folder(args.out)
    section = section_of(args)
    findings = cast(Mapping[str, Any], plain(section.findings))
    section = dataclasses.replace(section, command=command_line(args), findings=findings)
    written = write_section(args.out, section)
    if args.json:
        print_json(_as_json(args, written))
    else:
        print_text(_as_text(written))
        say(f"page: {written['page']}")
    return 0


def command_line(args: argparse.Namespace) -> str:
    """Return the command that makes the same section again, without ``--json``."""
    words = ["gopolicy", "visualize", args.view]
    for action in args.view_parser._actions:
        value = getattr(args, action.dest, None)
        if action.dest in ("help", "json") or value == action.default:
            continue
        if action.option_strings:
            words.append(action.option_strings[0])
        if value is not True:
            words += [str(part) for part in (value if isinstance(value, list) else [value])]
    return shlex.join(words)


def _as_json(args: argparse.Namespace, written: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    out = args.out
    return {
        "view": written["view"],
        "weights": written["network"],
        "headline": written["headline"],
        **written["findings"],
        "pictures": [str(out / picture["file"]) for picture in written["pictures"]],
        "files": [str(out / name) for name in written["files"]],
        "page": written["page"],
    }


def _as_text(written: Mapping[str, Any]) -> str:
    """Return what was found, for people."""
    width = max((len(name) for name in written["headline"]), default=0)
    lines = [written["title"], ""]
    lines += [f"  {name:<{width}}  {value}" for name, value in written["headline"].items()]
    lines += ["", *(f"{picture['file']}: {picture['caption']}" for picture in written["pictures"])]
    return "\n".join([*lines, *written["files"]])


def _add_shared(parser: argparse.ArgumentParser) -> None:
    """Add the options of every view."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("gopolicy-visualize"),
        metavar="DIR",
        help="the gallery; other views in it stay (default: gopolicy-visualize)",
    )
    add_weights(parser)
    add_device(parser)
    add_json(parser)


def _add_games(parser: argparse.ArgumentParser, positions: int) -> None:
    """Add where real positions come from."""
    parser.add_argument(
        "--games",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="archives of games, or one store (default: the bundled games of GNU Go)",
    )
    parser.add_argument(
        "--positions",
        type=positive_int,
        default=positions,
        metavar="N",
        help=f"positions to look at, evenly spread over the games (default: {positions})",
    )


def _add_game(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """Add the one game of a view."""
    parser.add_argument("file", metavar="GAME.sgf", type=Path, nargs="?", help=otherwise)
    parser.add_argument(
        "--move",
        type=positive_int,
        metavar="N",
        help="the position before move N (default: after the last move; 39 of the bundled game)",
    )


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the search (default: 0)"
    )


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--top",
        type=positive_int,
        default=48,
        metavar="N",
        help="filters to draw, those that vary most first (default: 48)",
    )
    _add_games(parser, 128)


def _add_channels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layer",
        nargs="+",
        metavar="NAME",
        default=[],
        help="layers by name (default: an early, a middle and the last hidden one)",
    )
    _add_channel_numbers(parser, 6)
    parser.add_argument(
        "--boards", type=positive_int, default=4, metavar="N", help="for each channel (default: 4)"
    )
    _add_games(parser, 1000)


def _add_channel_numbers(parser: argparse.ArgumentParser, count: int) -> None:
    parser.add_argument(
        "--channels",
        nargs="+",
        type=int,
        metavar="K",
        default=[],
        help="channels by number, from 0 (default: the most selective ones)",
    )
    parser.add_argument(
        "--count",
        type=positive_int,
        default=count,
        metavar="N",
        help=f"how many channels to choose (default: {count})",
    )


def _add_maximize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layer", metavar="NAME", default="", help="the layer (default: the middle hidden one)"
    )
    _add_channel_numbers(parser, 4)
    parser.add_argument(
        "--moves",
        nargs="+",
        metavar="VERTEX",
        default=[],
        help="instead of channels: boards where the network wants these moves, such as D4",
    )
    parser.add_argument(
        "--steps",
        type=positive_int,
        default=60,
        metavar="N",
        help="steps of gradient ascent (default: 60)",
    )
    _add_games(parser, 1000)
    _add_seed(parser)


def _add_activations(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, "the game; its main line (default: the bundled game)")


def _add_saliency(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, "the game; its main line (default: the bundled game)")
    parser.add_argument(
        "--at", metavar="VERTEX", help="the move to explain (default: the network's first choice)"
    )
    parser.add_argument(
        "--chains", action="store_true", help="take whole chains away instead of single stones"
    )


def _add_symmetries(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, "one game (default: many positions, and those where the views differ most)")
    _add_games(parser, 300)


def _add_fool(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rounds",
        type=int,
        default=12,
        metavar="N",
        help="rounds of changing stones; 0: real positions only (default: 12)",
    )
    _add_games(parser, 1000)
    _add_seed(parser)


_OPTIONS = {
    "filters": _add_filters,
    "channels": _add_channels,
    "maximize": _add_maximize,
    "activations": _add_activations,
    "saliency": _add_saliency,
    "symmetries": _add_symmetries,
    "fool": _add_fool,
}
