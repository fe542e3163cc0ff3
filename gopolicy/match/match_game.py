"""One game between two engines, with a referee who trusts neither."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gopolicy.errors import ConfigError, VertexError
from gopolicy.go.board import Board
from gopolicy.go.scoring import Scoring
from gopolicy.go.superko import Superko
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.gtp.client import (
    EngineCrash,
    EngineProcess,
    EngineRefusal,
    EngineTimeout,
)
from gopolicy.play.playouts import final_score
from gopolicy.ranges import MAX_KOMI, MAX_SECONDS, Range, shortened
from gopolicy.sgf.record import GameRecord

_PATIENCE = 60.0
"""Seconds for commands other than ``genmove``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the players of a match agree on."""

    size: int = 19
    komi: float = 7.5
    scoring: Scoring = "area"
    superko: Superko = "none"
    move_seconds: float = 60.0
    """Longest time for one move; a player who takes longer loses."""
    main_seconds: float | None = None
    """Time for all moves of one player, told to the engines; None: no such limit."""
    max_moves: int | None = None
    """The game is counted as it stands after so many moves; None: three times the points."""
    ask_score: bool = False
    """Ask the engines for their own count of a finished game."""

    def __post_init__(self) -> None:
        for name, wanted in _RANGES.items():
            value = getattr(self, name)
            if value is not None and value not in wanted:
                raise ConfigError(f"expected {name} {wanted}, got {shortened(value)}")

    @property
    def longest_game(self) -> int:
        """The number of moves after which a game is counted."""
        return self.max_moves or 3 * self.size**2


_RANGES = {
    "komi": Range(-MAX_KOMI, MAX_KOMI),
    "move_seconds": Range(0, MAX_SECONDS, without_low=True),
    "main_seconds": Range(0, MAX_SECONDS, without_low=True),
    "max_moves": Range(1),
}
"""What each number may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one game of a match went."""

    number: int
    """From 1."""
    first_is_black: bool
    """Whether the match's first player had Black."""
    winner: Color
    """EMPTY for a draw."""
    result: str
    """As SGF writes it."""
    end: str
    """``score``, ``resign``, ``illegal move``, ``crash``, ``time``, ``refusal``, ``too long``."""
    detail: str = ""
    moves: int
    seconds: float
    claims: tuple[str, str] = ("", "")
    """Black's and White's own count, where they were asked and gave one."""

    @property
    def first_color(self) -> Color:
        """The color of the match's first player."""
        return Color.BLACK if self.first_is_black else Color.WHITE

    @property
    def claimed(self) -> bool:
        """Whether a player gave a count of his own."""
        return any(self.claims)

    @property
    def disputed(self) -> bool:
        """Whether a player's own count, winner and points, is not the referee's."""
        return any(claim and not same_score(claim, self.result) for claim in self.claims)

    @property
    def account(self) -> str:
        """How it ended, in words."""
        words = [f"{self.end}: {self.detail}" if self.detail else self.end]
        for color, claim in zip(("Black", "White"), self.claims, strict=True):
            words += [f"{color} counts {claim}"] if claim else []
        return ", ".join(words)


def same_score(one: str, other: str) -> bool:
    """Return whether two results say the same, however they are written.

    >>> same_score("B+3.0", "b+3"), same_score("W+0.5", "B+0.5"), same_score("0", "Draw")
    (True, False, True)
    """
    return _winner_and_points(one) == _winner_and_points(other)


def _winner_and_points(score: str) -> tuple[str, float | str]:
    """Return a result such as ``B+3.5`` in two parts."""
    winner, _, points = score.upper().partition("+")
    if winner in ("0", "DRAW", "JIGO"):
        return "", 0.0
    try:
        return winner, float(points)
    except ValueError:
        return winner, points


@dataclass
class Game:
    """A game under way between two engines that are ready."""

    terms: Terms
    engines: dict[Color, EngineProcess]
    opening: tuple[Point, ...] = ()
    cancelled: Callable[[], bool] = lambda: False
    board: Board = field(init=False)
    _used: dict[Color, float] = field(init=False)

    def __post_init__(self) -> None:
        terms = self.terms
        self.board = Board(terms.size, komi=terms.komi, superko=terms.superko)
        self._used = {Color.BLACK: 0.0, Color.WHITE: 0.0}

    def play(self) -> "Ending":
        """Play to the end."""
        for color in (Color.BLACK, Color.WHITE):
            ending = self._guarded(color, self._prepare)
            if ending:
                return ending
        while self.board.passes < 2:
            if self.board.ply >= self.terms.longest_game or self.cancelled():
                return self._counted("too long")
            for step in (self._move, self._tell):
                ending = self._guarded(self.board.to_move, step)
                if ending:
                    return ending
        return self._counted("score")

    def record(self, names: dict[Color, str], ending: "Ending") -> GameRecord:
        """Return the game as a record."""
        return GameRecord(
            size=self.terms.size,
            events=self.board.events,
            black=names[Color.BLACK],
            white=names[Color.WHITE],
            komi=self.terms.komi,
            result=ending.result,
            rules="Chinese" if self.terms.scoring == "area" else "Japanese",
        )

    def _guarded(self, color: Color, step: Callable[[Color], "Ending | None"]) -> "Ending | None":
        """Take a step that color is responsible for; its faults lose the game."""
        try:
            return step(color)
        except EngineTimeout as error:
            return _forfeit(color, "time", str(error))
        except EngineCrash as error:
            return _forfeit(color, "crash", str(error))
        except EngineRefusal as error:
            return _forfeit(color, "refusal", str(error))

    def _prepare(self, color: Color) -> None:
        engine, terms = self.engines[color], self.terms
        commands = [f"boardsize {terms.size}", "clear_board", f"komi {terms.komi:g}"]
        for command in commands:
            engine.ask(command, _PATIENCE)
        self._if_known(color, f"kata-set-rule scoring {terms.scoring.upper()}")
        if terms.main_seconds is not None:
            self._if_known(color, f"time_settings {round(terms.main_seconds)} 0 0")
        board = Board(terms.size)
        for point in self.opening:
            name = f"{board.to_move.name[0]} {vertex_name(point, terms.size)}"
            engine.ask(f"play {name}", _PATIENCE)
            board.play(point)
        if color == Color.WHITE:
            for point in self.opening:
                self.board.play(point)

    def _move(self, color: Color) -> "Ending | None":
        """Have color move; the board then waits for the opponent."""
        limit = self._announce_time(color)
        start = time.monotonic()
        answer = self.engines[color].ask(f"genmove {color.name[0]}", limit).strip()
        self._used[color] += time.monotonic() - start
        if self.terms.main_seconds is not None and self._used[color] > self.terms.main_seconds:
            return _forfeit(color, "time", "the main time is used up")
        if answer.lower() == "resign":
            return Ending(winner=color.opponent, end="resign", result=_result(color, "R"))
        try:
            point = parse_vertex(answer, self.terms.size)
        except VertexError:
            return _forfeit(color, "illegal move", f"answered {answer[:40]!r}")
        reason = self.board.refusal(point, color)
        if reason is not None:
            return _forfeit(color, "illegal move", f"{answer}: {reason.value}")
        self.board.play(point, color)
        return None

    def _tell(self, color: Color) -> None:
        point = self.board.last_move
        assert point is not None
        name = f"{color.opponent.name[0]} {vertex_name(point, self.terms.size)}"
        self.engines[color].ask(f"play {name}", _PATIENCE)

    def _announce_time(self, color: Color) -> float:
        """Tell color how much time is left, if that is limited; return the limit for the move."""
        if self.terms.main_seconds is None:
            return self.terms.move_seconds
        left = max(self.terms.main_seconds - self._used[color], 0.0)
        self._if_known(color, f"time_left {color.name[0]} {int(left)} 0")
        return min(left + 1.0, self.terms.move_seconds)

    def _if_known(self, color: Color, command: str) -> None:
        try:
            self.engines[color].ask(command, _PATIENCE)
        except EngineRefusal:
            return

    def _counted(self, end: str) -> "Ending":
        score = final_score(self.board, self.terms.scoring)
        claims = ("", "")
        if self.terms.ask_score and end == "score":
            claims = (self._claim(Color.BLACK), self._claim(Color.WHITE))
        return Ending(winner=score.winner, end=end, result=str(score), claims=claims)

    def _claim(self, color: Color) -> str:
        try:
            return self.engines[color].ask("final_score", _PATIENCE).split()[0]
        except (EngineRefusal, EngineTimeout, EngineCrash, IndexError):
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a game ended."""

    winner: Color
    end: str
    result: str
    detail: str = ""
    claims: tuple[str, str] = ("", "")


def _forfeit(loser: Color, end: str, detail: str) -> Ending:
    mark = "T" if end == "time" else "F"
    detail = f"{loser.name.lower()}: {detail}"
    return Ending(winner=loser.opponent, end=end, result=_result(loser, mark), detail=detail)


def _result(loser: Color, how: str) -> str:
    return f"{loser.opponent.name[0]}+{how}"
