"""The positions of a recorded game."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gopolicy.errors import ConfigError, IllegalMove, SgfError
from gopolicy.go.board import Board
from gopolicy.go.handicap import handicap_stones
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.rules import AREA, Rules, rules_named
from gopolicy.go.types import EVENT_SETUP, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.sgf.record import GameRecord


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Position:
    """A position of a recorded game, just before its next move."""

    board: Board
    """Its komi makes counting area tell what the rules of the record would tell."""
    number: int
    """The number of the next move, from 1; passes count."""
    to_play: Color
    played: Point | None
    """The next move of the record, which may be `PASS`; None after the last one."""
    rules: Rules = AREA
    """What the komi of the board is suited to."""

    def __repr__(self) -> str:
        """Return which position it is, in one line."""
        size = self.board.size
        follows = "" if self.played is None else f", {vertex_name(self.played, size)} follows"
        return (
            f"<Position before move {self.number} on {size}x{size}:"
            f" {self.to_play.name.capitalize()} to play{follows}>"
        )


def position_of(board: Board) -> Position:
    """Return the position of a game that is being played, with nothing played next."""
    return Position(board=board.copy(), number=board.ply + 1, to_play=board.to_move, played=None)


def board_after(record: GameRecord, events: int | None = None) -> Board:
    """Return the board after so many events of a record, by default after all of them.

    Its komi is that of the record, 0 where there is none, with the points that the rules it names
    give White for handicap stones; suicide is legal where they say so.  Raises IllegalMove, which
    names the record and the move, where the rules refuse one.
    """
    board = Board(record.size, suicide=record_rules(record.rules).suicide)
    _carry_out(record, board, record.events[:events])
    board.komi = whole_komi(record.komi, record.rules, board)
    return board


def _carry_out(record: GameRecord, board: Board, events: NDArray[np.uint16]) -> None:
    """Do what the next events of a record say; name the record and the move that is refused."""
    try:
        board.carry_out(events)
    except IllegalMove as error:
        message = f"{record.name}: move {board.ply + 1} is illegal: {error}"
        raise IllegalMove(message, error.reason) from error
    except ConfigError as error:  # of a setup
        raise SgfError(f"{record.name}: {error}") from error


def whole_komi(komi: float | None, rules: str, board: Board) -> float:
    """Return the komi of a record with White's points for handicap stones.

    komi and rules are what the record says; unknown rules give no points.
    """
    return (komi or 0.0) + record_rules(rules).bonus(handicap_stones(board.events.tolist()))


def record_rules(name: str) -> Rules:
    """Return the rules that a record names; unknown ones count area and give no points."""
    try:
        return rules_named(name)
    except ConfigError:
        return AREA


def position_before(record: GameRecord, number: int | None = None) -> Position:
    """Return the position before move number (1 is the first); None: after the last move."""
    moves = np.flatnonzero(record.events < EVENT_SETUP)
    if number is not None and not 1 <= number <= len(moves) + 1:
        expected = f"the game has {len(moves)} moves; expected 1 to {len(moves) + 1}"
        raise ConfigError(f"{record.name}: {expected}, got {number}")
    number = len(moves) + 1 if number is None else number
    stop = int(moves[number - 1]) if number <= len(moves) else len(record.events)
    board = board_after(record, stop)
    to_play, played = board.to_move, None
    if stop < len(record.events):
        event = int(record.events[stop])
        to_play, played = Color(event_color(event)), Point(event_point(event))
    rules = record_rules(record.rules)
    board.komi = rules.area_komi(board, to_play)
    return Position(board=board, number=number, to_play=to_play, played=played, rules=rules)


def positions(record: GameRecord) -> Iterator[Position]:
    """Yield the position before every move of a record, the first one first.

    Raises IllegalMove, which names the record and the move, where the rules refuse one.
    """
    moves = np.flatnonzero(record.events < EVENT_SETUP).tolist()
    if not moves:
        return
    board, done, rules = board_after(record, moves[0]), moves[0], record_rules(record.rules)
    for number, stop in enumerate(moves, start=1):
        _carry_out(record, board, record.events[done:stop])
        board.komi = whole_komi(record.komi, record.rules, board)
        done, event = stop, int(record.events[stop])
        to_play, played = Color(event_color(event)), Point(event_point(event))
        board.komi = rules.area_komi(board, to_play)
        yield Position(
            board=board.copy(), number=number, to_play=to_play, played=played, rules=rules
        )
