"""The folder of a run of policy gradient: beginning one and finding one again.

Beside what `gopolicy train` leaves there (run.json, metrics.jsonl, checkpoints, weights) it holds
``pool`` with past selves and ``learning.png`` with the curves.
"""

import dataclasses
from dataclasses import asdict
from pathlib import Path

from gopolicy.errors import ConfigError
from gopolicy.features.planes import plane_set
from gopolicy.files import named
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.weight_info import DESCRIPTION, find_weights, read_info, shipped_root
from gopolicy.policy.policy import Policy
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
    return _with_found_judge(dataclasses.replace(base, **own, learning=learning))


def resumed_reinforce(run: Path, changes: list[str]) -> ReinforceConfig:
    """Return the settings of the run in a folder, with the few changes that a run can take."""
    before = kept_reinforce(run)
    now = _with_found_judge(override_reinforce(before, changes))
    check_reinforce_continues(before, now)
    return now


def _with_found_judge(config: ReinforceConfig) -> ReinforceConfig:
    """Return config with the path of its judge made absolute: a run goes on from anywhere."""
    if not config.judge:
        return config
    folder = named(config.judge)
    if not (folder / "weights" / DESCRIPTION).is_file():
        folder = find_weights(config.judge)
        if folder == shipped_root() / config.judge:
            return config
    return dataclasses.replace(config, judge=str(folder.absolute()))


def kept_reinforce(run: Path) -> ReinforceConfig:
    """Return the settings that a run was begun or last continued with."""
    description = read_run(run)
    if description.get("kind") != _KIND:
        raise ConfigError(f"{run} holds a run of gopolicy train; continue it with that")
    return reinforce_from_json(description["config"])


def begin_reinforce(
    run: Path,
    config: ReinforceConfig,
    network: PolicyNetwork,
    judge: Policy | None,
    world: World,
) -> tuple[Compute, str]:
    """Create the folder of a run; return how to compute and a line on why."""
    shape = plane_set(config.learning.planes).count, config.size
    compute, why = make_run(run, config.learning, network, shape, world)
    if world.leads:
        _describe(run, config, compute, judge, [{"from": 0, "processes": world.size}])
    return compute, why


def continue_reinforce(
    run: Path, config: ReinforceConfig, judge: Policy | None, world: World
) -> Compute:
    """Note in the folder of a run that it goes on; return how it computes.

    `ConfigError` where another network lies where the judge was.
    """
    before = read_run(run)
    changed = check_reinforce_continues(kept_reinforce(run), config)
    known = before.get("judge_sha256") or ""
    if judge and known and "judge" not in changed and judge.info.sha256 != known:
        raise ConfigError(
            f"the judge {config.judge} is another network than this run has learned from (sha256"
            f" {judge.info.sha256[:12]}, not {known!s:.12}); put that back, or call the new one"
            " otherwise"
        )
    done = last_step(run) * config.learning.batch_size
    compute = compute_from_json(before["compute"])
    world.wait()  # nobody writes before everybody has read
    if world.leads:
        sitting = {"from": done, "processes": world.size} | changed
        _describe(run, config, compute, judge, [*before.get("sittings", []), sitting])
    return compute


def _describe(
    run: Path,
    config: ReinforceConfig,
    compute: Compute,
    judge: Policy | None,
    sittings: list[dict[str, object]],
) -> None:
    """Write run.json."""
    description = describe_run(
        kind=_KIND,
        config=reinforce_to_json(config),
        store="",
        size=config.size,
        compute=asdict(compute),
        judge_sha256=judge.info.sha256 if judge else "",
        sittings=sittings,
    )
    write_run(run, description)
