"""The state of a run on disk, complete enough to continue as if nothing had happened.

A checkpoint is a folder `checkpoint-STEP` with `state.safetensors` and `state.json`.  It is written
under another name and renamed when complete; only then are older ones deleted.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gopolicy.errors import ConfigError, OutputError

FORMAT = 1
_TENSORS, _FACTS = "state.safetensors", "state.json"


@dataclass(slots=True, kw_only=True)
class Facts:
    """The part of a run's state that is not tensors."""

    step: int = 0
    """Steps done."""
    seconds: float = 0.0
    """Time spent training, over all sittings."""
    validation: dict[str, float] = field(default_factory=dict)
    """The last measurement."""


@dataclass(slots=True)
class Parts:
    """The objects whose tensors make up the state."""

    network: nn.Module
    optimizer: Optimizer
    average: nn.Module | None = None


def save_checkpoint(run: Path, parts: Parts, facts: Facts) -> Path:
    """Write a checkpoint and delete the older ones; return its folder."""
    final = run / f"checkpoint-{facts.step:09d}"
    beside = run / f".new-checkpoint-{os.getpid()}"
    scalars, tensors = _collect(parts)
    data = safetensors.torch.save(tensors)
    text = json.dumps(
        {
            "format": FORMAT,
            **asdict(facts),
            "optimizer": scalars,
            "sha256": hashlib.sha256(data).hexdigest(),
        },
        indent=2,
    )
    try:
        for leftover in [*run.glob(".new-checkpoint-*"), final]:
            shutil.rmtree(leftover, ignore_errors=True)
        beside.mkdir()
        _write(beside / _TENSORS, data)
        _write(beside / _FACTS, text.encode())
        beside.rename(final)
        _sync_folder(run)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise OutputError(f"cannot write {final}: {error.strerror or error}") from error
    for old in checkpoints(run):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def checkpoints(run: Path) -> list[Path]:
    """Return the complete checkpoints of a run, oldest first."""
    return sorted(path for path in run.glob("checkpoint-*") if (path / _FACTS).is_file())


def last_step(run: Path) -> int:
    """Return how many steps the newest checkpoint has behind it; 0 without one."""
    found = checkpoints(run)
    return int(found[-1].name.removeprefix("checkpoint-")) if found else 0


def load_checkpoint(folder: Path, parts: Parts) -> Facts:
    """Fill parts with the state in folder; return the rest of it."""
    try:
        values = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        data = (folder / _TENSORS).read_bytes()
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{folder}: cannot read this checkpoint ({error})") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ConfigError(f"{folder}: {_FACTS} is no checkpoint of format {FORMAT}")
    if hashlib.sha256(data).hexdigest() != values.get("sha256"):
        raise ConfigError(f"{folder}: {_TENSORS} is damaged (another sha256)")
    try:
        _distribute(parts, safetensors.torch.load(data), values["optimizer"])
    except (KeyError, RuntimeError, ValueError, safetensors.SafetensorError) as error:
        message = f"{folder}: the checkpoint does not fit this network ({error})"
        raise ConfigError(message) from error
    return Facts(
        step=values["step"], seconds=values["seconds"], validation=values.get("validation", {})
    )


def _collect(parts: Parts) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the optimizer's plain numbers and every tensor, by name."""
    scalars: dict[str, Any] = {}
    tensors: dict[str, Tensor] = {"rng": torch.get_rng_state()}
    for prefix, module in (("network", parts.network), ("average", parts.average)):
        if module is not None:
            tensors |= {f"{prefix}/{name}": t for name, t in module.state_dict().items()}
    for index, state in parts.optimizer.state_dict()["state"].items():
        for name, value in state.items():
            where = tensors if isinstance(value, Tensor) else scalars
            where[f"optimizer/{index}/{name}"] = value
    return scalars, {name: t.detach().cpu().contiguous() for name, t in tensors.items()}


def _distribute(parts: Parts, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
    """Do the reverse of `_collect`."""
    parts.network.load_state_dict(_under("network/", tensors))
    if parts.average is not None:
        parts.average.load_state_dict(_under("average/", tensors))
    torch.set_rng_state(tensors["rng"])
    parameters = [p for group in parts.optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in (_under("optimizer/", tensors) | _under("optimizer/", scalars)).items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = _like(value, parameters[int(index)])
    groups = parts.optimizer.state_dict()["param_groups"]
    parts.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _like(value: Any, parameter: Tensor) -> Any:
    """Return value in the memory order of its parameter, which fused optimizers rely on."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def _under(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries below a prefix, without it."""
    return {key.removeprefix(prefix): v for key, v in values.items() if key.startswith(prefix)}


def _write(path: Path, data: bytes) -> None:
    """Write a file through to the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename in folder last, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
