"""Runs: a checkpoint, run.json or the log is damaged, then the run goes on as by --resume."""

import dataclasses
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fuzz.harness import Execution, Finding, fresh
from fuzz.mutate import damaged, with_wrong_field
from fuzz.targets.weights import damaged_tensors
from gopolicy.nets.weights import load_weights
from gopolicy.training.config import TrainConfig
from gopolicy.training.loop import train_task
from gopolicy.training.run_folder import resumed_config
from gopolicy.training.task import Task
from gopolicy.training.world import World

_CHECKPOINT = "checkpoint-000000003"
_MOST_STEPS = 8
_CONFIG = TrainConfig(
    settings={"filters": 4, "layers": 2, "normalization": "batch"},
    positions=12,
    batch_size=4,
    planes="alphago4",
    warmup=4,
    ema=0.5,
    precision="fp32",
    memory_format="contiguous",
    validation_every=1000,
    validation_positions=4,
    log_every=4,
)


class _Batches:
    """The same batch for ever; stands for a store."""

    digest, path = "a" * 64, Path("store")
    size, planes, wait_seconds = 5, 3, 0.0
    places = ((Path("store"), None),)
    openings = np.zeros(1, np.uint32)

    def __init__(self) -> None:
        draw = np.random.default_rng(1)
        self.targets = draw.integers(0, 25, 4)
        cells = draw.integers(0, 2, (4, 5, 5, 3), dtype=np.int8)
        self.batch = dataclasses.make_dataclass("Batch", ["planes", "targets"])(
            cells.transpose(0, 3, 1, 2), self.targets
        )

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield self.batch

    def close(self) -> None:
        """Do nothing."""

    def training(self, first_batch: int) -> "_Batches":
        """Return batches without end."""
        return self

    def validation(self) -> list[Any]:
        """Return one batch."""
        return _Once([self.batch])


class _Once(list[Any]):
    """Batches that end."""

    def close(self) -> None:
        """Do nothing."""


def make(folder: Path) -> Execution:
    """Return one execution."""
    torch.set_num_threads(1)
    sound = folder / "run"
    _train(_CONFIG, sound)
    shutil.rmtree(sound / "tensorboard", ignore_errors=True)

    def execute(dice: random.Random) -> None:
        run = shutil.copytree(sound, fresh(folder))
        kind = dice.random()
        if kind < 0.5:
            place = run / _CHECKPOINT
            files = {path.name: path.read_bytes() for path in place.iterdir()}
            damage = damaged_tensors(dice, files, "state.safetensors", "state.json")
            for name, data in damage.items():
                (place / name).write_bytes(data)
        elif kind < 0.7:
            values = json.loads((run / "run.json").read_bytes())
            (run / "run.json").write_text(json.dumps(with_wrong_field(dice, values)))
        else:
            path = dice.choice((run / "run.json", run / "metrics.jsonl"))
            path.write_bytes(damaged(dice, path.read_bytes()))
        config = resumed_config(run, ["positions=16"])
        if config.steps <= _MOST_STEPS:  # others are sound, and long
            _train(config, run, resume=True)
            load_weights(run / "weights")
            _check_log(run / "metrics.jsonl")

    return execute


def _train(config: TrainConfig, out: Path, resume: bool = False) -> None:
    """Train or go on."""
    source: Any = _Batches()
    train_task(
        Task(config=config, source=source, out=out, world=World(torch.device("cpu"))), resume=resume
    )


def _check_log(path: Path) -> None:
    """Raise a finding unless the log ends with what was just learned."""
    last = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    if not all(np.isfinite(value) for value in last.values() if isinstance(value, float)):
        raise Finding("a figure that is not finite was logged")
