"""The errors that gopolicy raises on purpose.

Catching `GoPolicyError` catches these and no bug.  Every message says what was expected, what was
found and where, in one line, because the command line prints it as it stands.
"""

from enum import Enum


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
