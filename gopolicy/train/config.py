"""The settings of a training run, and how text changes a setting."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.nets.network import Setting
from gopolicy.nets.registry import default_settings, unknown

CHOICES = {
    "schedule": ("cosine", "linear", "wsd", "halving", "constant"),
    "precision": ("auto", "fp32", "bf16"),
    "memory_format": ("auto", "channels_last", "contiguous"),
}
"""The words that some settings are limited to."""

EXTENDABLE = {
    "positions",
    "mix",
    "lr",
    "label_smoothing",
    "schedule",
    "decay_share",
    "halve_every",
    "forget_history",
    "validation_positions",
    "validation_every",
    "validation_source",
    "checkpoint_minutes",
    "log_every",
    "loader_threads",
}
"""What may change when a run goes on; anything else would make it another run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides what a run learns; two equal ones on one store train alike."""

    network: str = "alphago"
    """The network, by name."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Settings of the network; those left out keep their defaults."""
    planes: str = "alphago48"
    """The plane set, by name."""
    start: str = ""
    """A weight folder, by name or path, whose network the run begins with; empty: random weights.
    Network, settings and planes are then those of the weights."""
    equivariant: bool = False
    """Tie kernels in eights, so that a turned board gets the turned answer; what is kept is an
    ordinary network (`gopolicy.nets.equivariance`)."""
    positions: int = 2_000_000
    """Positions to train on in all; the schedule is planned over them."""
    batch_size: int = 128
    """Positions per step, summed over all processes."""
    seed: int = 1
    """Decides the first weights and the order of positions."""
    mix: Mapping[str, float] = field(default_factory=dict)
    """Weights of the sources, such as kgs-6d=2,tygem-9d=1; empty: every position counts alike."""
    forget_history: float = 0.0
    """Share of the positions shown as if every stone had been played eight turns ago or earlier,
    so that the network also learns to do without history."""
    optimizer: str = "adamw"
    """How gradients become steps, by name."""
    lr: float = 0.005
    """The learning rate at its highest."""
    momentum: float = 0.9
    """Nesterov momentum of SGD; beta 1 of AdamW.  Muon's own is 0.95."""
    beta2: float = 0.99
    """Memory of squared gradients in AdamW."""
    weight_decay: float = 0.01
    """Pull of the weights to zero; biases and normalizations are left alone."""
    clip_norm: float = 1.0
    """Longest gradient, as the norm over all parameters; 0 for any."""
    label_smoothing: float = 0.0
    """Share of the probability that the target spreads over all points."""
    warmup: int = 50_000
    """Positions during which the learning rate rises from zero."""
    schedule: str = "cosine"
    """What follows: cosine or linear to zero, constant, wsd (constant, then linear to zero), or
    halving (again and again)."""
    decay_share: float = 0.25
    """Share of all positions in which wsd goes down to zero."""
    halve_every: int = 10_000_000
    """Positions after which the schedule halving halves the rate."""
    ema: float = 0.0
    """Decay per step of a running average of the weights, which is then what is kept; 0: none."""
    precision: str = "auto"
    """fp32, bf16 (autocast), or auto: the faster one, measured at the start."""
    memory_format: str = "auto"
    """channels_last, contiguous, or auto: the faster one, measured at the start."""
    validation_positions: int = 10_000
    """Positions of the validation split that accuracy is measured on, always the same; 0: none."""
    validation_every: int = 500_000
    """Training positions between two such measurements; there is always one at the end."""
    validation_source: str = ""
    """Measure on this source only."""
    checkpoint_minutes: float = 4.0
    """Minutes between two checkpoints."""
    log_every: int = 12_800
    """Training positions between two entries in the logs."""
    loader_threads: int = 0
    """Threads that prepare batches; 0 chooses."""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                found = getattr(self, name)
                raise ConfigError(f"expected {name} of {', '.join(choices)}, got {found!r}")
        for name in (
            "positions",
            "batch_size",
            "validation_every",
            "log_every",
            "lr",
            "halve_every",
        ):
            self._require(name, getattr(self, name) > 0, "above 0")
        for name in ("momentum", "beta2", "label_smoothing", "ema", "forget_history"):
            self._require(name, 0 <= getattr(self, name) < 1, "from 0 to below 1")
        for name in ("weight_decay", "clip_norm", "warmup", "checkpoint_minutes", "seed"):
            self._require(name, getattr(self, name) >= 0, "0 or more")
        for name in ("validation_positions", "loader_threads"):
            self._require(name, getattr(self, name) >= 0, "0 or more")
        self._require("decay_share", 0 < self.decay_share <= 1, "above 0 and at most 1")
        for source, weight in self.mix.items():
            if not weight > 0:
                raise ConfigError(f"expected the weight of {source} in mix above 0, got {weight}")

    def _require(self, name: str, holds: bool, range_: str) -> None:
        """Refuse a value out of its range."""
        if not holds:
            raise ConfigError(f"expected {name} {range_}, got {getattr(self, name)}")

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return -(-self.positions // self.batch_size)


_FIELDS = {f.name: f for f in dataclasses.fields(TrainConfig)}
_DEFAULTS = TrainConfig()


def override(config: TrainConfig, changes: Iterable[str]) -> TrainConfig:
    """Return config with changes such as ``lr=0.01`` or ``filters=64``, a setting of the network.

    Numbers may end in k or M (thousands, millions).  With another network, the settings that it
    does not have are dropped.
    """
    texts = dict(_split(change) for change in changes)
    network = texts.get("network", config.network)
    known = default_settings(network)
    values: dict[str, Any] = {}
    settings = {key: value for key, value in config.settings.items() if key in known}
    for key, text in texts.items():
        if key in known:
            settings[key] = guess(text)
        elif key in _FIELDS and key != "settings":
            values[key] = _parse(key, text, getattr(_DEFAULTS, key))
        else:
            raise ConfigError(unknown("setting", key, [*_FIELDS, *known]))
    return dataclasses.replace(config, **values, settings=settings)


def _split(change: str) -> tuple[str, str]:
    """Split ``key=value``; dashes in the key count as underscores."""
    key, equals, text = change.partition("=")
    if not equals:
        raise ConfigError(f"expected KEY=VALUE, got {change!r}")
    return key.strip().replace("-", "_"), text.strip()


def to_json(config: TrainConfig) -> dict[str, Any]:
    """Return config as what JSON can hold."""
    return dataclasses.asdict(config)


def from_json(values: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that `to_json` wrote; unknown fields are an error."""
    unknown = sorted(values.keys() - _FIELDS.keys())
    if unknown:
        raise ConfigError(f"the run has a setting {unknown[0]!r} that this version does not know")
    return TrainConfig(**values)


def check_continues(before: TrainConfig, now: TrainConfig) -> dict[str, Any]:
    """Return the settings that change when a run goes on; refuse those that cannot."""
    pairs = {name: (getattr(before, name), getattr(now, name)) for name in _FIELDS}
    changed = {name: new for name, (old, new) in pairs.items() if old != new}
    for name in changed.keys() - EXTENDABLE:
        old, new = pairs[name]
        raise ConfigError(f"this run began with {name} {old!r}; it cannot go on with {new!r}")
    return changed


def _parse(key: str, text: str, default: object) -> Any:
    """Read text as a value of the same kind as default."""
    try:
        if isinstance(default, Mapping):
            return _parse_mapping(key, text)
        if isinstance(default, bool):
            return _parse_truth(key, text)
        if isinstance(default, int):
            return _parse_int(text)
        return float(text) if isinstance(default, float) else text
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ConfigError(f"expected {key} to be {kind}, got {text!r}") from None


def _parse_truth(key: str, text: str) -> bool:
    """Read true or false."""
    if text.lower() not in ("true", "false"):
        raise ConfigError(f"expected {key} to be true or false, got {text!r}")
    return text.lower() == "true"


def _parse_int(text: str) -> int:
    """Read a whole number, with k or M for thousands or millions."""
    match = re.fullmatch(r"([+-]?[\d_]+(?:\.\d+)?)([kM]?)", text)
    if not match:
        raise ValueError(text)
    value = float(match[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[match[2]]
    if value != int(value):
        raise ValueError(text)
    return int(value)


def _parse_mapping(key: str, text: str) -> dict[str, float]:
    """Read ``name=number,name=number``."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ConfigError(f"expected {key} as NAME=VALUE,NAME=VALUE, got {text!r}")
    return {name.strip(): float(value) for name, _, value in pairs}


def guess(text: str) -> Setting:
    """Read a value whose kind is not known: a truth value, a number or a word."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
