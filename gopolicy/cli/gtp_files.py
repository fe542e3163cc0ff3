"""Games in SGF files for the commands of the engine, which itself knows no SGF."""

from pathlib import Path

import numpy as np

from gopolicy.files import write_text
from gopolicy.gtp.commands_files import StoredGame
from gopolicy.sgf.read import read_game
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import write_game


class SgfFiles:
    """Reads and writes SGF."""

    def read(self, path: str) -> StoredGame:
        """Return the first game in a file."""
        record = read_game(path)
        return StoredGame(
            size=record.size, events=record.events.tolist(), komi=record.komi, rules=record.rules
        )

    def text(self, game: StoredGame) -> str:
        """Return a game as SGF."""
        record = GameRecord(
            size=game.size,
            events=np.array(game.events, dtype=np.uint16),
            komi=game.komi,
            rules=game.rules,
        )
        return write_game(record).decode("utf-8").rstrip("\n")

    def write(self, path: str, game: StoredGame) -> None:
        """Write a game as SGF to a file."""
        write_text(Path(path), self.text(game) + "\n")
