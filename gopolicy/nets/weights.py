"""Weights of networks for Go: `model.safetensors`, `model.json`, and a `CARD.md` for people."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

import gopolicy
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import PolicyNetwork, Setting
from gopolicy.nets.registry import build_network
from gopolicy.nets.weight_folder import (
    DESCRIPTION,
    FORMAT,
    TENSORS,
    check_kinds,
    fill,
    read_description,
    read_tensors,
    write_folder,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInfo:
    """What `model.json` says about a trained network."""

    network: str
    """The name it is built by."""
    settings: dict[str, Setting]
    """The settings it is built with."""
    plane_set: str
    """The planes it was trained on, by name."""
    planes: int
    """How many planes that is."""
    size: int
    """The side of the board it was trained on."""
    data: str = ""
    """Digest of the store it was trained on."""
    positions: int = 0
    """How many positions it has seen in training, repetitions counted."""
    accuracy: dict[str, Any] = field(default_factory=dict)
    """Measured figures with their protocol, such as {"top1": 0.5, "protocol": "..."}."""
    precision: str = "fp32"
    """How its matrices are kept on disk: fp32 or fp16.  They are always loaded as fp32."""
    version: str = gopolicy.__version__
    """The version of this package that wrote it."""
    format: int = FORMAT
    """The version of the folder's format."""
    sha256: str = ""
    """Hash of the file of tensors."""


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network ready to be asked, and its description."""

    network: PolicyNetwork
    info: WeightsInfo


def describe(network: PolicyNetwork, plane_set: str, **facts: Any) -> WeightsInfo:
    """Return the description of network; facts are further fields of `WeightsInfo`."""
    return WeightsInfo(
        network=network.name,
        settings=network.settings,
        plane_set=plane_set,
        planes=network.planes,
        size=network.size,
        **facts,
    )


def save_weights(
    folder: str | os.PathLike[str], network: PolicyNetwork, info: WeightsInfo
) -> WeightsInfo:
    """Write a weight folder, or replace the network in one; return its description with the hash.

    A `CARD.md` that is there stays as it is.
    """
    return replace(info, sha256=write_folder(folder, network, asdict(info)))


def load_weights(
    name_or_path: str | os.PathLike[str],
    *,
    plane_set: str | None = None,
    size: int | None = None,
) -> LoadedNetwork:
    """Load a shipped network by name, or any by its folder or a file in it.

    Given plane_set or size, refuse a network that was trained on another.
    """
    folder = find_weights(name_or_path)
    info = read_info(folder)
    for what, expected, found in (("planes", plane_set, info.plane_set), ("size", size, info.size)):
        if expected is not None and expected != found:
            raise WeightsError(f"{folder}: expected a network for {what} {expected}, got {found}")
    try:
        with torch.device("meta"):  # shapes only: no memory, no random weights
            network = build_network(
                info.network, planes=info.planes, size=info.size, **info.settings
            )
    except (ConfigError, RuntimeError) as error:
        raise WeightsError(f"{folder}: {error}") from error
    fill(network, read_tensors(folder, info.sha256), folder)
    return LoadedNetwork(network.eval(), info)


def read_info(folder: Path) -> WeightsInfo:
    """Read the description in a weight folder without loading the network."""
    return _parse_info(read_description(folder), folder / DESCRIPTION)


def find_weights(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the weight folder for a path, or for the name of a shipped network."""
    path = Path(name_or_path)
    for folder in (path, path.parent, shipped_root() / path):
        inside = folder != path.parent or path.name in (TENSORS, DESCRIPTION)
        if inside and (folder / DESCRIPTION).is_file():
            return folder
    of_run = path / "weights"
    if (of_run / DESCRIPTION).is_file():
        read_info(of_run)  # one for pictures is refused as such
        raise WeightsError(f"{path}: a run; its weight folder is {of_run}")
    if path.exists():
        raise WeightsError(f"{path}: expected a folder with {DESCRIPTION}")
    shipped = ", ".join(shipped_weights()) or "none"
    raise WeightsError(f"no weights at or called {str(path)!r}; shipped: {shipped}")


def shipped_root() -> Path:
    """Return the folder of the shipped networks, in a checkout or an installed package."""
    package = Path(gopolicy.__file__).parent
    installed = package / "_weights"
    return installed if installed.is_dir() else package.parent / "weights"


def shipped_weights() -> list[str]:
    """Return the names of the shipped networks, sorted."""
    return sorted(path.parent.name for path in shipped_root().glob(f"*/{DESCRIPTION}"))


def default_weights() -> str:
    """Return the name of the shipped network with the best recorded top-1."""
    names = shipped_weights()
    if not names:
        raise WeightsError(f"no network is shipped in {shipped_root()}; use --weights PATH")
    return max(names, key=lambda name: _recorded_top1(read_info(shipped_root() / name)))


def _recorded_top1(info: WeightsInfo) -> float:
    """Return the accuracy that networks are ranked by."""
    top1 = info.accuracy.get("top1", 0.0)
    return float(top1) if isinstance(top1, int | float) else 0.0


def _parse_info(values: Mapping[str, Any], path: Path) -> WeightsInfo:
    """Check the types of a description; fields it does not know are left out."""
    if values.get("kind", "policy") != "policy":
        raise WeightsError(f"{path}: a network for pictures, not for Go; see gopolicy image")
    known = {f.name: values[f.name] for f in fields(WeightsInfo) if f.name in values}
    kinds: dict[str, type] = {
        "network": str,
        "settings": dict,
        "plane_set": str,
        "planes": int,
        "size": int,
        "positions": int,
        "accuracy": dict,
        "sha256": str,
    }
    check_kinds(known, kinds, path)
    return WeightsInfo(**known)
