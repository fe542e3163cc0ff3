"""The table of networks for pictures, and drawings of single ones; imports torch."""

import argparse
from pathlib import Path
from typing import Any

import torch

from gopolicy.cli.output import print_json, print_text, say
from gopolicy.errors import ConfigError, unknown
from gopolicy.nets.graph import GraphNode, depth, trace, trace_image, weighted_depth
from gopolicy.nets.network import ImageNetwork, LayerList, PictureShape, PolicyNetwork
from gopolicy.nets.registry import NETWORKS, build_network
from gopolicy.nets.weight_info import read_description, shipped_weights
from gopolicy.nets.weights import load_weights
from gopolicy.pictures.picture_networks import IMAGE_NETWORKS, build_image_network
from gopolicy.pictures.picture_weights import find_image, load_image
from gopolicy.pictures.zoo import IMAGENET_CLASSES, ZOO

DIGITS, DIGIT_CLASSES = PictureShape(1, 28, 28), 10
"""What the networks that take any picture are shown with."""
GO_PLANES, GO_SIZE = 48, 19
BYTES = 4
"""A number takes so many in memory and on disk."""


def print_table(args: argparse.Namespace) -> None:
    """Print what `--list` asks for."""
    rows = [_row(name) for name in ("image", "dense", *ZOO)]
    if args.json:
        print_json({"networks": rows})
        return
    head = f"{'network':<20}{'parameters':>13}{'trainable':>13}{'depth':>7}{'weighted':>10}"
    lines = [f"{head}{'input':>13}{'classes':>9}{'size':>9}"]
    for row in rows:
        shape = "x".join(str(side) for side in row["input"])
        lines.append(
            f"{row['name']:<20}{row['parameters']:>13,}{row['trainable']:>13,}{row['depth']:>7}"
            f"{row['weighted_layers']:>10}{shape:>13}{row['classes']:>9}"
            f"{row['bytes'] / 2**20:>6.1f} MB"
        )
    print_text("\n".join([*lines, "", _NOTE]))


_NOTE = """\
parameters: with the running figures of normalizations, as Keras counts; depth: layers on the
longest way, as the lecture's table counts (normalizations, activations behind them and the input
included); weighted: only layers with weights. image and dense take pictures of any size."""


def _row(name: str) -> dict[str, Any]:
    network = _by_name(name)
    nodes = trace_image(network)
    extra = ZOO[name].extra_depth if name in ZOO else 1
    shape = network.shape
    return {
        "name": name,
        "title": ZOO[name].title if name in ZOO else name,
        "parameters": network.total_count,
        "trainable": network.parameter_count,
        "depth": depth(nodes) + extra,
        "weighted_layers": weighted_depth(nodes),
        "input": [shape.channels, shape.height, shape.width],
        "classes": network.classes,
        "bytes": BYTES * network.total_count,
    }


def _by_name(name: str) -> ImageNetwork:
    """Return a network in its usual form, without memory."""
    with torch.device("meta"):
        if name in ZOO:
            side = ZOO[name].side
            return build_image_network(name, PictureShape(3, side, side), IMAGENET_CLASSES)
        return build_image_network(name, DIGITS, DIGIT_CLASSES)


def plot(args: argparse.Namespace) -> None:
    """Draw what `--plot` names."""
    from gopolicy.draw.network_picture import write_network

    network, nodes, form = _to_draw(args.plot)
    extra = ZOO[network.name].extra_depth if network.name in ZOO else 1
    total = sum(node.parameters for node in nodes)
    layers = depth(nodes) + extra
    title = f"{network.name}: {form}, {total:,} parameters, depth {layers}"
    write_network(args.drawing, nodes, title)
    if args.json:
        facts = {"network": network.name, "parameters": total, "depth": layers}
        print_json({**facts, "boxes": len(nodes), "picture": args.drawing})
    else:
        say(f"picture: {args.drawing}")


def _to_draw(what: str) -> tuple[LayerList, list[GraphNode], str]:
    network = _network(what)
    if isinstance(network, ImageNetwork):
        form = f"pictures of {network.shape} to {network.classes} classes"
        return network, trace_image(network), form
    planes, size = network.planes, network.size
    form = f"{planes} planes of {size}x{size} to {size**2} points"
    return network, trace(network, (planes, size, size)), form


def _network(what: str) -> ImageNetwork | PolicyNetwork:
    """Return a network by name or weight folder; image and dense are those for pictures."""
    if what in NETWORKS and what not in ("image", "dense"):
        with torch.device("meta"):
            return build_network(what, planes=GO_PLANES, size=GO_SIZE)
    if what in shipped_weights():
        return load_weights(what).network
    if not Path(what).exists():
        if what not in IMAGE_NETWORKS:
            known = {*IMAGE_NETWORKS, *NETWORKS, *shipped_weights()}
            raise ConfigError(unknown("network or weight folder", what, known))
        return _by_name(what)
    folder = find_image(what)
    if read_description(folder).get("kind") == "image":
        return load_image(folder).network
    return load_weights(folder).network
