"""``gopolicy image predict``: what a network sees in pictures."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.image_options import add_image_weights, load_network
from gopolicy.cli.options import add_device, add_json, output_file, positive_int

if TYPE_CHECKING:
    from gopolicy.nets.network import ImageNetwork

DESCRIPTION = """\
Lists the most probable classes of pictures. Pictures are stretched to the network's size.

With --features, writes what comes out of the layers before the top instead, an array of
[pictures, channels, height, width]."""

EXAMPLES = """\
examples:
  gopolicy image predict seven.png --weights digits
  gopolicy image predict *.jpg --network vgg16 --weights vgg16.h5 --top 3 --json
  gopolicy image predict cat.jpg --network resnet50 --weights resnet50.safetensors --names names.txt
  gopolicy image predict *.jpg --weights pets --features features.npy"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the action."""
    parser.add_argument(
        "files", metavar="PICTURE", nargs="+", type=Path, help="picture or WAV sound"
    )
    add_image_weights(parser)
    parser.add_argument(
        "--top", type=positive_int, default=5, metavar="N", help="classes to list (default: 5)"
    )
    parser.add_argument(
        "--features",
        type=output_file,
        metavar="OUT.npy",
        help="write the features as a NumPy array instead; no top is needed",
    )
    add_device(parser)
    add_json(parser, of_action=True)


def run(args: argparse.Namespace) -> int:
    """Read the pictures, ask the network and report."""
    import numpy as np

    from gopolicy.cli.output import print_json, print_text
    from gopolicy.engine.devices import pick_device
    from gopolicy.evaluation.pictures import probabilities
    from gopolicy.images.folders import Fit, read_picture

    loaded = load_network(args, include_top=not args.features)
    info, network = loaded.info, loaded.network
    fit = Fit(info.channels, info.height, info.width)
    pixels = np.stack([read_picture(path, fit) for path in args.files])
    device = pick_device(args.device)
    if args.features:
        return _write_features(args, network, pixels, device)
    found = probabilities(network, pixels, device=device)
    pictures = [
        {"file": path, "classes": _best(row, info.classes, args.top)}
        for path, row in zip(args.files, found, strict=True)
    ]
    if args.json:
        print_json({"network": info.network, "weights": args.weights, "pictures": pictures})
    else:
        print_text("\n".join(_as_text(picture) for picture in pictures))
    return 0


def _best(row: Any, names: list[str], count: int) -> list[dict[str, Any]]:
    """Return the most probable classes."""
    order = row.argsort(kind="stable")[::-1][:count]
    return [
        {"name": names[label], "label": int(label), "probability": row[label]} for label in order
    ]


def _as_text(picture: dict[str, Any]) -> str:
    """Return one picture's classes for people."""
    lines = [f"{entry['probability']:>8.2%}  {entry['name']}" for entry in picture["classes"]]
    return "\n".join([str(picture["file"]), *lines])


def _write_features(
    args: argparse.Namespace, network: "ImageNetwork", pixels: Any, device: Any
) -> int:
    """Write what the layers before the top give."""
    import numpy as np
    import torch

    from gopolicy.cli.output import print_json, say
    from gopolicy.files import replacing
    from gopolicy.nets.pictures import feature_layers

    layers = feature_layers(network.eval()).to(device)
    with torch.inference_mode():
        parts = [
            layers(torch.from_numpy(pixels[i : i + 16]).to(device).float() / 255).cpu().numpy()
            for i in range(0, len(pixels), 16)
        ]
    features = np.concatenate(parts)
    with replacing(args.features) as beside, beside.open("wb") as file:
        np.save(file, features, allow_pickle=False)
    if args.json:
        shape = list(features.shape)
        print_json({"features": args.features, "shape": shape, "files": args.files})
    else:
        say(f"features: {args.features}, {' x '.join(map(str, features.shape))}")
    return 0
