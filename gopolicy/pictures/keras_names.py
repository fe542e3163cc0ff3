"""What the layers of the zoo are called in Keras Applications.

Keras numbers layers that have no name of their own in the order in which they were made; such a
layer is called `conv2d#3` here, the fourth of its kind, whatever number its file gives it.
"""

import re
from collections.abc import Callable, Iterator

from torch import nn

from gopolicy.errors import WeightsError
from gopolicy.nets.layers import ConvBlock, Dense, Separable
from gopolicy.nets.network import ImageNetwork
from gopolicy.nets.norm import BatchNorm

TOP = "head"
"""The layer that gives the classes; Keras has several names for it, and it is the last there."""

NameRules = list[tuple[str, str]]
"""Patterns of a path here, a colon and the kind of layer; and the name there."""
_AUTOMATIC: NameRules = [(".*:conv", "conv2d#"), (".*:norm", "batch_normalization#")]

_RULES: dict[str, NameRules] = {
    "vgg": [(r"(\w+):(conv|dense)", r"\1")],
    "resnet50": [
        (r"conv1:(conv|norm)", r"conv1_\1"),
        (r"(\w+)\.shortcut:(conv|norm)", r"\1_0_\2"),
        (r"(\w+)\.layers\.0:(conv|norm)", r"\1_1_\2"),
        (r"(\w+)\.layers\.1:(conv|norm)", r"\1_2_\2"),
        (r"(\w+)\.layers\.2:(conv|norm)", r"\1_3_\2"),
    ],
    "mobilenet": [
        (r"conv1:conv", "conv1"),
        (r"conv1:norm", "conv1_norm"),
        (r"depthwise(\d+):conv", r"conv_dw_\1"),
        (r"depthwise(\d+):norm", r"conv_dw_\1_norm"),
        (r"pointwise(\d+):conv", r"conv_pw_\1"),
        (r"pointwise(\d+):norm", r"conv_pw_\1_norm"),
    ],
    "densenet": [
        (r"conv1:(conv|norm)", r"conv1_\1"),
        (r"norm:norm", "norm"),
        (r"transition(\d):(conv|norm)", r"pool\1_\2"),
        (r"(\w+)\.branches\.1\.0:norm", r"\1_0_norm"),
        (r"(\w+)\.branches\.1\.0:conv", r"\1_1_conv"),
        (r"(\w+)\.branches\.1\.1:norm", r"\1_1_norm"),
        (r"(\w+)\.branches\.1\.1:conv", r"\1_2_conv"),
    ],
    "inception-v3": _AUTOMATIC,
    "inception-resnet-v2": [
        (r"(block\d+_\d+)\.layers\.1:conv", r"\1_conv"),
        (r"conv7b:conv", "conv_7b"),
        (r"conv7b:norm", "conv_7b_norm"),
        *_AUTOMATIC,
    ],
    "xception": [
        (r"(block1_conv\d):conv", r"\1"),
        (r"(block1_conv\d):norm", r"\1_norm"),
        (r"(block14_sepconv\d):separable", r"\1"),
        (r"(block14_sepconv\d):norm", r"\1_norm"),
        *((rf"(\w+)\.layers\.{n - 1}:separable", rf"\1_sepconv{n}") for n in (1, 2, 3)),
        *((rf"(\w+)\.layers\.{n - 1}:norm", rf"\1_sepconv{n}_norm") for n in (1, 2, 3)),
        *_AUTOMATIC,
    ],
    "nasnet": [
        (r"stem:conv", "stem_conv1"),
        (r"stem:norm", "stem_norm1"),
        (r"CELL\.older\.0\.branches\.0:conv", "adjust_conv_1_ID"),
        (r"CELL\.older\.0\.branches\.1:conv", "adjust_conv_2_ID"),
        (r"CELL\.older\.0:conv", "adjust_conv_projection_ID"),
        (r"CELL\.older\.1:norm", "adjust_norm_ID"),
        (r"CELL\.newer\.0:conv", "KIND_conv_1_ID"),
        (r"CELL\.newer\.1:norm", "KIND_norm_1_ID"),
        (r"CELL\.(\w+)\.0:separable", r"separable_conv_1_KIND_\1_ID"),
        (r"CELL\.(\w+)\.0:norm", r"separable_conv_1_norm_KIND_\1_ID"),
        (r"CELL\.(\w+)\.1:separable", r"separable_conv_2_KIND_\1_ID"),
        (r"CELL\.(\w+)\.1:norm", r"separable_conv_2_norm_KIND_\1_ID"),
    ],
}


def keras_layers(network: ImageNetwork) -> Iterator[tuple[str, str, nn.Module]]:
    """Yield for every layer with weights its name in Keras, its path here and the layer itself.

    The layer is a convolution, a `BatchNorm`, a `Dense` or a `Separable`; in Keras the
    normalization of a `Separable` is a layer of its own.
    """
    rename = _renamer(network.name)
    counts = {"conv2d#": 0, "batch_normalization#": 0}
    for path, kind, part, layer in _parts(network):
        name = TOP if path == TOP else rename(path, kind)
        if name in counts:
            counts[name] += 1
            name += str(counts[name] - 1)
        yield name, part, layer


def _parts(network: nn.Module) -> Iterator[tuple[str, str, str, nn.Module]]:
    """Yield the layers with weights: path of the brick, kind, path of the layer, the layer."""
    inside = "."
    for path, module in network.named_modules():
        if path.startswith(inside):
            continue
        if isinstance(module, Separable):
            yield path, "separable", path, module
            yield path, "norm", f"{path}.pointwise.norm", module.pointwise.norm
        elif isinstance(module, ConvBlock):
            yield path, "conv", f"{path}.conv", module.conv
            if isinstance(module.norm, BatchNorm):
                yield path, "norm", f"{path}.norm", module.norm
        elif isinstance(module, BatchNorm):
            yield path, "norm", path, module
        elif isinstance(module, Dense):
            yield path, "dense", path, module
        else:
            continue
        inside = f"{path}."


def _renamer(network: str) -> Callable[[str, str], str]:
    family = re.sub(r"(?<=vgg)\d+|(?<=densenet)\d+|-large|-mobile", "", network)
    if family not in _RULES:
        raise WeightsError(f"no Keras files are known for the network {network!r}")
    cells = _cell_names({"nasnet-large": 6, "nasnet-mobile": 4}.get(network, 0))

    def rename(path: str, kind: str) -> str:
        cell = re.match(r"cells\.cells\.(\d+)", path)
        if cell:
            path = path.replace(cell[0], "CELL")
        for pattern, name in _RULES[family]:
            match = re.fullmatch(pattern, f"{path}:{kind}")
            if match:
                found = match.expand(name)
                return _keras_words(found, *(cells[int(cell[1])] if cell else ("", "")))
        raise WeightsError(f"{network}: layer {path} has no name in Keras")

    return rename


def _keras_words(name: str, kind: str, identity: str) -> str:
    """Put in the words of Keras: bn for a normalization, the kind and number of a cell."""
    if kind == "reduction":
        name = name.replace("left5", "left4")  # so it is called there
    name = name.replace("KIND", kind).replace("ID", identity)
    return re.sub(r"norm(?=\d?(_|$))", "bn", name)


def _cell_names(blocks: int) -> list[tuple[str, str]]:
    if not blocks:
        return []
    names = [("reduction", "stem_1"), ("reduction", "stem_2")]
    for stage in range(3):
        if stage:
            names.append(("reduction", f"reduce_{stage * blocks}"))
        first = stage * blocks + (stage > 0)
        names += [("normal", str(first + number)) for number in range(blocks)]
    return names
