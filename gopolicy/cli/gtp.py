"""``gopolicy gtp``: an engine for programs with a board, over standard input and output.

The network loads in the background, so that a frontend learns at once who is there; whatever needs
the network waits for it.
"""

import argparse
import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gopolicy import __version__
from gopolicy.cli.options import add_device, add_symmetries, add_weights, output_file, positive_int
from gopolicy.cli.output import say
from gopolicy.errors import GoPolicyError

if TYPE_CHECKING:
    from gopolicy.engine.background import Background
    from gopolicy.engine.gtp import Engine
    from gopolicy.engine.gtp_input import ReadAhead
    from gopolicy.engine.network_mind import NetworkMind
    from gopolicy.engine.player import PlayerSettings

DESCRIPTION = """\
Plays and analyses games through the Go Text Protocol (GTP 2) on standard input and output, for
Sabaki, Lizzie, LizzieYzy, GoGui, KGS, OGS, CGOS and other programs: give them this command line as
that of an engine. Messages for people appear on standard error."""

EXAMPLES = """\
examples:
  gopolicy gtp                                  what a frontend starts
  gopolicy gtp --weights run/weights --log game.log
  printf 'genmove b\\nshowboard\\n' | gopolicy gtp

gopolicy/engine/FRONTENDS.md tells for every frontend where to enter it."""

_NUMBER, _COUNT = ("X", float), ("N", int)
_PLAY_OPTIONS: tuple[tuple[str, tuple[str, Callable[[str], object]], str], ...] = (
    ("temperature", _NUMBER, "0 plays the most probable move, 1 as the network predicts"),
    ("temperature_moves", _COUNT, "moves of the game to which that applies (default: all)"),
    ("late_temperature", _NUMBER, "the temperature after those moves (default: 0)"),
    ("top_p", _NUMBER, "choose among the most probable moves that have this share together"),
    ("min_p", _NUMBER, "leave out moves less probable than this share of the best one"),
    ("seed", _COUNT, "of the random choice, to play the same again"),
    ("resign_below", _NUMBER, "resign with less than this chance to win (default: 0, never)"),
    ("max_seconds", _NUMBER, "time for one move"),
)

_ENDS = {
    "hangup": "the frontend is gone, nobody reads the replies",
    "end of input": "the input ended without quit",
}
_PATIENCE = 1.2
"""Seconds that the engine has to end by itself once nobody listens."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_weights(parser)
    add_device(parser)
    add_symmetries(parser)
    parser.add_argument(
        "--threads",
        type=positive_int,
        metavar="N",
        help="cores to compute with (default: half of them, 4 at most)",
    )
    _add_play_options(parser)
    parser.add_argument(
        "--rules",
        default="chinese",
        metavar="NAME",
        help="chinese, japanese, korean, aga, new-zealand or tromp-taylor, until told others"
        " (default: chinese)",
    )
    parser.add_argument(
        "--komi", type=_finite, default=7.5, metavar="K", help="until told another (default: 7.5)"
    )
    parser.add_argument(
        "--log", type=output_file, metavar="FILE", help="append all traffic to this file"
    )
    parser.add_argument(
        "--name",
        default="gopolicy",
        metavar="TEXT",
        help="what the engine calls itself; some frontends go by the first word",
    )


def _finite(text: str) -> float:
    """Parse a number that is one (an argparse type)."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _add_play_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of strength and style; `kata-set-param` changes them in the middle of a game.

    Their defaults are those of `gopolicy.engine.player.PlayerSettings`.
    """
    group = parser.add_argument_group("how to play")
    for name, kind, text in _PLAY_OPTIONS:
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(flag, dest=name, metavar=kind[0], type=kind[1], help=text)
    group.add_argument(
        "--passing",
        choices=("friendly", "strict"),
        help="friendly leaves dead stones on the board, strict takes them off (default: friendly)",
    )


def _play_settings(args: argparse.Namespace) -> "PlayerSettings":
    """Return the settings that the options ask for; ConfigError where one is impossible."""
    from gopolicy.engine.player import PlayerSettings

    names = [name for name, _, _ in _PLAY_OPTIONS] + ["passing"]
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return PlayerSettings(**given)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.engine.gtp_input import ReadAhead, watch_listener

    source = ReadAhead(sys.stdin.fileno()).start()
    watch_listener(source, sys.stdout.fileno(), _PATIENCE, _desert)
    engine, mind = _engine(args, source)
    try:
        reason = engine.run(source)
    except BaseException:
        _leave_nothing_behind(mind)
        raise
    if reason in _ENDS:
        _say_last(_ENDS[reason])
    os._exit(0)  # at once: Python takes seconds to take torch apart, and frontends kill what stays


def _engine(
    args: argparse.Namespace, source: "ReadAhead"
) -> tuple["Engine", "Background[NetworkMind]"]:
    """Return the engine, and its mind, which is still getting ready."""
    from gopolicy.cli.game_files import SgfFiles
    from gopolicy.engine.background import Background
    from gopolicy.engine.commands import all_commands
    from gopolicy.engine.gtp import Engine, Silence
    from gopolicy.engine.late_mind import LateMind
    from gopolicy.engine.rules import rules_named
    from gopolicy.engine.session import Session

    rules, play = rules_named(args.rules), _play_settings(args)
    journal = LogFile(args.log) if args.log else Silence()
    mind = Background(lambda: _load(args, play), source.fail)
    session = Session(LateMind(mind), remark=say, rules=rules)
    session.set_komi(args.komi)
    engine = Engine(
        all_commands(session, SgfFiles(), args.name, __version__),
        write=_write,
        remark=lambda text: say(f"gopolicy gtp: {text}"),
        journal=journal,
    )
    return engine, mind


def _load(args: argparse.Namespace, play: "PlayerSettings") -> "NetworkMind":
    """Return the mind, ready to think; imports torch."""
    from gopolicy.cli.networks import weights_name
    from gopolicy.engine.network_mind import MindOptions, NetworkMind

    options = MindOptions(
        weights=weights_name(args),
        device=args.device,
        symmetries=args.symmetries,
        threads=args.threads,
        play=play,
    )
    return NetworkMind(options)


class LogFile:
    """All traffic with the time of day, one line an entry."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8", errors="replace")
        except OSError as error:
            raise GoPolicyError(f"cannot write {path}: {error.strerror or error}") from error
        self.note("!", f"gopolicy {__version__} starts, process {os.getpid()}")

    def note(self, mark: str, text: str) -> None:
        """Write one entry at once; a full disk must not end the game."""
        now = time.time()
        clock = f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}"
        lines = text.split("\n")
        with contextlib.suppress(OSError):
            self._file.write("".join(f"{clock} {mark} {line}\n" for line in lines))
            self._file.flush()


def _write(data: bytes) -> None:
    """Write to standard output at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _leave_nothing_behind(mind: "Background[NetworkMind]") -> None:
    """See that the thread that loads the network does not run into the end of the program."""
    if not mind.finish(_PATIENCE):
        threading.Timer(0.3, os._exit, (0,)).start()


def _desert() -> None:
    """End at once: the frontend is gone, and the engine is too busy to notice."""
    _say_last(_ENDS["hangup"])
    os._exit(0)


def _say_last(text: str) -> None:
    """Print a remark that may be the last, even if nobody reads those any more."""
    with contextlib.suppress(OSError):
        say(f"gopolicy gtp: {text}")
