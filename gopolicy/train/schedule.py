"""The learning rate as a pure function of the step."""

import math

from gopolicy.train.config import TrainConfig


def learning_rate(config: TrainConfig, step: int) -> float:
    """Return the learning rate of a step, counted from 0."""
    warmup = min(-(-config.warmup // config.batch_size), config.steps)
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    done = (step - warmup) / max(config.steps - warmup, 1)
    return config.lr * _factor(config, min(done, 1.0), step / config.steps)


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
