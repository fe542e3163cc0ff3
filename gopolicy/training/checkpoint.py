"""The state of a run on disk, complete enough to continue as if nothing had happened.

A checkpoint is a folder `checkpoint-STEP` with `state.safetensors` and `state.json`.  It is written
under another name and renamed when complete; only then are older ones deleted.
"""

import hashlib
import json
import math
import re
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
from gopolicy.files import read_json, read_limited, replacing_folder, write_text
from gopolicy.nets.weight_folder import check_finite

FORMAT = 1
_TENSORS, _FACTS = "state.safetensors", "state.json"
_NAME = re.compile(r"checkpoint-([0-9]{9,12})", re.ASCII)
_UNFINISHED = re.compile(r"\.checkpoint-[0-9]{9,12}\.partial-.+", re.ASCII)
"""Folders of other names are not ours: they are neither read nor deleted."""
_ADAMW = frozenset({"step", "exp_avg", "exp_avg_sq"})
_MOMENTUM = frozenset({"momentum_buffer"})
"""What torch's optimizers keep for a parameter: AdamW; SGD and Muon."""
MAX_BYTES = 1 << 36
"""The largest checkpoint that is read."""


@dataclass(slots=True, kw_only=True)
class RunFacts:
    """The part of a run's state that is not tensors."""

    step: int = 0
    """Steps done."""
    seconds: float = 0.0
    """Time spent training, over all sittings."""
    elapsed: float = 0.0
    """Time that all sittings took, measurements included."""
    validation: dict[str, float] = field(default_factory=dict)
    """The last measurement."""
    tally: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """Loss, hits and positions since the last entry in the log (`LossTally`)."""
    counts: dict[str, float] = field(default_factory=dict)
    """Whatever else a kind of training counts."""


@dataclass(slots=True)
class Parts:
    """The objects whose tensors make up the state."""

    network: nn.Module
    optimizer: Optimizer
    average: nn.Module | None = None


def save_checkpoint(run: Path, parts: Parts, facts: RunFacts) -> Path:
    """Write a checkpoint and delete the older ones; return its folder."""
    final = run / f"checkpoint-{facts.step:09d}"
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
        with replacing_folder(final) as beside:
            (beside / _TENSORS).write_bytes(data)
            (beside / _FACTS).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {final}: {error.strerror or error}") from error
    for leftover in (path for path in run.iterdir() if _UNFINISHED.fullmatch(path.name)):
        shutil.rmtree(leftover, ignore_errors=True)
    for old in checkpoints(run):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def update_facts(run: Path, facts: RunFacts) -> None:
    """Write other facts into the checkpoint of their step; its tensors stay as they are.

    ConfigError where it is damaged.
    """
    folder = run / f"checkpoint-{facts.step:09d}"
    write_text(folder / _FACTS, json.dumps(_read_facts(folder) | asdict(facts), indent=2))


def checkpoints(run: Path) -> list[Path]:
    """Return the complete checkpoints of a run, oldest first."""
    found = [path for path in run.glob("checkpoint-*") if _NAME.fullmatch(path.name)]
    return sorted((path for path in found if (path / _FACTS).is_file()), key=_step_of)


def last_step(run: Path) -> int:
    """Return how many steps the newest checkpoint has behind it; 0 without one."""
    found = checkpoints(run)
    return _step_of(found[-1]) if found else 0


def _step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("checkpoint-"))


def load_checkpoint(folder: Path, parts: Parts) -> RunFacts:
    """Fill parts with the state in folder; return the rest of it.

    ConfigError where it is damaged or fits another network, WeightsError where it is not finite.
    """
    values = _read_facts(folder)
    try:
        data = read_limited(folder / _TENSORS, MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot read this checkpoint ({error})") from error
    if hashlib.sha256(data).hexdigest() != values.get("sha256"):
        raise ConfigError(f"{folder}: {_TENSORS} is damaged (another sha256)")
    facts, scalars = _facts(values, folder / _FACTS)
    if facts.step != _step_of(folder):
        raise ConfigError(f"{folder}: {_FACTS} is of step {facts.step}")
    try:
        tensors = safetensors.torch.load(data)
    except (KeyError, safetensors.SafetensorError) as error:
        raise ConfigError(f"{folder}: {_TENSORS} is no file of tensors ({error})") from error
    check_finite(tensors, folder)
    try:
        _distribute(parts, tensors, scalars)
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        message = f"{folder}: the checkpoint does not fit this network ({error})"
        raise ConfigError(message) from error
    return facts


def _read_facts(folder: Path) -> dict[str, Any]:
    """Return what state.json says in a checkpoint; ConfigError unless its format is ours."""
    try:
        values = read_json(folder / _FACTS)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: cannot read this checkpoint ({error})") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ConfigError(f"{folder}: {_FACTS} is no checkpoint of format {FORMAT}")
    return values


def _facts(values: Mapping[str, Any], path: Path) -> tuple[RunFacts, dict[str, Any]]:
    """Return the facts and the optimizer's plain numbers; ConfigError unless they are sound."""
    step: Any = values.get("step")
    seconds: Any = values.get("seconds")
    validation: Any = values.get("validation", {})
    scalars: Any = values.get("optimizer")
    counts: Any = values.get("counts", {})  # older checkpoints have none
    if type(step) is not int or step < 0:
        raise ConfigError(f"{path}: expected step to be a number of steps, got {step!r:.60}")
    elapsed: Any = values.get("elapsed", seconds)  # older checkpoints have none
    for name, time in (("seconds", seconds), ("elapsed", elapsed)):
        if type(time) not in (int, float) or time < 0:
            raise ConfigError(f"{path}: expected {name} to be a time, got {time!r:.60}")
    plain = {"validation": validation, "optimizer": scalars, "counts": counts}
    for name, numbers in plain.items():
        sound = isinstance(numbers, dict)
        if not sound or not all(isinstance(each, int | float) for each in numbers.values()):
            raise ConfigError(f"{path}: expected {name} to hold numbers, got {numbers!r:.60}")
    tally: Any = values.get("tally", [0.0, 0.0, 0.0])  # older checkpoints have none
    sound = isinstance(tally, list) and len(tally) == 3
    if not sound or not all(type(each) in (int, float) and each >= 0 for each in tally):
        raise ConfigError(f"{path}: expected tally to be three sums, got {tally!r:.60}")
    facts = RunFacts(
        step=step,
        seconds=seconds,
        elapsed=elapsed,
        validation=validation,
        tally=tally,
        counts=counts,
    )
    return facts, scalars


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
    parts.network.load_state_dict(_under("network/", tensors))
    if parts.average is not None:
        parts.average.load_state_dict(_under("average/", tensors))
    torch.set_rng_state(tensors["rng"])
    parameters = [p for group in parts.optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in (_under("optimizer/", tensors) | _under("optimizer/", scalars)).items():
        index, _, name = key.partition("/")
        if not index.isdecimal():
            raise ValueError(f"the optimizer has no state {key[:60]!r}")
        state.setdefault(int(index), {})[name] = _like(value, parameters[int(index)], name)
    groups = parts.optimizer.state_dict()["param_groups"]
    for group in groups:
        known = _ADAMW if "betas" in group else _MOMENTUM
        found = {frozenset(state.get(index, ())) for index in group["params"]}
        if len(found) > 1 or not found <= {known, frozenset()}:  # empty: it has not begun to learn
            raise ValueError("the state of the optimizer lacks a part, or has one too many")
    parts.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _like(value: Any, parameter: Tensor, name: str) -> Any:
    """Return value in the memory order of its parameter, which fused optimizers rely on.

    ValueError for a tensor of another shape: they would read beyond its end.
    """
    if name == "step":
        if isinstance(value, Tensor) and value.shape:
            raise ValueError(f"a step of shape {tuple(value.shape)}")
        if not 0 <= float(value) < math.inf:
            raise ValueError(f"step {float(value)} of the optimizer")
        return value
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} of the optimizer is no tensor")
    if value.shape != parameter.shape:
        shapes = f"{tuple(value.shape)} for {tuple(parameter.shape)}"
        raise ValueError(f"{name} of the optimizer has shape {shapes}")
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def _under(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries below a prefix, without it."""
    return {key.removeprefix(prefix): v for key, v in values.items() if key.startswith(prefix)}
