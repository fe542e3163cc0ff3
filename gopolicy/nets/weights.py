"""Weight folders: `model.safetensors`, `model.json` that describes it, and a `CARD.md` for people.

A folder can be replaced while others read it, and a process killed at any moment leaves one that
loads: the new tensors are written beside the old, then the description that names their hash takes
its place, then the tensors do.  A reader who finds the hash of the tensors still beside uses those.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

import gopolicy
from gopolicy.errors import ConfigError, OutputError, WeightsError
from gopolicy.files import replacing
from gopolicy.nets.network import PolicyNetwork, Setting
from gopolicy.nets.registry import build_network

FORMAT = 1
TENSORS, DESCRIPTION, BESIDE = "model.safetensors", "model.json", ".next-model.safetensors"


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
    tensors = {name: _to_disk(name, t, info.precision) for name, t in network.state_dict().items()}
    data = safetensors.torch.save(tensors)
    info = replace(info, sha256=hashlib.sha256(data).hexdigest())
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _settle(target)
        write_bytes(target / BESIDE, data)
        text = json.dumps(asdict(info), indent=2, ensure_ascii=False) + "\n"
        write_bytes(target / DESCRIPTION, text.encode())
        (target / BESIDE).replace(target / TENSORS)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    return info


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
    _fill(network, _read_tensors(folder, info.sha256), folder)
    return LoadedNetwork(network.eval(), info)


def read_info(folder: Path) -> WeightsInfo:
    """Read the description in a weight folder without loading the network."""
    path = folder / DESCRIPTION
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: expected JSON ({error})") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else values
        raise WeightsError(f"{path}: expected weight format {FORMAT}, got {found!r}")
    return _parse_info(values, path)


def find_weights(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the weight folder for a path, or for the name of a shipped network."""
    path = Path(name_or_path)
    for folder in (path, path.parent, shipped_root() / path):
        inside = folder != path.parent or path.name in (TENSORS, DESCRIPTION)
        if inside and (folder / DESCRIPTION).is_file():
            return folder
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


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file that survives a power cut once this returns."""
    with replacing(path) as beside, beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _recorded_top1(info: WeightsInfo) -> float:
    """Return the accuracy that networks are ranked by."""
    top1 = info.accuracy.get("top1", 0.0)
    return float(top1) if isinstance(top1, int | float) else 0.0


def _parse_info(values: Mapping[str, Any], path: Path) -> WeightsInfo:
    """Check the types of a description; fields it does not know are left out."""
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
    for key, kind in kinds.items():
        if type(known.get(key)) is not kind:
            raise WeightsError(
                f"{path}: expected {key} to be {kind.__name__}, got {known.get(key)!r}"
            )
    return WeightsInfo(**known)


def _to_disk(name: str, tensor: Tensor, precision: str) -> Tensor:
    """Return the tensor as it is written: contiguous, on the CPU, matrices in half if asked."""
    if precision not in ("fp32", "fp16"):
        raise ConfigError(f"expected precision fp32 or fp16, got {precision!r}")
    tensor = tensor.detach().to("cpu").contiguous()
    if precision == "fp32" or tensor.ndim < 2:
        return tensor
    half = tensor.half()
    if not torch.isfinite(half).all():
        raise ConfigError(f"{name} holds numbers that half precision cannot; save it as fp32")
    return half


def _settle(folder: Path) -> None:
    """Finish a replacement that was killed half-way, so that the next one may begin."""
    beside = folder / BESIDE
    if not beside.is_file():
        return
    wanted = read_info(folder).sha256 if (folder / DESCRIPTION).is_file() else ""
    if hashlib.sha256(beside.read_bytes()).hexdigest() == wanted:
        beside.replace(folder / TENSORS)
    else:
        beside.unlink()


def _read_tensors(folder: Path, sha256: str) -> dict[str, Tensor]:
    """Read the tensors that have this hash."""
    found = "no file"
    for path in (folder / TENSORS, folder / BESIDE, folder / TENSORS):  # one may move under us
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise WeightsError(f"{path}: {error.strerror or error}") from error
        digest = hashlib.sha256(data).hexdigest()
        if digest == sha256:
            return _parse_tensors(data, path)
        found = digest if path.name == TENSORS else found
    raise WeightsError(f"{folder / TENSORS}: expected sha256 {sha256[:12]}..., got {found[:12]}")


def _parse_tensors(data: bytes, path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file's content."""
    try:
        return safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise WeightsError(f"{path}: not a file of tensors ({error})") from error


def _fill(network: PolicyNetwork, tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Put tensors into a network of shapes that has exactly these."""
    state = network.state_dict()
    for name in sorted(state.keys() ^ tensors.keys()):
        which = "lacks" if name in state else "has an unexpected"
        raise WeightsError(f"{folder}: the file {which} tensor {name}")
    for name, place in state.items():
        if tensors[name].shape != place.shape:
            expected, found = tuple(place.shape), tuple(tensors[name].shape)
            raise WeightsError(f"{folder}: expected {name} of shape {expected}, got {found}")
    network.load_state_dict({name: t.float() for name, t in tensors.items()}, assign=True)
