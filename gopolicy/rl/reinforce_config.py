"""The settings of policy-gradient training, and how text changes a setting."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gopolicy.errors import ConfigError, unknown
from gopolicy.nets.network_settings import default_settings
from gopolicy.ranges import MAX_KOMI, PLIES_PER_POINT, Range, shortened
from gopolicy.settings import read_like, split_setting
from gopolicy.training import config as training_config
from gopolicy.training.config import TrainConfig

BASELINES = ("none", "color", "pair", "ownership")
"""What is taken off the result of a game, see `ReinforceConfig.baseline`."""
LEARNING = (
    *("settings", "network", "planes", "start", "equivariant", "positions", "batch_size", "seed"),
    *("optimizer", "lr", "momentum", "beta2", "weight_decay", "clip_norm", "warmup", "schedule"),
    *("decay_share", "halve_every", "ema", "precision", "checkpoint_minutes"),
)
"""The settings of `gopolicy train` that mean the same here."""
EXTENDABLE = {
    *("pool_every", "pool_share", "positions_per_game", "trace", "softness", "clip_ratio"),
    *("candidates", "judge", "continuation", "boldness", "entropy", "kl"),
    *("measure_every", "measure_games"),
}
"""What may change when a run goes on, beside what may in `gopolicy train`."""
_OF_CANDIDATES = ("judge", "continuation", "plies", "boldness")
_OF_RESULTS = ("baseline", "softness", "clip_ratio")
_OF_OWNERSHIP = ("trace", "critic_first")
"""Settings that have an effect only with candidates, only without, only with that baseline."""


def _learning() -> TrainConfig:
    """Return the settings of training that suit games."""
    return TrainConfig(
        network="alphago-res",
        settings={"filters": 32, "layers": 6, "normalization": "none"},
        positions=1_000_000,
        batch_size=256,
        optimizer="adamw",
        lr=0.001,
        warmup=5_000,
        schedule="constant",
        weight_decay=0.0,
        memory_format="channels_last",  # what `Policy` plays with, on the same weights
        checkpoint_minutes=0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinforceConfig:
    """Everything that decides what a run of policy gradient learns."""

    learning: TrainConfig = field(default_factory=_learning)
    """The network and how gradients become steps, as in `gopolicy train`."""
    size: int = 19
    """The side of the board; weights made for another are carried over."""
    komi: float = 7.5
    """Points added to White's area."""
    games: int = 64
    """Games of one iteration, an even number: each start is played twice, colors exchanged."""
    temperature: float = 1.0
    """Both players draw their moves from probabilities to the power of 1 / temperature."""
    pool_every: int = 10
    """Iterations after which the network joins the pool of past selves."""
    pool_share: float = 1.0
    """Share of the iterations that are played against the pool.  In the others the network plays
    both sides and learns from both."""
    positions_per_game: int = 0
    """Decisions of each player of a game that are learned from at most, drawn at random; 0: all.
    Where the network plays both sides that is twice as many in a game."""
    baseline: str = "color"
    """What is taken off a result: none; color, the mean result with this color; pair, what the
    opponent got from the same side in the other game of the pair; ownership, what a second network
    expects, which learns whose each point will be."""
    trace: float = 1.0
    """With baseline ownership: how much of the credit goes back from one decision to the one
    before.  1: each gets the result; lower: rather what changed soon after it."""
    critic_first: int = 0
    """With baseline ownership: the second network learns from so many decisions alone before the
    policy begins to, with a warm-up of its own."""
    softness: float = 0.0
    """The result is tanh(lead / softness); 0: 1 for a win and -1 for a loss, however large."""
    clip_ratio: float = 0.2
    """A move counts no more once its probability has changed by this share since it was played, in
    the direction of its advantage; 0: it always counts."""
    candidates: int = 0
    """Learn from up to so many (2 or more) of the most probable moves of each decision, by what the
    judge says after them; 0: from the move that was played, by how its game ended."""
    judge: str = ""
    """With candidates: a network that has learned who wins, a name or folder."""
    continuation: int = 3
    """With candidates: plies by which the policy goes on after each before the judge is asked."""
    plies: int = 0
    """With candidates: moves and passes after which a game is broken off, since its end teaches
    nothing; 0: played to the end, at most four times the points."""
    boldness: float = 4.0
    """With candidates: how much more probable a move shall become if its player is ahead by one
    standard deviation of the score more, in logarithms of probability."""
    entropy: float = 0.0
    """Weight of the entropy of the moves, which keeps them varied."""
    kl: float = 0.0
    """Weight of the divergence from the parent, the network that the run began with."""
    measure_every: int = 20
    """Iterations between two measurements against the parent; 0: none."""
    measure_games: int = 64
    """Games of a measurement, an even number."""

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            if item.name != "learning":
                _check(item.name, getattr(self, item.name), item.default)
        if self.baseline not in BASELINES:
            raise ConfigError(unknown("baseline", self.baseline, BASELINES))
        if self.learning.network not in ("alphago", "alphago-res"):
            raise ConfigError(
                f"expected a network of the alphago frame, got {self.learning.network}"
            )
        if self.learning.settings.get("normalization", "none") != "none":
            raise ConfigError(
                "expected normalization=none: a network that normalizes over a batch plays"
                " otherwise than it learns"
            )
        self._check_together()

    def _check_together(self) -> None:
        """Refuse settings that have no effect beside each other, or too large a one."""
        changed = {name for name, default in _OWN.items() if getattr(self, name) != default}
        if self.candidates and not self.judge:
            raise ConfigError(f"candidates {self.candidates} need a judge: set judge=WEIGHTS")
        beside = _OF_RESULTS if self.candidates else _OF_CANDIDATES
        for name in (name for name in beside if name in changed):
            ends = "has no effect with candidates" if self.candidates else "needs candidates"
            raise ConfigError(f"{name} {shortened(getattr(self, name))} {ends}")
        for name in (name for name in _OF_OWNERSHIP if name in changed):
            if self.baseline != "ownership":
                raise ConfigError(f"{name} {getattr(self, name)} needs baseline=ownership")
        points = self.size**2
        if self.candidates == 1 or self.candidates > points:
            raise ConfigError(
                f"expected candidates 0, or from 2 to the {points} points, got {self.candidates}"
            )
        longest = PLIES_PER_POINT * points
        if self.plies > longest:
            raise ConfigError(f"expected plies up to {longest}, got {shortened(self.plies)}")
        each = min(self.plies or longest, 2 * self.positions_per_game or longest)
        if self.learning.batch_size > self.games * each:
            raise ConfigError(
                f"batch_size {self.learning.batch_size} is more than the {self.games * each}"
                f" decisions that {self.games} games can have"
            )


_RANGES = {
    "size": Range(2, 25),
    "komi": Range(-MAX_KOMI, MAX_KOMI),
    "games": Range(2, 1 << 14),
    "measure_games": Range(2, 1 << 14),
    "temperature": Range(0, 1000, without_low=True),
    "pool_every": Range(1),
    "pool_share": Range(0, 1),
    "positions_per_game": Range(0),
    "trace": Range(0, 1),
    "critic_first": Range(0),
    "softness": Range(0, 1000),
    "clip_ratio": Range(0, 1, without_high=True),
    "candidates": Range(0, 625),
    "continuation": Range(0, 100),
    "plies": Range(0),
    "boldness": Range(0, 100),
    "entropy": Range(0, 1000),
    "kl": Range(0, 1000),
    "measure_every": Range(0),
}
"""What each number may be."""
_EVEN = ("games", "measure_games")


def _check(name: str, value: object, default: object) -> None:
    """Refuse a setting of games of another kind than its default, or out of its range."""
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if type(value) not in kinds:
        raise ConfigError(f"expected {name} of another kind, got {shortened(value)}")
    if name in _RANGES and value not in _RANGES[name]:  # type: ignore[operator]
        raise ConfigError(f"expected {name} {_RANGES[name]}, got {shortened(value)}")
    if name in _EVEN and int(value) % 2:  # type: ignore[call-overload]
        raise ConfigError(f"expected {name} to be even, got {value}")


_OWN = {
    item.name: item.default
    for item in dataclasses.fields(ReinforceConfig)
    if item.name != "learning"
}


def split_changes(
    config: ReinforceConfig, changes: Iterable[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of games that changes such as ``games=128`` set, and the other changes.

    Numbers may end in k or M.  ConfigError for what is no setting here.
    """
    own: dict[str, Any] = {}
    others: dict[str, str] = {}
    for key, text in map(split_setting, changes):
        if key in _OWN:
            own[key] = read_like(key, text, _OWN[key], _RANGES.get(key))
        else:
            others[key] = text
    known = default_settings(others.get("network", config.learning.network))
    for key in others:
        if key == "settings" or (key not in LEARNING and key not in known):
            raise ConfigError(unknown("setting", key, [*_OWN, *LEARNING[1:], *known]))
    if "normalization" in known and "network" in others:
        others = {"normalization": "none"} | others
    return own, [f"{key}={text}" for key, text in others.items()]


def override_reinforce(config: ReinforceConfig, changes: Iterable[str]) -> ReinforceConfig:
    """Return config with changes such as ``games=128``, ``lr=0.01`` or ``filters=64``.

    ConfigError for what is no setting here.
    """
    own, others = split_changes(config, changes)
    learning = training_config.override(config.learning, others)
    return dataclasses.replace(config, **own, learning=learning)


def reinforce_to_json(config: ReinforceConfig) -> dict[str, Any]:
    """Return config as what JSON can hold."""
    return dataclasses.asdict(config)


def reinforce_from_json(values: Mapping[str, Any]) -> ReinforceConfig:
    """Return the configuration that `reinforce_to_json` wrote; unknown fields are an error."""
    training_config.check_known(values, {*_OWN, "learning"})
    learning = values.get("learning")
    if not isinstance(learning, Mapping):
        raise ConfigError("the run does not say how it learns")
    own = {key: value for key, value in values.items() if key != "learning"}
    return ReinforceConfig(**own, learning=training_config.from_json(learning))


def check_reinforce_continues(before: ReinforceConfig, now: ReinforceConfig) -> dict[str, Any]:
    """Return the settings that change when a run goes on; ConfigError for those that cannot."""
    changed = training_config.check_continues(before.learning, now.learning)
    return changed | training_config.check_changes(before, now, _OWN, EXTENDABLE)
