"""``gopolicy review``: a page about one game, through the eyes of a network."""

import argparse
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    add_symmetries,
    check_no_input_is_written,
    output_file,
    positive_int,
    word,
)
from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import ConfigError

if TYPE_CHECKING:
    from gopolicy.policy.game_review import MoveFigures, PlayerFigures
    from gopolicy.sgf.tree import GameTree

_PAGES = (".html", ".htm")

DESCRIPTION = """\
Writes a page about one game: a board to step through with its comments and variations, graphs of
who is ahead and of how far the network agreed, each player's figures, and the moves that lost most
and that it least expected. The page is one file and asks nothing of other machines.

What a move lost is the difference between the position after the network's first choice and the
one after the move played, as the network sees both; its outlook is rough."""

EXAMPLES = """\
examples:
  gopolicy review game.sgf
  gopolicy review game.sgf --out page.html --weights run/weights
  gopolicy review games.sgf --game 2 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = partial(add_option, parser)
    add("file FILE.sgf", "the game", kind=Path)
    add(
        "--out PAGE",
        "the page to write, ending in .html, or a folder for it (default: the game's name with "
        "-review.html, here)",
        kind=_page_or_folder,
    )
    add(
        "--game N",
        "which game of a file that holds several (default: the first that can be read)",
        kind=positive_int,
    )
    add(
        "--weights W",
        "a shipped network by name, a weight folder or a file in one "
        "(default: the best shipped network that knows who is ahead)",
    )
    add_symmetries(parser)
    add_device(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import load_network, policy_for, weights_name
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.files import write_text
    from gopolicy.nets.weight_info import default_weights
    from gopolicy.policy.game_review import least_expected, lost_most, players, review_game
    from gopolicy.policy.review_page import review_page
    from gopolicy.sgf.read import read_game
    from gopolicy.sgf.tree import write_tree

    page = _page(args)
    check_no_input_is_written((page,), (args.file, args.weights))
    tree = _tree(args)
    record = read_game(write_tree(tree), str(args.file))
    args.weights = args.weights or default_weights(outcome=True)
    policy = policy_for(args, load_network(args), record.size, precision="fp32")
    figures = review_game(policy, record, progress=TqdmProgress())
    page.parent.mkdir(parents=True, exist_ok=True)
    write_text(page, review_page(record, tree, figures, policy.name))
    both = list(players(figures).values())
    if args.json:
        lists = {"lost_most": lost_most(figures), "least_expected": least_expected(figures)}
        print_json(
            {
                "file": args.file,
                "page": page,
                "weights": weights_name(args),
                "size": record.size,
                "result": record.result,
                "players": [asdict(each) | {"color": each.color.name.lower()} for each in both],
                "moves": [each.facts(record.size) for each in figures],
                **{name: [each.number for each in some] for name, some in lists.items()},
            }
        )
    else:
        print_text("\n".join([*map(_about, both), *_worst(lost_most(figures, 3), record.size)]))
        say(f"review: {page}")
    return 0


def _page_or_folder(text: str) -> Path:
    """Parse the path of a page or of a folder for it, which may be new (an argparse type)."""
    path = Path(word(text))
    if path.is_dir():
        return path
    if path.exists() or (path.suffix and not text.endswith(os.sep)):
        return output_file(*_PAGES)(text)
    nearest = next(each for each in path.absolute().parents if each.exists())
    if not nearest.is_dir():
        raise argparse.ArgumentTypeError(f"{nearest} is a file, so there is no folder {text}")
    return path


def _page(args: argparse.Namespace) -> Path:
    """Return the path of the page to write."""
    if args.out and args.out.suffix.lower() in _PAGES and not args.out.is_dir():
        page: Path = args.out
        return page
    which = f"-{args.game}" if (args.game or 1) > 1 else ""
    return Path(args.out or "") / f"{args.file.stem}{which}-review.html"


def _tree(args: argparse.Namespace) -> "GameTree":
    """Return the game that is asked for, and say what is to be said about the file."""
    from gopolicy.sgf.read import parse_games, read_bytes
    from gopolicy.sgf.record import Rejection
    from gopolicy.sgf.tree import read_trees

    data, name = read_bytes(args.file), str(args.file)
    trees, remarks = read_trees(data, name)
    games = list(parse_games(data, name))
    readable = [n for n, game in enumerate(games, 1) if not isinstance(game, Rejection)]
    number = args.game or readable[0]
    if number > len(games):
        raise ConfigError(f"{name}: expected a game from 1 to {len(games)}, got {number}")
    game = games[number - 1]
    if isinstance(game, Rejection):
        raise ConfigError(f"{game.name}: {game.reason}: {game.detail}")
    for remark in remarks[:5]:
        say(remark)
    if len(games) > 1:
        say(f"{name}: game {number} of {len(games)}; --game chooses another")
    chosen: GameTree = trees[readable.index(number)]
    return chosen


def _about(each: "PlayerFigures") -> str:
    words = f"{each.color.name.capitalize()}: {each.moves} moves"
    if each.top1 is None or each.top5 is None:
        return words
    words += f", top-1 {each.top1:.1%}, top-5 {each.top5:.1%}"
    if each.win_rate_lost is None:
        return words
    return f"{words}, a move lost {each.win_rate_lost:.1%} and {each.points_lost:.1f} points"


def _worst(moves: "list[MoveFigures]", size: int) -> list[str]:
    found: list[dict[str, Any]] = [each.facts(size) for each in moves]
    return [
        f"move {each['number']}, {each['color']} {each['played']}: lost "
        f"{each['win_rate_lost']:.1%} and {each['points_lost']:.1f} points against {each['best']}"
        for each in found
    ]
