"""Settings that belong together, by name: what ``--recipe`` chooses from."""

from dataclasses import replace

from gopolicy.errors import ConfigError
from gopolicy.nets.network import Setting
from gopolicy.nets.registry import unknown
from gopolicy.train.config import TrainConfig

_TIED = TrainConfig(network="alphago-res", equivariant=True, optimizer="muon", lr=0.006)
_NIGHT: dict[str, Setting] = {"filters": 96, "layers": 11, "normalization": "batch", "pooled": 32}

RECIPES: dict[str, TrainConfig] = {
    "default": TrainConfig(),
    "quick": replace(
        _TIED,
        settings={"filters": 32, "layers": 5, "normalization": "batch"},
        planes="alphago20",
        positions=60_000,
        warmup=5_000,
        validation_positions=2_000,
        validation_every=20_000,
        log_every=2_560,
    ),
    "cpu-evening": replace(
        _TIED,
        settings={"filters": 64, "layers": 9, "normalization": "batch", "pooled": 32},
        positions=4_000_000,
        weight_decay=0.02,
        warmup=20_000,
        schedule="wsd",
        decay_share=0.5,
    ),
    "cpu-night": replace(
        _TIED,
        settings=_NIGHT,
        positions=6_000_000,
        weight_decay=0.02,
        warmup=20_000,
        schedule="wsd",
        decay_share=0.4,
        ema=0.999,
    ),
    "gpu-hour": replace(
        _TIED,
        settings={"filters": 192, "layers": 15, "normalization": "batch", "pooled": 64},
        positions=40_000_000,
        batch_size=1024,
        lr=0.01,
        weight_decay=0.02,
        warmup=500_000,
        schedule="wsd",
        decay_share=0.4,
        ema=0.999,
        validation_every=4_000_000,
    ),
    "alphago-2016": TrainConfig(
        settings={"filters": 192, "layers": 12, "normalization": "none"},
        positions=340_000_000 * 16,
        batch_size=16,
        optimizer="sgd",
        lr=0.003,
        momentum=0.0,
        weight_decay=0.0,
        clip_norm=0.0,
        warmup=0,
        schedule="halving",
        halve_every=80_000_000 * 16,
        validation_every=16_000_000,
    ),
}
"""quick: a minute or so, to see that everything works.  cpu-evening and cpu-night: two hours and a
night on 2 cores; `weights/LOG.md` tells how far the latter has come.  gpu-hour: the same on a GPU,
with more of everything; not tried on one yet.  alphago-2016: the schedule of Silver et al. 2016, in
Methods."""


def recipe(name: str) -> TrainConfig:
    """Return the recipe called name."""
    if name not in RECIPES:
        raise ConfigError(unknown("recipe", name, list(RECIPES)))
    return RECIPES[name]
