"""``gopolicy visualize``: pictures of what a network has learned, in one gallery."""

import argparse
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gopolicy.cli.image_options import add_network
from gopolicy.cli.options import add_device, add_json, add_weights, positive_int, seed
from gopolicy.cli.output import plain, print_json, print_text, say

if TYPE_CHECKING:
    from gopolicy.viz.gallery import Section

DESCRIPTION = """\
Shows what a network has learned, one that plays Go or one that looks at pictures (a folder made by
`gopolicy image train`, or --network with bare weights). Each view writes pictures (PNG), what it
found (JSON), and one page, index.html, that shows all views written to the same folder."""

EXAMPLES = """\
examples:
  gopolicy visualize filters
  gopolicy visualize channels --layer conv3 --games games.tar.gz
  gopolicy visualize saliency game.sgf --move 39
  gopolicy visualize fool --games store --positions 5000 --weights run/weights
  gopolicy visualize maximize --weights digits
  gopolicy visualize dream cat.jpg --network vgg16 --weights vgg16.h5
  gopolicy visualize filters --help            explains one view"""

VIEWS: Mapping[str, str] = {
    "filters": "first-layer filters: as exact stone patterns, or as pictures of their weights",
    "channels": "Go: the real positions that excite the channels of deeper layers most",
    "maximize": "what excites a unit most: boards beside the best real ones, or pictures",
    "activations": "what every layer makes of one position, or of one picture",
    "saliency": "which stones make the network want a move; which pixels make a class",
    "symmetries": "Go: where the network changes its mind when the board is turned",
    "fool": "positions where it is sure and the rules say it is wrong; pictures in disguise",
    "dream": "pictures: DeepDream, a layer carries on what it sees in a picture",
    "style": "pictures: Deep Style, one picture in the style of another",
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

    from gopolicy.files import check_folder
    from gopolicy.viz.gallery import read_sections, write_section

    check_folder(args.out)
    read_sections(args.out)  # a damaged one is found before the work begins
    section = _section(args)
    findings = cast(Mapping[str, Any], plain(section.findings))
    section = dataclasses.replace(section, command=command_line(args), findings=findings)
    written = write_section(args.out, section)
    if args.json:
        print_json(_as_json(args, written))
    else:
        print_text(_as_text(written))
        say(f"page: {written['page']}")
    return 0


def _section(args: argparse.Namespace) -> "Section":
    """Return what the view shows of a network of either kind."""
    from gopolicy.cli import visualize_go, visualize_pictures

    _check_choice(args)
    if visualize_pictures.is_for_pictures(args):
        return visualize_pictures.section_of(args)
    return visualize_go.section_of(args)


def _check_choice(args: argparse.Namespace) -> None:
    """Raise ConfigError for options of which one would be ignored."""
    from gopolicy.errors import ConfigError

    excluded = {
        "moves": ("classes", "layer", "channels", "count"),
        "classes": ("layer", "channels", "count"),
        "channels": ("count",),
    }
    if args.view == "symmetries":
        excluded = {name: ("games", "positions") for name in ("file", "move")}
    for option, others in excluded.items():
        for other in others:
            if getattr(args, option, None) and getattr(args, other, None):
                name = "a game" if option == "file" else f"--{option}"
                raise ConfigError(f"--{other} has no meaning beside {name}")


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
    add_network(parser)
    add_device(parser)
    add_json(parser)


def _round_count(text: str) -> int:
    """Parse a whole number of at least 0 (an argparse type)."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, at least 0, got {text!r}")
    return int(text)


def _amount(text: str) -> float:
    """Parse a finite number of at least 0 (an argparse type)."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a finite number, at least 0, got {text!r}")
    return value


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
        metavar="N",
        help=f"positions to look at, evenly spread over the games (default: {positions})",
    )
    parser.set_defaults(usual_positions=positions)


def _add_game(parser: argparse.ArgumentParser, otherwise: str, name: str = "FILE") -> None:
    """Add the one game, or picture, of a view."""
    parser.add_argument("file", metavar=name, type=Path, nargs="?", help=otherwise)
    parser.add_argument(
        "--move",
        type=positive_int,
        metavar="N",
        help="the position before move N (default: after the last move; 39 of the bundled game)",
    )


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="S", help="of the search (default: 0)"
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
    _add_channel_numbers(parser, "6")
    parser.add_argument(
        "--boards", type=positive_int, default=4, metavar="N", help="for each channel (default: 4)"
    )
    _add_games(parser, 1000)


def _add_channel_numbers(parser: argparse.ArgumentParser, otherwise: str) -> None:
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
        metavar="N",
        help=f"how many channels to choose (default: {otherwise})",
    )


def _add_maximize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layer", metavar="NAME", default="", help="the layer (default: the middle hidden one)"
    )
    _add_channel_numbers(parser, "4, or 10 of a network for pictures")
    parser.add_argument(
        "--moves",
        nargs="+",
        metavar="VERTEX",
        help="instead of channels: boards where the network wants these moves, such as D4",
    )
    parser.add_argument(
        "--classes",
        nargs="+",
        metavar="NAME",
        help="pictures: instead of layers, what these classes look like",
    )
    parser.add_argument(
        "--l1",
        type=_amount,
        metavar="W",
        help="pictures: the weight of the L1 term, in means of the first gradient (default: 1.5)",
    )
    parser.add_argument(
        "--steps",
        type=positive_int,
        metavar="N",
        help="steps of gradient ascent (default: 60 for boards, 200 for pictures)",
    )
    _add_games(parser, 1000)
    _add_seed(parser)


_GAME_OR_PICTURE = "an SGF game (default: the bundled game), or a picture"


def _add_activations(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, _GAME_OR_PICTURE)


def _add_saliency(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, _GAME_OR_PICTURE)
    parser.add_argument(
        "--at",
        metavar="VERTEX|CLASS",
        help="the move, or the class, to explain (default: the network's first choice)",
    )
    parser.add_argument(
        "--chains", action="store_true", help="take whole chains away instead of single stones"
    )


def _add_symmetries(parser: argparse.ArgumentParser) -> None:
    otherwise = "one game (default: many positions, and those where the views differ most)"
    _add_game(parser, otherwise, "GAME.sgf")
    _add_games(parser, 300)


def _add_fool(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rounds",
        type=_round_count,
        metavar="N",
        help="Go: rounds of changing stones; 0: real positions only (default: 12)",
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="pictures: one to disguise as other classes"
    )
    _add_games(parser, 1000)
    _add_seed(parser)


def _add_dream(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="PICTURE", type=Path, help="the picture to dream on")
    parser.add_argument(
        "--layer", metavar="NAME", default="", help="the layer (default: one half way in)"
    )
    _add_painting(parser, 12)
    parser.add_argument(
        "--octaves",
        type=positive_int,
        default=3,
        metavar="N",
        help="sizes of the picture that are gone through (default: 3)",
    )
    _add_seed(parser)


def _add_style(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="CONTENT", type=Path, help="the picture to paint")
    parser.add_argument("style", metavar="STYLE", type=Path, help="the picture to paint it like")
    parser.add_argument(
        "--content-layer", metavar="NAME", default="", help="(default: two thirds of the way in)"
    )
    parser.add_argument(
        "--style-layers",
        nargs="+",
        metavar="NAME",
        default=[],
        help="(default: five of the first two thirds)",
    )
    parser.add_argument(
        "--strength",
        type=_amount,
        default=100.0,
        metavar="W",
        help="of style against content (default: 100)",
    )
    _add_painting(parser, 200)


def _add_painting(parser: argparse.ArgumentParser, steps: int) -> None:
    """Add the size of a painted picture and the steps it takes."""
    parser.add_argument(
        "--side",
        type=positive_int,
        default=256,
        metavar="N",
        help="the longer side of the result; larger pictures are shrunk (default: 256)",
    )
    parser.add_argument(
        "--steps", type=positive_int, default=steps, metavar="N", help=f"(default: {steps})"
    )


_OPTIONS = {
    "filters": _add_filters,
    "channels": _add_channels,
    "maximize": _add_maximize,
    "activations": _add_activations,
    "saliency": _add_saliency,
    "symmetries": _add_symmetries,
    "fool": _add_fool,
    "dream": _add_dream,
    "style": _add_style,
}
