"""How a network lies on disk: tensors and a description of them in one folder.

A folder can be replaced while others read it, and a process killed at any moment leaves one that
loads: the new tensors are written beside the old, then the description that names their hash takes
its place, then the tensors do.  A reader who finds the hash of the tensors still beside uses those;
one who finds neither, because the folder was replaced while he read, begins again.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from gopolicy.errors import ConfigError, OutputError, WeightsError
from gopolicy.files import read_limited, replacing
from gopolicy.nets.weight_info import BESIDE, DESCRIPTION, TENSORS, read_description

_Loaded = TypeVar("_Loaded")

MAX_BYTES = 1 << 32
"""The largest file of tensors that is read: ten times the largest published network."""
ATTEMPTS = 20
"""How often a folder is read that is replaced every time; a writer takes longer than a reader."""


def write_folder(
    folder: str | os.PathLike[str], state: Mapping[str, Tensor], description: Mapping[str, Any]
) -> str:
    """Write tensors and a description of them, or replace those in a folder; return the hash.

    The description names the precision, fp32 or fp16; the hash is added to it as `sha256`.  Its
    figures must be finite, for JSON has no others.
    """
    precision = str(description["precision"])
    tensors = {name: _to_disk(name, t, precision) for name, t in state.items()}
    data = safetensors.torch.save(tensors)
    sha256 = hashlib.sha256(data).hexdigest()
    target = Path(folder)
    whole = {**description, "sha256": sha256}
    try:
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise ConfigError(f"{target / DESCRIPTION}: expected finite figures ({error})") from error
    try:
        target.mkdir(parents=True, exist_ok=True)
        _settle(target)
        write_bytes(target / BESIDE, data)
        write_bytes(target / DESCRIPTION, text.encode("utf-8", "backslashreplace"))
        (target / BESIDE).replace(target / TENSORS)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    return sha256


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file that survives a power cut once this returns."""
    with replacing(path) as beside, beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Finish a replacement that was killed half-way, so that the next one may begin."""
    beside = folder / BESIDE
    if not beside.is_file():
        return
    wanted = read_description(folder).get("sha256") if (folder / DESCRIPTION).is_file() else ""
    if hashlib.sha256(beside.read_bytes()).hexdigest() == wanted:
        beside.replace(folder / TENSORS)
    else:
        beside.unlink()


def read_whole(folder: Path, load: Callable[[Path], _Loaded]) -> _Loaded:
    """Return what load makes of a weight folder, again if the folder was replaced meanwhile."""
    for _ in range(ATTEMPTS - 1):
        before = read_description(folder)
        try:
            return load(folder)
        except WeightsError:
            if read_description(folder) == before:
                raise
    return load(folder)


def read_tensors(folder: Path, sha256: str) -> dict[str, Tensor]:
    """Read the tensors that have this hash."""
    found = "no file"
    for path in (folder / TENSORS, folder / BESIDE, folder / TENSORS):  # one may move under us
        try:
            data = read_limited(path, MAX_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise WeightsError(f"{path}: {error.strerror or error}") from error
        digest = hashlib.sha256(data).hexdigest()
        if digest == sha256:
            return _parse_tensors(data, path)
        found = digest if path.name == TENSORS else found
    raise WeightsError(f"{folder / TENSORS}: expected sha256 {sha256[:12]}..., got {found[:12]}")


def read_bare_tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors that no description belongs to."""
    try:
        return _parse_tensors(read_limited(path, MAX_BYTES), path)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from error


def _parse_tensors(data: bytes, path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise WeightsError(f"{path}: not a file of tensors ({error})") from error
    except KeyError as error:
        raise WeightsError(f"{path}: tensors of the unknown kind {error}") from error


def fill(network: nn.Module, tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Put tensors, which must be finite, into a network of shapes that has exactly these."""
    state = network.state_dict()
    for name in sorted(state.keys() ^ tensors.keys()):
        which = "lacks" if name in state else "has an unexpected"
        raise WeightsError(f"{folder}: the file {which} tensor {name}")
    for name, place in state.items():
        if tensors[name].shape != place.shape:
            expected, found = tuple(place.shape), tuple(tensors[name].shape)
            raise WeightsError(f"{folder}: expected {name} of shape {expected}, got {found}")
        if not tensors[name].is_floating_point():
            kind = str(tensors[name].dtype).removeprefix("torch.")
            raise WeightsError(f"{folder}: expected {name} of floating point, got {kind}")
    whole = {name: t.float() for name, t in tensors.items()}
    check_finite(whole, folder)
    network.load_state_dict(whole, assign=True)


def check_finite(tensors: Mapping[str, Tensor], path: str | os.PathLike[str]) -> None:
    """Raise WeightsError unless every number is finite; path is named as where they come from."""
    for name, tensor in sorted(tensors.items()):
        if not torch.isfinite(tensor).all():
            raise WeightsError(f"{path}: tensor {name} holds numbers that are not finite")


def _to_disk(name: str, tensor: Tensor, precision: str) -> Tensor:
    """Return the tensor as it is written: contiguous, on the CPU, matrices in half if asked."""
    if precision not in ("fp32", "fp16"):
        raise ConfigError(f"expected precision fp32 or fp16, got {precision!r}")
    tensor = tensor.detach().to("cpu").contiguous()
    if not torch.isfinite(tensor).all():
        raise ConfigError(f"{name} holds numbers that are not finite; such a network is not saved")
    if precision == "fp32" or tensor.ndim < 2:
        return tensor
    half = tensor.half()
    if not torch.isfinite(half).all():
        raise ConfigError(f"{name} holds numbers that half precision cannot; save it as fp32")
    return half
