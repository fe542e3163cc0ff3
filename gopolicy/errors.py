"""The errors that gopolicy raises on purpose.

Catching `GoPolicyError` catches these and no bug.  Every message says what was expected, what was
found and where, in one line, because the command line prints it as it stands.
"""

import difflib
from collections.abc import Iterable
from enum import Enum
from operator import index
from typing import SupportsIndex

from gopolicy.ranges import MOST, Range, shortened


class GoPolicyError(Exception):
    """Base of every deliberate error."""


class Refusal(Enum):
    """Why a move is illegal."""

    OCCUPIED = "the point is occupied"
    KO = "it retakes a ko"
    SUPERKO = "it repeats an earlier position"
    SUICIDE = "it is suicide"
    OFF_BOARD = "the point is off the board"


class IllegalMove(GoPolicyError, ValueError):
    """A move that the rules refuse; `reason` says why."""

    def __init__(self, message: str, reason: Refusal) -> None:
        super().__init__(message)
        self.reason = reason


class VertexError(GoPolicyError, ValueError):
    """A text that names no vertex of the board."""


class SgfError(GoPolicyError, ValueError):
    """An SGF text that cannot be read as a game."""


class ArchiveError(GoPolicyError, ValueError):
    """An archive, folder or file that cannot be read."""


class PictureError(GoPolicyError, ValueError):
    """A picture, or a set of pictures, that cannot be read."""


class StoreError(GoPolicyError, ValueError):
    """A prepared store that is missing, damaged or of another version."""


class ConfigError(GoPolicyError, ValueError):
    """A setting with an unknown name or an impossible value."""


class WeightsError(GoPolicyError, ValueError):
    """A weight folder that is missing, damaged or does not fit."""


class OutputError(GoPolicyError, OSError):
    """A result that could not be written."""


class UnknownName(ConfigError, KeyError):
    """A name that is not in a table; a KeyError too, so that the table behaves like any other."""

    def __str__(self) -> str:
        """Return the message as it is; a KeyError would quote it."""
        return str(self.args[0])


def wrong_kind(wanted: str, found: object) -> ConfigError:
    """Return the error for an argument of another kind than the one wanted.

    >>> str(wrong_kind("a path", 5)), str(wrong_kind("a Board", object()))
    ('expected a path, got 5', 'expected a Board, got an object')
    """
    plain = found is None or isinstance(found, str | bytes | int | float)
    kind = type(found).__name__
    article = "an" if kind[:1] in "AEIOUaeiou" else "a"
    return ConfigError(
        f"expected {wanted}, got {shortened(found) if plain else f'{article} {kind}'}"
    )


def check_count(name: str, value: object, most: int = MOST, *, or_none: bool = False) -> None:
    """Raise ConfigError unless value is a whole number from 1 to most, or None where that may be.

    >>> check_count("limit", None, or_none=True)
    """
    if or_none and value is None:
        return
    wanted = Range(1, most)
    whole = isinstance(value, SupportsIndex) and not isinstance(value, bool)
    if not whole or index(value) not in wanted:  # type: ignore[arg-type]
        raise wrong_kind(f"{name} {wanted}", value)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is not among the known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
    return f"no {what} called {shortened(name)}; {hint}"
