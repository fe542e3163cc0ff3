"""Beginning a run in an empty folder, and finding one again to continue it."""

import dataclasses
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from gopolicy.errors import ConfigError, OutputError
from gopolicy.files import check_folder
from gopolicy.nets.equivariance import keeps_when_tied
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.weight_info import find_weights, read_info, shipped_root
from gopolicy.nets.weights import load_weights
from gopolicy.policy.other_sizes import at_size
from gopolicy.progress import Progress
from gopolicy.settings import split_setting
from gopolicy.training.batches import PositionSource
from gopolicy.training.checkpoint import checkpoints, last_step
from gopolicy.training.compute import Compute, choose_compute, compute_from_json
from gopolicy.training.config import TrainConfig, check_continues, from_json, override, to_json
from gopolicy.training.journal import DESCRIPTION, METRICS, describe_run, read_run, write_run
from gopolicy.training.world import World

UNTIED = "the kernels of {} were not tied, and tying would overwrite most; set equivariant=false"
"""Why weights may not go on with tied kernels."""


def resumed_config(run: Path, changes: list[str]) -> TrainConfig:
    """Return the settings of the run in a folder, with the few changes that a run can take."""
    now = _with_found_teacher(override(kept_config(run), changes))
    check_continues(kept_config(run), now)
    return now


def kept_config(run: Path) -> TrainConfig:
    """Return the settings that a run was begun or last continued with."""
    description = read_run(run)
    kind = str(description.get("kind", "train"))
    if kind != "train":
        raise ConfigError(f"{run} holds a run of gopolicy {kind:.40}; continue it with that")
    return from_json(description["config"])


def kept_stores(run: Path) -> list[tuple[Path, float | None]]:
    """Return where the stores lie that a run was last trained on, and their weights.

    `ConfigError` where the run does not say so, or nothing is there any more.
    """
    found = _places(run)
    for path, _ in found:
        if path == Path():
            raise ConfigError(f"{run} does not say where its store is; give the store")
        if not os.path.isdir(path):  # Path.is_dir raises where a name is too long
            raise ConfigError(f"{run} was trained on {path}, which is no folder; give the store")
    return found


def kept_weights(run: Path, count: int) -> list[float | None]:
    """Return the weights of the stores of a run, for so many that lie elsewhere now."""
    weights = [weight for _, weight in _places(run)]
    return weights if len(weights) == count else [None] * count


def _places(run: Path) -> list[tuple[Path, float | None]]:
    """Return where the stores of a run were, and their weights."""
    description = read_run(run)
    places = description.get("stores", [[description.get("store_path", ""), None]])
    if not places or not all(_is_place(place) for place in places):
        raise ConfigError(f"{run / DESCRIPTION} is damaged: expected stores and their weights")
    return [(Path(path), weight) for path, weight in places]


def _is_place(place: Any) -> bool:
    """Return whether something a run says is the path of a store and its weight."""
    if not isinstance(place, list) or len(place) != 2 or not isinstance(place[0], str):
        return False
    return place[1] is None or (isinstance(place[1], int | float) and place[1] > 0)


def started_config(base: TrainConfig, changes: list[str]) -> TrainConfig:
    """Return base with changes; where it starts from weights, with the network of those weights.

    Kernels that were not tied stay free.  `ConfigError` where the changes ask for another network
    than the weights are of, or for ties that would overwrite what it has learned.
    """
    config = override(base, changes)
    if not config.start:
        return _with_found_teacher(config)
    known = load_weights(config.start)
    info = known.info
    tied = config.equivariant and keeps_when_tied(known.network)
    if "equivariant" in dict(map(split_setting, changes)) and config.equivariant and not tied:
        raise ConfigError(UNTIED.format(config.start))
    started = dataclasses.replace(
        config,
        network=info.network,
        settings=info.settings,
        planes=info.plane_set,
        equivariant=tied,
    )
    again = override(started, changes)
    asked = again.network, again.settings, again.planes
    if asked != (info.network, info.settings, info.plane_set):
        raise ConfigError(f"the network is that of {config.start}; leave its settings out")
    return _with_found_teacher(dataclasses.replace(started, start=_found(config.start)))


def _with_found_teacher(config: TrainConfig) -> TrainConfig:
    """Return config with the path of its teacher made absolute."""
    return dataclasses.replace(config, teacher=config.teacher and _found(config.teacher))


def _found(weights: str) -> str:
    """Return the path of weights made absolute, or a name: a run goes on from anywhere."""
    folder = find_weights(weights)
    return weights if folder == shipped_root() / weights else str(folder.absolute())


def check_vacant(run: Path) -> None:
    """Refuse a folder that a run lives in, or that cannot be one."""
    check_folder(run)
    if _has_begun(run):
        raise ConfigError(f"{run} already holds a run; resume it or choose another folder")


def _has_begun(run: Path) -> bool:
    """Return whether anything has been learned in a run, or logged."""
    log = run / METRICS
    return bool(checkpoints(run)) or (log.exists() and log.stat().st_size > 0)


def check_resumable(recipe: str | None) -> None:
    """Refuse a recipe where the settings come from the run."""
    if recipe is not None:
        raise ConfigError("--resume takes its settings from the run; leave --recipe out")


def begin_run(
    run: Path, config: TrainConfig, source: PositionSource, network: nn.Module, world: World
) -> tuple[Compute, str]:
    """Create the folder of a run; return how to compute and a line on why."""
    compute, why = make_run(run, config, network, (source.planes, source.size), world)
    if world.leads:
        facts = {"sittings": [{"from": 0, "processes": world.size}]}
        _describe(run, config, source, compute, facts | {"device": str(world.device)})
    return compute, why


def make_run(
    run: Path, config: TrainConfig, network: nn.Module, shape: tuple[int, int], world: World
) -> tuple[Compute, str]:
    """Make a vacant folder, choose how to compute with planes of a shape, and say why."""
    if world.leads:
        check_vacant(run)
    compute, why = choose_compute(config, network, *shape, world.device)
    compute = world.agree(compute)
    world.wait()  # everybody has found the folder vacant
    if world.leads:
        try:
            run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {run}: {error.strerror or error}") from error
    return compute, why


def continue_run(
    run: Path, config: TrainConfig, source: PositionSource, world: World
) -> tuple[Compute, set[str]]:
    """Check that the run in a folder is this one; return how it computes and what changes."""
    before = read_run(run)
    if before["store"] != source.digest:
        raise ConfigError(
            f"{run} was trained on store {before['store'][:12]}, this is {source.digest[:12]}"
        )
    changed = check_continues(from_json(before["config"]), config)
    done = last_step(run) * config.batch_size
    if config.steps * config.batch_size < done and not config.minutes:
        raise ConfigError(f"{run} has {done:,} positions already; expected more, or no number")
    sittings = [*before.get("sittings", []), {"from": done, "processes": world.size} | changed]
    compute = compute_from_json(before["compute"])
    world.wait()  # nobody writes before everybody has read
    if world.leads:
        facts = {"sittings": sittings, "device": str(world.device)}
        _describe(run, config, source, compute, facts)
    return compute, set(changed)


def announce(compute: Compute, why: str, network: Any, progress: Progress) -> None:
    """Say what is about to be trained."""
    settings = ", ".join(f"{key} {value}" for key, value in network.settings.items())
    progress.message(f"{network.name} ({settings}): {network.parameter_count:,} parameters")
    progress.message(why or f"computing in {compute.precision}, {compute.memory_format}")


def begin_with(config: TrainConfig, network: PolicyNetwork, progress: Progress) -> None:
    """Fill a network with the weights that a run starts from, and say what becomes of them.

    `ConfigError` for those that are bound to boards of another size.
    """
    known = load_weights(config.start).network
    network.load_state_dict(at_size(known, network.size).state_dict())
    announce_start(config.start, network.size, progress, fresh=config.objective == "outcome")
    if not config.equivariant:
        progress.message(f"the kernels of {config.start} go on without ties")


def announce_start(start: str, size: int, progress: Progress, *, fresh: bool = False) -> None:
    """Say what a run that starts from weights changes of them: the size, and what is not kept.

    fresh: a new head that tells who wins is learned.
    """
    if not start:
        return
    info = read_info(find_weights(start))
    if info.size != size:
        progress.message(f"{start} is carried over from {info.size}x{info.size} to {size}x{size}")
    if info.outcome:
        then = ": a fresh one is learned" if fresh else ""
        progress.message(f"the outcome head of {start} is not kept{then}")


def _describe(
    run: Path, config: TrainConfig, source: PositionSource, compute: Compute, facts: dict[str, Any]
) -> None:
    description = describe_run(
        config=to_json(config),
        store=source.digest,
        store_path=str(source.places[0][0].absolute()),
        stores=[[str(path.absolute()), weight] for path, weight in source.places],
        size=source.size,
        compute=asdict(compute),
        **facts,
    )
    write_run(run, description)
