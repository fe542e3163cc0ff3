"""The settings of a training run, and how text changes a setting."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gopolicy.errors import ConfigError, unknown, wrong_kind
from gopolicy.nets.network_settings import default_settings
from gopolicy.ranges import MAX_AT_ONCE, MAX_BATCH, MAX_RATE, MAX_SEED, Range, shortened
from gopolicy.settings import Setting, read_like, split_setting, written

CHOICES = {
    "schedule": ("cosine", "linear", "wsd", "halving", "constant"),
    "precision": ("auto", "fp32", "bf16"),
    "memory_format": ("auto", "channels_last", "contiguous"),
    "objective": ("moves", "outcome"),
}
"""The words that some settings are limited to."""
HITS = {"moves": "top-1", "outcome": "winners named"}
"""What the figure top1 of a run is a share of, by objective."""
OPTIMIZER_NAMES = ("sgd", "adamw", "muon")
TIED_NETWORKS = ("alphago", "alphago-res")
"""The networks that can be equivariant."""

EXTENDABLE = {
    "positions",
    "minutes",
    "mix",
    "lr",
    "label_smoothing",
    "teacher",
    "teacher_weight",
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrainConfig:
    """Everything that decides what a run learns; two equal ones on one store train alike.

    The defaults here are the recipe "plain", not what ``gopolicy train`` does without options: that
    is the recipe "default" of `gopolicy.training.recipes`.
    """

    network: str = "alphago"
    """The network: alphago, alphago-res, dense or image."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Settings of the network; those left out keep their defaults."""
    planes: str = "alphago48"
    """The plane set, such as alphago48."""
    start: str = ""
    """Weights to begin with, by name or folder; empty: random ones.  Network, its settings and
    planes are then those of the weights."""
    objective: str = "moves"
    """What to learn: moves, or outcome.  Outcomes, that is who wins and whose points are whose, are
    learned by a second head on the network start, whose moves stay as they are unless moves_weight
    says otherwise; the head is a fresh one, whether start has one or not."""
    outcome_channels: int = 32
    """Channels of the head that learns outcomes."""
    outcome_pairs: int = 1
    """Pairs of 3x3 convolutions of that head."""
    result_weight: float = 1.0
    """Weight of who won, in the loss of outcomes."""
    ownership_weight: float = 2.0
    """Weight of whose every point was, in the loss of outcomes."""
    score_weight: float = 0.1
    """Weight of the score, in the loss of outcomes."""
    moves_weight: float = 0.0
    """Weight of the moves, in the loss of outcomes; 0: they stay as they are.  With a weight the
    whole network learns moves and outcomes together, from start or from random weights."""
    equivariant: bool = False
    """Tie kernels in eights: a turned board gets the turned answer.  What is kept is an ordinary
    network (`gopolicy.nets.equivariance`)."""
    positions: int = 2_000_000
    """Positions to train on in all, which the schedule is planned over."""
    minutes: float = 0.0
    """Minutes that the whole run takes; 0: as long as its positions take.

    The schedule is planned over them; where both are given, positions are only an estimate."""
    batch_size: int = 128
    """Positions per step, summed over all processes."""
    seed: int = 1
    """Decides the first weights and the order of positions."""
    mix: Mapping[str, float] = field(default_factory=dict)
    """Weights of the sources, such as kgs-6d=2,tygem-9d=1; empty: all alike."""
    forget_history: float = 0.0
    """Share of the positions shown without history, to learn to do without.  Every stone then looks
    as if it had been played eight turns ago or earlier."""
    optimizer: str = "adamw"
    """How gradients become steps: sgd, adamw or muon."""
    lr: float = 0.005
    """The learning rate at its highest."""
    momentum: float = 0.9
    """Nesterov momentum of SGD; beta 1 of AdamW.  Muon's own is 0.95."""
    beta2: float = 0.99
    """Memory of squared gradients in AdamW."""
    weight_decay: float = 0.01
    """Pull of weights to zero, but not of biases and normalizations."""
    clip_norm: float = 1.0
    """Longest gradient, as the norm over all parameters; 0: any."""
    label_smoothing: float = 0.0
    """Share of the target's probability that is spread over all points."""
    teacher: str = ""
    """Weights to learn from besides the games, by name or folder.  The network knows more than the
    one that learns, and sees the same planes.  Empty: none."""
    teacher_weight: float = 0.7
    """Share of the loss that is the distance to the teacher.  The moves have the rest."""
    warmup: int = 50_000
    """Positions during which the learning rate rises from zero."""
    schedule: str = "cosine"
    """What follows: cosine, linear, wsd (decays late), halving or constant.  The first three
    end at zero; wsd is constant until decay_share is left; halving goes on and on."""
    decay_share: float = 0.25
    """Share of all positions in which wsd goes down to zero."""
    halve_every: int = 10_000_000
    """Positions after which the schedule halving halves the rate."""
    ema: float = 0.0
    """Decay per step of the average of weights that is kept; 0: no average."""
    precision: str = "auto"
    """fp32, bf16 (autocast), or auto: the faster one, measured first."""
    memory_format: str = "auto"
    """channels_last, contiguous, or auto: the faster one, measured first."""
    validation_positions: int = 10_000
    """Positions that accuracy is measured on, always the same; 0: none.  They are spread over the
    validation split."""
    validation_every: int = 500_000
    """Training positions between two measurements; one is made at the end."""
    validation_source: str = ""
    """Measure on this source only; empty: on all."""
    checkpoint_minutes: float = 4.0
    """Minutes between two checkpoints."""
    log_every: int = 12_800
    """Training positions between two entries in the logs."""
    loader_threads: int = 0
    """Threads that prepare batches; 0: as suits the machine."""

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            _check_kind(item, getattr(self, item.name))
        if self.optimizer not in OPTIMIZER_NAMES:
            raise ConfigError(unknown("optimizer", self.optimizer, OPTIMIZER_NAMES))
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                found = getattr(self, name)
                raise ConfigError(f"expected {name} of {', '.join(choices)}, got {found!r}")
        if self.teacher and self.objective != "moves":
            raise ConfigError(f"a teacher teaches moves; objective is {self.objective}")
        for name, range_ in _RANGES.items():
            _require(name, getattr(self, name), range_)
        if self.moves_weight and self.objective != "outcome":
            raise ConfigError("moves_weight goes with objective=outcome, which then learns both")
        for source, weight in self.mix.items():
            _require(f"the weight of {source} in mix", weight, _WEIGHT)

    def __repr__(self) -> str:
        """Return the settings that are not the default."""
        changed = [
            f"{name}={getattr(self, name)!r}"
            for name in _FIELDS
            if getattr(self, name) != getattr(_DEFAULTS, name)
        ]
        return f"TrainConfig({', '.join(changed)})"

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return -(-self.positions // self.batch_size)


_COUNT, _COUNT_OR_NONE, _WEIGHT = Range(1), Range(0), Range(0, without_low=True)
_BELOW_ONE = Range(0, 1, without_high=True)
_RANGES = {
    **dict.fromkeys(("positions", "validation_every", "log_every", "halve_every"), _COUNT),
    **dict.fromkeys(("warmup", "validation_positions"), _COUNT_OR_NONE),
    **dict.fromkeys(("momentum", "beta2", "label_smoothing", "ema", "forget_history"), _BELOW_ONE),
    "batch_size": Range(1, MAX_BATCH),
    "seed": Range(0, MAX_SEED),
    "lr": Range(0, MAX_RATE, without_low=True),
    "weight_decay": Range(0, 1000),
    "outcome_channels": Range(8, 1024),
    "outcome_pairs": Range(0, 100),
    "teacher_weight": Range(0, 1),
    **dict.fromkeys(
        ("result_weight", "ownership_weight", "score_weight", "moves_weight"), Range(0, 1000)
    ),
    "clip_norm": Range(0, 10**9),
    "decay_share": Range(0, 1, without_low=True),
    "minutes": Range(0, 10**6),
    "checkpoint_minutes": Range(0, 10**6),
    "loader_threads": Range(0, MAX_AT_ONCE),
}
"""What each number may be."""


def _require(name: str, value: float, wanted: Range) -> None:
    if value not in wanted:
        raise ConfigError(f"expected {name} {wanted}, got {shortened(value)}")


def _check_kind(item: dataclasses.Field[Any], value: object) -> None:
    if item.name == "mix":
        wanted = "weights of sources, such as {'kgs-6d': 2.0}"
        holds = isinstance(value, Mapping) and all(map(_is_number, value.values()))
    elif item.name == "settings":
        kinds = int | float | str
        wanted = "settings of the network, such as {'filters': 64}"
        holds = isinstance(value, Mapping) and all(isinstance(v, kinds) for v in value.values())
    elif isinstance(item.default, float):
        wanted, holds = "a number", _is_number(value)
    else:
        wanted, holds = _WORDS[type(item.default)], type(value) is type(item.default)
    if not holds:
        raise wrong_kind(f"{item.name} to be {wanted}", value)


_WORDS = {int: "a whole number", str: "a text", bool: "True or False"}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FIELDS = {f.name: f for f in dataclasses.fields(TrainConfig)}
_DEFAULTS = TrainConfig()


def override(config: TrainConfig, changes: Iterable[str]) -> TrainConfig:
    """Return config with changes such as ``lr=0.01`` or ``filters=64``, a setting of the network.

    Numbers may end in k or M (thousands, millions).  With another network, the settings that it
    does not have are dropped; with one that cannot be tied, ties and all settings of the network.
    A number of positions takes the place of a number of minutes.
    """
    texts = dict(map(split_setting, changes))
    network = texts.get("network", config.network)
    known = default_settings(network)
    values: dict[str, Any] = {}
    settings = {key: value for key, value in config.settings.items() if key in known}
    if config.equivariant and network not in TIED_NETWORKS:
        values["equivariant"], settings = False, {}
    for key, text in texts.items():
        if key in known:
            settings[key] = read_like(key, text, known[key])
        elif key in _FIELDS and key != "settings":
            values[key] = read_like(key, text, getattr(_DEFAULTS, key), _RANGES.get(key))
        else:
            raise ConfigError(unknown("setting", key, [*_FIELDS, *known]))
    if "positions" in values:
        values.setdefault("minutes", 0.0)
    return dataclasses.replace(config, **values, settings=settings)


def as_changes(config: TrainConfig) -> list[str]:
    """Return the changes that `override` makes of the defaults to get this configuration.

    >>> as_changes(TrainConfig(lr=0.01, mix={"kgs-6d": 2.0}, settings={"filters": 64}))
    ['filters=64', 'mix=kgs-6d=2', 'lr=0.01']
    """
    changes = []
    for name in _FIELDS:
        value = getattr(config, name)
        if name == "settings":
            changes += [f"{key}={written(item)}" for key, item in value.items()]
        elif value != getattr(_DEFAULTS, name):
            changes.append(f"{name}={written(value)}")
    return changes


def to_json(config: TrainConfig) -> dict[str, Any]:
    """Return config as what JSON can hold."""
    return dataclasses.asdict(config)


def from_json(values: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that `to_json` wrote; unknown fields are an error."""
    check_known(values, _FIELDS)
    floats = {name for name in values if isinstance(getattr(_DEFAULTS, name), float)}
    whole = {name: float(values[name]) for name in floats if type(values[name]) is int}
    return TrainConfig(**{**values, **whole})


def check_known(values: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise ConfigError where a run has other settings than those called names."""
    if strange := sorted(values.keys() - set(names)):
        raise ConfigError(f"the run has a setting {strange[0]!r} that this version does not know")


def check_continues(before: TrainConfig, now: TrainConfig) -> dict[str, Any]:
    """Return the settings that change when a run goes on; refuse those that cannot."""
    return check_changes(before, now, _FIELDS, EXTENDABLE)


def check_changes(
    before: object, now: object, names: Iterable[str], extendable: Collection[str]
) -> dict[str, Any]:
    """Return those of the settings called names that differ; ConfigError if one may not."""
    pairs = {name: (getattr(before, name), getattr(now, name)) for name in names}
    changed = {name: new for name, (old, new) in pairs.items() if old != new}
    for name in (name for name in changed if name not in extendable):
        old, new = pairs[name]
        raise ConfigError(f"this run began with {name} {old!r}; it cannot go on with {new!r}")
    return changed
