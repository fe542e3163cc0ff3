#!/usr/bin/env python3
"""Compare the layout that `gopolicy train` chooses with every layout by hand, and time its start.

Each layout trains on the store for some seconds, in turn, and is stopped by Ctrl-C; the speeds are
those that `train --json` reports.  The last lines are the ratios that matter.

    python tools/process_layout_speed.py STORE [--seconds 30] [--rounds 2] [--busy] [-- OPTIONS]

OPTIONS are those of `gopolicy train`.

--busy runs a process beside it that keeps one core busy.
"""

import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gopolicy.cores import thread_counts
from gopolicy.training.process_layout import process_count

STARTING = 300.0
"""Seconds that a run may take to its first entry in the log."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each run, once it trains")
    parser.add_argument("--rounds", type=int, default=2, help="the best of them counts")
    parser.add_argument("--busy", action="store_true", help="beside a busy process")
    args, rest = parser.parse_known_args()
    several = process_count(128)
    layouts: dict[str, list[str]] = {"chosen": []} | {
        f"1 process, {count} threads": ["--processes", "1", "--threads", str(count)]
        for count in thread_counts()
    }
    layouts[f"{several} processes"] = ["--processes", str(several)]
    beside = multiprocessing.Process(target=spin, daemon=True)
    if args.busy:
        beside.start()
    speeds = dict.fromkeys(layouts, 0.0)
    for _ in range(args.rounds):
        for name, options in layouts.items():
            found = train(args.store, args.seconds, [*options, *(w for w in rest if w != "--")])
            speeds[name] = max(speeds[name], found["positions_per_second"])
            print(
                f"{name:24}{found['positions_per_second']:8.1f} positions/s, first line after"
                f" {found['first_line']:.1f} s, first loss after {found['first_loss']:.1f} s"
                f"{' (' + found['chose'] + ')' if name == 'chosen' else ''}",
                flush=True,
            )
    by_hand = max(speed for name, speed in speeds.items() if name != "chosen")
    single = speeds["1 process, 1 threads"]
    print(f"chosen layout against the best by hand: {speeds['chosen'] / by_hand:.2f}")
    print(
        f"{several} processes against 1 process on 1 thread:"
        f" {speeds[f'{several} processes'] / single:.2f}"
    )


def spin() -> None:
    """Keep a core busy."""
    while True:
        pass


def train(store: Path, seconds: float, options: list[str]) -> dict[str, Any]:
    """Train for some seconds; return what the command reports, and when it said what."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        words = [sys.executable, "-m", "gopolicy", "train", "--data", str(store), "--out", str(out)]
        words += ["--positions", "100M", "--set", "log_every=1024", "--json", *options]
        begin = time.perf_counter()
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )
        assert process.stderr is not None
        times: dict[str, float] = {}
        for line in process.stderr:
            times.setdefault("first_line", time.perf_counter() - begin)
            if "loss " in line and " after " in line:
                break
            if time.perf_counter() - begin > STARTING:
                raise SystemExit(f"no loss after {STARTING:.0f} seconds: {line}")
        times["first_loss"] = time.perf_counter() - begin
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        said, error = process.communicate(timeout=STARTING)
        if not said:
            raise SystemExit(error)
        sittings = json.loads((out / "run.json").read_text())["sittings"]
        found: dict[str, Any] = json.loads(said)
        return found | times | {"chose": f"{sittings[-1]['processes']} process(es)"}


if __name__ == "__main__":
    main()
