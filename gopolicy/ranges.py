"""Numbers that people and files give: how they are read from text, and the ranges they must be in.

What is not checked here would reach Python, NumPy, torch or the system, and each of them fails in
its own way on numbers of absurd size.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

MOST = 10**15
"""The most of anything that is counted; arithmetic with such numbers stays within 64 bits."""
MAX_SEED = 2**63 - 1
"""The largest seed that every generator takes."""
MAX_BATCH = 1 << 16
"""The most examples that are computed at once."""
MAX_RATE = 1000
"""The highest learning rate."""
MAX_AT_ONCE = 256
"""The most threads, processes or games at a time; torch crashes when it gets far too many."""
MAX_SECONDS = 10**9
"""The longest time that anybody is given; the system's clocks overflow somewhat later."""
MAX_KOMI = 10_000
"""Far more than any board has points, so that sums of it and a score stay exact."""
MAX_MATCH_SEED = 10**12
"""The largest seed of a match, which makes larger ones for its games."""
MAX_PLIES = 10_000
"""The most moves and passes of a game that a machine plays."""
PLIES_PER_POINT = 4
"""Moves and passes for each point of a board after which a game of self-play is broken off."""
_MAX_DIGITS = 40
"""No number within a range is longer than this as text."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers between two ends, which belong to it unless it says otherwise; never NaN."""

    low: float
    high: float = MOST
    without_low: bool = False
    without_high: bool = False

    def __contains__(self, value: float) -> bool:
        """Return whether a number is in the range."""
        above = value > self.low if self.without_low else value >= self.low
        below = value < self.high if self.without_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        """Return the range in words.

        >>> str(Range(0, 1, without_low=True)), str(Range(1, 1000))
        ('above 0 and at most 1', 'from 1 to 1,000')
        """
        low, high = f"{self.low:,}", f"{self.high:,}"
        if self.without_low:
            return f"above {low} and {'below' if self.without_high else 'at most'} {high}"
        return f"from {low} to {'below ' if self.without_high else ''}{high}"


def shortened(value: object) -> str:
    """Return a value for an error message: a long one is cut, a number of many digits only named.

    >>> shortened("9" * 400), shortened(10**5000), shortened(7)
    ("'9999999999999999...' (400 characters)", 'a number of many digits', '7')
    """
    if isinstance(value, str) and len(value) > _MAX_DIGITS:
        return f"{value[:16] + '...'!r} ({len(value)} characters)"
    if isinstance(value, int) and abs(value) >= 10**_MAX_DIGITS:
        return "a number of many digits"
    return f"{value!r:.60}"


def read_integer(text: str, factors: dict[str, int] | None = None) -> int:
    """Return the whole number that a text says; ValueError if it says none, or one far too long.

    `factors` are what endings stand for.

    >>> read_integer("1.5k", {"k": 1000}), read_integer("-12_000")
    (1500, -12000)
    """
    if len(text) > _MAX_DIGITS:
        raise ValueError("too long")
    factor = (factors or {}).get(text[-1:], 0)
    if not factor:
        return int(text)
    try:
        value = Decimal(text[:-1]) * factor
        if value != value.to_integral_value():
            raise ValueError("a fraction remains")
    except InvalidOperation as error:
        raise ValueError("no number") from error
    return int(value)
