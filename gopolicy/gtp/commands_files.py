"""Commands that read and write games.  How a game is written is left to `GameFiles`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.rules import Rules, rules_named, rules_text
from gopolicy.go.types import EVENT_SETUP, PASS, Color, Point
from gopolicy.gtp.protocol import SYNTAX_ERROR, Arguments, GtpError, Handler, integer
from gopolicy.gtp.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGame:
    """A game in a file."""

    size: int
    events: Sequence[int]
    """Events of `gopolicy.go.types`."""
    komi: float | None = None
    rules: str = ""
    """As written in the file; `gopolicy.go.rules.rules_named` reads it."""


class GameFiles(Protocol):
    """Reads and writes games; errors are `GoPolicyError` and OSError."""

    def read(self, path: str) -> StoredGame:
        """Return the game in a file."""

    def text(self, game: StoredGame) -> str:
        """Return a game as text."""

    def write(self, path: str, game: StoredGame) -> None:
        """Write a game to a file."""


def file_commands(session: Session, files: GameFiles) -> dict[str, Handler]:
    """Return the commands about files."""

    def loadsgf(arguments: Arguments) -> str:
        path, move = _path_and_move(arguments)
        try:
            load_game(session, files.read(path), move)
        except (GoPolicyError, OSError) as error:
            session.remark(f"loadsgf: {error}")
            raise GtpError("cannot load file") from error
        return ""

    def printsgf(arguments: Arguments) -> str:
        board = session.board
        game = StoredGame(
            size=board.size,
            events=board.events.tolist(),
            komi=session.komi,
            rules=rules_text(session.rules),
        )
        if not arguments:
            return files.text(game)
        try:
            files.write(" ".join(arguments), game)
        except (GoPolicyError, OSError) as error:
            session.remark(f"printsgf: {error}")
            raise GtpError("cannot save file") from error
        return ""

    return {"loadsgf": loadsgf, "printsgf": printsgf}


def _path_and_move(arguments: Arguments) -> tuple[str, int | None]:
    """Return the path, which may hold single blanks, and the number of the move to stop before."""
    if not arguments:
        raise GtpError(SYNTAX_ERROR)
    if len(arguments) > 1 and arguments[-1].isdecimal():
        return " ".join(arguments[:-1]), integer(arguments[-1])
    return " ".join(arguments), None


def load_game(session: Session, game: StoredGame, move: int | None) -> None:
    """Bring session to the position before a move of a game, or to its end.

    Komi and rules become those of the game, for later games too; where it names none that are
    known, those of the session stay, and a remark says so.  The session stays as it was where a
    move of the game is impossible.
    """
    rules, remarks = _rules_of(game, session)
    other = Session(session.bot, size=game.size, rules=rules)
    other.set_komi(session.komi if game.komi is None else game.komi)
    waiting: dict[Color, list[Point]] = {}
    played = 0
    for event in map(int, game.events):
        point, color = Point(event_point(event)), Color(event_color(event))
        if not event & EVENT_SETUP:
            played += 1
            _settle(other, waiting)
            if played == move:
                if color != other.board.to_move:  # as behind handicap stones
                    other.set_up(partial(Board.setup, to_move=color))
                break
            other.play(point, color)
        elif point == PASS:
            _settle(other, waiting)
            other.set_up(partial(Board.setup, to_move=color))
        else:
            waiting.setdefault(color, []).append(point)
    _settle(other, waiting)
    session.take_over(other)
    for remark in remarks:
        session.remark(f"loadsgf: {remark}")


def _rules_of(game: StoredGame, session: Session) -> tuple[Rules, list[str]]:
    remarks = []
    if game.komi is None:
        remarks.append(f"no komi in the file; {session.komi:.10g} stays")
    kept = f"{rules_text(session.rules)} rules stay"
    if not game.rules:
        return session.rules, [*remarks, f"no rules in the file; {kept}"]
    try:
        rules = rules_named(game.rules)
    except ConfigError as error:
        return session.rules, [*remarks, f"RU[{game.rules}]: {error}; {kept}"]
    if rules != session.rules:
        remarks.append(f"{rules_text(rules)} rules from now on, as the file says")
    return rules, remarks


def _settle(session: Session, waiting: dict[Color, list[Point]]) -> None:
    if waiting:
        session.set_up(partial(set_stones, stones=dict(waiting)))
        waiting.clear()


def set_stones(board: Board, stones: Mapping[Color, list[Point]]) -> None:
    """Set points of the board to the colors, EMPTY among them, that they are listed under."""
    black, white, empty = (
        stones.get(color, []) for color in (Color.BLACK, Color.WHITE, Color.EMPTY)
    )
    board.setup(black, white, empty)
