"""Weights of Keras Applications, from the `.h5` files that Keras keeps in `~/.keras/models`.

Such a file lists layers by name, each with its arrays in a fixed order.  Here they are found by
name and turned into torch's order: kernels from height, width, inputs, outputs; dense matrices
transposed, and after a flatten reordered, because Keras flattens with the channels last.  Files are
read with h5py, which nothing else here needs; they hold arrays and names, nothing that is run.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gopolicy.errors import WeightsError
from gopolicy.files import check_regular
from gopolicy.nets.layers import Dense, Separable
from gopolicy.nets.network import ImageNetwork
from gopolicy.nets.norm import BatchNorm
from gopolicy.nets.weight_folder import check_finite
from gopolicy.pictures.keras_names import TOP, keras_layers

Array = npt.NDArray[np.float32]
_UNNAMED = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?")


def load_keras_weights(network: ImageNetwork, path: str | os.PathLike[str]) -> None:
    """Fill a network of the zoo, which may be on the meta device, from a Keras file.

    A network without its top takes a file with one, too.  Raises WeightsError where the file is
    none, lacks a layer, holds one of another shape, or numbers that are not finite.
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
                with _damage_told(path):
                    state[target] = _turned(turn, array, expected[target], f"{path}: layer {key}")
            channels = layer.out_channels if isinstance(layer, nn.Conv2d) else channels
    check_finite(state, path)
    network.load_state_dict(state, strict=True, assign=True)


def _open(path: str | os.PathLike[str]) -> Any:
    try:
        import h5py  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise WeightsError(f"reading {path} needs the package h5py: pip install h5py") from error
    try:
        check_regular(path)
        return h5py.File(path, "r")
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(f"{path}: not a readable HDF5 file ({reason})") from error


class _Layers:
    """The layers in a file, by name; whatever a file says is looked at before it is used."""

    def __init__(self, file: Any, path: str | os.PathLike[str]) -> None:
        self._path = path
        inner = self._inside(file, "model_weights")
        self._group = file if inner is None else inner
        if not hasattr(self._group, "keys"):
            raise WeightsError(f"{path}: expected model_weights to be a group")
        names = self._names_in(self._group, "layer_names", "the file")
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
        keys = [key for key in self._names if self._weights(key)[1]]
        if not keys:
            raise WeightsError(f"{self._path}: no layer has weights")
        return keys[-1]

    def arrays(self, key: str, count: int) -> list[Any]:
        """Return the arrays of a layer, still on disk; there must be so many."""
        if key not in self._names:
            raise WeightsError(f"{self._path}: no layer {key}; is it the file of another network?")
        group, names = self._weights(key)
        if len(names) != count:
            raise WeightsError(
                f"{self._path}: layer {key}: expected {count} arrays, got {len(names)}"
            )
        arrays = [self._inside(group, name) for name in names]
        for name, array in zip(names, arrays, strict=True):
            if getattr(array, "shape", None) is None:
                raise WeightsError(f"{self._path}: layer {key}: expected an array {name}")
            if getattr(array, "external", None) or getattr(array, "is_virtual", False):
                raise WeightsError(f"{self._path}: layer {key}: {name} lies in another file")
        return arrays

    def _weights(self, key: str) -> tuple[Any, list[str]]:
        group = self._inside(self._group, self._names[key])
        if not hasattr(group, "keys"):
            raise WeightsError(f"{self._path}: expected a group for layer {key}")
        return group, self._names_in(group, "weight_names", f"layer {key}")

    def _inside(self, group: Any, name: str) -> Any:
        """Return what is called name in a group, None if nothing is.

        Only what the file itself holds: a link could lead to any file of the machine.
        """
        found = group
        for part in name.split("/"):
            if not hasattr(found, "keys"):
                return None
            with _damage_told(self._path):
                link = found.get(part, getlink=True) if part else None
                if link is None:
                    return None
                if type(link).__name__ != "HardLink":
                    raise WeightsError(f"{self._path}: {name} is a link, expected none")
                found = found[part]
        return found

    def _names_in(self, group: Any, attribute: str, where: str) -> list[str]:
        with _damage_told(self._path):
            value = group.attrs.get(attribute)
        a_list = isinstance(value, list | np.ndarray) and np.ndim(value) == 1
        if not a_list or not all(isinstance(name, bytes | str) for name in value):
            raise WeightsError(f"{self._path}: expected {attribute} in {where}, as Keras has them")
        return [_text(name) for name in value]


@contextmanager
def _damage_told(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except WeightsError:
        raise
    except (KeyError, OSError, RuntimeError, TypeError, ValueError, UnicodeError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{path}: a damaged HDF5 file ({reason})") from error


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


_Turn = Callable[[Array], Array]


def _places(part: str, layer: nn.Module, channels: int) -> list[tuple[str, _Turn]]:
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
    places: list[tuple[str, _Turn]] = [
        (f"{part}.weight", _depthwise if layer.groups > 1 else _kernel)
    ]
    return places + [(f"{part}.bias", _same)] * (layer.bias is not None)


def _turned(turn: _Turn, array: Any, expected: Tensor, where: str) -> Tensor:
    """Read an array from disk and turn it; refuse one that does not fit, unread if it is large."""
    if int(np.prod(array.shape)) != expected.numel() or array.dtype.kind != "f":
        raise WeightsError(
            f"{where}: expected {expected.numel()} numbers for shape {tuple(expected.shape)},"
            f" got {array.dtype} of shape {array.shape}"
        )
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused
            turned = np.ascontiguousarray(turn(np.asarray(array, np.float32)))
    except ValueError as error:
        raise WeightsError(f"{where}: an array of shape {array.shape} ({error})") from error
    if turned.shape != tuple(expected.shape):
        raise WeightsError(f"{where}: expected {tuple(expected.shape)}, got {turned.shape}")
    return torch.from_numpy(turned)


def _same(array: Array) -> Array:
    return array


def _kernel(array: Array) -> Array:
    """_Turn [height, width, inputs, outputs] into [outputs, inputs, height, width]."""
    return array.transpose(3, 2, 0, 1)


def _depthwise(array: Array) -> Array:
    """_Turn [height, width, channels, 1] into [channels, 1, height, width]."""
    return array.transpose(2, 3, 0, 1)


def _flattened(channels: int) -> _Turn:
    """Return what turns [height * width * channels, outputs] into [outputs, flattened here]."""

    def turn(array: Array) -> Array:
        points = array.reshape(-1, channels, array.shape[-1])  # [height * width, channels, outputs]
        return points.transpose(2, 1, 0).reshape(array.shape[-1], -1)

    return turn
