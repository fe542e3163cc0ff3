"""Settings that belong together, by name: what ``--recipe`` chooses from."""

from gopolicy.errors import ConfigError
from gopolicy.nets.network import Setting
from gopolicy.nets.registry import unknown
from gopolicy.train.config import TrainConfig

_SMALL: dict[str, Setting] = {"filters": 64, "layers": 8, "normalization": "batch"}

RECIPES: dict[str, TrainConfig] = {
    "default": TrainConfig(),
    "quick": TrainConfig(
        settings={"filters": 32, "layers": 4, "normalization": "batch"},
        planes="alphago20",
        positions=60_000,
        warmup=5_000,
        validation_positions=2_000,
        validation_every=20_000,
        log_every=2_560,
    ),
    "cpu-evening": TrainConfig(
        settings=_SMALL,
        positions=4_200_000,
        lr=0.004,
        warmup=60_000,
        schedule="wsd",
        decay_share=0.5,
    ),
}
"""quick: a minute or so, to see that everything works; cpu-evening: under two hours on 2 cores,
the settings that the shipped `alphago-64x8` was trained with."""


def recipe(name: str) -> TrainConfig:
    """Return the recipe called name."""
    if name not in RECIPES:
        raise ConfigError(unknown("recipe", name, list(RECIPES)))
    return RECIPES[name]
