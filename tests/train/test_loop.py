"""The loop as a whole: learning, stopping, continuing."""

import json
from pathlib import Path

import pytest
import torch
from reference.fake_source import FakeSource

from gopolicy.errors import ConfigError
from gopolicy.nets.weights import load_weights
from gopolicy.train.checkpoint import checkpoints
from gopolicy.train.config import TrainConfig, override
from gopolicy.train.loop import Result, Task, TrainingError, train
from gopolicy.train.run_folder import started_config
from gopolicy.train.world import World

TINY = TrainConfig(
    settings={"filters": 4, "layers": 3, "normalization": "batch"},
    planes="fake",
    positions=32,
    batch_size=8,
    warmup=8,
    precision="fp32",
    memory_format="channels_last",
    checkpoint_minutes=60,
    log_every=8,
    validation_every=16,
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(config: TrainConfig, out: Path, source: FakeSource | None = None, **more) -> Result:
    source = source or FakeSource(config.batch_size)
    world = World(torch.device("cpu"))
    return train(Task(config=config, source=source, out=out, world=world), **more)


def saved_tensors(out: Path) -> bytes:
    return (checkpoints(out)[-1] / "state.safetensors").read_bytes()


class StopAfter(FakeSource):
    """Asks for an end, as Ctrl-C would, when batch `last` is taken."""

    def __init__(self, last: int, number: int) -> None:
        super().__init__()
        self.last, self.number = last, number

    def batch(self, k: int):
        import signal

        if k == self.last:
            signal.raise_signal(self.number)
        return super().batch(k)


def test_a_network_learns_what_the_planes_say(tmp_path):
    config = override(TINY, ["positions=3200", "lr=0.02", "validation_every=3200"])
    result = run(config, tmp_path)
    assert result.validation["top1"] > 0.9
    assert result.positions == 3200
    assert not result.signal


@pytest.mark.parametrize(
    "changes",
    [
        [],
        ["optimizer=sgd", "lr=0.1", "ema=0.9"],
        ["ema=0.9", "network=alphago-res"],
        ["precision=bf16", "memory_format=contiguous"],
        ["schedule=wsd", "normalization=none", "clip_norm=0"],
        ["optimizer=muon", "memory_format=contiguous"],
        ["optimizer=muon", "network=alphago-res", "filters=8", "equivariant=true", "ema=0.9"],
    ],
)
def test_four_steps_are_two_steps_a_resume_and_two_steps(tmp_path, changes):
    import signal

    config = override(TINY, changes)
    whole = run(config, tmp_path / "whole")
    first = run(config, tmp_path / "parts", StopAfter(1, signal.SIGINT))
    assert (first.positions, first.signal) == (16, signal.SIGINT)
    second = run(config, tmp_path / "parts", resume=True)
    assert second.positions == whole.positions == 32
    assert saved_tensors(tmp_path / "whole") == saved_tensors(tmp_path / "parts")
    ours, theirs = (load_weights(tmp_path / part / "weights") for part in ("whole", "parts"))
    assert ours.info.sha256 == theirs.info.sha256
    assert whole.validation == second.validation


def test_the_seed_decides_everything(tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        run(override(TINY, [f"seed={seed}"]), tmp_path / name)
    assert saved_tensors(tmp_path / "one") == saved_tensors(tmp_path / "again")
    assert saved_tensors(tmp_path / "one") != saved_tensors(tmp_path / "other")


def test_a_hundred_steps_with_one_seed_give_the_same_weights_twice(tmp_path):
    config = override(TINY, ["positions=800", "optimizer=muon", "equivariant=true", "filters=8"])
    for name in ("one", "again"):
        run(config, tmp_path / name)
    assert saved_tensors(tmp_path / "one") == saved_tensors(tmp_path / "again")


def test_a_run_begins_with_the_weights_it_is_given(tmp_path):
    first = run(TINY, tmp_path / "first")
    weights = load_weights(first.weights)
    config = started_config(TINY, [f"start={first.weights}", "lr=1e-9", "positions=8"])
    assert config.settings == weights.info.settings
    second = load_weights(run(config, tmp_path / "second").weights)
    for name, tensor in second.network.state_dict().items():
        torch.testing.assert_close(tensor, weights.network.state_dict()[name], msg=name)
    with pytest.raises(ConfigError, match="leave its settings out"):
        started_config(TINY, [f"start={first.weights}", "filters=8"])


def test_an_equivariant_run_leaves_an_ordinary_network_that_turns_with_the_board(tmp_path):
    config = override(TINY, ["equivariant=true", "filters=8", "positions=80", "lr=0.02"])
    network = load_weights(run(config, tmp_path).weights).network
    planes = torch.randn(2, 3, 5, 5)
    with torch.no_grad():
        turned = network(planes.rot90(1, (2, 3))).view(2, 5, 5)
        expected = network(planes).view(2, 5, 5).rot90(1, (1, 2))
    torch.testing.assert_close(turned, expected)


def test_a_terminated_run_says_by_which_signal(tmp_path):
    import signal

    result = run(TINY, tmp_path, StopAfter(0, signal.SIGTERM))
    assert result.signal == signal.SIGTERM
    assert result.positions == 8
    assert load_weights(tmp_path / "weights").info.positions == 8


def test_weights_are_the_plain_network_with_the_measured_accuracy(tmp_path):
    result = run(TINY, tmp_path)
    loaded = load_weights(result.weights, plane_set="fake", size=5)
    assert loaded.info.settings["normalization"] == "none"
    assert loaded.info.accuracy["top1"] == result.validation["top1"]
    assert loaded.info.data == FakeSource.digest
    assert loaded.info.positions == 32


def test_only_the_newest_checkpoint_is_kept(tmp_path):
    run(override(TINY, ["checkpoint_minutes=0"]), tmp_path)
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-000000004"]
    assert not list(tmp_path.glob(".new-*"))


def test_a_second_run_does_not_overwrite_the_first(tmp_path):
    run(TINY, tmp_path)
    with pytest.raises(ConfigError, match="already holds a run"):
        run(TINY, tmp_path)


def test_resume_refuses_another_store(tmp_path):
    run(TINY, tmp_path)
    other = FakeSource()
    other.digest = "b" * 64
    with pytest.raises(ConfigError, match="trained on store aaaaaaaaaaaa, this is bbbbbbbbbbbb"):
        run(TINY, tmp_path, other, resume=True)


def test_resume_refuses_settings_of_another_run(tmp_path):
    run(TINY, tmp_path)
    with pytest.raises(ConfigError, match="began with seed 1"):
        run(override(TINY, ["seed=2"]), tmp_path, resume=True)


def test_changes_on_the_way_are_written_down(tmp_path):
    run(override(TINY, ["schedule=constant"]), tmp_path)
    run(override(TINY, ["schedule=linear", "positions=48", "lr=0.001"]), tmp_path, resume=True)
    assert json.loads((tmp_path / "run.json").read_text())["sittings"] == [
        {"from": 0, "processes": 1},
        {"from": 32, "processes": 1, "positions": 48, "lr": 0.001, "schedule": "linear"},
    ]


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(ConfigError, match="no run to resume"):
        run(TINY, tmp_path / "nothing", resume=True)


def test_a_finished_run_can_be_extended(tmp_path):
    config = override(TINY, ["schedule=constant"])
    run(config, tmp_path / "parts")
    longer = override(config, ["positions=48"])
    run(longer, tmp_path / "parts", resume=True)
    run(longer, tmp_path / "whole")
    assert saved_tensors(tmp_path / "whole") == saved_tensors(tmp_path / "parts")


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path):
    whole = run(TINY, tmp_path)
    wanted = saved_tensors(tmp_path)
    import shutil

    shutil.rmtree(checkpoints(tmp_path)[-1])
    again = run(TINY, tmp_path, resume=True)
    assert again.positions == whole.positions
    assert saved_tensors(tmp_path) == wanted


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(tmp_path):
    config = override(TINY, ["lr=1e30", "normalization=none", "clip_norm=0", "positions=8000"])
    with pytest.raises(TrainingError, match=r"after .* positions"):
        run(config, tmp_path)


def test_metrics_have_one_line_per_entry_after_a_resume(tmp_path):
    import signal

    run(TINY, tmp_path, StopAfter(1, signal.SIGINT))
    run(TINY, tmp_path, resume=True)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    seen = [line["positions"] for line in lines if line["kind"] == "train"]
    assert seen == [8, 16, 24, 32]
    assert [line["positions"] for line in lines if line["kind"] == "validation"] == [16, 32]


def test_the_choice_of_formats_is_measured_recorded_and_kept(tmp_path):
    import signal

    config = override(TINY, ["precision=auto", "memory_format=auto"])
    first = run(config, tmp_path, StopAfter(0, signal.SIGINT))
    recorded = json.loads((tmp_path / "run.json").read_text())["compute"]
    assert recorded["precision"] == first.compute.precision
    assert run(config, tmp_path, resume=True).compute == first.compute
