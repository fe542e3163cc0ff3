"""What `prepare` and `evaluate` let into a table."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from gopolicy.errors import ConfigError
from gopolicy.go.types import MAX_SIZE, MIN_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareOptions:
    """Filters; the defaults let every legal game of the size in."""

    size: int = 19
    """Points along a side; games of other sizes are left out."""
    min_rank: int | None = None
    """As `gopolicy.sgf.ranks.parse_rank`.  A game needs a player of this rank or more, and only
    the moves of such players are positions."""
    handicap: Literal["any", "none"] = "any"
    """``none`` leaves out games with handicap or setup stones before the first move."""
    min_moves: int = 1
    """Board moves that a game needs; passes do not count."""
    validation: float = 0.02
    """The share of openings whose games are kept for validation."""
    exclude: tuple[Path, ...] = ()
    """Archives whose games must not enter, whatever archive they are found in."""

    skip_broken: bool = False
    """Use what can be read of archives that are cut short or broken, instead of refusing them."""

    def __post_init__(self) -> None:
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ConfigError(f"the size must be {MIN_SIZE} to {MAX_SIZE}, not {self.size}")
        if self.handicap not in ("any", "none"):
            raise ConfigError(f"handicap is any or none, not {self.handicap!r}")
        if self.min_moves < 0:
            raise ConfigError(f"min_moves cannot be negative, as {self.min_moves} is")
        if not 0 <= self.validation <= 1:
            raise ConfigError(f"the validation share is 0 to 1, not {self.validation}")

    def as_json(self) -> dict[str, Any]:
        """Return the options as plain values; of the excluded archives only the base names."""
        return asdict(self) | {"exclude": [path.name for path in self.exclude]}
