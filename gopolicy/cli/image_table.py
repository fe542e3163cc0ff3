"""The table of networks for pictures, and drawings of single ones; imports torch."""

import argparse
from pathlib import Path
from typing import Any

import torch

from gopolicy.cli.output import print_json, print_text, say
from gopolicy.nets.graph import Node, depth, trace, trace_image, weighted_depth
from gopolicy.nets.network import ImageNetwork, LayerList, PictureShape
from gopolicy.nets.pictures import build_image_network
from gopolicy.nets.registry import NETWORKS, build_network
from gopolicy.nets.zoo import IMAGENET_CLASSES, ZOO

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
    """Return the facts of a network, which is built without memory."""
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
    from gopolicy.viz.network_picture import write_network

    network, nodes, form = _to_draw(args.plot)
    extra = ZOO[network.name].extra_depth if network.name in ZOO else 1
    total = sum(node.parameters for node in nodes)
    layers = depth(nodes) + extra
    title = f"{network.name}: {form}, {total:,} parameters, depth {layers}"
    write_network(args.out, nodes, title)
    if args.json:
        facts = {"network": network.name, "parameters": total, "depth": layers}
        print_json({**facts, "boxes": len(nodes), "picture": args.out})
    else:
        say(f"picture: {args.out}")


def _to_draw(what: str) -> tuple[LayerList, list[Node], str]:
    """Return a network by name or weight folder, its layers, and what it takes and gives."""
    if what in NETWORKS and what not in ("image", "dense"):
        with torch.device("meta"):
            network = build_network(what, planes=GO_PLANES, size=GO_SIZE)
        nodes = trace(network, (GO_PLANES, GO_SIZE, GO_SIZE))
        return network, nodes, f"{GO_PLANES} planes of {GO_SIZE}x{GO_SIZE} to {GO_SIZE**2} points"
    if Path(what).exists():
        from gopolicy.nets.image_weights import load_image

        found = load_image(what).network
    else:
        found = _by_name(what)
    return found, trace_image(found), f"pictures of {found.shape} to {found.classes} classes"
