"""What `prepare` and `evaluate` let into a table."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, SupportsIndex

from gopolicy.errors import wrong_kind
from gopolicy.files import named
from gopolicy.go.vertex import check_size


def _is_whole(value: object) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, bool)


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
        check_size(self.size)
        if self.min_rank is not None and not _is_whole(self.min_rank):
            raise wrong_kind("min_rank as gopolicy.sgf.ranks.parse_rank gives it", self.min_rank)
        if self.handicap not in ("any", "none"):
            raise wrong_kind("handicap any or none", self.handicap)
        if not _is_whole(self.min_moves) or self.min_moves < 0:
            raise wrong_kind("min_moves from 0 on", self.min_moves)
        share = self.validation
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise wrong_kind("the share for validation from 0 to 1", share)
        if isinstance(self.exclude, str | PathLike) or not isinstance(self.exclude, Iterable):
            raise wrong_kind("exclude as a list of paths", self.exclude)
        object.__setattr__(self, "exclude", tuple(named(path) for path in self.exclude))

    def as_json(self) -> dict[str, Any]:
        """Return the options as plain values; of the excluded archives only the base names."""
        return asdict(self) | {"exclude": [path.name for path in self.exclude]}
