"""Thinking time: what a frontend says about it, and what that leaves for a move."""

from dataclasses import dataclass, field

from gopolicy.go.types import Color

_MOVES_TO_COME = 30
_RESERVE = 0.5
"""Part of a period that is left unused, for slow machines and slow lines."""


@dataclass(slots=True)
class Clock:
    """The time settings of a game and what each player has left; no limit until told one."""

    main: float = 0.0
    period: float = 0.0
    stones: int = 0
    limited: bool = False
    left: dict[Color, tuple[float, int]] = field(default_factory=dict)
    """Seconds, and the stones to be played in them: 0 stands for the rest of the game."""

    def set(self, main: float, period: float, stones: int) -> None:
        """Take new settings; a period for no stones means no limit, as in GTP."""
        self.main, self.period, self.stones = main, period, stones
        self.limited = not (period > 0 and stones == 0)
        self.left.clear()

    def lift(self) -> None:
        """Take all limits away."""
        self.limited = False
        self.left.clear()

    def allowance(self, color: Color) -> float | None:
        """Return how many seconds color should take for its next move at most; None: any."""
        if not self.limited and color not in self.left:
            return None
        seconds, stones = self.left.get(color, (self.main, 0))
        if stones == 0 and seconds <= 0 and self.stones > 0:
            seconds, stones = self.period, self.stones
        share = seconds * _RESERVE / stones if stones else seconds / _MOVES_TO_COME
        if not stones and self.stones:
            share = max(share, min(seconds, self.period * _RESERVE / self.stones))
        return max(share, 0.0)
