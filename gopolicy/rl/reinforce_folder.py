"""The folder of a run of policy gradient: beginning one and finding one again.

Beside what `gopolicy train` leaves there (run.json, metrics.jsonl, checkpoints, weights) it holds
``pool`` with past selves and ``learning.png`` with the curves.
"""

import dataclasses
from dataclasses import asdict
from pathlib import Path

from gopolicy.errors import ConfigError
from gopolicy.features.planes import plane_set
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.weight_info import find_weights, read_info
from gopolicy.rl.reinforce_config import (
    ReinforceConfig,
    check_reinforce_continues,
    override_reinforce,
    reinforce_from_json,
    reinforce_to_json,
    split_changes,
)
from gopolicy.training.checkpoint import last_step
from gopolicy.training.compute import Compute, compute_from_json
from gopolicy.training.journal import describe_run, read_run, write_run
from gopolicy.training.run_folder import make_run, started_config
from gopolicy.training.world import World

_KIND = "reinforce"


def begun_reinforce(base: ReinforceConfig, changes: list[str]) -> ReinforceConfig:
    """Return base with changes; where it starts from weights, with their network and board size.

    `ConfigError` where the changes ask for another network than the weights are of.
    """
    own, others = split_changes(base, changes)
    learning = started_config(base.learning, others)
    if learning.start and "size" not in own:
        own["size"] = read_info(find_weights(learning.start)).size
    return dataclasses.replace(base, **own, learning=learning)


def resumed_reinforce(run: Path, changes: list[str]) -> ReinforceConfig:
    """Return the settings of the run in a folder, with the few changes that a run can take."""
    before = kept_reinforce(run)
    now = override_reinforce(before, changes)
    check_reinforce_continues(before, now)
    return now


def kept_reinforce(run: Path) -> ReinforceConfig:
    """Return the settings that a run was begun or last continued with."""
    description = read_run(run)
    if description.get("kind") != _KIND:
        raise ConfigError(f"{run} holds a run of gopolicy train; continue it with that")
    return reinforce_from_json(description["config"])


def begin_reinforce(
    run: Path, config: ReinforceConfig, network: PolicyNetwork, world: World
) -> tuple[Compute, str]:
    """Create the folder of a run; return how to compute and a line on why."""
    shape = plane_set(config.learning.planes).count, config.size
    compute, why = make_run(run, config.learning, network, shape, world)
    if world.leads:
        _describe(run, config, compute, [{"from": 0, "processes": world.size}])
    return compute, why


def continue_reinforce(run: Path, config: ReinforceConfig, world: World) -> Compute:
    """Note in the folder of a run that it goes on; return how it computes."""
    before = read_run(run)
    changed = check_reinforce_continues(kept_reinforce(run), config)
    done = last_step(run) * config.learning.batch_size
    compute = compute_from_json(before["compute"])
    world.wait()  # nobody writes before everybody has read
    if world.leads:
        sitting = {"from": done, "processes": world.size} | changed
        _describe(run, config, compute, [*before.get("sittings", []), sitting])
    return compute


def _describe(
    run: Path, config: ReinforceConfig, compute: Compute, sittings: list[dict[str, object]]
) -> None:
    """Write run.json."""
    description = describe_run(
        kind=_KIND,
        config=reinforce_to_json(config),
        store="",
        size=config.size,
        compute=asdict(compute),
        sittings=sittings,
    )
    write_run(run, description)
