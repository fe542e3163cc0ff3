"""Options that several commands share, so that they read the same everywhere."""

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.ranges import (
    MAX_AT_ONCE,
    MAX_BATCH,
    MAX_RATE,
    MAX_SEED,
    MOST,
    Range,
    read_integer,
    shortened,
)

DEVICES = ("auto", "cpu", "cuda", "mps")


class CommandParser(argparse.ArgumentParser):
    """A parser that refuses empty words, which scripts with an unset variable give.

    As a path an empty word would be the working folder, as the name of weights the usual ones.
    """

    details: Callable[[], str] | None = None
    """What the help says after everything else; made only when somebody asks for help."""

    def __init__(self, *words: Any, **settings: Any) -> None:
        super().__init__(*words, **settings)
        self.register("type", None, word)
        self.register("type", Path, lambda text: Path(word(text)))

    def format_help(self) -> str:
        """Return the whole text of the help."""
        text = super().format_help()
        return f"{text}\n{self.details()}" if self.details else text

    def print_help(self, file: Any = None) -> None:
        """Print the help; argparse itself would not tell where it cannot be written."""
        print(self.format_help(), end="", file=file)


def word(text: str) -> str:
    """Parse text that is not empty (an argparse type)."""
    if not text:
        raise argparse.ArgumentTypeError("expected something, got an empty word")
    return text


def add_option(
    parser: argparse._ActionsContainer,
    words: str,
    text: str,
    default: object = None,
    kind: Callable[[str], object] | Sequence[object] | None = None,
    **more: Any,
) -> argparse.Action:
    """Add an option, or an argument, with its help.

    words: its name, and behind a blank what stands for its value, such as ``--seed N``.  A default
    that is a word, a number or a path is told at the end of the help, unless the text tells one.
    kind: the argparse type, or what there is to choose from.  more: as argparse has it.
    """
    name, _, metavar = words.partition(" ")
    is_value = isinstance(default, (str, int, float, Path)) and "action" not in more
    if is_value and "(default" not in text:
        shown = f"{default:g}" if isinstance(default, float) else default
        text = f"{text} (default: {shown})".lstrip()
    given = {"metavar": metavar, "default": default, "type" if callable(kind) else "choices": kind}
    more |= {key: value for key, value in given.items() if value not in ("", None)}
    return parser.add_argument(name, help=text, **more)


def add_json(parser: argparse.ArgumentParser, *, of_action: bool = False) -> None:
    """Add ``--json``; that of an action leaves what was said before the action."""
    add_option(
        parser,
        "--json",
        "print one JSON object on standard output, nothing else",
        argparse.SUPPRESS if of_action else False,
        action="store_true",
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add ``--weights``."""
    add_option(
        parser,
        "--weights W",
        "a shipped network by name, a weight folder or a file in one "
        "(default: the best shipped network)",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    add_option(parser, "--device", "where to compute", "auto", DEVICES)


BACKENDS = ("torch", "openvino", "onnxruntime")


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Add ``--backend``."""
    add_option(
        parser,
        "--backend",
        "the library that computes; auto: the faster one of torch and what "
        "`pip install 'gopolicy[fast]'` adds, by a short trial (default)",
        "auto",
        ("auto", *BACKENDS),
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add the options of an engine that other programs start: its network and how it is run."""
    add_weights(parser)
    add_device(parser)
    add_backend(parser)
    add_symmetries(parser)
    threads = "threads to compute with (default: what a short trial finds fastest)"
    add_option(parser, "--threads N", threads, kind=at_once)


def add_symmetries(parser: argparse.ArgumentParser) -> None:
    """Add ``--symmetries``."""
    add_option(
        parser,
        "--symmetries",
        "average the probabilities over this many turned and mirrored boards",
        1,
        whole_number(1, 8),
        choices=(1, 8),
    )


def add_skip_broken(parser: argparse.ArgumentParser) -> None:
    """Add ``--skip-broken``."""
    add_option(
        parser,
        "--skip-broken",
        "use what can be read of archives that are cut short or broken (default: stop)",
        action="store_true",
    )


def whole_number(low: int, high: int = MOST) -> Callable[[str], int]:
    """Return an argparse type: a whole number from low to high."""
    wanted = Range(low, high)

    def parse(text: str) -> int:
        try:
            value = read_integer(text)
        except ValueError:
            value = low - 1
        if value not in wanted:
            found = shortened(text)
            raise argparse.ArgumentTypeError(f"expected a whole number {wanted}, got {found}")
        return value

    return parse


def number(low: float, high: float = MOST, *, above: bool = False) -> Callable[[str], float]:
    """Return an argparse type: a number from low, or above it, to high."""
    wanted = Range(low, high, without_low=above)

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if value not in wanted:
            raise argparse.ArgumentTypeError(f"expected a number {wanted}, got {shortened(text)}")
        return value

    return parse


positive_int = whole_number(1)
batch_size = whole_number(1, MAX_BATCH)
at_once = whole_number(1, MAX_AT_ONCE)
repetitions = whole_number(1, 1_000_000)
positive_rate = number(0, MAX_RATE, above=True)
seed = whole_number(0, MAX_SEED)
hours = number(0, 10_000, above=True)
minutes = number(0, 600_000, above=True)
"""Argparse types that several options share."""


def output_file(*endings: str) -> Callable[[str], Path]:
    """Return an argparse type: the path of a file to write, whose folder must exist.

    Its ending, in any case of letters, has to be one of these, for it decides what is written.
    """

    def parse(text: str) -> Path:
        path = Path(word(text))
        if not path.resolve().parent.is_dir():
            raise argparse.ArgumentTypeError(f"the folder of {text} does not exist")
        if path.is_dir():
            raise argparse.ArgumentTypeError(f"{text} is a folder, expected a file to write")
        if path.is_fifo():
            raise argparse.ArgumentTypeError(f"{text} is a pipe, expected a file to write")
        if endings and path.suffix.lower() not in endings:
            wanted = ", ".join(endings)
            raise argparse.ArgumentTypeError(f"expected a file that ends in {wanted}, got {text!r}")
        return path

    return parse


def check_no_input_is_written(outputs: Iterable[object], inputs: Iterable[object]) -> None:
    """Raise ConfigError where a file to write is one to read; paths may be None."""
    read = [Path(str(path)) for path in inputs if path is not None]
    for output in (Path(str(path)) for path in outputs if path is not None):
        if any(output.exists() and path.exists() and output.samefile(path) for path in read):
            raise ConfigError(f"{output} is an input of this command; write to another file")


def rank_number(text: str) -> int:
    """Parse a rank such as 6d, 3k or 1p (an argparse type)."""
    from gopolicy.sgf.ranks import parse_rank

    rank = parse_rank(text)
    if rank is None:
        raise argparse.ArgumentTypeError(
            f"expected a rank like 6d, 3k or 1p, got {shortened(text)}"
        )
    return rank
