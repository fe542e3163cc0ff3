"""The game that a frontend and an engine share: position, rules, clock, and who thinks about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gopolicy.errors import ConfigError, GoPolicyError, Refusal, VertexError
from gopolicy.go.board import Board
from gopolicy.go.handicap import handicap_stones
from gopolicy.go.rules import CHINESE, Rules
from gopolicy.go.scoring import stones_in_seki
from gopolicy.go.types import MAX_SIZE, MIN_SIZE, Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name
from gopolicy.gtp.clock import Clock
from gopolicy.gtp.protocol import GtpError
from gopolicy.play.any_bot import AnyBot, Decision
from gopolicy.ranges import MAX_KOMI

_COLORS = {"b": Color.BLACK, "black": Color.BLACK, "w": Color.WHITE, "white": Color.WHITE}


@dataclass(slots=True)
class Session:
    """What the commands of an engine work on.

    Komi and rules outlive `clear_board` and a new size, because frontends set them first.  Those
    of a file that was loaded replace them in the same way.
    """

    bot: AnyBot
    remark: Callable[[str], None] = lambda text: None
    """Tells a person something, outside the protocol."""
    size: int = 19
    komi: float = 7.5
    """As it was set; in the komi of the board is also White's bonus for handicap stones."""
    rules: Rules = CHINESE
    clock: Clock = field(default_factory=Clock)
    board: Board = field(init=False)
    explanation: str = ""
    """What was thought about the last move generated."""
    names: dict[str, str] = field(default_factory=dict)
    """Players, as far as a server told: name and rating of the opponent."""
    _turns: list[int] = field(default_factory=list)
    """How many steps of the board each move took that can be undone."""

    def __post_init__(self) -> None:
        self.clear()

    # The position.

    def clear(self) -> None:
        """Begin a new game on an empty board."""
        self.start_from(self._new_board())

    def resize(self, size: int) -> None:
        """Begin a new game on a board of another size."""
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise GtpError("unacceptable size")
        self.size = size
        self.clear()

    def start_from(self, board: Board) -> None:
        """Go on from a board that others filled; nothing before it can be undone."""
        self.size, self.board = board.size, board
        self._turns.clear()
        self._count_bonus()
        self.explanation = ""

    def take_over(self, other: "Session") -> None:
        """Go on with the game of another session, its komi and its rules."""
        self.komi, self.rules = other.komi, other.rules
        self.start_from(other.board)
        self._turns = other._turns

    def set_komi(self, komi: float) -> None:
        """Change komi, now and for later games."""
        if not abs(komi) <= MAX_KOMI:
            raise GtpError(f"expected komi from -{MAX_KOMI} to {MAX_KOMI}")
        self.komi = komi
        self._count_bonus()

    def set_rules(self, rules: Rules) -> None:
        """Change the rules, from now on and for later games; what was played stays."""
        self.rules = rules
        self.board = self.board.with_rules(superko=rules.superko, suicide=rules.suicide)
        self._count_bonus()

    def play(self, point: Point, color: Color) -> None:
        """Play a move from a record: a repetition is accepted even where the rules forbid it."""
        reason = self.board.refusal(point, color)
        if reason in (Refusal.KO, Refusal.SUPERKO):
            self.board.setup(empty=[point])  # forgets ko and earlier positions
            self._add(point, color, steps=2)
        elif reason is not None:
            raise GtpError("illegal move")
        else:
            self._add(point, color)

    def undo(self, count: int = 1) -> None:
        """Take back so many moves, or refuse; handicap stones and setup stay."""
        if not 0 <= count <= len(self._turns):
            raise GtpError("cannot undo")
        for _ in range(count):
            for _ in range(self._turns.pop()):
                self.board.undo()
        self.explanation = ""
        self._count_bonus()

    def set_up(self, change: Callable[[Board], object]) -> None:
        """Change the position by other means than moves; it cannot be undone."""
        try:
            change(self.board)
        except ConfigError as error:
            raise GtpError("illegal move") from error
        self._turns.clear()
        self._count_bonus()

    @property
    def bonus(self) -> int:
        """Return the points that the rules give White for handicap stones in this game."""
        if self.rules.handicap_bonus == "0":
            return 0
        return self.rules.bonus(handicap_stones(self.board.events.tolist()))

    def board_by_area(self, to_play: Color) -> Board:
        """Return a copy of the board for a network, which counts area: its komi suits the rules."""
        return self.rules.by_area(self.board, to_play)

    def _count_bonus(self) -> None:
        """Let whoever counts the board count White's bonus too."""
        self.board.komi = self.komi + self.bonus

    def _add(self, point: Point, color: Color, *, steps: int = 1) -> None:
        """Play a legal move; with what went before it took so many steps of the board."""
        self.board.play(point, color)
        self._turns.append(steps)
        self._count_bonus()

    # Thinking.

    def consider(self, color: Color, *, deterministic: bool = False, cleanup: bool = False) -> str:
        """Return the vertex of a move for color, or resign, without playing it."""
        return self._name(self._decide(color, deterministic, cleanup))

    def generate(self, color: Color, *, cleanup: bool = False) -> str:
        """Choose a move for color and play it; return its vertex, or resign."""
        decision = self._decide(color, False, cleanup)
        if not decision.resign:
            self._add(decision.point, color)
        self.explanation = decision.explanation
        return self._name(decision)

    def chains(self) -> dict[str, list[tuple[Point, ...]]]:
        """Return the chains that are ``alive``, ``dead`` and in ``seki``."""
        dead = self._dead()
        found: dict[str, list[tuple[Point, ...]]] = {"alive": [], "dead": dead, "seki": []}
        seki = stones_in_seki(self.board.stones, [chain[0] for chain in dead]).ravel()
        seen = {point for chain in dead for point in chain}
        for point in map(Point, self.board.stones.ravel().nonzero()[0].tolist()):
            if point not in seen:
                chain = self.board.chain(point)
                seen.update(chain)
                found["seki" if seki[point] else "alive"].append(chain)
        return found

    def score(self) -> str:
        """Return the result by the rules of the game, dead stones taken off: ``B+3.5``."""
        return str(self.rules.score(self.board, [chain[0] for chain in self._dead()]))

    def _dead(self) -> list[tuple[Point, ...]]:
        try:
            return self.bot.dead(self.board)
        except GoPolicyError as error:
            self.remark(f"cannot score: {error}")
            raise GtpError("cannot score") from error

    def think_about(self, size: int) -> None:
        """Refuse unless boards of this size can be thought about."""
        if not self.bot.accepts(size):
            raise GtpError(f"the network does not play {size}x{size}")

    def _decide(self, color: Color, deterministic: bool, cleanup: bool) -> Decision:
        self.think_about(self.size)
        return self.bot.choose(
            self.board,
            color,
            seconds=self.clock.allowance(color),
            cleanup=cleanup,
            deterministic=deterministic,
            scoring=self.rules.scoring,
        )

    def _name(self, decision: Decision) -> str:
        return "resign" if decision.resign else self.vertex(decision.point)

    def _new_board(self) -> Board:
        return Board(
            self.size,
            komi=self.komi,
            superko=self.rules.superko,
            suicide=self.rules.suicide,
        )

    # Words of the protocol.  Where the standard names no error, the messages are those of GNU Go.

    def move(self, color: str, vertex: str) -> tuple[Color, Point]:
        """Return the color and the point that two texts name, or refuse."""
        try:
            return self.color(color), self.point(vertex)
        except GtpError:
            raise GtpError("invalid color or coordinate") from None

    def color(self, text: str) -> Color:
        """Return the color that text names, or refuse."""
        try:
            return _COLORS[text.lower()]
        except KeyError:
            raise GtpError("invalid color") from None

    def point(self, text: str) -> Point:
        """Return the point that text names, `PASS` for pass, or refuse."""
        try:
            return parse_vertex(text, self.size)
        except VertexError:
            raise GtpError("invalid coordinate") from None

    def vertex(self, point: int) -> str:
        """Return the name of a point."""
        return vertex_name(point, self.size)

    def vertices(self, points: Iterable[int]) -> str:
        """Return the names of some points."""
        return " ".join(map(self.vertex, points))
