"""Records: one SGF file to a `GameRecord` and back, and archives of many."""

from gopolicy.sgf.read import read_game, read_games
from gopolicy.sgf.record import GameRecord, Rejection

__all__ = ["GameRecord", "Rejection", "read_game", "read_games"]
