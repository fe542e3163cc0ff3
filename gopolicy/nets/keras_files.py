"""Weights of Keras Applications, from the `.h5` files that Keras keeps in `~/.keras/models`.

Such a file lists layers by name, each with its arrays in a fixed order.  Here they are found by
name and turned into torch's order: kernels from height, width, inputs, outputs; dense matrices
transposed, and after a flatten reordered, because Keras flattens with the channels last.  Files are
read with h5py, which nothing else here needs; they hold arrays and names, nothing that is run.
"""

import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gopolicy.errors import WeightsError
from gopolicy.nets.keras_names import TOP, keras_layers
from gopolicy.nets.layers import Dense, Separable
from gopolicy.nets.network import ImageNetwork
from gopolicy.nets.norm import BatchNorm

Array = npt.NDArray[np.float32]
_UNNAMED = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?")


def load_keras_weights(network: ImageNetwork, path: str | os.PathLike[str]) -> None:
    """Fill a network of the zoo, which may be on the meta device, from a Keras file.

    A network without its top takes a file with one, too.  Raises WeightsError where the file is
    none, lacks a layer or holds one of another shape.
    """
    expected = network.state_dict()
    state: dict[str, Tensor] = {}
    with _open(path) as file:
        layers = _Layers(file, path)
        channels = 0
        for name, part, layer in keras_layers(network):
            key = layers.last() if name == TOP else layers.find(name)
            places = _places(part, layer, channels)
            arrays = layers.arrays(key, len(places))
            for (target, turn), array in zip(places, arrays, strict=True):
                state[target] = _turned(turn, array, expected[target], f"{path}: layer {key}")
            channels = layer.out_channels if isinstance(layer, nn.Conv2d) else channels
    network.load_state_dict(state, strict=True, assign=True)


def _open(path: str | os.PathLike[str]) -> Any:
    """Open an HDF5 file for reading."""
    try:
        import h5py  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise WeightsError(f"reading {path} needs the package h5py: pip install h5py") from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise WeightsError(f"{path}: not a readable HDF5 file ({error})") from error


class _Layers:
    """The layers in a file, by name."""

    def __init__(self, file: Any, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._group = file.get("model_weights", file)
        if "layer_names" not in self._group.attrs:
            raise WeightsError(f"{path}: expected layer_names, as files of Keras Applications have")
        names = [_text(name) for name in self._group.attrs["layer_names"]]
        self._names = {name.replace("/", "_"): name for name in names}

    def find(self, name: str) -> str:
        """Return the key of a layer; `conv2d#3` is the fourth one without a name of its own."""
        kind, number_sign, place = name.partition("#")
        if not number_sign:
            return name
        matches = ((_UNNAMED.fullmatch(key), key) for key in self._names)
        same = sorted((int(m[2] or 0), key) for m, key in matches if m and m[1] == kind)
        if int(place) >= len(same):
            raise WeightsError(f"{self._path}: expected more layers {kind} than {len(same)}")
        return same[int(place)][1]

    def last(self) -> str:
        """Return the key of the last layer with weights, which gives the classes."""
        keys = [key for key in self._names if self._weights(key)]
        if not keys:
            raise WeightsError(f"{self._path}: no layer has weights")
        return keys[-1]

    def arrays(self, key: str, count: int) -> list[Any]:
        """Return the arrays of a layer, still on disk; there must be so many."""
        if key not in self._names:
            raise WeightsError(f"{self._path}: no layer {key}; is it the file of another network?")
        group, names = self._group[self._names[key]], self._weights(key)
        if len(names) != count:
            raise WeightsError(
                f"{self._path}: layer {key}: expected {count} arrays, got {len(names)}"
            )
        return [group[name] for name in names]

    def _weights(self, key: str) -> list[str]:
        """Return the names of a layer's arrays."""
        return [_text(name) for name in self._group[self._names[key]].attrs["weight_names"]]


def _text(name: bytes | str) -> str:
    """Return a name from a file as text."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


Turn = Callable[[Array], Array]


def _places(part: str, layer: nn.Module, channels: int) -> list[tuple[str, Turn]]:
    """Return the names here of a layer's arrays in Keras' order, and how each is turned.

    channels: those of the convolution before, which a flatten has put together.
    """
    if isinstance(layer, Separable):
        return [
            (f"{part}.depthwise.conv.weight", _depthwise),
            (f"{part}.pointwise.conv.weight", _kernel),
        ]
    if isinstance(layer, BatchNorm):
        names = ["weight"] * (layer.weight is not None) + ["bias", "running_mean", "running_var"]
        return [(f"{part}.{name}", _same) for name in names]
    if isinstance(layer, Dense):
        flattened = channels and layer.linear.in_features > channels and part == "fc1"
        turn = _flattened(channels) if flattened else np.transpose
        return [(f"{part}.linear.weight", turn), (f"{part}.linear.bias", _same)]
    assert isinstance(layer, nn.Conv2d)
    places: list[tuple[str, Turn]] = [
        (f"{part}.weight", _depthwise if layer.groups > 1 else _kernel)
    ]
    return places + [(f"{part}.bias", _same)] * (layer.bias is not None)


def _turned(turn: Turn, array: Any, expected: Tensor, where: str) -> Tensor:
    """Read an array from disk and turn it; refuse one that does not fit, unread if it is large."""
    if int(np.prod(array.shape)) != expected.numel() or array.dtype.kind != "f":
        raise WeightsError(
            f"{where}: expected {expected.numel()} numbers for shape {tuple(expected.shape)},"
            f" got {array.dtype} of shape {array.shape}"
        )
    try:
        turned = np.ascontiguousarray(turn(np.asarray(array, np.float32)))
    except ValueError as error:
        raise WeightsError(f"{where}: an array of shape {array.shape} ({error})") from error
    if turned.shape != tuple(expected.shape):
        raise WeightsError(f"{where}: expected {tuple(expected.shape)}, got {turned.shape}")
    return torch.from_numpy(turned)


def _same(array: Array) -> Array:
    """Return an array as it is."""
    return array


def _kernel(array: Array) -> Array:
    """Turn [height, width, inputs, outputs] into [outputs, inputs, height, width]."""
    return array.transpose(3, 2, 0, 1)


def _depthwise(array: Array) -> Array:
    """Turn [height, width, channels, 1] into [channels, 1, height, width]."""
    return array.transpose(2, 3, 0, 1)


def _flattened(channels: int) -> Turn:
    """Return what turns [height * width * channels, outputs] into [outputs, flattened here]."""

    def turn(array: Array) -> Array:
        points = array.reshape(-1, channels, array.shape[-1])  # [height * width, channels, outputs]
        return points.transpose(2, 1, 0).reshape(array.shape[-1], -1)

    return turn
