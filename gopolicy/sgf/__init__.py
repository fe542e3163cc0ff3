"""Records: one SGF file to a `GameRecord` and back, and archives of many."""

from gopolicy.sgf.archive import ArchiveLimits, iter_archive
from gopolicy.sgf.read import parse_games, read_game
from gopolicy.sgf.record import GameRecord, Rejection
from gopolicy.sgf.write import Note, write_game

__all__ = [
    "ArchiveLimits",
    "GameRecord",
    "Note",
    "Rejection",
    "iter_archive",
    "parse_games",
    "read_game",
    "write_game",
]
