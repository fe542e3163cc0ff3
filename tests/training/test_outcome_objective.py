"""Training an outcome head: it learns, the moves stay, and a run resumes as any other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.fake_source import FakeBatch, FakeSource
from reference.listener import Listener

from gopolicy.data.outcome_targets import OutcomeTargets
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.prepare_store import prepare
from gopolicy.errors import ConfigError, StoreError
from gopolicy.nets.equivariance import tie, untied_state
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.progress import SILENT, Progress
from gopolicy.settings import Setting
from gopolicy.training.checkpoint import checkpoints
from gopolicy.training.config import TrainConfig, override
from gopolicy.training.loop import train_task
from gopolicy.training.objective import Outcomes
from gopolicy.training.run_folder import resumed_config, started_config
from gopolicy.training.source import StoreSource
from gopolicy.training.task import Result, Task
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = 5
LONG = ("positions=19200", "validation_every=19200", "batch_size=32")


class OutcomeSource(FakeSource):
    """Positions whose noise in plane 0 says whose the points will be, and so the score."""

    def batch(self, k: int) -> FakeBatch:
        batch = super().batch(k)
        owners = (2 * batch.planes[:, 0].reshape(-1, SIZE * SIZE) - 1).astype(np.int8)
        scores = owners.sum(1).astype(np.float32)
        count = len(scores)
        won = np.where(scores > 0.5, 1, -1).astype(np.int8)
        won[::4] = 0
        counted = np.arange(count) % 3 != 0
        komi = np.full(count, 0.5, np.float32)
        color = (1 - 2 * (np.arange(count) % 2)).astype(np.int8)
        batch.outcomes = OutcomeTargets(owners, scores, counted, komi, won, color)
        return batch


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Return the weights of a small tied network whose moves are to stay."""
    torch.manual_seed(2)
    tied, network = (
        build_network(
            "alphago-res", planes=3, size=SIZE, filters=16, layers=1, normalization="none"
        )
        for _ in range(2)
    )
    tie(tied)
    network.load_state_dict(untied_state(tied))
    save_weights(tmp_path / "start", network, describe_network(network, "fake"))
    return tmp_path / "start"


def settings(start: Path, *changes: str) -> TrainConfig:
    base = TrainConfig(
        objective="outcome",
        start=str(start),
        outcome_channels=16,
        positions=32,
        batch_size=8,
        warmup=8,
        lr=0.01,
        precision="fp32",
        memory_format="channels_last",
        checkpoint_minutes=60,
        log_every=8,
        validation_every=16,
    )
    return started_config(base, list(changes))


def run(
    config: TrainConfig, out: Path, resume: bool = False, progress: Progress = SILENT
) -> Result:
    source, world = OutcomeSource(config.batch_size), World(torch.device("cpu"))
    task = Task(config=config, source=source, out=out, world=world)
    return train_task(task, resume=resume, progress=progress)


def test_outcomes_are_learned_and_moves_stay_bit_for_bit(start: Path, tmp_path: Path) -> None:
    config = settings(start, *LONG)
    result = run(config, tmp_path / "run")
    found = result.validation
    assert f"validation winners named {found['top1']:.1%}" in repr(result)
    assert found["top1"] > 0.85
    assert found["nll"] < 0.4
    assert found["brier"] < 0.13
    assert found["ownership_error"] < 0.3
    assert found["score_error"] < 4  # the scores' own deviation is 5
    before, after = load_weights(start), load_weights(tmp_path / "run" / "weights")
    x = torch.rand(4, 3, SIZE, SIZE)
    assert torch.equal(before.network(x), after.network(x))
    assert before.outcome is None
    assert after.outcome is not None


@pytest.mark.parametrize(("begun", "tied"), [(True, "true"), (False, "true"), (False, "false")])
def test_moves_and_outcomes_are_learned_together(
    start: Path, tmp_path: Path, begun: bool, tied: str
) -> None:
    changes = (*LONG, "positions=9600", "moves_weight=1", f"equivariant={tied}")
    config = settings(start, *changes)
    if not begun:
        shape: dict[str, Setting] = {"filters": 16, "layers": 1, "normalization": "batch"}
        config = replace(config, start="", network="alphago-res", settings=shape, planes="fake")
    result = run(config, tmp_path / "run")
    found = result.validation
    assert found["top1"] > 0.8
    assert found["move_top1"] > 0.9
    assert found["move_nll"] < 1.0
    kept = load_weights(result.weights)
    assert kept.outcome is not None
    batch = OutcomeSource(config.batch_size).batch(10**6)
    played = kept.network(torch.from_numpy(batch.planes).float()).argmax(1)
    assert (played.numpy() == batch.targets).mean() > 0.9


def test_a_weight_of_moves_is_for_outcomes_alone() -> None:
    with pytest.raises(ConfigError, match="moves_weight goes with objective=outcome"):
        TrainConfig(moves_weight=1.0)


@pytest.mark.parametrize(
    "changes",
    [[], ["equivariant=true", "ema=0.9"], ["equivariant=true", "ema=0.9", "moves_weight=0.5"]],
)
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(
    start: Path, tmp_path: Path, changes: list[str]
) -> None:
    run(settings(start, *changes, "schedule=constant"), tmp_path / "whole")
    run(settings(start, *changes, "schedule=constant", "positions=16"), tmp_path / "parts")
    longer = resumed_config(tmp_path / "parts", ["positions=32"])
    run(longer, tmp_path / "parts", True)
    whole, parts = (
        (checkpoints(tmp_path / name)[-1] / "state.safetensors").read_bytes()
        for name in ("whole", "parts")
    )
    assert whole == parts


@pytest.mark.parametrize(
    ("objective", "said"),
    [("outcome", "is not kept: a fresh one is learned"), ("moves", "is not kept")],
)
def test_a_head_of_the_network_at_the_start_is_not_kept_and_that_is_said(
    start: Path, tmp_path: Path, objective: str, said: str
) -> None:
    first = run(settings(start), tmp_path / "first").weights
    again = settings(first, f"objective={objective}", "lr=1e-12", "outcome_channels=8")
    listener = Listener()
    after = load_weights(run(again, tmp_path / "run", progress=listener))
    assert f"the outcome head of {first} {said}" in listener.said
    assert (after.outcome is not None) == (objective == "outcome")
    if after.outcome:
        assert after.outcome.settings.channels == 8
    listener.said.clear()
    run(resumed_config(tmp_path / "run", ["positions=40"]), tmp_path / "run", True, listener)
    assert not any("outcome head" in line for line in listener.said)


def test_formats_are_tried_although_the_network_is_frozen(start: Path, tmp_path: Path) -> None:
    result = run(settings(start, "precision=auto", "memory_format=auto"), tmp_path / "run")
    assert result.positions == 32


def test_the_objective_needs_a_network_and_outcomes(start: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="start="):
        run(override(TrainConfig(planes="fake"), ["objective=outcome"]), tmp_path / "a")
    config = settings(start)
    world = World(torch.device("cpu"))
    task = Task(config=config, source=FakeSource(8), out=tmp_path / "b", world=world)
    with pytest.raises(StoreError, match="no outcomes"):
        train_task(task)


def test_what_no_position_tells_is_not_measured(start: Path) -> None:
    objective = Outcomes(settings(start))
    sums = {"positions": 9.0, "results": 4.0, "counted": 0.0, "top1": 3.0, "nll": 2.0}
    found = objective.figures(sums | {"brier": 1.0, "score_error": 0.0, "ownership_error": 0.0})
    assert found == {"top1": 0.75, "nll": 0.5, "brier": 0.25, "positions": 4}
    assert objective.figures({"positions": 9.0, "results": 0.0}) == {"positions": 0}


def test_a_store_that_knows_no_winner_cannot_teach_outcomes(tmp_path: Path) -> None:
    game = b"(;SZ[9]" + b";B[ee];W[cc];B[dd];W[ff];B[gg])"
    (tmp_path / "game.sgf").write_bytes(game)
    options = PrepareOptions(size=9, min_moves=1, validation=0.0)
    store = prepare(tmp_path / "game.sgf", tmp_path / "store", options)
    config = TrainConfig(objective="outcome", moves_weight=1.0)
    with pytest.raises(ConfigError, match=r"no game of .* has both a winner and a komi"):
        StoreSource(store, config, World(torch.device("cpu")))
