"""``gopolicy analysis``: KataGo's JSON analysis protocol, over standard input and output."""

import argparse
import os
import sys
from functools import partial

from gopolicy import __version__
from gopolicy.cli.options import add_engine, add_option, at_once, output_file
from gopolicy.cli.output import say
from gopolicy.cli.traffic import PATIENCE, LogFile, write_out

DESCRIPTION = """\
Analyzes positions for KaTrain, and for scripts written for KataGo's analysis engine: queries come
on standard input, one JSON object on a line, and replies leave on standard output. Messages for
people appear on standard error.

Visits are the network's probabilities, shared out over the visits that a query allows. Win rate,
score and ownership are what the network says of the positions after the candidates; where it has
learned moves alone they are one rough estimate by random games, the same for every candidate."""

EXAMPLES = """\
examples:
  gopolicy analysis                             what KaTrain starts, as a custom command
  gopolicy analysis --perspective SIDETOMOVE --log queries.log
  echo '{"id":"1","moves":[["B","Q16"]],"rules":"chinese","boardXSize":19,"boardYSize":19}' |
    gopolicy analysis

docs/frontends.md tells how to enter it in KaTrain, and what is different from KataGo."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_engine(parser)
    add = partial(add_option, parser)
    add(
        "--perspective",
        "whose win rate, score and ownership are told where a query does not say",
        "BLACK",
        ("BLACK", "WHITE", "SIDETOMOVE"),
    )
    add("--at-once N", "positions that go through the network together", 8, at_once)
    add("--log FILE", "append all traffic to this file", kind=output_file())


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from gopolicy.cli.networks import bot_for
    from gopolicy.gtp.input import ReadAhead, watch_listener
    from gopolicy.gtp.protocol import Silence
    from gopolicy.nets.weight_info import check_weights, default_weights
    from gopolicy.queries.query_engine import QueryEngine

    check_weights(args.weights or default_weights())  # at once: loading takes seconds
    journal = LogFile(args.log) if args.log else Silence()
    source = ReadAhead(sys.stdin.fileno()).start()
    watch_listener(source, sys.stdout.fileno(), PATIENCE, lambda: os._exit(0))
    engine = QueryEngine(
        bot_for(args, _say),
        write_out,
        __version__,
        perspective=args.perspective,
        round_size=args.at_once,
        remark=_say,
        journal=journal,
    )
    _say("ready, one query on a line")
    reason = engine.run(source)
    if reason == "hangup":
        _say("nobody reads the replies")
    sys.stderr.flush()
    # At once: Python takes seconds to take torch apart, and frontends kill what stays.
    os._exit(0)


def _say(text: str) -> None:
    say(f"gopolicy analysis: {text}")
