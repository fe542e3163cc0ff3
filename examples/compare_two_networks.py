"""Two networks on the same moves: ``compare_two_networks.py ONE TWO GAMES``.

Networks are named like shipped ones, or by their folders.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import gopolicy as gp
from gopolicy.data.build import build_table
from gopolicy.data.selection import GameSelection
from gopolicy.samples import SAMPLE_GAMES

LIMIT = 2_000
"""Positions to ask about, evenly spread over the games."""


def main(arguments: Sequence[str], limit: int = LIMIT) -> None:
    """Print the accuracy of both networks, with intervals."""
    names = arguments[:2] if len(arguments) > 1 else ("alphago-64x8", "alphago-res-64x9")
    games = Path(arguments[2]) if len(arguments) > 2 else SAMPLE_GAMES

    table, _ = build_table([games], processes=1)
    everything = GameSelection(table, np.arange(table.games))
    print("network              top-1   95 % interval    top-5   nats")
    for name in names:
        report = gp.evaluate(gp.load(name), everything, limit=limit)
        low, high = report.top1_interval or (float("nan"), float("nan"))
        interval = f"{low:6.1%} to {high:6.1%}"
        print(f"{name:<19}{report.top1:7.1%} {interval:>18} {report.top5:7.1%} {report.nll:6.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
