"""The loop as a whole: learning, stopping, continuing."""

import errno
import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from reference.fake_source import FakeSource
from reference.listener import Listener

from gopolicy import files
from gopolicy.errors import ConfigError, OutputError
from gopolicy.nets.registry import build_network
from gopolicy.nets.seen_games import read_seen_games, write_seen_games
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.policy.other_sizes import at_size
from gopolicy.training.checkpoint import RunFacts, checkpoints, update_facts
from gopolicy.training.config import TrainConfig, override
from gopolicy.training.divergence import TrainingError
from gopolicy.training.loop import train_task
from gopolicy.training.run_folder import resumed_config, started_config
from gopolicy.training.task import Result, Task
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

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


def run(config: TrainConfig, out: Path, source: FakeSource | None = None, **more: Any) -> Result:
    source = source or FakeSource(config.batch_size)
    world = World(torch.device("cpu"))
    return train_task(Task(config=config, source=source, out=out, world=world), **more)


def saved_tensors(out: Path) -> bytes:
    return (checkpoints(out)[-1] / "state.safetensors").read_bytes()


class StopAfter(FakeSource):
    """Asks for an end, as Ctrl-C would, when batch `last` is taken."""

    def __init__(self, last: int, number: int) -> None:
        super().__init__()
        self.last, self.number = last, number

    def batch(self, k: int) -> Any:
        import signal

        if k == self.last:
            signal.raise_signal(self.number)
        return super().batch(k)


def test_a_network_learns_what_the_planes_say(tmp_path: Path) -> None:
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
def test_four_steps_are_two_steps_a_resume_and_two_steps(
    tmp_path: Path, changes: list[Any] | list[str]
) -> None:
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


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        run(override(TINY, [f"seed={seed}"]), tmp_path / name)
    assert saved_tensors(tmp_path / "one") == saved_tensors(tmp_path / "again")
    assert saved_tensors(tmp_path / "one") != saved_tensors(tmp_path / "other")


def test_a_hundred_steps_with_one_seed_give_the_same_weights_twice(tmp_path: Path) -> None:
    config = override(TINY, ["positions=800", "optimizer=muon", "equivariant=true", "filters=8"])
    for name in ("one", "again"):
        run(config, tmp_path / name)
    assert saved_tensors(tmp_path / "one") == saved_tensors(tmp_path / "again")


def test_a_run_begins_with_the_weights_it_is_given(tmp_path: Path) -> None:
    first = run(TINY, tmp_path / "first")
    weights = load_weights(first.weights)
    config = started_config(TINY, [f"start={first.weights}", "lr=1e-9", "positions=8"])
    assert config.settings == weights.info.settings
    second = load_weights(run(config, tmp_path / "second").weights)
    for name, tensor in second.network.state_dict().items():
        torch.testing.assert_close(tensor, weights.network.state_dict()[name], msg=name)
    with pytest.raises(ConfigError, match="leave its settings out"):
        started_config(TINY, [f"start={first.weights}", "filters=8"])


def test_free_kernels_that_a_run_begins_with_stay_free(tmp_path: Path) -> None:
    first = run(override(TINY, ["filters=8"]), tmp_path / "first")
    weights = load_weights(first.weights)
    tied = override(TINY, ["equivariant=true", "filters=16"])
    config = started_config(tied, [f"start={first.weights}", "lr=1e-9", "positions=8"])
    listener = Listener()
    second = load_weights(run(config, tmp_path / "second", progress=listener).weights)
    for name, tensor in second.network.state_dict().items():
        torch.testing.assert_close(tensor, weights.network.state_dict()[name], msg=name)
    assert f"the kernels of {first.weights} go on without ties" in listener.said
    with pytest.raises(ConfigError, match=r"not tied, .* set equivariant=false"):
        started_config(tied, [f"start={first.weights}", "equivariant=true"])


def test_kernels_that_were_tied_go_on_tied(tmp_path: Path) -> None:
    tied = override(TINY, ["equivariant=true", "filters=8", "positions=80", "lr=0.02"])
    first = run(tied, tmp_path / "first")
    assert started_config(tied, [f"start={first.weights}"]).equivariant


def test_a_network_that_cannot_be_tied_starts_a_run_whose_recipe_ties(tmp_path: Path) -> None:
    dense = replace(TINY, network="dense", settings={"units": 4, "layers": 1})
    first = run(dense, tmp_path / "first")
    tied = override(TINY, ["equivariant=true", "filters=8"])
    config = started_config(tied, [f"start={first.weights}"])
    assert (config.network, config.equivariant) == ("dense", False)


def test_a_run_finds_the_weights_it_begins_with_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(TINY, tmp_path / "first")
    monkeypatch.chdir(tmp_path)
    config = started_config(TINY, ["start=first/weights"])
    assert config.start == str(tmp_path / "first" / "weights")


def test_a_run_that_is_resumed_before_its_first_checkpoint_begins_with_its_weights(
    tmp_path: Path,
) -> None:
    first = run(TINY, tmp_path / "first")
    config = started_config(TINY, [f"start={first.weights}", "lr=1e-9", "positions=8"])
    run(config, tmp_path / "second")
    for folder in checkpoints(tmp_path / "second"):
        shutil.rmtree(folder)
    shutil.rmtree(tmp_path / "second" / "weights")
    again = load_weights(run(config, tmp_path / "second", resume=True).weights).network
    for name, tensor in load_weights(first.weights).network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, msg=name)


def test_games_that_the_first_weights_have_seen_count_as_seen(tmp_path: Path) -> None:
    first = run(TINY, tmp_path / "first")
    write_seen_games(first.weights, np.array([4, 9], np.uint32))
    config = started_config(TINY, [f"start={first.weights}"])
    second = run(config, tmp_path / "second")
    seen = read_seen_games(second.weights)
    assert seen is not None
    assert seen.tolist() == [3, 4, 5, 9]


def test_an_equivariant_run_leaves_an_ordinary_network_that_turns_with_the_board(
    tmp_path: Path,
) -> None:
    config = override(TINY, ["equivariant=true", "filters=8", "positions=80", "lr=0.02"])
    network = load_weights(run(config, tmp_path).weights).network
    planes = torch.randn(2, 3, 5, 5)
    with torch.no_grad():
        turned = network(planes.rot90(1, (2, 3))).view(2, 5, 5)
        expected = network(planes).view(2, 5, 5).rot90(1, (1, 2))
    torch.testing.assert_close(turned, expected)


def test_a_terminated_run_says_by_which_signal(tmp_path: Path) -> None:
    import signal

    result = run(TINY, tmp_path, StopAfter(0, signal.SIGTERM))
    assert result.signal == signal.SIGTERM
    assert result.positions == 8
    assert load_weights(tmp_path / "weights").info.positions == 8


def test_weights_of_another_size_are_carried_over(tmp_path: Path) -> None:
    torch.manual_seed(3)
    larger = build_network("alphago", planes=3, size=9, filters=4, layers=3)
    for parameter in larger.parameters():  # the bias of each point is one
        torch.nn.init.normal_(parameter, std=0.3)
    save_weights(tmp_path / "nine", larger, describe_network(larger, "fake"))
    listener = Listener()
    config = started_config(TINY, [f"start={tmp_path / 'nine'}", "lr=1e-12", "positions=8"])
    result = run(config, tmp_path / "run", progress=listener)
    assert f"{tmp_path / 'nine'} is carried over from 9x9 to 5x5" in listener.said
    kept = load_weights(result.weights, plane_set="fake", size=5).network
    x = torch.rand(2, 3, 5, 5)
    torch.testing.assert_close(kept(x), at_size(larger, 5)(x), rtol=1e-4, atol=1e-4)


def test_weights_are_the_plain_network_with_the_measured_accuracy(tmp_path: Path) -> None:
    result = run(TINY, tmp_path)
    loaded = load_weights(result.weights, plane_set="fake", size=5)
    assert loaded.info.settings["normalization"] == "none"
    assert loaded.info.accuracy["top1"] == result.validation["top1"]
    assert loaded.info.data == FakeSource.digest
    assert loaded.info.positions == 32


def test_only_the_newest_checkpoint_is_kept(tmp_path: Path) -> None:
    run(override(TINY, ["checkpoint_minutes=0"]), tmp_path)
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-000000004"]
    assert not list(tmp_path.glob(".new-*"))


def test_a_run_that_fails_in_its_last_measurement_goes_on_from_its_end(tmp_path: Path) -> None:
    class Unmeasured(FakeSource):
        def validation(self) -> Any:
            raise OSError("the store went away")

    config = override(TINY, ["positions=8"])
    with pytest.raises(OSError, match="went away"):
        run(config, tmp_path, Unmeasured())
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-000000001"]
    source = FakeSource()
    result = run(config, tmp_path, source, resume=True)
    assert not [k for k in source.taken if k < 1_000_000]  # nothing was trained again
    assert result.validation["at"] == result.positions == 8
    assert load_weights(result.weights).info.accuracy["top1"] == result.validation["top1"]


def test_folders_that_only_look_like_checkpoints_are_neither_read_nor_deleted(
    tmp_path: Path,
) -> None:
    run(override(TINY, ["positions=16"]), tmp_path)
    (mine,) = checkpoints(tmp_path)
    strange = [tmp_path / name for name in ("checkpoint-zzz", f"{mine.name}-copy", "checkpoint-7")]
    for folder in strange:
        shutil.copytree(mine, folder)
    (tmp_path / ".checkpoint-of-mine.partial-1").mkdir()
    killed = tmp_path / ".checkpoint-000000003.partial-here-77"
    killed.mkdir()
    run(TINY, tmp_path, resume=True)
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-000000004"]
    assert not killed.exists()
    assert all((folder / "state.json").is_file() for folder in strange)
    assert (tmp_path / ".checkpoint-of-mine.partial-1").is_dir()


def test_a_disk_that_fills_in_a_checkpoint_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(override(TINY, ["positions=16"]), tmp_path)
    before = saved_tensors(tmp_path)

    def fill(folder: Path) -> None:
        os.truncate(folder / "state.safetensors", 100)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_flush_folder", fill)
    with pytest.raises(OutputError, match=r"cannot write .*No space left on device"):
        run(TINY, tmp_path, resume=True)
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-000000002"]
    assert saved_tensors(tmp_path) == before
    assert not list(tmp_path.glob(".checkpoint-*"))
    monkeypatch.undo()
    run(TINY, tmp_path, resume=True)
    run(TINY, tmp_path / "undisturbed")
    assert saved_tensors(tmp_path) == saved_tensors(tmp_path / "undisturbed")


def test_the_first_loss_logged_after_a_resume_covers_its_whole_interval(tmp_path: Path) -> None:
    config = override(TINY, ["log_every=16", "schedule=constant"])
    run(config, tmp_path / "undisturbed")
    run(config, tmp_path / "stopped", StopAfter(2, 15))
    assert (tmp_path / "stopped" / "checkpoint-000000003").is_dir()  # in the middle of an interval
    run(config, tmp_path / "stopped", resume=True)
    logged = [
        [
            (entry["positions"], entry["loss"], entry["top1"])
            for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()
            if (entry := json.loads(line))["kind"] == "train"
        ]
        for name in ("undisturbed", "stopped")
    ]
    assert len(logged[0]) == 2
    assert logged[0] == logged[1]


def test_a_checkpoint_whose_optimizer_lacks_a_part_is_refused(tmp_path: Path) -> None:
    run(override(TINY, ["positions=16"]), tmp_path)
    folder = checkpoints(tmp_path)[-1]
    tensors = safetensors.torch.load_file(folder / "state.safetensors")
    part = next(name for name in tensors if name.startswith("optimizer/3/"))
    data = safetensors.torch.save({name: t for name, t in tensors.items() if name != part})
    (folder / "state.safetensors").write_bytes(data)
    facts = json.loads((folder / "state.json").read_text())
    facts["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "state.json").write_text(json.dumps(facts))
    with pytest.raises(ConfigError, match="the optimizer lacks a part"):
        run(TINY, tmp_path, resume=True)


def test_a_second_run_does_not_overwrite_the_first(tmp_path: Path) -> None:
    run(TINY, tmp_path)
    with pytest.raises(ConfigError, match="already holds a run"):
        run(TINY, tmp_path)


def test_resume_refuses_another_store(tmp_path: Path) -> None:
    run(TINY, tmp_path)
    other = FakeSource()
    other.digest = "b" * 64
    with pytest.raises(ConfigError, match="trained on store aaaaaaaaaaaa, this is bbbbbbbbbbbb"):
        run(TINY, tmp_path, other, resume=True)


def test_resume_refuses_settings_of_another_run(tmp_path: Path) -> None:
    run(TINY, tmp_path)
    with pytest.raises(ConfigError, match="began with seed 1"):
        run(override(TINY, ["seed=2"]), tmp_path, resume=True)


def test_changes_on_the_way_are_written_down(tmp_path: Path) -> None:
    run(override(TINY, ["schedule=constant"]), tmp_path)
    run(override(TINY, ["schedule=linear", "positions=48", "lr=0.001"]), tmp_path, resume=True)
    assert json.loads((tmp_path / "run.json").read_text())["sittings"] == [
        {"from": 0, "processes": 1},
        {"from": 32, "processes": 1, "positions": 48, "lr": 0.001, "schedule": "linear"},
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"step": NaN}'], ids=range(5))
def test_facts_of_a_damaged_checkpoint_are_not_updated(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "checkpoint-000000004"
    folder.mkdir()
    (folder / "state.json").write_text(text)
    with pytest.raises(ConfigError, match="checkpoint-000000004: "):
        update_facts(tmp_path, RunFacts(step=4))
    assert (folder / "state.json").read_text() == text


def test_resume_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run to resume"):
        run(TINY, tmp_path / "nothing", resume=True)


def test_a_finished_run_can_be_extended(tmp_path: Path) -> None:
    config = override(TINY, ["schedule=constant"])
    run(config, tmp_path / "parts")
    longer = override(config, ["positions=48"])
    run(longer, tmp_path / "parts", resume=True)
    run(longer, tmp_path / "whole")
    assert saved_tensors(tmp_path / "whole") == saved_tensors(tmp_path / "parts")


def test_a_complete_run_is_not_cut_short(tmp_path: Path) -> None:
    run(TINY, tmp_path)
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(ConfigError, match="has 32 positions already; expected more"):
        run(override(TINY, ["positions=8"]), tmp_path, resume=True)
    assert (tmp_path / "run.json").read_bytes() == before


def test_a_complete_run_is_measured_anew_on_other_positions(tmp_path: Path) -> None:
    run(TINY, tmp_path)
    log = tmp_path / "metrics.jsonl"
    before = log.read_text().splitlines()
    run(TINY, tmp_path, resume=True)
    assert log.read_text().splitlines() == before
    run(override(TINY, ["validation_positions=16"]), tmp_path, resume=True)
    after = log.read_text().splitlines()
    assert after[: len(before)] == before
    assert [json.loads(line)["kind"] for line in after[len(before) :]] == ["validation"]


def test_the_rest_behind_the_last_entry_is_logged_at_the_end(tmp_path: Path) -> None:
    run(override(TINY, ["log_every=24"]), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["positions"] for line in lines if line["kind"] == "train"] == [24, 32]


def test_checkpoints_without_a_description_are_not_overwritten(tmp_path: Path) -> None:
    run(TINY, tmp_path)
    (tmp_path / "run.json").unlink()
    with pytest.raises(ConfigError, match="already holds a run"):
        run(TINY, tmp_path)
    assert len(checkpoints(tmp_path)) == 1


def test_a_page_that_cannot_be_written_ends_no_training(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    listener = Listener()
    assert run(TINY, tmp_path, progress=listener).positions == 32
    assert any("going on without the page of the run" in line for line in listener.said)


def test_a_file_in_the_place_of_the_tensorboard_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").touch()
    with pytest.raises(OutputError, match=r"cannot write .*tensorboard"):
        run(TINY, tmp_path)


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path: Path) -> None:
    whole = run(TINY, tmp_path)
    wanted = saved_tensors(tmp_path)
    import shutil

    shutil.rmtree(checkpoints(tmp_path)[-1])
    again = run(TINY, tmp_path, resume=True)
    assert again.positions == whole.positions
    assert saved_tensors(tmp_path) == wanted


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    config = override(TINY, ["lr=1000", "normalization=none", "clip_norm=0", "positions=8000"])
    with pytest.raises(TrainingError, match=r"after .* positions; try a lower lr"):
        run(config, tmp_path)


def test_metrics_have_one_line_per_entry_after_a_resume(tmp_path: Path) -> None:
    import signal

    run(TINY, tmp_path, StopAfter(1, signal.SIGINT))
    run(TINY, tmp_path, resume=True)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    seen = [line["positions"] for line in lines if line["kind"] == "train"]
    assert seen == [8, 16, 24, 32]
    assert [line["positions"] for line in lines if line["kind"] == "validation"] == [16, 32]


def test_the_choice_of_formats_is_measured_recorded_and_kept(tmp_path: Path) -> None:
    import signal

    config = override(TINY, ["precision=auto", "memory_format=auto"])
    first = run(config, tmp_path, StopAfter(0, signal.SIGINT))
    recorded = json.loads((tmp_path / "run.json").read_text())["compute"]
    assert recorded["precision"] == first.compute.precision
    assert run(config, tmp_path, resume=True).compute == first.compute


def test_a_run_with_a_damaged_description_is_one_clear_error(tmp_path: Path) -> None:
    run(override(TINY, ["validation_positions=0", "positions=8"]), tmp_path)
    path = tmp_path / "run.json"
    values = json.loads(path.read_text())
    wrongs: tuple[Any, ...] = (None, 7, "x", {"x": 1}, [[]], [{"from": "0", "processes": 1}])
    for field in ("config", "store", "store_path", "compute", "sittings", "format"):
        for wrong in wrongs:
            if (field, wrong) != ("store_path", "x"):
                path.write_text(json.dumps(values | {field: wrong}))
                with pytest.raises(ConfigError):
                    run(resumed_config(tmp_path, []), tmp_path, resume=True)
