"""The source of batches that training uses: a prepared store."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gopolicy.data.joined import JoinedPlan, JoinedSelection, JoinedTables
from gopolicy.data.loader import BatchLoader, LoaderOptions
from gopolicy.data.sampling import BatchPlan, ListedBatches, Plan
from gopolicy.data.selection import GameSelection
from gopolicy.data.store import Store
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.features.planes import plane_set
from gopolicy.training.batches import Batches
from gopolicy.training.config import TrainConfig
from gopolicy.training.world import World

VALIDATION_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class WeighedStore:
    """A store, and how much of every batch comes from it."""

    store: Store
    weight: float | None = None
    """Relative to the others; None: as large as the store is, unless another has a weight."""


class StoreSource:
    """The positions of one store or several, mixed and shuffled as a config says."""

    def __init__(
        self, stores: Store | Sequence[WeighedStore], config: TrainConfig, world: World
    ) -> None:
        """Take a store, or several with their weights; ConfigError where they do not fit."""
        self.stores = [WeighedStore(stores)] if isinstance(stores, Store) else list(stores)
        opened = [each.store for each in self.stores]
        self.digest, self.size = _digest(opened), opened[0].table.size
        self.planes = plane_set(config.planes).count
        self._config = config
        self._options = LoaderOptions(
            threads=config.loader_threads or None,
            part=(world.rank, world.size),
            outcomes=config.objective == "outcome",
        )
        self._table: GameTable | JoinedTables
        self._learned: GameSelection | JoinedSelection
        self._held_out: GameSelection | JoinedSelection
        if len(opened) == 1:
            self._learned, self._held_out = opened[0].training, opened[0].validation
            self._table, self._plan = opened[0].table, self._plan_one(opened[0].training)
        else:
            joined = JoinedSelection(opened, "train")
            self._learned, self._held_out = joined, JoinedSelection(opened, "validation")
            self._table, self._plan = joined.table, self._plan_several(joined)
        if config.objective == "outcome" and not any(_tells_winners(each) for each in opened):
            names = ", ".join(str(each.path) for each in opened)
            raise ConfigError(f"no game of {names} has both a winner and a komi to learn from")
        if config.validation_source:
            self._held_out = self._held_out.from_source(config.validation_source)

    @property
    def places(self) -> list[tuple[Path, float | None]]:
        """Where the stores lie, and their weights."""
        return [(each.store.path, each.weight) for each in self.stores]

    @property
    def supply(self) -> int:
        """How many positions there are to learn from."""
        return self._learned.positions

    @property
    def openings(self) -> NDArray[np.uint32]:
        """Hashes of the openings of the games that are learned from."""
        learned = self._learned
        parts = learned.parts if isinstance(learned, JoinedSelection) else [learned]
        if self._config.mix:
            parts = [part.from_source(label) for part in parts for label in self._config.mix]
        return np.unique(
            np.concatenate([np.asarray(part.table.split_key)[part.games] for part in parts])
        )

    def training(self, first_batch: int) -> Batches:
        """Return the endless stream of training batches from first_batch on."""
        return BatchLoader(
            self._table,
            self._plan,
            self._config.planes,
            first_batch=first_batch,
            options=self._options,
        )

    def validation(self) -> Batches | None:
        """Return evenly spread positions of the validation split, or None where there are none."""
        chosen = self._held_out
        limit = min(self._config.validation_positions, chosen.positions)
        if not limit:
            return None
        plan = ListedBatches(chosen.spread(limit), VALIDATION_BATCH)
        return BatchLoader(
            self._table,
            plan,
            self._config.planes,
            stop_batch=len(plan),
            options=self._options,
        )

    def _plan_one(self, learned: GameSelection) -> Plan:
        config = self._config
        mix, forget = config.mix or None, config.forget_history
        return BatchPlan(learned, config.batch_size, config.seed, mix, forget=forget)

    def _plan_several(self, learned: JoinedSelection) -> Plan:
        config = self._config
        if config.mix:
            raise ConfigError("give weights to stores or to sources (mix), not to both")
        given = [each.weight for each in self.stores]
        if any(weight is not None for weight in given):
            weights = [1.0 if weight is None else weight for weight in given]
        else:
            weights = [float(part.positions) for part in learned.parts]
        forget = config.forget_history
        return JoinedPlan(learned, weights, config.batch_size, config.seed, forget=forget)


def _digest(stores: Sequence[Store]) -> str:
    """Return what names the content of stores."""
    if len(stores) == 1:
        return stores[0].digest
    return hashlib.sha256("".join(store.digest for store in stores).encode()).hexdigest()


def _tells_winners(store: Store) -> bool:
    """Say whether any game of a store has a winner and a komi."""
    table = store.table
    return bool(np.any((table.winner != 0) & ~np.isnan(table.komi)))
