"""Options that several commands share, so that they read the same everywhere."""

import argparse
from pathlib import Path

DEVICES = ("auto", "cpu", "cuda", "mps")


def add_json(parser: argparse.ArgumentParser, *, of_action: bool = False) -> None:
    """Add ``--json``; that of an action leaves what was said before the action."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if of_action else False,
        help="print one JSON object on standard output, nothing else",
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add ``--weights``."""
    parser.add_argument(
        "--weights",
        metavar="W",
        help="a shipped network by name, a weight folder or a file in one "
        "(default: the best shipped network)",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where to compute (default: auto)"
    )


def add_symmetries(parser: argparse.ArgumentParser) -> None:
    """Add ``--symmetries``."""
    parser.add_argument(
        "--symmetries",
        type=int,
        choices=(1, 8),
        default=1,
        help="average the probabilities over this many turned and mirrored boards (default: 1)",
    )


def add_skip_broken(parser: argparse.ArgumentParser) -> None:
    """Add ``--skip-broken``."""
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help="use what can be read of archives that are cut short or broken (default: stop)",
    )


def positive_int(text: str) -> int:
    """Parse a whole number of at least 1 (an argparse type)."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return value


def seed(text: str) -> int:
    """Parse a whole number from 0 to 2**63 - 1, which every generator takes (an argparse type)."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 0 to {2**63 - 1}, got {text!r}"
        )
    return value


def output_file(text: str) -> Path:
    """Parse the path of a file to write, whose folder must exist (an argparse type)."""
    path = Path(text)
    if not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder of {text} does not exist")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder, expected a file to write")
    return path


def rank_number(text: str) -> int:
    """Parse a rank such as 6d, 3k or 1p (an argparse type)."""
    from gopolicy.sgf.ranks import parse_rank

    rank = parse_rank(text)
    if rank is None:
        raise argparse.ArgumentTypeError(f"expected a rank like 6d, 3k or 1p, got {text!r}")
    return rank
