"""Weights of networks for pictures: the same folders as those for Go, with other facts.

`load_image` also takes the bare weights of a network of the zoo: a file of tensors as this package
names them (`.safetensors`), or one of Keras (`.h5`).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

import gopolicy
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.weight_folder import (
    fill,
    read_bare_tensors,
    read_tensors,
    read_whole,
    write_folder,
)
from gopolicy.nets.weight_info import (
    DESCRIPTION,
    FORMAT,
    TENSORS,
    parse_description,
    read_description,
    shipped_weights,
)
from gopolicy.pictures.keras_files import load_keras_weights
from gopolicy.pictures.picture_networks import build_image_network
from gopolicy.pictures.zoo import zoo_network
from gopolicy.settings import Setting

KERAS_ENDINGS = (".h5", ".hdf5")
_FOR_GO = "a network for Go, not for pictures; see gopolicy predict"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What `model.json` says about a network for pictures."""

    network: str
    settings: dict[str, Setting]
    channels: int
    height: int
    width: int
    classes: list[str]
    """The names of the classes, in the order of the logits."""
    data: str = ""
    """Digest of the pictures it was trained on."""
    pictures: int = 0
    """How many pictures it has seen in training, repetitions counted."""
    accuracy: dict[str, Any] = field(default_factory=dict)
    """Measured figures with their protocol."""
    precision: str = "fp32"
    """How its matrices are kept on disk: fp32 or fp16.  They are always loaded as fp32."""
    version: str = gopolicy.__version__
    kind: str = "image"
    format: int = FORMAT
    sha256: str = ""
    """Hash of the file of tensors."""


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """A network for pictures ready to be asked, and its description."""

    network: ImageNetwork
    info: ImageInfo


def describe_image(network: ImageNetwork, classes: Sequence[str], **facts: Any) -> ImageInfo:
    """Return the description of network; facts are further fields of `ImageInfo`."""
    return ImageInfo(
        network=network.name,
        settings=network.settings,
        channels=network.shape.channels,
        height=network.shape.height,
        width=network.shape.width,
        classes=list(classes),
        **facts,
    )


def save_image(folder: str | os.PathLike[str], network: ImageNetwork, info: ImageInfo) -> ImageInfo:
    """Write a weight folder, or replace the network in one; return its description."""
    return replace(info, sha256=write_folder(folder, network.state_dict(), asdict(info)))


def load_image(path: str | os.PathLike[str]) -> LoadedImage:
    """Load a network for pictures from its folder or a file in it."""
    return read_whole(find_image(path), _load)


def _load(folder: Path) -> LoadedImage:
    info = read_image_info(folder)
    shape = PictureShape(info.channels, info.height, info.width)
    try:
        with torch.device("meta"):  # shapes only: no memory, no random weights
            network = build_image_network(info.network, shape, len(info.classes), info.settings)
    except ConfigError as error:
        raise WeightsError(f"{folder}: {error}") from error
    fill(network, read_tensors(folder, info.sha256), folder)
    return LoadedImage(network.eval(), info)


def load_zoo_weights(
    name: str, path: str | os.PathLike[str], classes: Sequence[str], *, include_top: bool = True
) -> LoadedImage:
    """Load bare weights, of tensors or of Keras, into the network of the zoo called name.

    Without its top the network gives features, and a file with a top will do, too.
    """
    if Path(path).is_dir():
        folder = find_image(path)
        raise WeightsError(f"{folder}: a weight folder says itself what it is; leave out --network")
    with torch.device("meta"):
        network = zoo_network(name, classes=max(len(classes), 1), include_top=include_top)
    if Path(path).suffix in KERAS_ENDINGS:
        load_keras_weights(network, path)
    else:
        fill(network, _bare_tensors(Path(path), network), Path(path))
    return LoadedImage(network.eval(), describe_image(network, classes))


def find_image(path: str | os.PathLike[str]) -> Path:
    """Return the weight folder that a path means: itself, its `weights`, or where a file lies."""
    given = Path(path)
    if given.name in (TENSORS, DESCRIPTION):
        given = given.parent
    for folder in (given, given / "weights"):
        if (folder / DESCRIPTION).is_file():
            return folder
    if str(path) in shipped_weights():
        raise WeightsError(f"{path}: {_FOR_GO}")
    raise WeightsError(f"{path}: expected a folder with {DESCRIPTION}")


def read_image_info(folder: Path) -> ImageInfo:
    """Read the description in a weight folder without loading the network."""
    values, path = read_description(folder), folder / DESCRIPTION
    if values.get("kind") != "image":
        raise WeightsError(f"{path}: {_FOR_GO}")
    info = parse_description(ImageInfo, values, path)
    if not all(isinstance(name, str) for name in info.classes):
        raise WeightsError(f"{path}: expected classes to be names")
    return info


def _bare_tensors(path: Path, network: ImageNetwork) -> Mapping[str, torch.Tensor]:
    """Read a file of tensors; those that only the top needs may be too many."""
    tensors = read_bare_tensors(path)
    if network.settings.get("include_top", True):
        return tensors
    return {name: t for name, t in tensors.items() if name in network.state_dict()}
