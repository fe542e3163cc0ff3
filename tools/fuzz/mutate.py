"""Damage to bytes, JSON and numbers; everything is decided by the dice that are passed in."""

import copy
import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

WRONG_NUMBERS = (
    *("0", "-0", "1", "-1", "2", "3", "0.5", "-0.5", "1.5", "1e-9", "1e9", "1e308", "-1e308"),
    *("1e309", "1e400", "nan", "-nan", "inf", "-inf", "infinity", "2147483647", "2147483648"),
    *("4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615"),
    *("-9223372036854775809", "9" * 400, "0." + "0" * 400 + "1", "1e-400", "1_0", "٣", "½", "0x10"),
    *("", " ", "x", "1k", "1M", "1e99M", "1,2", "1=2", "--", "+5", "5e0", "true", "None"),
)
WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**62, 2**64, 10**400, 0.5, -0.0, 1e308, float("nan")),
    *(float("inf"), "", "x", "\ud800\n\x1b[31m", "x" * 10_000, [], {}, [[]], {"x": {}}),
)
"""What may stand in the place of anything in JSON."""
_SMALL = (1, 1, 1, 2, 4, 16)


def flipped(dice: random.Random, data: bytes, first: int = 0, last: int | None = None) -> bytes:
    """Return data with one to sixteen bytes changed, all between first and last."""
    result = bytearray(data)
    last = min(last or len(data), len(data))
    for _ in range(dice.choice(_SMALL)):
        if first < last:
            place = dice.randrange(first, last)
            old = result[place]
            result[place] = dice.choice((0, 255, old ^ 1 << dice.randrange(8), dice.randrange(256)))
    return bytes(result)


def shortened(dice: random.Random, data: bytes) -> bytes:
    """Return data without its end, or without a piece in the middle."""
    place = dice.randrange(len(data) + 1)
    return (
        data[:place] if dice.random() < 0.6 else data[:place] + data[place + dice.choice(_SMALL) :]
    )


def damaged(
    dice: random.Random, data: bytes, tokens: Sequence[bytes] = (), others: Sequence[bytes] = ()
) -> bytes:
    """Return data with damage of any kind: changed, lost, repeated or foreign bytes."""
    for _ in range(dice.choice((1, 1, 2, 3))):
        kind, place = dice.randrange(6), dice.randrange(len(data) + 1)
        if kind <= 1:
            data = flipped(dice, data)
        elif kind == 2:
            data = shortened(dice, data)
        elif kind == 3:
            piece = dice.choice(tokens) if tokens else dice.randbytes(dice.choice(_SMALL))
            data = data[:place] + piece * dice.choice((1, 1, 1, 2, 50)) + data[place:]
        elif kind == 4:
            piece = data[place : place + dice.randrange(1, 200)]
            data = data[:place] + piece * dice.choice(_SMALL) + data[place:]
        elif others:
            other = dice.choice(others)
            data = data[:place] + other[dice.randrange(len(other) + 1) :]
    return data


def with_wrong_field(dice: random.Random, value: Any) -> Any:
    """Return a JSON value in which one thing is missing, of another kind or absurd."""
    places = list(_places(value))
    if not places:
        return dice.choice(WRONG_VALUES)
    value = copy.deepcopy(value)
    *way, last = dice.choice(places)
    inner = value
    for key in way:
        inner = inner[key]
    if dice.random() < 0.15:
        del inner[last]
    else:
        inner[last] = dice.choice(WRONG_VALUES)
    return value


def sha256(data: bytes) -> str:
    """Return the checksum with which damaged data is made to look as it was written."""
    return hashlib.sha256(data).hexdigest()


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything inside a JSON value."""
    inner: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else inner:
        yield (*way, key)
        yield from _places(each, (*way, key))
