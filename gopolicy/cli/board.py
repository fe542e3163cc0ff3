"""``gopolicy board``: the board in the browser, to look at networks, play them and review games."""

import argparse
import os
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from gopolicy.cli.options import add_device, add_symmetries, whole_number
from gopolicy.cli.output import print_text, say
from gopolicy.errors import ConfigError, SgfError

if TYPE_CHECKING:
    from gopolicy.web.app import Opening

DESCRIPTION = """\
Opens a page on this machine: a board with the network's moves as a heat map. Step through a game,
play against the network, see which stones speak for a move. The page talks to this program alone,
at 127.0.0.1, by an address that nobody can guess; nothing leaves the machine. Ctrl-C ends it."""

EXAMPLES = """\
examples:
  gopolicy board
  gopolicy board game.sgf
  gopolicy board games.zip
  gopolicy board game.sgf --weights alphago-64x8 --weights run/weights"""

MOST_NETWORKS, MOST_GAMES, MOST_REMARKS = 4, 500, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "game",
        metavar="GAME.sgf",
        nargs="?",
        type=Path,
        help=f"a game to look at, or an archive with up to {MOST_GAMES} games",
    )
    parser.add_argument(
        "--weights",
        metavar="W",
        action="append",
        help="a shipped network by name, a weight folder or a file in one (default: the best "
        f"shipped network); up to {MOST_NETWORKS}, side by side",
    )
    parser.add_argument(
        "--port",
        type=whole_number(0, 65535),
        default=0,
        metavar="N",
        help="where to listen on 127.0.0.1 (default: any free port)",
    )
    parser.add_argument(
        "--no-open", action="store_true", help="print the address and open no browser"
    )
    add_symmetries(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.nets.weight_info import check_weights, default_weights, short_name
    from gopolicy.play.bot import BotOptions
    from gopolicy.web.engines import Engines
    from gopolicy.web.serve import listen, serve

    weights = args.weights or [default_weights()]
    if len(weights) > MOST_NETWORKS:
        raise ConfigError(f"expected at most {MOST_NETWORKS} networks, got {len(weights)}")
    for each in weights:
        check_weights(each)
    opening = opening_of(args.game)
    listener = listen(args.port)
    settings = {"device": args.device, "symmetries": args.symmetries}
    named = [(short_name(each), BotOptions(weights=each, **settings)) for each in weights]
    engines = Engines(named)
    try:
        compile_rules()
        serve(engines, opening, listener, lambda address: _announce(args, address))
    except KeyboardInterrupt:
        say("gopolicy board: ended")
    sys.stdout.flush()
    os._exit(0)  # at once: Python takes seconds to take torch apart


def compile_rules() -> None:
    """Compile what the page asks of the rules, so that it need not wait for that in between."""
    from gopolicy.go.board import Board

    say("gopolicy board: getting ready (the first run compiles the rules of Go) ...")
    board = Board(5)  # in two halves, as seki is looked for where little is open
    board.setup(black=["B1", "B2", "B3", "B4", "B5"], white=["D1", "D2", "D3", "D4", "D5"])
    board.play("A1")
    board.copy().undo()
    board.chain("A1")
    board.area_score(["A1"])
    board.territory_score(["A1"])


def opening_of(path: Path | None) -> "Opening":
    """Return what pages begin with: a file of games, an archive, or nothing."""
    from gopolicy.sgf.read import read_bytes
    from gopolicy.web.app import Opening
    from gopolicy.web.game_file import read_file

    if path is None:
        return Opening()
    single = path.suffix.lower() == ".sgf"
    data = read_bytes(path) if single else _games_in(path)
    name = (
        path.name if single else f"{path.resolve().name}.sgf"
    )  # saved as that, not over the archive
    read_file(data, name)  # to complain now, not on the page
    return Opening(data=data, name=name)


def _games_in(archive: Path) -> bytes:
    """Return the first games of an archive as one SGF text, and say which cannot be read."""
    from gopolicy.sgf.archive import iter_archive
    from gopolicy.sgf.record import Rejection
    from gopolicy.sgf.tree import read_trees, write_tree

    games: list[bytes] = []
    remarks: list[str] = []
    for member in iter_archive(archive):
        if isinstance(member, Rejection):
            remarks.append(f"{member.name}: {member.reason}: {member.detail}")
            continue
        name, data = member
        try:
            trees, said = read_trees(data, name)
        except SgfError as error:
            trees, said = [], [str(error)]
        games += map(write_tree, trees)
        remarks += said
        if len(games) > MOST_GAMES:
            remarks.append(f"{archive}: only the first {MOST_GAMES} games are listed")
            break
    for remark in remarks[:MOST_REMARKS]:
        say(remark)
    if len(remarks) > MOST_REMARKS:
        say(f"{archive}: {len(remarks) - MOST_REMARKS:,} more remarks")
    if not games:
        raise ConfigError(f"{archive}: no game in it can be read")
    return b"".join(games[:MOST_GAMES])


def _announce(args: argparse.Namespace, address: str) -> None:
    print_text(address)
    sys.stdout.flush()
    say("gopolicy board: open this address in a browser; Ctrl-C ends it")
    seen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if seen and not args.no_open:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
