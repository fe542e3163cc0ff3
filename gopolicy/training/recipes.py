"""Settings that belong together, by name: what ``--recipe`` chooses from.

``gopolicy train`` without a recipe takes "default", whose size and positions
`gopolicy.training.planning` then fits to the time and the machine.
"""

from dataclasses import replace

from gopolicy.errors import UnknownName, unknown
from gopolicy.training.config import TrainConfig

_TIED = TrainConfig(network="alphago-res", equivariant=True, optimizer="muon", lr=0.006)
_EVENING = replace(
    _TIED,
    settings={"filters": 64, "layers": 9, "normalization": "batch", "pooled": 32},
    positions=4_000_000,
    weight_decay=0.02,
    warmup=20_000,
    schedule="wsd",
    decay_share=0.5,
)


class Recipes(dict[str, TrainConfig]):
    """Recipes by name; a name that is none gets an error that tells the nearest."""

    def __missing__(self, name: str) -> TrainConfig:
        """Raise UnknownName, which is a ConfigError and a KeyError."""
        raise UnknownName(unknown("recipe", name, self))

    def __repr__(self) -> str:
        """Return the names."""
        return f"<Recipes: {', '.join(self)}>"


_SETTINGS = {
    "default": replace(_EVENING, positions=1_000_000, minutes=60.0),
    "plain": TrainConfig(),
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
    "cpu-evening": _EVENING,
    "cpu-night": replace(
        _EVENING,
        settings={"filters": 96, "layers": 11, "normalization": "batch", "pooled": 32},
        positions=6_000_000,
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
RECIPES = Recipes(_SETTINGS)
"""The settings of each recipe."""

PURPOSES = {
    "default": "an hour, or as long as --hours says; a network that suits the machine's speed",
    "plain": "the network of 2016 with plain settings, to start experiments from",
    "quick": "a minute or so, to see that everything works",
    "cpu-evening": "two hours on 2 cores",
    "cpu-night": "a night on 2 cores",
    "gpu-hour": "an hour on a GPU: a larger network, batches of 1,024; not tried on one yet",
    "alphago-2016": "the schedule of Silver et al. 2016, in Methods",
}
"""What each recipe is for.  How far cpu-night has come is told in ``weights/LOG.md``."""
