"""SGF: reading takes anything, what was read is written and read again, remarks lose no move."""

import random
from pathlib import Path

from fuzz.harness import INPUT, Execution, Finding
from fuzz.mutate import damaged
from fuzz.seeds import TOKENS, games
from gopolicy.errors import IllegalMove
from gopolicy.go.board import Board
from gopolicy.sgf.edit import SgfText
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game


def make(folder: Path) -> Execution:
    """Return one execution."""

    def execute(dice: random.Random) -> None:
        data = damaged(dice, dice.choice(games()), TOKENS, games())
        (folder / INPUT).write_bytes(data)
        found = list(parse_games(data, "game"))
        if not found:
            raise Finding("neither a game nor a rejection")
        records = [each for each in found if isinstance(each, GameRecord)]
        for each in records[:20]:
            _check_record(each)
        if records and records[0] is found[0]:
            _check_remarks(data, records[0])

    return execute


def _check_record(record: GameRecord) -> None:
    """Play a game, and read what is written of it."""
    try:
        Board.from_events(record.size, record.events)
    except IllegalMove:
        return  # seen where it is used
    again = list(parse_games(write_game(record), record.name))
    if len(again) != 1 or not isinstance(again[0], GameRecord):
        raise Finding("what was written cannot be read")
    for name in ("size", "komi", "handicap", "result", "black", "white_rank", "date", "rules"):
        if getattr(again[0], name) != getattr(record, name):
            raise Finding(f"written and read again, {name} is another")
    if again[0].events.tolist() != record.events.tolist():
        raise Finding("written and read again, the events are others")


def _check_remarks(data: bytes, record: GameRecord) -> None:
    """Put remarks into the file; refusing is fine, another game is not."""
    notes = {number: Note(comment="a]\\") for number in range(record.moves + 1)}
    remarked = SgfText(data, record).with_notes(notes)
    first = next(parse_games(remarked, record.name))
    if not isinstance(first, GameRecord) or first.events.tolist() != record.events.tolist():
        raise Finding("remarks changed the game")
