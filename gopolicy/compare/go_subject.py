"""Games of Go as the subject of a comparison: a store, trained on by `gopolicy.training`.

The games of the validation split are dealt out in turn: by one half learning rates are chosen and
learning curves drawn; on the other half results are measured, so that no result was chosen by.
"""

import dataclasses
import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gopolicy.compare.frequency_baseline import FrequencyBaseline, shares_of
from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.subject import StoppedEarly
from gopolicy.compare.trial_result import Measured, TrialResult, Units
from gopolicy.data.loader import BatchLoader, LoaderOptions
from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.sampling import BatchPlan, ListedBatches
from gopolicy.data.selection import GameSelection
from gopolicy.data.store import Store, open_store
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.evaluation.accuracy import evaluate_tally, summarize
from gopolicy.features.planes import plane_set
from gopolicy.files import read_limited
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import EVENT_POINT_MASK
from gopolicy.nets.cost import multiply_adds
from gopolicy.nets.devices import pick_device
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.network_settings import NETWORK_SETTINGS, default_settings
from gopolicy.nets.registry import build_network
from gopolicy.nets.weight_info import TENSORS
from gopolicy.nets.weights import load_weights
from gopolicy.policy.policy import Policy
from gopolicy.progress import Progress
from gopolicy.settings import Setting, split_setting
from gopolicy.timing import Work
from gopolicy.training.batches import Batches
from gopolicy.training.config import TrainConfig, override, to_json
from gopolicy.training.divergence import TrainingError
from gopolicy.training.journal import DESCRIPTION, MAX_LOG, METRICS
from gopolicy.training.loop import train_task
from gopolicy.training.source import VALIDATION_BATCH, StoreSource
from gopolicy.training.task import Result, Task
from gopolicy.training.world import World

SERVED = 64
"""Positions in a batch when the speed of answering is measured."""
PROOFS = 16
"""Batches whose content goes into the hash of the order."""
CURVE = 16
"""Measurements along one training."""
GUESSED = 1_000_000
"""Training positions that say how often each point is played."""
DECIDED = {
    *("network", "start", "planes", "positions", "batch_size", "seed", "lr"),
    *("validation_positions", "validation_every"),
}
"""Settings of training that a comparison decides itself, most by its own options."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GoOptions:
    """How networks are trained and measured on games."""

    planes: str = "alphago48"
    batch_size: int = 128
    tuning_positions: int = 10_000
    """Positions by which learning rates are chosen and curves drawn."""
    measured_positions: int = 40_000
    """Positions on which results are measured."""
    changes: tuple[str, ...] = ()
    """Other settings of training, as KEY=VALUE."""
    device: str = "auto"


class GoSubject:
    """A store, and how networks learn from it."""

    key, example, unit = "go", "position", "game"

    def __init__(self, store: Store, options: GoOptions) -> None:
        self.store, self.options = store, options
        for change in options.changes:
            key, _ = split_setting(change)
            if key in DECIDED:
                raise ConfigError(f"{key} is decided by the comparison; see the other options")
            if any(key in default_settings(name) for name in NETWORK_SETTINGS):
                raise ConfigError(
                    f"{key} is a setting of networks; say of which: NETWORK.{key}=..."
                )
        held_out = store.split("validation")
        if len(held_out.games) < 4:
            raise ConfigError(
                f"{store.path} has {len(held_out.games)} games for validation, expected 4 or more;"
                " prepare it with a larger --validation"
            )
        self._tuning = _some(held_out, 0, options.tuning_positions)
        self._measured = _some(held_out, 1, options.measured_positions)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Planes and board side."""
        size = self.store.table.size
        return plane_set(self.options.planes).count, size, size

    @property
    def facts(self) -> dict[str, Any]:
        """What a report says about the data."""
        training = self.store.split("train")
        return {
            "store": self.store.digest,
            "batch size": self.options.batch_size,
            "sources": ", ".join(self.store.table.sources),
            "planes": self.options.planes,
            "training positions in the store": training.positions,
            "positions measured": len(self._measured),
            "positions that rates are chosen by": len(self._tuning),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return open_go_subject, (self.store.path, self.options)

    def spread(self, limit: int) -> Int64Array:
        """Return so many of the measured positions, evenly spread."""
        count = len(self._measured)
        return (
            self._measured if limit >= count else self._measured[np.arange(limit) * count // limit]
        )

    def defaults(self, network: str) -> dict[str, Setting]:
        """Return the settings of a registered network."""
        return default_settings(network)

    def build(self, spec: NetworkSpec) -> PolicyNetwork:
        """Return the network of a spec."""
        planes, size, _ = self.shape
        return build_network(spec.network, planes=planes, size=size, **spec.settings)

    def config(self, trial: Trial) -> TrainConfig:
        """Return the settings that a trial is trained with."""
        examples, batch = trial.examples, self.options.batch_size
        plain = TrainConfig(
            network=trial.spec.network,
            settings=dict(trial.spec.settings),
            planes=self.options.planes,
            positions=examples,
            batch_size=batch,
            seed=trial.seed,
            lr=trial.lr,
            warmup=examples // 20,
            validation_positions=len(self._tuning),
            validation_every=max(examples // CURVE, batch) if trial.final else examples + batch,
            log_every=max(min(12_800, examples // 50), batch),
        )
        return override(plain, self.options.changes)

    def trial_facts(self, trial: Trial) -> dict[str, Any]:
        """Return everything that decides what a trial comes to."""
        config = to_json(self.config(trial))
        settings = config.pop("settings")
        facts = {"store": self.store.digest, "measured_positions": len(self._measured)}
        network = {f"{trial.spec.network}.{key}": value for key, value in settings.items()}
        return config | network | facts

    def run(self, trial: Trial, folder: Path, progress: Progress) -> TrialResult:
        """Train in folder, measure, and clear away what only training needs."""
        config = self.config(trial)
        world = World(pick_device(self.options.device))
        source = _Source(self.store, config, world, self._tuning)
        task = Task(config=config, source=source, out=folder, world=world)
        try:
            result = train_task(task, resume=(folder / DESCRIPTION).exists(), progress=progress)
        except TrainingError as error:
            if trial.final:
                where = f"{folder}, learning rate {trial.lr:g}"
                raise TrainingError(f"{where}: {error}; give lower --learning-rates") from None
            return self._diverged(trial)
        if result.signal:
            raise StoppedEarly(result.signal)
        trial_result = self._trial_result(trial, result, folder, progress)
        for leftover in [*folder.glob("checkpoint-*"), folder / "tensorboard"]:
            shutil.rmtree(leftover, ignore_errors=True)
        if not trial.final:
            shutil.rmtree(folder / "weights", ignore_errors=True)
        return trial_result

    def policy(self, folder: Path) -> Policy:
        """Return the trained network in the folder of a run."""
        loaded = load_weights(folder / "weights")
        return Policy(
            loaded, device=self.options.device, backend="torch"
        )  # all by the same library

    def guesser(self) -> FrequencyBaseline:
        """Return who knows how often each point is played, seen from all 8 sides, and no more."""
        table = self.store.table
        played = _moves(table, self.store.split("train").spread(GUESSED))
        turned = symmetry_table(table.size).astype(np.int64)[:, played]
        return FrequencyBaseline(shares_of(turned.ravel(), table.size**2), table.size)

    def blind(self) -> Measured:
        """Return the figures of who never looks."""
        table, ids = self.store.table, self._measured
        return self.guesser().measured(_moves(table, ids), table.locate(ids).games)

    def serving(self, spec: NetworkSpec, folder: Path) -> Work:
        """Return the work of asking the network in folder about a batch of empty boards."""
        policy = self.policy(folder)
        planes = np.zeros((SERVED, *self.shape), np.int8)
        return Work(lambda: policy.log_probabilities(planes), SERVED)

    def _trial_result(
        self, trial: Trial, result: Result, folder: Path, progress: Progress
    ) -> TrialResult:
        with torch.device("meta"):
            network = self.build(trial.spec)
        return TrialResult(
            parameters=network.parameter_count,
            multiply_adds=multiply_adds(network, self.shape),
            bytes=(folder / "weights" / TENSORS).stat().st_size,
            examples=result.positions,
            seconds=result.seconds,
            order=self._order(trial),
            tuning={name: result.validation[name] for name in ("top1", "nll")},
            curve=read_curve(folder / METRICS),
            measured=self._measure(folder, progress) if trial.final else None,
        )

    def _diverged(self, trial: Trial) -> TrialResult:
        return TrialResult(
            parameters=0,
            multiply_adds=0,
            bytes=0,
            examples=trial.examples,
            seconds=0.0,
            order=self._order(trial),
            tuning={"top1": 0.0, "nll": math.inf},
            curve=[],
            measured=None,
        )

    def _measure(self, folder: Path, progress: Progress) -> Measured:
        tally, seconds = evaluate_tally(
            self.policy(folder), self.store.table, self._measured, progress=progress
        )
        report, games = summarize(tally, seconds), tally.by_game
        used = games.positions > 0
        return Measured(
            examples=report.positions,
            top1=report.top1,
            top5=report.top5,
            nll=report.nll,
            units=Units(
                counts=games.positions[used].tolist(),
                hits=games.hits[used].tolist(),
                nats=[round(float(nats), 4) for nats in games.nats[used]],
            ),
            by_phase=report.by_phase,
        )

    def _order(self, trial: Trial) -> str:
        """Return a hash of positions and symmetries in some batches of a trial."""
        config = self.config(trial)
        plan = BatchPlan(
            self.store.split("train"), config.batch_size, config.seed, config.mix or None
        )
        digest = hashlib.sha256()
        for k in np.unique(np.linspace(0, config.steps - 1, PROOFS, dtype=np.int64)):
            batch = plan.batch(int(k))
            digest.update(batch.position_ids.tobytes() + batch.symmetries.tobytes())
        return digest.hexdigest()[:16]


def open_go_subject(path: Path, options: GoOptions) -> GoSubject:
    """Return the subject of the store at path."""
    return GoSubject(open_store(path), options)


class _Source:
    """The training positions of a store with chosen positions for validation."""

    def __init__(self, store: Store, config: TrainConfig, world: World, tuning: Int64Array) -> None:
        self._inner = StoreSource(store, config, world)
        self.digest, self.places = store.digest, self._inner.places
        self.size, self.planes = self._inner.size, self._inner.planes
        self.openings = self._inner.openings
        self._store, self._config, self._tuning = store, config, tuning

    def training(self, first_batch: int) -> Batches:
        """Return the endless stream of training batches."""
        return self._inner.training(first_batch)

    def validation(self) -> Batches:
        """Return the chosen positions."""
        plan = ListedBatches(self._tuning, VALIDATION_BATCH)
        options = LoaderOptions(threads=self._config.loader_threads or None)
        return BatchLoader(
            self._store.table,
            plan,
            self._config.planes,
            stop_batch=len(plan),
            options=options,
        )


def read_curve(metrics: Path) -> list[dict[str, float]]:
    """Return examples, seconds of training, top1 and nll at each measurement in a run's log.

    ConfigError, which names the line, where the log is damaged.
    """
    curve: list[dict[str, float]] = []
    seconds = before = 0.0
    for number, line in enumerate(read_limited(metrics, MAX_LOG).splitlines(), 1):
        try:
            entry = json.loads(line)  # not parse_json: of too high a rate nll may be NaN
            positions = float(entry["positions"])
            if entry["kind"] == "train":
                seconds += (positions - before) / entry["positions_per_second"]
                before = positions
            else:
                point = {"examples": positions, "seconds": round(seconds, 2)}
                curve.append(point | {name: float(entry[name]) for name in ("top1", "nll")})
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            raise ConfigError(f"{metrics}, line {number}: cannot be read ({error})") from error
    return curve


def _moves(table: GameTable, ids: Int64Array) -> Int64Array:
    found = table.locate(ids)
    events = np.asarray(table.events)[found.starts + found.indices]
    points: Int64Array = (events & EVENT_POINT_MASK).astype(np.int64)
    return points


def _some(held_out: GameSelection, half: int, limit: int) -> Int64Array:
    """Return positions of every other game."""
    return GameSelection(held_out.table, held_out.games[half::2]).spread(limit)
