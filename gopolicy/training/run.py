"""A whole run in one call: settings, source, processes and folder put together."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike

from gopolicy.data.store import Store, open_store
from gopolicy.errors import ConfigError, wrong_kind
from gopolicy.files import named
from gopolicy.progress import SILENT, Progress
from gopolicy.training.config import TrainConfig, check_continues
from gopolicy.training.loop import train_task
from gopolicy.training.planning import PACED, plan_run
from gopolicy.training.recipes import RECIPES
from gopolicy.training.run_folder import (
    check_vacant,
    kept_config,
    kept_stores,
    kept_weights,
    started_config,
)
from gopolicy.training.source import StoreSource, WeighedStore
from gopolicy.training.task import Result, Task
from gopolicy.training.world import World, open_world

Data = (
    Store | str | PathLike[str] | Sequence[tuple[Store | str | PathLike[str], float | None]] | None
)
"""What may be trained on."""


def train(
    store: Data,
    out: str | PathLike[str],
    config: TrainConfig | str | None = None,
    *,
    resume: bool = False,
    device: str = "auto",
    progress: Progress = SILENT,
) -> Result:
    """Train a network on a store into the folder of a run, or go on with the run that is there.

    store is an open one or its path, or a list of several with their weights: ``[(path, 1.0),
    (other, 0.5)]``; None instead of a weight counts as 1, or all are as frequent as they are large.

    config is the name of a recipe, or one of `RECIPES`, perhaps changed by `dataclasses.replace`.
    If None, the run takes an hour, and the size of its network is chosen by the speed of this
    machine.  With resume None stands for the store and the settings of the run, and config may
    differ from them only in what a run can change.  Started by ``torchrun``, the processes share
    the work.  SIGINT (Ctrl-C) and SIGTERM end it after a checkpoint: then `Result.stopped` is true,
    and a call with resume goes on.

    Raises ConfigError for impossible settings and for a folder that holds another run, StoreError
    for a damaged store, TrainingError where training diverges.
    """
    session = SessionOptions(resume=resume, choose_size=config is None, given=_chosen(config))
    with open_world(device) as world:
        return train_in(world, store, out, config, session, progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a session of training is begun."""

    resume: bool = False
    """Go on with the run that is in the folder."""
    choose_size: bool = False
    """Give the network of a run that has so many minutes another size than its settings say, by
    the speed of this machine."""
    rate: float | None = None
    """Positions per second that the settings reach as they are, where that was measured."""
    given: frozenset[str] = frozenset()
    """Settings that a plan for so many minutes leaves as they are."""
    recheck: Callable[[TrainConfig, StoreSource, World], bool] | None = None
    """What `Task.recheck` calls, with the settings, the positions and the processes."""
    begun: float = field(default_factory=time.perf_counter)
    """When its time began to count, by `time.perf_counter`."""


def train_in(
    world: World,
    store: Data,
    out: str | PathLike[str],
    config: TrainConfig | str | None,
    session: SessionOptions,
    progress: Progress = SILENT,
) -> Result:
    """Do what `train` does in a world that is open already."""
    run = named(out)
    progress = progress if world.leads else SILENT
    if isinstance(config, str):
        config = RECIPES[config]
    if not isinstance(config, TrainConfig | None):
        raise wrong_kind("a TrainConfig or the name of a recipe", config)
    if session.resume:
        before = kept_config(run)
        config = config or before
        check_continues(before, config)
        store = kept_stores(run) if store is None else store
    elif store is None:
        raise ConfigError("expected a store to train on; only a run that is resumed has one")
    else:
        if world.leads:
            check_vacant(run)
        config = started_config(config or RECIPES["default"], [])
    opened = _open(store)
    if session.resume and all(each.weight is None for each in opened):  # which were moved, say
        weights = kept_weights(run, len(opened))
        opened = [replace(each, weight=own) for each, own in zip(opened, weights, strict=True)]
    source = StoreSource(opened, config, world)
    if config.minutes and not session.resume:
        config = _planned(config, world, source, session, progress)
        source = StoreSource(opened, config, world)
    again = session.recheck
    task = Task(
        config=config,
        source=source,
        out=run,
        world=world,
        recheck=partial(again, config, source, world) if again else None,
        begun=session.begun,
    )
    return train_task(task, resume=session.resume, progress=progress)


def _open(data: Data) -> list[WeighedStore]:
    """Open the stores that are not open yet."""
    if isinstance(data, Store | str | PathLike):
        data = [(data, None)]
    kinds = "a store, its path, or a list of (store, weight)"
    if not isinstance(data, list | tuple) or not data:
        raise wrong_kind(kinds, data)
    for each in data:
        if not isinstance(each, tuple) or len(each) != 2:
            raise wrong_kind(kinds, data)
        if each[1] is not None and (not isinstance(each[1], int | float) or not each[1] > 0):
            raise wrong_kind("a weight above 0", each[1])
    return [
        WeighedStore(store if isinstance(store, Store) else open_store(store), weight)
        for store, weight in data
    ]


def _planned(
    config: TrainConfig,
    world: World,
    source: StoreSource,
    session: SessionOptions,
    progress: Progress,
) -> TrainConfig:
    """Return config with a number of positions, and perhaps a size, that suits its minutes."""
    plan = plan_run(
        config,
        world,
        (source.planes, source.size),
        supply=source.supply,
        choose_size=session.choose_size,
        rate=session.rate,
    )
    for line in plan.lines:
        progress.message(line)
    kept = {name: getattr(config, name) for name in PACED & session.given}
    return replace(plan.config, **kept)


def _chosen(config: TrainConfig | str | None) -> frozenset[str]:
    """Return the settings that no recipe has so: somebody chose them."""
    if not isinstance(config, TrainConfig):
        return frozenset()
    usual = RECIPES.values()
    return frozenset(
        name for name in PACED if getattr(config, name) not in {getattr(r, name) for r in usual}
    )
