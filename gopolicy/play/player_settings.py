"""How a player plays: chance, passing, resigning and time."""

from dataclasses import dataclass
from typing import Literal, SupportsFloat, SupportsIndex, get_args

from gopolicy.errors import ConfigError, wrong_kind

PassPolicy = Literal["friendly", "strict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSettings:
    """How to play."""

    temperature: float = 0.0
    """0 plays the most probable move; 1 plays as the network predicts; above, more wildly."""
    temperature_moves: int | None = None
    """Moves of the game (both players') to which the temperature applies; None: all."""
    late_temperature: float = 0.0
    """The temperature after those moves."""
    top_p: float = 1.0
    """Random choice is among the most probable moves that together have this probability."""
    min_p: float = 0.0
    """Random choice leaves out moves with less than this share of the best one's probability."""
    look_ahead: int = 0
    """Candidates among which to choose by who wins after them, too; 0 and 1 for none.  The network
    must have learned outcomes."""
    seed: int | None = None
    """Of the random choice; None for another game every time."""
    passing: PassPolicy = "friendly"
    """``friendly`` leaves dead stones on the board; ``strict`` takes them off before passing."""
    resign_below: float = 0.0
    """Resign with less than this chance to win, by playouts; 0 never resigns."""
    resign_margin: float = 10.0
    """Points one must be behind, too, to resign."""
    resign_from: int | None = None
    """The first move of the game at which to resign; None: half as many as the board has points.
    In a handicap game White waits 20 moves longer for each stone."""
    playouts: int = 100
    """Playouts for each question about the end of the game."""
    max_seconds: float | None = None
    """Time for one move; the network is asked once, whatever it takes, and playouts are cut."""

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            wanted = f"{name} from {least} to {most}"
            whole = isinstance(least, int)
            if not _is_number(value, whole=whole) and not (value is None and name in _MAY_BE_NONE):
                raise wrong_kind(wanted, value)
            if value is not None and not least <= value <= most:  # NaN is in no range
                raise ConfigError(f"expected {wanted}, got {_brief(value)}")
        if self.top_p == 0.0:
            raise ConfigError("expected top_p above 0, got 0.0")
        if self.passing not in get_args(PassPolicy):
            raise wrong_kind("passing friendly or strict", self.passing)


_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0.0, 1e6),
    "late_temperature": (0.0, 1e6),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "resign_below": (0.0, 1.0),
    "resign_margin": (0.0, 1e6),
    "temperature_moves": (0, 2**31),
    "resign_from": (0, 2**31),
    "look_ahead": (0, 361),
    "seed": (0, 2**63 - 1),
    "playouts": (1, 100_000),
    "max_seconds": (0.0, 1e9),
}
"""What each number may be; the ends belong to it."""


_MAY_BE_NONE = ("temperature_moves", "seed", "resign_from", "max_seconds")


def _is_number(value: object, *, whole: bool) -> bool:
    kinds = SupportsIndex if whole else SupportsFloat
    return isinstance(value, kinds) and not isinstance(value, bool)


def _brief(value: float) -> str:
    """Return a number as text, also one with more digits than Python prints."""
    return str(value) if abs(value) < 10**30 or isinstance(value, float) else "one of many digits"
