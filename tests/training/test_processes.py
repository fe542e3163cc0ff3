"""Several processes that train one network."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
from reference.fake_source import FakeSource

from gopolicy.nets.norm import BatchNorm
from gopolicy.nets.weights import load_weights
from gopolicy.training.checkpoint import checkpoints
from gopolicy.training.config import TrainConfig, override, to_json
from gopolicy.training.loop import train_task
from gopolicy.training.recipes import RECIPES
from gopolicy.training.task import Task
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).parents[2]
WORKER = """
import json
import sys
import warnings
from pathlib import Path
import torch
from reference.fake_source import FakeSource
from gopolicy.nets.norm import BatchNorm
from gopolicy.training.config import from_json
from gopolicy.training.loop import train_task
from gopolicy.training.task import Task
from gopolicy.training.world import open_world

warnings.simplefilter("error")
torch.set_num_threads(1)
usual = BatchNorm.train
with open_world("cpu") as world:
    for job in json.loads(sys.argv[1]):
        never = lambda self, mode=True: usual(self, False)
        BatchNorm.train = never if job["frozen"] else usual
        config = from_json(job["config"])
        source = FakeSource(config.batch_size, part=(world.rank, world.size))
        task = Task(config=config, source=source, out=Path(job["out"]), world=world)
        train_task(task, resume=job["resume"])
tasks = Path("/proc/self/task")
names = [(task / "comm").read_text() for task in tasks.iterdir()] if tasks.is_dir() else []
assert not any("gloo" in name for name in names), names
"""
SETTINGS = [
    *("filters=4", "layers=3", "planes=fake", "positions=160", "batch_size=8", "warmup=8"),
    *("precision=fp32", "memory_format=channels_last", "checkpoint_minutes=60"),
    *("log_every=40", "validation_every=80", "optimizer=sgd", "lr=0.05"),
]
PLAIN = override(TrainConfig(), SETTINGS)
TIED = override(
    PLAIN,
    [
        *("network=alphago-res", "filters=8", "normalization=batch", "pooled=8"),
        *("equivariant=true", "optimizer=muon", "ema=0.9", "lr=0.005"),
    ],
)
ENDLESS = override(PLAIN, ["positions=100M", "validation_every=100M", "log_every=800"])


@dataclasses.dataclass
class Job:
    """One run: where, what, and how."""

    out: Path
    config: TrainConfig
    resume: bool = False
    frozen: bool = False

    def as_json(self) -> dict[str, object]:
        config = to_json(self.config)
        return {"out": str(self.out), "config": config, "resume": self.resume} | {
            "frozen": self.frozen
        }


def begin(*jobs: Job) -> list[subprocess.Popen[str]]:
    """Start two processes that do the jobs together, as torchrun would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    common |= {"PYTHONPATH": path, "WORLD_SIZE": "2"}
    words = [sys.executable, "-c", WORKER, json.dumps([job.as_json() for job in jobs])]
    return [
        subprocess.Popen(
            words,
            env=os.environ | common | {"RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def by_two(*jobs: Job) -> None:
    """Do the jobs in two processes, without a warning."""
    workers = begin(*jobs)
    errors = [worker.communicate(timeout=240)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    assert not any("Warning" in error for error in errors), errors


def by_one(job: Job) -> int:
    """Do a job in this process; return how many positions the run has seen by then."""
    world = World(torch.device("cpu"))
    source = FakeSource(job.config.batch_size)
    task = Task(config=job.config, source=source, out=job.out, world=world)
    return train_task(task, resume=job.resume).positions


def final_state(out: Path) -> dict[str, torch.Tensor]:
    tensors = safetensors.torch.load_file(checkpoints(out)[-1] / "state.safetensors")
    return {name: tensor for name, tensor in tensors.items() if name != "rng"}


def same_state(one: Path, two: Path) -> None:
    ones, twos = final_state(one), final_state(two)
    assert ones.keys() == twos.keys()
    for name, tensor in ones.items():
        torch.testing.assert_close(tensor, twos[name], rtol=1e-3, atol=1e-5, msg=name)


def test_two_processes_train_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adamw = override(PLAIN, ["ema=0.9", "optimizer=adamw", "lr=0.001"])
    constant = override(PLAIN, ["schedule=constant"])
    half = override(constant, ["positions=80"])
    kinds = {"plain": PLAIN, "adamw": adamw, "constant": constant, "tied": TIED}
    for name in ("plain", "adamw", "constant"):
        by_one(Job(tmp_path / "one" / name, kinds[name]))
    with monkeypatch.context() as patch:  # taken by the batch, half a batch has other statistics
        usual = BatchNorm.train
        patch.setattr(BatchNorm, "train", lambda self, mode=True: usual(self, False))
        by_one(Job(tmp_path / "one" / "tied", TIED))
    by_one(Job(tmp_path / "two" / "constant", half))
    by_two(
        Job(tmp_path / "two" / "plain", PLAIN),
        Job(tmp_path / "two" / "adamw", adamw),
        Job(tmp_path / "two" / "constant", constant, resume=True),
        Job(tmp_path / "two" / "tied", TIED, frozen=True),
    )
    for name in kinds:
        same_state(tmp_path / "one" / name, tmp_path / "two" / name)
        assert (tmp_path / "two" / name / "weights" / "model.json").is_file()
    assert "network/conv1.norm.running_var" in final_state(tmp_path / "two" / "tied")


def small(name: str) -> TrainConfig:
    """Return a recipe with a small network and few positions."""
    base = RECIPES[name]
    changes = [
        *("filters=8", "layers=3", "planes=fake", "positions=24", "batch_size=8", "warmup=8"),
        *("validation_every=8", "log_every=8", "precision=fp32", "memory_format=channels_last"),
    ]
    return override(base, changes + ["pooled=8"] * ("pooled" in base.settings))


def test_two_processes_train_every_recipe_and_one_process_goes_on(tmp_path: Path) -> None:
    by_two(*(Job(tmp_path / name, small(name)) for name in RECIPES))
    for name in RECIPES:
        out = tmp_path / name
        assert [path.name for path in checkpoints(out)] == ["checkpoint-000000003"], name
        entries = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        measured = [e["positions"] for e in entries if e["kind"] == "validation"]
        assert measured == [8, 16, 24], name
        longer = override(small(name), ["positions=32"])
        assert by_one(Job(out, longer, resume=True)) == 32
        if longer.equivariant:
            network = load_weights(out / "weights", size=5).network
            planes = torch.randn(2, 3, 5, 5)
            with torch.no_grad():
                turned = network(planes.rot90(1, (2, 3))).view(2, 5, 5)
                expected = network(planes).view(2, 5, 5).rot90(1, (1, 2))
            torch.testing.assert_close(turned, expected)


def wait_until_logged(out: Path, workers: list[subprocess.Popen[str]]) -> None:
    log = out / "metrics.jsonl"
    for _ in range(2400):
        if log.exists() and log.stat().st_size:
            return
        assert all(worker.poll() is None for worker in workers)
        time.sleep(0.05)
    raise AssertionError("nothing was logged")


@pytest.mark.parametrize("lost", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_where_one_process_is_killed_the_other_says_so_and_the_run_goes_on(
    tmp_path: Path, lost: int
) -> None:
    workers = begin(Job(tmp_path, ENDLESS))
    wait_until_logged(tmp_path, workers)
    workers[lost].kill()
    errors = [worker.communicate(timeout=60)[1] for worker in workers]
    assert "LostProcessError: another process of this run has ended" in errors[1 - lost]
    (kept,) = checkpoints(tmp_path)
    done = 8 * int(kept.name.removeprefix("checkpoint-"))
    longer = override(ENDLESS, [f"positions={done + 8}"])
    assert by_one(Job(tmp_path, longer, resume=True)) == done + 8


def test_a_signal_to_one_process_stops_all_after_a_checkpoint(tmp_path: Path) -> None:
    workers = begin(Job(tmp_path, ENDLESS))
    wait_until_logged(tmp_path, workers)
    workers[1].send_signal(signal.SIGINT)
    errors = [worker.communicate(timeout=60)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    assert len(checkpoints(tmp_path)) == 1
