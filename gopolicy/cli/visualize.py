"""``gopolicy visualize``: pictures of what a network has learned, in one gallery."""

import argparse
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gopolicy.cli.image_options import add_network
from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    add_weights,
    number,
    positive_int,
    repetitions,
    seed,
    whole_number,
)
from gopolicy.cli.output import as_json_value, print_json, print_text, say

if TYPE_CHECKING:
    from gopolicy.draw.gallery import Section

DESCRIPTION = """\
Shows what a network has learned, one that plays Go or one that looks at pictures (a folder made by
`gopolicy image train`, or --network with bare weights). Each view writes pictures (PNG), what it
found (JSON), and one page, index.html, that shows all views written to the same folder."""

EXAMPLES = """\
examples:
  gopolicy visualize filters
  gopolicy visualize channels --layer pair3 --games games.tar.gz
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
        _add_shared(view, name)
        view.set_defaults(view_parser=view)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    import dataclasses

    from gopolicy.draw.gallery import read_sections, write_section
    from gopolicy.files import check_folder

    check_folder(args.out)
    _check_inputs(args)
    read_sections(args.out)  # a damaged one is found before the work begins
    section = _section(args)
    findings = cast(Mapping[str, Any], as_json_value(section.findings))
    section = dataclasses.replace(section, command=command_line(args), findings=findings)
    written = write_section(args.out, section)
    if args.json:
        print_json(_as_json(args, written))
    else:
        print_text(_as_text(written))
        say(f"page: {written['page']}")
    return 0


def _check_inputs(args: argparse.Namespace) -> None:
    """Raise ConfigError for inputs among the pictures that this view is going to replace."""
    from gopolicy.errors import ConfigError

    for path in (getattr(args, name, None) for name in ("file", "style", "picture")):
        if not path or path.resolve().parent != args.out.resolve():
            continue
        if path.name.startswith(f"{args.view}-"):
            raise ConfigError(f"{path} is a picture that this view replaces; use another --out")


def _section(args: argparse.Namespace) -> "Section":
    from gopolicy.cli import visualize_go, visualize_pictures

    _check_choice(args)
    if visualize_pictures.is_for_pictures(args):
        return visualize_pictures.picture_section(args)
    return visualize_go.go_section(args)


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
    width = max((len(name) for name in written["headline"]), default=0)
    lines = [written["title"], ""]
    lines += [f"  {name:<{width}}  {value}" for name, value in written["headline"].items()]
    lines += ["", *(f"{picture['file']}: {picture['caption']}" for picture in written["pictures"])]
    return "\n".join([*lines, *written["files"]])


def _add_shared(parser: argparse.ArgumentParser, name: str) -> None:
    add_option(
        parser, "--out DIR", "the gallery; other views in it stay", Path("gopolicy-visualize"), Path
    )
    if name in ("dream", "style"):
        pictures = (
            "a run or weight folder for pictures, or bare weights with --network; none is shipped"
        )
        add_option(parser, "--weights W", pictures)
    else:
        add_weights(parser)
    add_network(parser)
    add_device(parser)
    add_json(parser)


def _add_games(parser: argparse.ArgumentParser, positions: int) -> None:
    add_option(
        parser,
        "--games PATH",
        "archives of games, or one store (default: the bundled games of GNU Go)",
        kind=Path,
        nargs="+",
    )
    add_option(
        parser,
        "--positions N",
        f"positions to look at, evenly spread over the games (default: {positions})",
        kind=positive_int,
    )
    parser.set_defaults(usual_positions=positions)


def _add_game(parser: argparse.ArgumentParser, otherwise: str, name: str = "FILE") -> None:
    parser.add_argument("file", metavar=name, type=Path, nargs="?", help=otherwise)
    add_option(
        parser,
        "--move N",
        "the position before move N (default: after the last move; 39 of the bundled game)",
        kind=positive_int,
    )


def _add_seed(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "--seed S", "of the search", 0, seed)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "--top N", "filters to draw, those that vary most first", 48, positive_int)
    _add_games(parser, 128)


def _add_channels(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser,
        "--layer NAME",
        "layers by name (default: an early, a middle and the last hidden one)",
        [],
        nargs="+",
    )
    _add_channel_numbers(parser, "6")
    add_option(parser, "--boards N", "for each channel", 4, positive_int)
    _add_games(parser, 1000)


def _add_channel_numbers(parser: argparse.ArgumentParser, otherwise: str) -> None:
    add_option(
        parser,
        "--channels K",
        "channels by number, from 0 (default: the most selective ones)",
        [],
        whole_number(0),
        nargs="+",
    )
    add_option(
        parser,
        "--count N",
        f"how many channels to choose (default: {otherwise})",
        kind=positive_int,
    )


def _add_maximize(parser: argparse.ArgumentParser) -> None:
    add = partial(add_option, parser)
    add("--layer NAME", "the layer (default: the middle hidden one)")
    _add_channel_numbers(parser, "4, or 10 of a network for pictures")
    add(
        "--moves VERTEX",
        "instead of channels: boards where the network wants these moves, such as D4",
        nargs="+",
    )
    add("--classes NAME", "pictures: instead of layers, what these classes look like", nargs="+")
    add(
        "--l1 W",
        "pictures: the weight of the L1 term, in means of the first gradient (default: 1.5)",
        kind=number(0),
    )
    add(
        "--steps N",
        "steps of gradient ascent (default: 60 for boards, 200 for pictures)",
        kind=repetitions,
    )
    _add_games(parser, 1000)
    _add_seed(parser)


_GAME_OR_PICTURE = "an SGF game (default: the bundled game), or a picture"


def _add_activations(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, _GAME_OR_PICTURE)


def _add_saliency(parser: argparse.ArgumentParser) -> None:
    _add_game(parser, _GAME_OR_PICTURE)
    add_option(
        parser,
        "--at VERTEX|CLASS",
        "the move, or the class, to explain (default: the network's first choice)",
    )
    add_option(
        parser, "--chains", "take whole chains away instead of single stones", action="store_true"
    )


def _add_symmetries(parser: argparse.ArgumentParser) -> None:
    otherwise = "one game (default: many positions, and those where the views differ most)"
    _add_game(parser, otherwise, "GAME.sgf")
    _add_games(parser, 300)


def _add_fool(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser,
        "--rounds N",
        "Go: rounds of changing stones; 0: real positions only (default: 12)",
        kind=whole_number(0, 1_000_000),
    )
    add_option(parser, "--picture FILE", "pictures: one to disguise as other classes", kind=Path)
    _add_games(parser, 1000)
    _add_seed(parser)


def _add_dream(parser: argparse.ArgumentParser) -> None:
    add = partial(add_option, parser)
    add("file PICTURE", "the picture to dream on", kind=Path)
    add("--layer NAME", "the layer (default: one half way in)")
    _add_painting(parser, 12)
    add("--octaves N", "sizes of the picture that are gone through", 3, whole_number(1, 12))
    _add_seed(parser)


def _add_style(parser: argparse.ArgumentParser) -> None:
    add = partial(add_option, parser)
    add("file CONTENT", "the picture to paint", kind=Path)
    add("style STYLE", "the picture to paint it like", kind=Path)
    add("--content-layer NAME", "(default: two thirds of the way in)")
    add("--style-layers NAME", "(default: five of the first two thirds)", [], nargs="+")
    add("--strength W", "of style against content", 100.0, number(0))
    _add_painting(parser, 200)


def _add_painting(parser: argparse.ArgumentParser, steps: int) -> None:
    add_option(
        parser,
        "--side N",
        "the longer side of the result; larger pictures are shrunk",
        256,
        whole_number(1, 8192),
    )
    add_option(parser, "--steps N", "", steps, repetitions)


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
