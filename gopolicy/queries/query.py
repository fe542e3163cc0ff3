"""One query of KataGo's analysis protocol: JSON in, a checked question about positions out.

The names of the fields and what they mean are those of KataGo's documentation of its analysis
engine (docs/Analysis_Engine.md there).  A field that is wrong makes the query an error; a field
that is unknown, or that only steers a search, is a warning and nothing more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from gopolicy.errors import ConfigError, GoPolicyError, IllegalMove, Refusal, VertexError
from gopolicy.go.board import Board
from gopolicy.go.handicap import handicap_stones
from gopolicy.go.rules import Rules, rules_named, with_rules
from gopolicy.go.types import MAX_SIZE, MIN_SIZE, PASS, Color, Point
from gopolicy.go.vertex import parse_vertex, point_at, vertex_name
from gopolicy.ranges import MAX_KOMI, shortened

PERSPECTIVES = ("BLACK", "WHITE", "SIDETOMOVE")
LONGEST_VARIATION = 5
"""Moves in a variation where a query does not say."""
MOST_VISITS = 1000
_COLORS = {"b": Color.BLACK, "black": Color.BLACK, "w": Color.WHITE, "white": Color.WHITE}
_MOST, _MOST_VISITS = 2**62, 2**50
"""KataGo's limits of priorities and visits."""
_MOVES = 1 << 16
"""More than any game has."""
_LONGEST_NAME = 100
"""What is repeated of the name of a field, in characters."""
UNUSED = "Unexpected or unused field"
_OF_SEARCH = frozenset({"maxTime", "wideRootNoise", "maxVisits", "maxPlayouts", "numSearchThreads"})
"""Settings that frontends send with every query, and that mean nothing without a search."""
_WITHOUT_EFFECT = {
    "rootFpuReductionMax": "there is no search, so it has no effect",
    "rootPolicyTemperature": "it has no effect",
    "includeNoResultValue": "it is not given",
    "includeOwnershipStdev": "it is not given",
    "includeMovesOwnershipStdev": "it is not given",
    "includePVEdgeVisits": "it is not given",
}

_PAIR = re.compile(r"\((\d{1,3}), ?(\d{1,3})\)")
"""Column and row from the top left, counted from 0."""

Move = tuple[Color, Point]


class QueryError(GoPolicyError):
    """A query that cannot be answered; `where` is the field that is wrong."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Moves that a color may, or may not, begin with."""

    color: Color
    points: frozenset[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class GameSoFar:
    """The game that a query is about."""

    size: int
    komi: float
    rules: Rules
    stones: tuple[Move, ...] = ()
    """Set up before the first move."""
    first: Color | None = None
    """Who moves first, where that is said."""
    moves: tuple[Move, ...] = ()

    def board_at(self, turn: int, since: tuple[int, Board] | None = None) -> Board:
        """Return the position after so many moves; since, an earlier turn and its board, may help.

        A move that only the rules of ko forbid is played, for records hold such moves.  Raises
        QueryError at an illegal one.
        """
        earlier, board = (since[0], since[1].copy()) if since else (0, self._start())
        for number in range(earlier, turn):
            _play(board, self.moves[number], number)
        self._count_bonus(board)
        return board

    def _start(self) -> Board:
        board = Board(
            self.size, komi=self.komi, superko=self.rules.superko, suicide=self.rules.suicide
        )
        black, white = (
            [point for color, point in self.stones if color == of]
            for of in (Color.BLACK, Color.WHITE)
        )
        usual = Color.WHITE if len(set(black)) > 1 and not white else Color.BLACK  # a handicap
        first = self.first or (self.moves[0][0] if self.moves else usual)
        if self.stones or first == Color.WHITE:
            board.setup(black, white, to_move=first)
        return board

    def _count_bonus(self, board: Board) -> None:
        """Let komi hold what the rules give White for handicap stones, for counting by area."""
        board.komi = self.whole_komi(board)
        board.komi = self.rules.area_komi(board, board.to_move)

    def whole_komi(self, board: Board) -> float:
        """Return komi with the points that the rules give White for handicap stones."""
        return self.komi + self.rules.bonus(handicap_stones(board.events.tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question about some positions of a game."""

    id: str
    game: GameSoFar
    turns: tuple[int, ...]
    """How many moves have been played in each position asked about."""
    priorities: tuple[int, ...]
    """For every turn; higher ones come first."""
    visits: int = MOST_VISITS
    """What the probabilities are shared out over."""
    variation: int = LONGEST_VARIATION
    policy: bool = False
    ownership: bool = False
    moves_ownership: bool = False
    pv_visits: bool = False
    perspective: str = "BLACK"
    """Whose win rate, score and ownership are told: one of `PERSPECTIVES`."""
    allowed: tuple[Restriction, ...] = ()
    avoided: tuple[Restriction, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    """Fields, and what is to be said about them."""


def read_query(said: Mapping[str, Any], perspective: str = "BLACK") -> Query:
    """Return what the object of a query asks; QueryError where it is wrong.

    perspective: whose numbers are told unless the query's settings name another.
    """
    return _Reader(said, perspective).query()


@dataclass(slots=True)
class _Reader:
    """Takes the fields of a query one by one."""

    said: Mapping[str, Any]
    perspective: str
    used: set[str] = field(default_factory=lambda: {"id"})
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def query(self) -> Query:
        game = self.game()
        asked = self.turns(len(game.moves))
        turns = dict(zip(asked, self.priorities(len(asked)), strict=True))
        visits = self.integer("maxVisits", MOST_VISITS, 1, _MOST_VISITS)
        found = Query(
            id=self.said["id"],
            game=game,
            turns=tuple(turns),
            priorities=tuple(turns.values()),
            visits=min(visits, MOST_VISITS),
            variation=min(self.integer("analysisPVLen", LONGEST_VARIATION, 1), 100),
            policy=self.boolean("includePolicy"),
            ownership=self.boolean("includeOwnership"),
            moves_ownership=self.boolean("includeMovesOwnership"),
            pv_visits=self.boolean("includePVVisits"),
            perspective=self.settings(),
            allowed=tuple(self.restrictions("allowMoves", game.size)),
            avoided=tuple(self.restrictions("avoidMoves", game.size)),
        )
        if self.said.get("reportDuringSearchEvery") is not None:
            self.number("reportDuringSearchEvery", 1.0)  # the one report comes sooner
        self.used.add("reportDuringSearchEvery")
        self.leftovers()
        object.__setattr__(found, "warnings", tuple(self.warnings))
        return found

    def game(self) -> GameSoFar:
        size = self.size()
        rules = self.rules()
        komi = self.number("komi", 7.5 if rules.scoring == "area" else 6.5)
        if not abs(komi) <= MAX_KOMI:
            raise QueryError(f"expected komi from -{MAX_KOMI} to {MAX_KOMI}", "komi")
        stones = self.moves("initialStones", size, required=False)
        if any(point == PASS for _, point in stones):
            raise QueryError("a stone cannot be a pass", "initialStones")
        if len({point for _, point in stones}) < len(set(stones)):
            raise QueryError("a point has stones of both colors", "initialStones")
        first = self.take("initialPlayer")
        game = GameSoFar(
            size=size,
            komi=komi,
            rules=rules,
            stones=stones,
            first=None if first is None else _color(first, "initialPlayer"),
            moves=self.moves("moves", size, required=True),
        )
        try:
            game.board_at(len(game.moves))
        except ConfigError as error:
            raise QueryError(str(error), "initialStones") from error
        return game

    def take(self, name: str) -> Any:
        """Return the value of a field, None where there is none."""
        self.used.add(name)
        return self.said.get(name)

    def size(self) -> int:
        width = self.integer("boardXSize", None, MIN_SIZE, MAX_SIZE)
        height = self.integer("boardYSize", None, MIN_SIZE, MAX_SIZE)
        if width != height:
            what = f"expected a square board, got {width}x{height}"
            raise QueryError(what, "boardYSize")
        return width

    def rules(self) -> Rules:
        said = self.take("rules")
        try:
            if isinstance(said, str):
                rules = rules_named(said)
            elif isinstance(said, Mapping):
                rules = with_rules(rules_named("tromp-taylor"), said)
            else:
                raise QueryError("expected the name of rules, or an object of them", "rules")
        except ConfigError as error:
            raise QueryError(str(error), "rules") from error
        bonus = self.take("whiteHandicapBonus")
        if bonus is None:
            return rules
        try:
            return with_rules(rules, {"whiteHandicapBonus": bonus})
        except ConfigError as error:
            raise QueryError(str(error), "whiteHandicapBonus") from error

    def moves(self, name: str, size: int, *, required: bool) -> tuple[Move, ...]:
        said = self.take(name)
        if said is None and not required:
            return ()
        if not isinstance(said, list) or len(said) > _MOVES:
            raise QueryError('expected a list of pairs such as ["B", "Q16"]', name)
        return tuple(_move(pair, size, name) for pair in said)

    def turns(self, last: int) -> tuple[int, ...]:
        said = self.take("analyzeTurns")
        if said is None:
            return (last,)
        if not isinstance(said, list) or not all(_is_integer(turn) for turn in said):
            raise QueryError("expected a list of whole numbers", "analyzeTurns")
        if any(not 0 <= turn <= last for turn in said):
            raise QueryError(f"expected turns from 0 to {last}", "analyzeTurns")
        return tuple(said)

    def priorities(self, count: int) -> tuple[int, ...]:
        one = self.integer("priority", 0, -_MOST, _MOST)
        said = self.take("priorities")
        if said is None:
            return (one,) * count
        if "analyzeTurns" not in self.said or "priority" in self.said:
            raise QueryError("expected with analyzeTurns and without priority", "priorities")
        right = isinstance(said, list) and len(said) == count
        if not right or not all(_is_integer(each) and abs(each) <= _MOST for each in said):
            raise QueryError(f"expected {count} whole numbers, one for every turn", "priorities")
        return tuple(said)

    def settings(self) -> str:
        said = self.take("overrideSettings")
        if said is None:
            return self.perspective
        if not isinstance(said, Mapping):
            raise QueryError("expected an object of settings", "overrideSettings")
        for name in said:
            if name != "reportAnalysisWinratesAs" and name not in _OF_SEARCH:
                self.warnings.append(("overrideSettings", f"{shortened(name)} has no effect"))
        perspective = said.get("reportAnalysisWinratesAs", self.perspective)
        if not isinstance(perspective, str) or perspective.upper() not in PERSPECTIVES:
            what = f"expected reportAnalysisWinratesAs to be one of {', '.join(PERSPECTIVES)}"
            raise QueryError(what, "overrideSettings")
        return perspective.upper()

    def restrictions(self, name: str, size: int) -> Iterator[Restriction]:
        said = self.take(name)
        if said is None:
            return
        if not isinstance(said, list) or len(said) > _MOVES:
            raise QueryError("expected a list of objects", name)
        for each in said:
            if not isinstance(each, Mapping) or not isinstance(each.get("moves"), list):
                raise QueryError("expected objects with player, moves and untilDepth", name)
            depth = each.get("untilDepth")
            if not _is_integer(depth) or depth < 1:
                raise QueryError("expected untilDepth to be a whole number of 1 or more", name)
            if depth > 1:
                self.warnings.append((name, "it holds for the first move alone, not deeper"))
            color = _color(each.get("player"), name)
            points = frozenset(_point(vertex, size, name) for vertex in each["moves"])
            yield Restriction(color=color, points=points)

    def integer(self, name: str, usual: int | None, low: int, high: int = 2**31 - 1) -> int:
        value = self.take(name)
        if value is None and usual is not None:
            return usual
        if not _is_integer(value) or not low <= value <= high:
            raise QueryError(f"expected a whole number from {low} to {high}", name)
        return int(value)

    def number(self, name: str, usual: float) -> float:
        value = self.take(name)
        if value is None:
            return usual
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise QueryError("expected a number", name)
        return float(value)

    def boolean(self, name: str) -> bool:
        value = self.take(name)
        if not isinstance(value, bool | None):
            raise QueryError("expected true or false", name)
        return bool(value)

    def leftovers(self) -> None:
        """Warn of fields that nothing has used."""
        for name, value in self.said.items():
            if name in _WITHOUT_EFFECT:
                if value:
                    self.warnings.append((name, _WITHOUT_EFFECT[name]))
            elif name not in self.used:
                self.warnings.append((name[:_LONGEST_NAME], UNUSED))


def _play(board: Board, move: Move, number: int) -> None:
    """Play a move of a record; QueryError where even a record could not hold it."""
    color, point = move
    try:
        if board.refusal(point, color) in (Refusal.KO, Refusal.SUPERKO):
            board.setup(empty=[point])  # forgets ko and earlier positions
        board.play(point, color)
    except IllegalMove as error:
        name = vertex_name(point, board.size)
        what = f"Illegal move {number}: {name}, {error.reason.value}"
        raise QueryError(what, "moves") from error


def _move(pair: Any, size: int, name: str) -> Move:
    if not isinstance(pair, list) or len(pair) != 2:
        raise QueryError('expected pairs such as ["B", "Q16"]', name)
    return _color(pair[0], name), _point(pair[1], size, name)


def _color(said: Any, name: str) -> Color:
    color = _COLORS.get(said.lower()) if isinstance(said, str) else None
    if color is None:
        raise QueryError(f"expected a player, B or W, got {shortened(repr(said))}", name)
    return color


def _point(said: Any, size: int, name: str) -> Point:
    if not isinstance(said, str):
        raise QueryError(f"expected a vertex such as Q16, got {shortened(repr(said))}", name)
    pair = _PAIR.fullmatch(said)
    if pair and int(pair[1]) < size and int(pair[2]) < size:
        return point_at(int(pair[2]), int(pair[1]), size)
    try:
        return parse_vertex(said, size)
    except VertexError as error:
        raise QueryError(str(error), name) from error


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
