"""``gopolicy image predict``: what a network sees in pictures."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopolicy.cli.image_options import add_image_weights, load_picture_network
from gopolicy.cli.options import (
    add_device,
    add_json,
    add_option,
    check_no_input_is_written,
    output_file,
    positive_int,
)
from gopolicy.cli.output import printable

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
    add = partial(add_option, parser)
    add("files PICTURE", "picture or WAV sound", kind=Path, nargs="+")
    add_image_weights(parser)
    add("--top N", "classes to list", 5, positive_int)
    add(
        "--features OUT.npy",
        "write the features as a NumPy array instead; no top is needed",
        kind=output_file(".npy"),
    )
    add_device(parser)
    add_json(parser, of_action=True)


def run(args: argparse.Namespace) -> int:
    """Read the pictures, ask the network and report."""
    import numpy as np

    from gopolicy.cli.output import print_json, print_text
    from gopolicy.nets.devices import pick_device
    from gopolicy.pictures.class_folders import Fit, read_picture
    from gopolicy.pictures.picture_accuracy import probabilities

    check_no_input_is_written((args.features,), (*args.files, args.weights, args.names))
    loaded = load_picture_network(args, include_top=not args.features)
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
    order = (-row).argsort(kind="stable")[:count]
    return [
        {"name": names[label], "label": int(label), "probability": row[label]} for label in order
    ]


def _as_text(picture: dict[str, Any]) -> str:
    lines = [
        f"{entry['probability']:>8.2%}  {printable(entry['name'])}" for entry in picture["classes"]
    ]
    return "\n".join([str(picture["file"]), *lines])


def _write_features(
    args: argparse.Namespace, network: "ImageNetwork", pixels: Any, device: Any
) -> int:
    import numpy as np
    import torch

    from gopolicy.cli.output import print_json, say
    from gopolicy.files import replacing
    from gopolicy.nets.network import finite
    from gopolicy.pictures.picture_networks import feature_layers

    layers = feature_layers(network.eval()).to(device)
    with torch.inference_mode():
        parts = [
            finite(layers(batch.to(device).float() / 255)).cpu().numpy()
            for batch in torch.split(torch.from_numpy(pixels), 16)
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
