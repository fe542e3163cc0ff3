"""Beginning a run in an empty folder, and finding one again to continue it."""

import dataclasses
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from gopolicy.errors import ConfigError, OutputError
from gopolicy.files import check_folder
from gopolicy.nets.weights import find_weights, read_info
from gopolicy.progress import Progress
from gopolicy.train.batches import Source
from gopolicy.train.checkpoint import last_step
from gopolicy.train.compute import Compute, choose_compute
from gopolicy.train.config import TrainConfig, check_continues, from_json, override, to_json
from gopolicy.train.journal import DESCRIPTION, describe_run, read_run, write_run
from gopolicy.train.world import World


def resumed_config(run: Path, changes: list[str]) -> TrainConfig:
    """Return the settings of the run in a folder, with the few changes that a run can take."""
    before = from_json(read_run(run)["config"])
    now = override(before, changes)
    check_continues(before, now)
    return now


def started_config(base: TrainConfig, changes: list[str]) -> TrainConfig:
    """Return base with changes; where it starts from weights, with the network of those weights.

    `ConfigError` where the changes ask for another network than the weights are of.
    """
    config = override(base, changes)
    if not config.start:
        return config
    info = read_info(find_weights(config.start))
    started = dataclasses.replace(
        config, network=info.network, settings=info.settings, planes=info.plane_set
    )
    if override(started, changes) != started:
        raise ConfigError(f"the network is that of {config.start}; leave its settings out")
    return started


def check_vacant(run: Path) -> None:
    """Refuse a folder that a run lives in, or that cannot be one."""
    check_folder(run)
    if (run / DESCRIPTION).exists():
        raise ConfigError(f"{run} already holds a run; continue it with --resume or choose another")


def check_resumable(recipe: str | None) -> None:
    """Refuse a recipe where the settings come from the run."""
    if recipe is not None:
        raise ConfigError("--resume takes its settings from the run; leave --recipe out")


def begin_run(
    run: Path, config: TrainConfig, source: Source, network: nn.Module, world: World
) -> tuple[Compute, str]:
    """Create the folder of a run; return how to compute and a line on why."""
    if world.leads:
        check_vacant(run)
    compute, why = choose_compute(config, network, source.planes, source.size, world.device)
    compute = world.agree(compute)
    world.wait()  # everybody has found the folder vacant
    if world.leads:
        try:
            run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {run}: {error.strerror or error}") from error
        facts = {"sittings": [{"from": 0, "processes": world.size}]}
        _describe(run, config, source, compute, facts | {"device": str(world.device)})
    return compute, why


def continue_run(run: Path, config: TrainConfig, source: Source, world: World) -> Compute:
    """Check that the run in a folder is this one; return how it computes."""
    before = read_run(run)
    if before["store"] != source.digest:
        raise ConfigError(
            f"{run} was trained on store {before['store'][:12]}, this is {source.digest[:12]}"
        )
    changed = check_continues(from_json(before["config"]), config)
    done = last_step(run) * config.batch_size
    sittings = [*before.get("sittings", []), {"from": done, "processes": world.size} | changed]
    compute = Compute(**before["compute"])
    world.wait()  # nobody writes before everybody has read
    if world.leads:
        facts = {"sittings": sittings, "device": str(world.device)}
        _describe(run, config, source, compute, facts)
    return compute


def announce(compute: Compute, why: str, network: Any, progress: Progress) -> None:
    """Say what is about to be trained."""
    settings = ", ".join(f"{key} {value}" for key, value in network.settings.items())
    progress.message(f"{network.name} ({settings}): {network.parameter_count:,} parameters")
    progress.message(why or f"computing in {compute.precision}, {compute.memory_format}")


def _describe(
    run: Path, config: TrainConfig, source: Source, compute: Compute, facts: dict[str, Any]
) -> None:
    """Write run.json."""
    description = describe_run(
        config=to_json(config),
        store=source.digest,
        size=source.size,
        compute=asdict(compute),
        **facts,
    )
    write_run(run, description)
