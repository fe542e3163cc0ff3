"""Keras files: read into a small network of the names that they use.  Needs h5py."""

import io
import random
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-not-found, unused-ignore]
import numpy as np
import torch

from fuzz.harness import Execution, Finding, fresh
from fuzz.mutate import damaged, flipped
from gopolicy.nets.layers import ConvBlock, ConvOptions, Dense, Flatten
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.norm import NormOptions
from gopolicy.pictures.keras_files import load_keras_weights

_SHAPES: dict[str, dict[str, list[tuple[int, ...]]]] = {
    "vgg16": {
        "block1_conv1": [(3, 3, 1, 2), (2,)],
        "fc1": [(2 * 36, 5), (5,)],
        "predictions": [(5, 3), (3,)],
    },
    "mobilenet": {
        "conv1": [(3, 3, 1, 2)],
        "conv1_bn": [(2,)] * 4,
        "predictions": [(2 * 36, 3), (3,)],
    },
}
"""The arrays of every layer, as Keras has them."""
_SUPERBLOCK = 1024
"""Behind so many bytes there is more data than structure."""


def make(folder: Path) -> Execution:
    """Return one execution."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    networks = {name: _network(name) for name in _SHAPES}
    files = {name: _file(name) for name in _SHAPES}

    def execute(dice: random.Random) -> None:
        name = dice.choice(sorted(files))
        kind = dice.random()
        if kind < 0.35:
            data = _file(name, dice)
        elif kind < 0.7:
            data = flipped(dice, files[name], 0, dice.choice((_SUPERBLOCK, len(files[name]))))
        else:
            data = damaged(dice, files[name], others=tuple(files.values()))
        place = fresh(folder)
        place.write_bytes(data)
        load_keras_weights(networks[name], place)
        with torch.no_grad():
            answer = networks[name](torch.zeros(1, 1, 6, 6))
        if answer.shape != (1, 3) or answer.dtype != torch.float32:
            raise Finding(f"an answer {answer.dtype} of shape {tuple(answer.shape)}")

    return execute


def _network(name: str) -> ImageNetwork:
    """Return a network with the names of a published one, but of few and small layers."""
    norm = NormOptions() if name == "mobilenet" else None
    network = ImageNetwork(name, {}, PictureShape(1, 6, 6), 3)
    first = ConvBlock(1, 2, 3, ConvOptions(norm=norm))
    if name == "mobilenet":
        layers = {"conv1": first, "flatten": Flatten(), "head": Dense(72, 3, "none")}
    else:
        layers = {"block1_conv1": first, "flatten": Flatten(), "fc1": Dense(72, 5)}
        layers["head"] = Dense(5, 3, "none")
    return network.append_layers(layers).eval()


def _file(name: str, dice: random.Random | None = None) -> bytes:
    """Return a sound file; with dice, one that HDF5 can read and Keras would not write."""
    content = io.BytesIO()
    wrong = dice.choice(list(_SHAPES[name])) if dice else ""
    with h5py.File(content, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in _SHAPES[name]]
        for layer, shapes in _SHAPES[name].items():
            group = file.create_group(layer)
            names = [f"{layer}/{number}:0" for number in range(len(shapes))]
            group.attrs["weight_names"] = [each.encode() for each in names]
            for each, shape in zip(names, shapes, strict=True):
                group[each] = np.full(shape, 0.5, np.float32)
            if dice and layer == wrong:
                _spoil(dice, file, group, dice.choice(names))
    return content.getvalue()


def _spoil(dice: random.Random, file: Any, group: Any, name: str) -> None:
    """Do what a program that writes HDF5 could have done wrong, or on purpose."""
    shape = group[name].shape
    values = (
        *(np.zeros(shape, "f2"), np.zeros(shape, "f8"), np.zeros(shape, "i4"), np.zeros(())),
        *(np.full(shape, np.nan, "f4"), np.full(shape, 1e300), np.zeros((0,), "f4")),
        *(np.zeros(shape, "c8"), np.zeros(shape[::-1], "f4"), b"text", "text"),
        *(h5py.Empty("f4"), h5py.SoftLink("/"), h5py.ExternalLink("other.h5", "/x")),
        np.zeros(shape, [("a", "f4")]),
    )
    kind = dice.randrange(4)
    if kind == 0:
        holder, key = dice.choice(((file, "layer_names"), (group, "weight_names")))
        wrong = (
            b"x",
            3,
            0.5,
            [1, 2],
            [b""],
            [b"/"],
            [b"a/../b"],
            ["\N{SNOWMAN}"],
            h5py.Empty("S1"),
        )
        holder.attrs[key] = dice.choice(wrong)
    elif kind == 1:
        del group[name]
    elif kind == 2:
        place = group.name
        del file[place]
        file["x" if dice.random() < 0.5 else place] = np.zeros(3)
    else:
        del group[name]
        group[name] = dice.choice(values)
