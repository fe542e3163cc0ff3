#!/usr/bin/env python3
"""Make a store of very many games by turning real ones, and tell what it costs.

The games of archives are written again in up to eight turned and mirrored copies, as one `.tar` of
SGF files, and `gopolicy prepare` builds a store of it.  Peak memory is that of all processes of
the command together, looked at five times a second (Linux).

    python tools/large_store.py ARCHIVE... --games 1500000 --out FOLDER
    python tools/large_store.py --train FOLDER/store --minutes 10
"""

import argparse
import io
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import EVENT_COLOR_SHIFT, EVENT_NO_POINT, EVENT_POINT_MASK, EVENT_SETUP
from gopolicy.sgf.read_all import read_games
from gopolicy.sgf.record import GameRecord

LETTERS = "abcdefghijklmnopqrstuvwxy"


def main() -> None:
    """Build a store or train on one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archives", nargs="*", type=Path)
    parser.add_argument("--games", type=int, default=1_500_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--train", type=Path, metavar="STORE")
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    command = [sys.executable, "-m", "gopolicy"]
    if args.train:
        run = args.train.parent / f"run-{int(time.time())}"
        words = ["train", "--data", str(args.train), "--out", str(run)]
        watch([*command, *words, "--minutes", str(args.minutes)])
        return
    args.out.mkdir(parents=True, exist_ok=True)
    archive = args.out / "turned.tar"
    write_turned(args.archives, archive, args.games)
    watch([*command, "prepare", str(archive), "--out", str(args.out / "store")])


def write_turned(archives: list[Path], out: Path, most: int) -> None:
    """Write turned copies of games until there are enough."""
    written = 0
    with tarfile.open(out, "w") as target:
        for turn in range(8):
            for game in (each for path in archives for each in read_games(path)):
                if not isinstance(game, GameRecord) or game.size != 19 or not len(game.events):
                    continue
                data = sgf_of(game, symmetry_table(19)[turn]).encode()
                entry = tarfile.TarInfo(f"{turn}/{written:07d}.sgf")
                entry.size = len(data)
                target.addfile(entry, io.BytesIO(data))
                written += 1
                if written >= most:
                    return
    print(f"only {written:,} games")


def sgf_of(game: GameRecord, table: np.ndarray) -> str:
    """Return the moves of a game as SGF, its points sent through a symmetry."""
    return f"(;GM[1]FF[4]SZ[{game.size}]{''.join(nodes(game, table))})"


def nodes(game: GameRecord, table: np.ndarray) -> Iterator[str]:
    """Yield a node for each event."""
    for event in game.events.tolist():
        point, color = event & EVENT_POINT_MASK, (event >> EVENT_COLOR_SHIFT) & 3
        if event & EVENT_SETUP:
            if point == EVENT_NO_POINT:
                continue
            name = ("AE", "AB", "AW")[color]
        else:
            name = " BW"[color]
        place = ""
        if point != EVENT_NO_POINT:
            row, column = divmod(int(table[point]), game.size)
            place = LETTERS[column] + LETTERS[row]
        yield f";{name}[{place}]"


def watch(words: list[str]) -> None:
    """Run a command; print its time and the most memory of it and its children."""
    begin, most = time.perf_counter(), 0
    process = subprocess.Popen(words)
    while process.poll() is None:
        most = max(most, sum(map(memory_of, family(process.pid))))
        time.sleep(0.2)
    seconds = time.perf_counter() - begin
    print(f"status {process.returncode}, {seconds:.0f} s, at most {most / 1e9:.2f} GB (PSS)")


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for process in found:
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def memory_of(pid: int) -> int:
    """Return the bytes of a process, those that it shares divided by their users."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")


if __name__ == "__main__":
    main()
