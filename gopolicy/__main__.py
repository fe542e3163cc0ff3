"""The command line: picks a command, imports only its module, and turns errors into one clear line.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.  Each command is a module of
`gopolicy.cli` with ``add_arguments(parser)`` and ``run(args) -> int``; optional constants
``DESCRIPTION`` and ``EXAMPLES`` are shown by its ``--help``, and what an optional function
``details() -> str`` returns.  ``args.command_line`` is the command as typed.  Nothing here, and
nothing that a command module imports at its top, imports torch or numba, so that help is instant.
"""

import _thread
import argparse
import difflib
import errno
import importlib
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from gopolicy import __version__
from gopolicy.cli.options import CommandParser
from gopolicy.cli.output import printable
from gopolicy.cli.streams import abandon, set_up_streams
from gopolicy.errors import GoPolicyError

COMMANDS = {
    "demo": "first contact: predict, draw and train on bundled games in three minutes",
    "prepare": "turn archives of games into a store for training",
    "train": "train a policy network on a store",
    "reinforce": "let a network learn from games against its past selves",
    "evaluate": "measure how often a network finds the move that was played",
    "compare": "train several networks on the same data and say what comes out",
    "board": "look at networks, play them and review games in the browser",
    "predict": "show the most probable moves of one position of a game",
    "review": "a page about one game: who was ahead, what was lost, what surprised",
    "visualize": "pictures of what a network has learned",
    "image": "networks for pictures: the table, training, measuring, classifying",
    "match": "play games between two engines and compare their strength",
    "selfplay": "games of a network against itself, to the very end, into a store",
    "gtp": "play and analyse in Sabaki, Lizzie, GoGui and other programs",
    "export": "write a network as ONNX, for other programs",
    "analysis": "analyze positions for KaTrain and scripts, in KataGo's JSON",
    "bench": "measure this machine, as ratios against named references",
}

_HELP_EXAMPLES = """\
examples:
  gopolicy demo
  gopolicy prepare kgs/*.tar.gz --out store
  gopolicy train --data store --out run --hours 1
  gopolicy evaluate games.tar.gz --weights run/weights
  gopolicy predict game.sgf --move 30 --picture board.png

gopolicy COMMAND --help explains one command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, by default that of this process, and return the exit status."""
    if argv is not None:
        return _run(list(argv))
    status = _run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done but Python's own tidying up
    return status


def _run(words: list[str]) -> int:
    """Run one command and turn what it raises into a line and an exit status."""
    set_up_streams()
    try:
        with _no_interrupt_lost():
            status = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
        return 1
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except (GoPolicyError, MemoryError, OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_out_of_memory(error):
            raise
        if not isinstance(error, GoPolicyError):
            abandon(sys.stdout)
        return _fail(_one_line(error), 1)
    return status


@contextmanager
def _no_interrupt_lost() -> Iterator[None]:
    """Repeat a Ctrl-C that came where Python drops it, such as while numba compiles."""
    usual = sys.unraisablehook

    def hook(dropped: Any) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            usual(dropped)
            return
        again = threading.Timer(0.02, _interrupt)
        again.daemon = True
        again.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _interrupt() -> None:
    """Do what Ctrl-C does: also wake the main thread if it waits."""
    main_thread = threading.main_thread().ident
    if main_thread is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main_thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        print(f"gopolicy {__version__}")
        return 0
    name = words[0]
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; gopolicy --help lists them"
        return _fail(f"no command {name!r}{hint}", 2)
    module = importlib.import_module(f"gopolicy.cli.{name}")
    try:
        args = _command_parser(name, module).parse_args(words[1:])
    except SystemExit as stop:  # argparse has printed its message
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    args.command_line = shlex.join(["gopolicy", *words])
    status: int = module.run(args)
    return status


def _command_parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    parser = CommandParser(
        prog=f"gopolicy {name}",
        description=getattr(module, "DESCRIPTION", COMMANDS[name]),
        epilog=getattr(module, "EXAMPLES", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.details = getattr(module, "details", None)
    module.add_arguments(parser)
    return parser


def _overview() -> str:
    lines = [f"  {name:<10} {text}" for name, text in COMMANDS.items()]
    head = "usage: gopolicy COMMAND ...\n\nPolicy networks for the game of Go.\n\ncommands:\n"
    return head + "\n".join(lines) + "\n\n" + _HELP_EXAMPLES


def _one_line(error: BaseException) -> str:
    if isinstance(error, MemoryError | RuntimeError):
        return "out of memory"
    if isinstance(error, OSError) and not isinstance(error, GoPolicyError) and error.errno:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{reason}"
    return printable(str(error))  # it quotes from files


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether this is torch's way to report that memory ran out, here or on a device."""
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)


def _fail(message: str, status: int) -> int:
    try:
        print(f"gopolicy: {message}", file=sys.stderr)
    except OSError:
        return status
    return status


if __name__ == "__main__":
    sys.exit(main())
