"""The source of batches that training uses: a prepared store."""

from gopolicy.data.loader import BatchLoader, LoaderOptions
from gopolicy.data.sampling import BatchPlan, ListedBatches
from gopolicy.data.selection import GameSelection
from gopolicy.data.store import Store
from gopolicy.features.planes import plane_set
from gopolicy.train.batches import Batches
from gopolicy.train.config import TrainConfig
from gopolicy.train.world import World

VALIDATION_BATCH = 256


class StoreSource:
    """The positions of a store, mixed and shuffled as a config says."""

    def __init__(self, store: Store, config: TrainConfig, world: World) -> None:
        self.digest, self.size = store.digest, store.table.size
        self.planes = plane_set(config.planes).count
        self._store, self._config = store, config
        self._held_out = _held_out(store, config.validation_source)
        self._options = LoaderOptions(
            threads=config.loader_threads or None, part=(world.rank, world.size)
        )
        self._plan = BatchPlan(
            store.split("train"),
            config.batch_size,
            config.seed,
            config.mix or None,
            forget=config.forget_history,
        )

    def training(self, first_batch: int) -> Batches:
        """Return the endless stream of training batches from first_batch on."""
        return BatchLoader(
            self._store.table,
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
            self._store.table,
            plan,
            self._config.planes,
            stop_batch=len(plan),
            options=self._options,
        )


def _held_out(store: Store, source: str) -> GameSelection:
    """Return the games that accuracy is measured on, of one source or of all."""
    chosen = store.split("validation")
    return chosen.from_source(source) if source else chosen
