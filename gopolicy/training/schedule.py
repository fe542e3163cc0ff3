"""How far a run is, and the learning rate that goes with it.

A run that has a number of positions is as far as its share of them; one that has so many minutes
is as far as its share of those, so that the rate comes down in time whatever else the machine does.
"""

import math
import time

from gopolicy.training.config import TrainConfig


class RunClock:
    """The share of a run that is over, from 0 to 1; it never falls."""

    def __init__(self, config: TrainConfig, elapsed: float, begun: float) -> None:
        """Go on after so many seconds of earlier sessions; begun is by `time.perf_counter`."""
        self._config, self._before, self._begun = config, elapsed, begun
        self._reserves: dict[str, float] = {}
        self._share = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds that all sessions of the run took so far, measurements included."""
        return self._before + time.perf_counter() - self._begun

    @property
    def left(self) -> float:
        """Seconds until a run that has so many minutes is over; infinite for another."""
        minutes = self._config.minutes
        return max(60 * minutes - self.elapsed, 0.0) if minutes else math.inf

    def reserve(self, what: str, seconds: float) -> None:
        """Keep time for something that also comes after the last step: the longest it has taken."""
        self._reserves[what] = max(self._reserves.get(what, 0.0), seconds)

    def share(self, step: int) -> float:
        """Return the share that is over after so many steps."""
        if not self._config.minutes:
            return step / self._config.steps
        whole = 60 * self._config.minutes
        seconds = max(whole - sum(self._reserves.values()), 0.5 * whole)
        self._share = max(self._share, self.elapsed / seconds)
        return min(self._share, 1.0)


def learning_rate(config: TrainConfig, step: int, share: float | None = None) -> float:
    """Return the learning rate of a step, counted from 0, when so much of the run is over.

    Without share the run is as far as its steps.
    """
    warmup = min(-(-config.warmup // config.batch_size), config.steps)
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    over = step / config.steps if share is None or not config.minutes else share
    begun = warmup / config.steps if share is None or not config.minutes else 0.0
    done = (over - begun) / max(1.0 - begun, 1e-9)
    return config.lr * _factor(config, min(done, 1.0), over)


def _factor(config: TrainConfig, done: float, share: float) -> float:
    """Return the share of the highest rate; done is counted after the warm-up, share from 0."""
    if config.schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * done))
    if config.schedule == "linear":
        return 1.0 - done
    if config.schedule == "wsd":
        return min(1.0, max(0.0, 1.0 - share) / config.decay_share)
    if config.schedule == "halving":
        return float(0.5 ** int(share * config.positions / config.halve_every))
    return 1.0
