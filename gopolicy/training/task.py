"""What a run is asked for and what comes out of it."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gopolicy.training.batches import PositionSource
from gopolicy.training.compute import Compute
from gopolicy.training.config import HITS, TrainConfig
from gopolicy.training.world import World


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result:
    """What a session of training came to; `load` takes it like a path."""

    positions: int
    """Positions seen in the whole run so far."""
    seconds: float
    """Time spent training in the whole run so far, measurements left out."""
    positions_per_second: float
    """Speed of this session."""
    wait_share: float
    """Share of this session's training time lost in waiting for data."""
    validation: dict[str, float]
    """The last measurement: top1, nll, positions."""
    weights: Path
    """The weight folder."""
    compute: Compute
    """The formats it computed in."""
    objective: str = "moves"
    """What was learned: moves or outcome."""
    relayout: bool = False
    """Whether the session ended early because another layout is faster by now."""
    signal: int = 0
    """The signal that ended the session early, such as 2 for Ctrl-C, or 0."""

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before its planned end; ``train(..., resume=True)`` goes on."""
        return self.signal != 0

    def __repr__(self) -> str:
        """Return how far it came, in one line."""
        top1 = self.validation.get("top1")
        found = "" if top1 is None else f", validation {HITS[self.objective]} {top1:.1%}"
        stopped = f", stopped by {signal.Signals(self.signal).name}" if self.stopped else ""
        return f"<Result: {self.positions:,} positions{found}, weights in {self.weights}{stopped}>"

    def __fspath__(self) -> str:
        """Return the weight folder, so that a result can be loaded like a path."""
        return str(self.weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to train on what, and where it goes."""

    config: TrainConfig
    """The settings."""
    source: PositionSource
    """The positions."""
    out: Path
    """The folder of the run."""
    world: World
    """The processes that share the work."""
    recheck: Callable[[], bool] | None = None
    """Called when the speed has halved: tries again what is fastest, and says whether the session
    should end, to go on in another layout."""
    begun: float = field(default_factory=time.perf_counter)
    """When the time of a run that has so many minutes began to count, by `time.perf_counter`."""
