"""Learning from another network: its share of the loss, and runs that have a teacher."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference.fake_source import FakeSource

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.registry import build_network
from gopolicy.nets.seen_games import read_seen_games, write_seen_games
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.policy.load import load
from gopolicy.training.checkpoint import checkpoints
from gopolicy.training.config import TrainConfig, override
from gopolicy.training.loop import train_task
from gopolicy.training.run_folder import check_vacant, resumed_config, started_config
from gopolicy.training.task import Result, Task
from gopolicy.training.teacher import Teacher, make_teacher
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
TINY = TrainConfig(
    settings={"filters": 8, "layers": 3, "normalization": "batch"},
    planes="alphago4",
    positions=32,
    batch_size=8,
    warmup=8,
    lr=0.02,
    precision="fp32",
    memory_format="channels_last",
    checkpoint_minutes=60,
    validation_every=100_000,
)


class FourPlanes(FakeSource):
    """Asks for an end at one batch, if it is told which."""

    def __init__(self, last: int = -1) -> None:
        super().__init__()
        self.planes, self.last = 4, last

    def batch(self, k: int) -> Any:
        if k == self.last:
            signal.raise_signal(signal.SIGINT)
        return super().batch(k)


def run(config: TrainConfig, out: Path, source: FakeSource | None = None, **more: Any) -> Result:
    task = Task(config=config, source=source or FourPlanes(), out=out, world=World(CPU))
    return train_task(task, **more)


def saved_network(out: Path, planes: str = "alphago4", count: int = 4) -> Path:
    torch.manual_seed(3)
    settings: dict[str, Any] = {"filters": 8, "layers": 3, "normalization": "none"}
    network = build_network("alphago", planes=count, size=5, **settings)
    save_weights(out, network, describe_network(network, planes))
    return out


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights that know nothing of the moves in the batches."""
    return saved_network(tmp_path_factory.mktemp("weights") / "teacher")


def mean_distance(learner: Path, teacher: Path) -> float:
    """Return the mean Kullback-Leibler divergence of two networks on batches never trained on."""
    planes = np.concatenate([FourPlanes().batch(k).planes for k in range(900, 908)])
    said, wanted = (load(path).log_probabilities(planes) for path in (learner, teacher))
    return float((np.exp(wanted) * (wanted - said)).sum(1).mean())


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_loss_is_shared_between_moves_and_teacher(teacher: Path, weight: float) -> None:
    batch = FourPlanes().batch(0)
    logits = torch.randn(8, 25, generator=torch.Generator().manual_seed(1))
    found = Teacher(load(teacher), weight).added(torch.tensor(2.0), logits, batch.planes)
    shares = np.exp(load(teacher).log_probabilities(batch.planes))
    cross = [-float(p @ row) for p, row in zip(shares, logits.log_softmax(1).numpy(), strict=True)]
    assert float(found) == pytest.approx((1 - weight) * 2.0 + weight * np.mean(cross), rel=1e-5)


def test_the_teacher_alone_teaches_its_own_moves(teacher: Path, tmp_path: Path) -> None:
    changes = [f"teacher={teacher}", "teacher_weight=1", "positions=1600"]
    taught = run(override(TINY, changes), tmp_path / "taught").weights
    alone = run(override(TINY, ["positions=1600"]), tmp_path / "alone").weights
    assert mean_distance(taught, teacher) < 0.05 * mean_distance(alone, teacher)


def test_a_weight_of_zero_changes_nothing(teacher: Path, tmp_path: Path) -> None:
    run(override(TINY, [f"teacher={teacher}", "teacher_weight=0"]), tmp_path / "taught")
    run(TINY, tmp_path / "alone")
    taught, alone = (
        load_weights(tmp_path / name / "weights").network for name in ("taught", "alone")
    )
    for name, tensor in taught.state_dict().items():
        torch.testing.assert_close(tensor, alone.state_dict()[name], msg=name)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_taught_run_resumes_as_if_it_had_not_been_stopped(
    teacher: Path, tmp_path: Path, precision: str
) -> None:
    config = override(TINY, [f"teacher={teacher}", f"precision={precision}"])
    run(config, tmp_path / "whole")
    assert run(config, tmp_path / "parts", FourPlanes(last=1)).stopped
    run(config, tmp_path / "parts", resume=True)
    whole, parts = (
        (checkpoints(tmp_path / name)[-1] / "state.safetensors").read_bytes()
        for name in ("whole", "parts")
    )
    assert whole == parts


def test_a_run_finds_its_teacher_again_from_any_folder(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(teacher.parent)
    config = started_config(TINY, [f"teacher={teacher.name}"])
    run(config, tmp_path / "run", FourPlanes(last=1))
    monkeypatch.chdir(tmp_path)
    assert resumed_config(tmp_path / "run", []).teacher == str(teacher)
    assert run(resumed_config(tmp_path / "run", []), tmp_path / "run", resume=True).positions == 32


def test_games_that_the_teacher_has_seen_count_as_seen(tmp_path: Path) -> None:
    teacher = saved_network(tmp_path / "teacher")
    write_seen_games(teacher, np.array([4, 9], np.uint32))
    run(override(TINY, [f"teacher={teacher}"]), tmp_path / "run")
    seen = read_seen_games(tmp_path / "run" / "weights")
    assert seen is not None
    assert seen.tolist() == [3, 4, 5, 9]


def test_a_shipped_teacher_keeps_its_name() -> None:
    assert started_config(TrainConfig(), ["teacher=alphago-64x8"]).teacher == "alphago-64x8"


def test_a_run_may_leave_its_teacher(teacher: Path, tmp_path: Path) -> None:
    run(override(TINY, [f"teacher={teacher}"]), tmp_path, FourPlanes(last=1))
    config = resumed_config(tmp_path, ["teacher="])
    assert run(config, tmp_path, resume=True).positions == 32


@pytest.mark.parametrize(
    ("planes", "count", "size"), [("alphago12", 12, 5), ("alphago4", 4, 9)], ids=["planes", "size"]
)
def test_a_teacher_of_another_kind_is_refused_by_name(
    tmp_path: Path, planes: str, count: int, size: int
) -> None:
    other = saved_network(tmp_path / "other", planes, count)
    with pytest.raises(WeightsError, match="other: expected a network for"):
        make_teacher(override(TINY, [f"teacher={other}"]), size, CPU)


def test_a_missing_teacher_leaves_no_folder(tmp_path: Path) -> None:
    config = override(TINY, [f"teacher={tmp_path / 'nobody'}"])
    with pytest.raises(WeightsError, match="no weights at or called"):
        run(config, tmp_path / "run")
    check_vacant(tmp_path / "run")
    with pytest.raises(WeightsError, match="no weights at or called"):
        started_config(TINY, ["teacher=nobody"])


def test_outcomes_have_no_teacher() -> None:
    with pytest.raises(ConfigError, match="teaches moves"):
        TrainConfig(objective="outcome", start="alphago-64x8", teacher="alphago-64x8")
