"""``gopolicy gtp``: an engine for programs with a board, over standard input and output.

The network loads in the background, so that a frontend learns at once who is there; whatever needs
the network waits for it.
"""

import argparse
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from gopolicy import __version__
from gopolicy.cli.options import add_engine, add_option, number, output_file, seed, whole_number
from gopolicy.cli.output import say
from gopolicy.cli.traffic import PATIENCE, LogFile, write_out
from gopolicy.ranges import MAX_KOMI

if TYPE_CHECKING:
    from gopolicy.gtp.background import Background
    from gopolicy.gtp.protocol import GtpEngine
    from gopolicy.play.bot import Bot
    from gopolicy.play.player_settings import PlayerSettings

DESCRIPTION = """\
Plays and analyses games through the Go Text Protocol (GTP 2) on standard input and output, for
Sabaki, Lizzie, LizzieYzy, GoGui, KGS, OGS, CGOS and other programs: give them this command line as
that of an engine. Messages for people appear on standard error."""

EXAMPLES = """\
examples:
  gopolicy gtp                                  what a frontend starts
  gopolicy gtp --weights run/weights --log game.log
  printf 'genmove b\\nshowboard\\n' | gopolicy gtp

docs/frontends.md tells for every frontend where to enter it."""

_FOR_PEOPLE = """\
gopolicy gtp: programs with a board, such as Sabaki, start this and talk to it; docs/frontends.md
tells where to enter it.  By hand: showboard, genmove b, play w D4, list_commands; quit ends it."""
_NUMBER, _COUNT = ("X", number(0)), ("N", whole_number(0))
_PLAY_OPTIONS: tuple[tuple[str, tuple[str, Callable[[str], object]], str], ...] = (
    ("temperature", _NUMBER, "0 plays the most probable move, 1 as the network predicts"),
    ("temperature_moves", _COUNT, "moves of the game to which that applies (default: all)"),
    ("late_temperature", _NUMBER, "the temperature after those moves (default: 0)"),
    ("look_ahead", _COUNT, "choose among so many moves by who wins after them, too"),
    ("top_p", _NUMBER, "choose among the most probable moves that have this share together"),
    ("min_p", _NUMBER, "leave out moves less probable than this share of the best one"),
    ("seed", ("N", seed), "of the random choice, to play the same again"),
    ("resign_below", _NUMBER, "resign with less than this chance to win (default: 0, never)"),
    ("max_seconds", _NUMBER, "time for one move"),
)

_ENDS = {
    "hangup": "the frontend is gone, nobody reads the replies",
    "end of input": "the input ended without quit",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_engine(parser)
    add = partial(add_option, parser)
    _add_play_options(parser)
    add(
        "--rules NAME",
        "chinese, japanese, korean, aga, new-zealand or tromp-taylor, until told others",
        "chinese",
    )
    add("--komi K", "until told another", 7.5, number(-MAX_KOMI, MAX_KOMI))
    add("--log FILE", "append all traffic to this file", kind=output_file())
    parser.add_argument(
        "--name",
        default="gopolicy",
        metavar="TEXT",
        help="what the engine calls itself; some frontends go by how it begins: KataGo-gopolicy",
    )


def _add_play_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of strength and style; `kata-set-param` changes them in the middle of a game.

    Their defaults are those of `gopolicy.play.player_settings.PlayerSettings`.
    """
    group = parser.add_argument_group("how to play")
    for name, kind, text in _PLAY_OPTIONS:
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(flag, dest=name, metavar=kind[0], type=kind[1], help=text)
    add_option(
        group,
        "--passing",
        "friendly leaves dead stones on the board, strict takes them off (default: friendly)",
        kind=("friendly", "strict"),
    )


def _play_settings(args: argparse.Namespace) -> "PlayerSettings":
    from gopolicy.play.player_settings import PlayerSettings

    names = [name for name, _, _ in _PLAY_OPTIONS] + ["passing"]
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return PlayerSettings(**given)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.gtp.input import ReadAhead, watch_listener
    from gopolicy.nets.weight_info import check_weights, default_weights

    looks_ahead = (args.look_ahead or 0) > 1
    args.weights = args.weights or default_weights(outcome=looks_ahead)
    check_weights(args.weights)  # at once: loading takes seconds
    if sys.stdin.isatty():
        say(_FOR_PEOPLE)
    source = ReadAhead(sys.stdin.fileno()).start()
    watch_listener(source, sys.stdout.fileno(), PATIENCE, _desert)
    engine, bot = _engine(args)
    try:
        reason = engine.run(source)
    except BaseException:
        _leave_nothing_behind(bot)
        raise
    if reason in _ENDS:
        _say_last(_ENDS[reason])
    # At once: Python takes seconds to take torch apart, and frontends kill what stays.
    os._exit(1 if bot.error else 0)


def _engine(args: argparse.Namespace) -> tuple["GtpEngine", "Background[Bot]"]:
    from gopolicy.cli.gtp_files import SgfFiles
    from gopolicy.go.rules import rules_named
    from gopolicy.gtp.background import Background
    from gopolicy.gtp.commands import all_commands
    from gopolicy.gtp.late_bot import late_bot, loading_error
    from gopolicy.gtp.protocol import GtpEngine, Silence
    from gopolicy.gtp.session import Session

    rules, play = rules_named(args.rules), _play_settings(args)
    journal = LogFile(args.log) if args.log else Silence()

    def remark(text: str) -> None:
        say(f"gopolicy gtp: {text}")

    def cannot_load(error: Exception) -> None:
        remark(loading_error(error))
        journal.note("!", "".join(traceback.format_exception(error)))

    def load() -> "Bot":
        from gopolicy.cli.networks import bot_for

        return bot_for(args, remark, play=play)

    bot = Background(load, cannot_load)
    session = Session(late_bot(bot), remark=say, rules=rules)
    session.set_komi(args.komi)
    engine = GtpEngine(
        all_commands(session, SgfFiles(), args.name, __version__),
        write=write_out,
        remark=remark,
        journal=journal,
    )
    return engine, bot


def _leave_nothing_behind(bot: "Background[Bot]") -> None:
    """See that the thread that loads the network does not run into the end of the program."""
    if not bot.finish(PATIENCE):
        threading.Timer(0.3, os._exit, (0,)).start()


def _desert() -> None:
    """End at once: the frontend is gone, and the engine is too busy to notice."""
    _say_last(_ENDS["hangup"])
    os._exit(0)


def _say_last(text: str) -> None:
    """Print a remark that may be the last, even if nobody reads those any more."""
    with contextlib.suppress(OSError):
        say(f"gopolicy gtp: {text}")
