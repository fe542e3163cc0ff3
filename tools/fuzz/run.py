"""Fuzzes one target for a while.

    python tools/fuzz/run.py sgf --minutes 20 --seed 1 --out /tmp/fuzz

The executions run in a process of their own: when it crashes or hangs, that is a finding, and
another goes on behind it.  Every execution depends on seed and number alone; --only NUMBER does one
again.  Findings are folders in OUT/TARGET/findings, with the input and the command to repeat it.
"""

import argparse
import faulthandler
import importlib
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOOLS), str(TOOLS.parent)]

from fuzz.harness import KEPT_OF_A_KIND, Counts, keep, run_one  # noqa: E402

TARGETS = (
    *("sgf", "archives", "stores", "weights", "checkpoints", "gtp", "numbers"),
    *("pictures", "idx", "keras"),
)
STATE = "state.json"
MEMORY = 6 << 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; return 1 if anything was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("fuzz-out"))
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for one execution")
    parser.add_argument("--only", type=int, help="run this execution, in this process")
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)  # this is the inner process
    options = parser.parse_args(arguments)
    folder = options.out.resolve() / options.target
    if options.only is not None or options.first is not None:
        return _work(options, folder)
    return _Watch(options, folder).run()


def _work(options: argparse.Namespace, folder: Path) -> int:
    """Run executions, for ever or one; tell after each how far this process is."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
    faulthandler.register(signal.SIGUSR1)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    execute = importlib.import_module(f"fuzz.targets.{options.target}").make(work)
    _limit_memory()
    counts = Counts()
    if options.only is not None:
        found = run_one(execute, options.seed, options.only, counts)
        print(found or counts)
        return int(bool(found))
    number = options.first
    while True:
        _tell(folder, number, counts)
        found = run_one(execute, options.seed, number, counts)
        kind = next(reversed(counts.findings), "")
        if found and counts.findings[kind] <= KEPT_OF_A_KIND:
            keep(found, folder, f"{options.seed}-{number}", _command(options, number))
        number += 1


def _limit_memory() -> None:
    """Let this process have so much more than it has, so that the machine is not exhausted."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _tell(folder: Path, number: int, counts: Counts) -> None:
    """Write which execution begins and what came of those before."""
    state = {
        "number": number,
        "accepted": counts.accepted,
        "refused": counts.refused,
        "findings": counts.findings,
    }
    (folder / f".{STATE}").write_text(json.dumps(state))
    (folder / f".{STATE}").replace(folder / STATE)


def _command(options: argparse.Namespace, number: int) -> str:
    """Return the command that does one execution again."""
    script = Path(__file__).resolve().relative_to(TOOLS.parent)
    return f"python {script} {options.target} --seed {options.seed} --only {number}"


@dataclass
class _Watch:
    """The outer process: starts inner ones, watches them, counts and reports."""

    options: argparse.Namespace
    folder: Path

    def run(self) -> int:
        """Fuzz until the time is over."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.total = Counts()
        self.began = self.reported = time.monotonic()
        number = 0
        while not self._is_over():
            number = self._watch_one(number)
        self._report()
        return int(bool(self.total.findings))

    def _watch_one(self, first: int) -> int:
        """Watch one inner process to its end; return the number with which the next begins."""
        (self.folder / STATE).unlink(missing_ok=True)
        words = [self.options.target, "--seed", str(self.options.seed), "--first", str(first)]
        command = [sys.executable, __file__, *words, "--out", str(self.folder.parent)]
        with (self.folder / "process.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        number, since = -1, time.monotonic()
        trouble = ""
        while process.poll() is None and not trouble and not self._is_over():
            time.sleep(0.2)
            self.now = _read_state(self.folder)
            if self.now[0] != number:
                number, since = self.now[0], time.monotonic()
            if time.monotonic() - since > self.options.patience + 60 * (number < 0):
                process.send_signal(signal.SIGUSR1)  # where it hangs is now in process.log
                time.sleep(0.5)
                trouble = f"hang in execution {number}"
            self._report_now_and_then()
        if process.poll() is not None:
            trouble = f"the process ended with status {process.returncode}"
        process.kill()
        process.wait()
        number, counts = _read_state(self.folder)
        self._add(counts)
        if trouble:
            self.total.findings[trouble] += 1
            keep(
                trouble,
                self.folder,
                f"{self.options.seed}-{number}",
                _command(self.options, number),
            )
            print(trouble, flush=True)
        if trouble and number < 0:
            raise SystemExit(f"{trouble}; see {self.folder / 'process.log'}")
        return number + 1

    def _add(self, counts: Counts) -> None:
        """Add what an inner process counted."""
        self.total.accepted += counts.accepted
        self.total.refused += counts.refused
        self.total.findings += counts.findings
        self.now = (-1, Counts())

    def _is_over(self) -> bool:
        """Return whether the time is over."""
        return time.monotonic() - self.began > 60 * float(self.options.minutes)

    def _report_now_and_then(self) -> None:
        """Report if a minute has passed."""
        if time.monotonic() - self.reported > 60:
            self._report()

    def _report(self) -> None:
        """Print one line on how far this is, and all kinds of findings."""
        self.reported = time.monotonic()
        inner = self.now[1]
        findings = Counter(self.total.findings) + inner.findings
        accepted = self.total.accepted + inner.accepted
        refused = self.total.refused + inner.refused
        count, seconds = accepted + refused + findings.total(), self.reported - self.began
        print(
            f"{time.strftime('%H:%M:%S')} {self.options.target} seed {self.options.seed}:"
            f" {count:,} executions in {seconds:.0f} s ({count / seconds:.1f}/s),"
            f" accepted {accepted:,}, refused {refused:,},"
            f" findings {findings.total():,} of {len(findings)} kinds",
            flush=True,
        )
        for kind, times in findings.most_common():
            print(f"    {times} x {kind}", flush=True)


def _read_state(folder: Path) -> tuple[int, Counts]:
    """Return the execution that an inner process is at, -1 before the first, and its counts."""
    try:
        state = json.loads((folder / STATE).read_text())
    except FileNotFoundError:  # not yet
        return -1, Counts()
    return state["number"], Counts(state["accepted"], state["refused"], Counter(state["findings"]))


if __name__ == "__main__":
    sys.exit(main())
