"""Several processes that train one network."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from gopolicy.train.checkpoint import checkpoints

WORKER = """
import sys
from pathlib import Path
import torch
from reference.fake_source import FakeSource
from gopolicy.train.config import TrainConfig, override
from gopolicy.train.loop import Task, train
from gopolicy.train.world import open_world

torch.set_num_threads(1)
config = override(TrainConfig(), sys.argv[3:])
with open_world("cpu") as world:
    source = FakeSource(config.batch_size, part=(world.rank, world.size))
    task = Task(config=config, source=source, out=Path(sys.argv[1]), world=world)
    train(task, resume=sys.argv[2] == "resume")
"""
SETTINGS = [
    *("filters=4", "layers=3", "planes=fake", "positions=160", "batch_size=8", "warmup=8"),
    *("precision=fp32", "memory_format=channels_last", "checkpoint_minutes=60"),
    *("log_every=40", "validation_every=80", "optimizer=sgd", "lr=0.05"),
]


def launch(processes: int, out: Path, how: str, *changes: str) -> None:
    """Run the worker in so many processes, as torchrun would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "tests")])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(out), how, *SETTINGS, *changes],
            env=os.environ
            | common
            | {"PYTHONPATH": path, "RANK": str(rank), "WORLD_SIZE": str(processes)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    errors = [worker.communicate(timeout=240)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * processes, errors


def final_state(out: Path) -> dict[str, torch.Tensor]:
    tensors = safetensors.torch.load_file(checkpoints(out)[-1] / "state.safetensors")
    return {name: tensor for name, tensor in tensors.items() if name != "rng"}


@pytest.mark.slow
@pytest.mark.parametrize("changes", [(), ("ema=0.9", "optimizer=adamw", "lr=0.001")])
def test_two_processes_train_what_one_does(tmp_path, changes):
    launch(1, tmp_path / "one", "begin", *changes)
    launch(2, tmp_path / "two", "begin", *changes)
    one, two = final_state(tmp_path / "one"), final_state(tmp_path / "two")
    assert one.keys() == two.keys()
    for name in one:
        assert torch.allclose(one[name], two[name], rtol=1e-3, atol=1e-5), name
    weights = [(tmp_path / run / "weights" / "model.json").is_file() for run in ("one", "two")]
    assert weights == [True, True]


@pytest.mark.slow
def test_two_processes_can_continue_what_one_began(tmp_path):
    launch(1, tmp_path / "whole", "begin", "schedule=constant")
    launch(1, tmp_path / "parts", "begin", "schedule=constant", "positions=80")
    launch(2, tmp_path / "parts", "resume", "schedule=constant")
    assert checkpoints(tmp_path / "parts")[-1].name == "checkpoint-000000020"
    whole, parts = final_state(tmp_path / "whole"), final_state(tmp_path / "parts")
    assert all(torch.allclose(whole[n], parts[n], rtol=1e-3, atol=1e-5) for n in whole)


@pytest.mark.slow
def test_normalizations_share_their_statistics(tmp_path):
    launch(2, tmp_path, "begin", "normalization=batch")
    assert checkpoints(tmp_path)
