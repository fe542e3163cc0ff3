"""Command lines with odd numbers in them: one line of complaint, or the work, and no traceback."""

import contextlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fuzz.harness import INPUT, Execution, Finding
from fuzz.mutate import WRONG_NUMBERS
from fuzz.seeds import write_store, write_weights
from gopolicy.__main__ import main

_NUMBER = re.compile(r"-?[0-9.]+|[0-9.]+[kM]")
_SET = " --set SETTING=1"
_LINES = (
    "train --data STORE --out RUN --positions 64 --batch-size 8 --seed 1 --filters 4 --layers 1"
    " --set lr=0.01 --set warmup=8 --set validation_positions=8 --planes alphago4 --set SETTING=1",
    "train --data STORE --out RUN --positions 64 --batch-size 8 --filters 4 --layers 1"
    f" --planes alphago4{_SET}{_SET} --set mix=games=1",
    "predict GAME --weights W --move 3 --top 5",
    "evaluate STORE --weights W --limit 20 --batch-size 8 --symmetries 1",
    "evaluate GAMES --weights W --limit 20 --size 9 --min-rank 5d",
    "prepare GAMES --out PREPARED --size 9 --min-moves 5 --validation 0.5 --processes 1",
    "match --black false --white false --games 2 --parallel 1 --size 9 --komi 7.5 --seed 1"
    " --opening-moves 2 --move-seconds 5 --main-seconds 60 --max-moves 90",
    "bench encode --seconds 0.01",
    "compare --data STORE --out COMPARED --filters 4 --layers 1 --positions 64 --seeds 1"
    " --batch-size 8 --measured-positions 8 --parallel 1 --set SETTING=1",
    "visualize filters --weights W --out DRAWN --layer 1",
    "visualize saliency GAME --weights W --out DRAWN --move 3",
    "image --list --size 32",
    "gtp --weights W --threads 1 --komi 7.5 --temperature 0 --temperature-moves 5 --top-p 0.5"
    " --min-p 0.1 --seed 3 --resign-below 0.1 --max-seconds 5 --symmetries 1 --late-temperature 1",
)
_SETTINGS = (
    *("positions", "batch_size", "seed", "lr", "momentum", "beta2", "weight_decay", "clip_norm"),
    *("label_smoothing", "warmup", "decay_share", "halve_every", "ema", "validation_positions"),
    *("validation_every", "checkpoint_minutes", "log_every", "loader_threads", "forget_history"),
    *("filters", "layers", "first_kernel", "kernel", "pooled", "mix", "start", "equivariant"),
)
_LONGEST = 2.0
"""Seconds; work that takes longer is asked to stop, as Ctrl-C does."""
_WELL = (0, 1, 2, 130)


def make(folder: Path) -> Execution:
    """Return one execution."""
    write_store(folder / "store")
    write_weights(folder / "weights")
    places = {"STORE": "store", "W": "weights", "GAMES": "games", "GAME": "games/0.sgf"}
    written = {"RUN": "run", "PREPARED": "prepared", "DRAWN": "drawn", "COMPARED": "compared"}
    os.chdir(folder)
    # Once without an interrupt, which would spoil what is imported then.
    main([(places | written).get(word, word) for word in _LINES[1].replace(_SET, "").split()])

    def execute(dice: random.Random) -> None:
        for name in written.values():
            shutil.rmtree(name, ignore_errors=True)
        words = [(places | written).get(word, word) for word in _command(dice)]
        Path(INPUT).write_text("\n".join(words), encoding="utf-8", errors="surrogateescape")
        if words[0] == "gtp":
            status, said = _run_process(words)
        else:
            status, said = _run(words)
        if "Traceback" in said or "Warning" in said:
            raise Finding(f"{words[0]}: {said.strip().splitlines()[-1][:200]}\n{words}\n{said}")
        if status not in _WELL:
            raise Finding(f"{words[0]}: exit status {status}\n{words}\n{said}")
        if status in (1, 2) and not said.strip():
            raise Finding(f"{words[0]}: exit status {status} without a word\n{words}")

    return execute


def _command(dice: random.Random) -> list[str]:
    """Return a command line in which one or two numbers are odd."""
    words = [
        word.replace("SETTING", dice.choice(_SETTINGS)) for word in dice.choice(_LINES).split()
    ]
    places = [place for place, word in enumerate(words) if _number_in(word)]
    for place in dice.sample(places, dice.choice((1, 1, 2)) if len(places) > 1 else len(places)):
        words[place] = words[place].replace(_number_in(words[place]), dice.choice(WRONG_NUMBERS))
    return words


def _number_in(word: str) -> str:
    """Return the number that a word is, or has behind its last equals sign; or nothing."""
    value = word.rpartition("=")[2]
    return value if _NUMBER.fullmatch(value) else ""


def _run(words: list[str]) -> tuple[int, str]:
    """Run a command in this process; return the exit status and what it said."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _patience():
        status = main(words)
    if status == 0 and re.search(r"\b(nan|inf)\b", out.getvalue()):
        raise Finding(f"{words[0]}: a figure that is no number\n{words}\n{out.getvalue()}")
    return status, err.getvalue()


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Interrupt what takes long, again and again."""

    def interrupt(number: int, frame: object) -> None:
        signal.raise_signal(signal.SIGINT)

    usual = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST, _LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)


def _run_process(words: list[str]) -> tuple[int, str]:
    """Run a command that ends its process; without input."""
    found = subprocess.run(
        [sys.executable, "-m", "gopolicy", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=50,
    )
    return found.returncode, found.stderr.decode("utf-8", "replace")
