"""Records: one SGF file to a `GameRecord` and back, and archives of many."""

from gopolicy.sgf.archive import Limits, iter_archive
from gopolicy.sgf.read import read_game, read_games
from gopolicy.sgf.record import GameRecord, Rejection
from gopolicy.sgf.write import Note, write_game

__all__ = [
    "GameRecord",
    "Limits",
    "Note",
    "Rejection",
    "iter_archive",
    "read_game",
    "read_games",
    "write_game",
]
