"""Draw what ``kata-analyze`` answers, as in the page about frontends.

    python tools/analysis_picture.py docs/analysis.png

The engine is asked through GTP and its answer taken apart as a frontend does it; nothing in the
picture comes from anywhere else.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.files import replacing
from gopolicy.go.board import Board
from gopolicy.go.vertex import parse_vertex
from gopolicy.samples import SAMPLE_GAME
from gopolicy.sgf.read import read_game

LABELED = 10
"""From so many visits on a frontend writes numbers on a candidate."""


def analyze(weights: str, game: Path, move: int, seconds: float) -> str:
    """Return the last report of the engine on the position before a move of a game."""
    command = [sys.executable, "-m", "gopolicy", "gtp", "--weights", weights]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        print(f"loadsgf {game} {move}\nkata-analyze 50", file=engine.stdin, flush=True)
        for line in engine.stdout:
            if line.startswith("info "):
                break
        time.sleep(seconds)
        print("\nquit", file=engine.stdin, flush=True)
        reports = [line, *(line for line in engine.stdout if line.startswith("info "))]
    return reports[-1].strip()


def candidates(report: str) -> list[dict[str, str]]:
    """Return the candidates of a report."""
    found = []
    for part in re.split(r"\binfo ", report)[1:]:
        words, _, variation = part.partition(" pv ")
        pairs = words.split()
        found.append(dict(zip(pairs[::2], pairs[1::2], strict=True)) | {"pv": variation.strip()})
    return found


def picture(board: Board, found: Sequence[dict[str, str]]) -> BoardPicture:
    """Return the picture of candidates on a board."""
    points = {parse_vertex(candidate["move"], board.size): candidate for candidate in found}
    heat = np.zeros(board.size**2, np.float32)
    for point, candidate in points.items():
        heat[point] = float(candidate["prior"])
    labels = {p: c["visits"] for p, c in points.items() if int(c["visits"]) >= LABELED}
    wins, lead = float(found[0]["winrate"]), float(found[0]["scoreLead"])
    return BoardPicture(
        stones=board.stones,
        last_move=board.last_move,
        heat=heat,
        labels=labels,
        title=f"kata-analyze, move {board.ply + 1}, {board.to_move.name.capitalize()} to play",
        caption=f"Numbers: visits.  Whole board: win rate {wins:.0%}, {lead:+.1f} points",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture, and print the report it was made from."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path, metavar="OUT.png")
    parser.add_argument("--weights", default="alphago-64x8")
    parser.add_argument("--game", type=Path, default=SAMPLE_GAME)
    parser.add_argument("--move", type=int, default=43, help="the position before this move")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for variations to grow")
    options = parser.parse_args(arguments)
    record = read_game(options.game)
    board = Board.from_events(record.size, record.events[: options.move - 1], komi=record.komi or 0)
    report = analyze(options.weights, options.game, options.move, options.seconds)
    print(report.replace(" info ", "\ninfo "))
    image = board_image(picture(board, candidates(report)), cell=30)
    with replacing(options.out) as beside:
        image.quantize(256, Image.Quantize.FASTOCTREE).save(
            beside, format="PNG", optimize=True
        )  # small enough for a page
    return 0


if __name__ == "__main__":
    sys.exit(main())
