"""A mind without a network, so that the protocol can be tested quickly and predictably.

It likes points in the order of a fixed list of star points and then from the top left; it passes
when it is told to, and thinks that Black is 3.5 points ahead.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from gopolicy.errors import ConfigError, SgfError
from gopolicy.go.board import Board
from gopolicy.go.handicap import star_points
from gopolicy.go.types import PASS, Color, Point
from gopolicy.gtp.commands import all_commands
from gopolicy.gtp.commands_files import GameFiles, StoredGame
from gopolicy.gtp.protocol import GtpEngine
from gopolicy.gtp.session import Session
from gopolicy.play.any_bot import Decision
from gopolicy.policy.outlook import Outlook


class FakeBot:
    """A `AnyBot` for tests."""

    def __init__(self, sizes: Sequence[int] = tuple(range(2, 26))) -> None:
        self.sizes = sizes
        self.passing = False
        self.resigning = False
        self.dead_points: list[str] = []
        self.known: dict[str, object] = {"temperature": 0.0, "loud": False}
        self.asked: dict[str, object] = {}

    def describe(self) -> str:
        return "fake"

    def accepts(self, size: int) -> bool:
        return size in self.sizes

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], symmetry: int | None = None
    ) -> np.ndarray:
        return np.stack([self._priors(board.size) for board in boards])

    def choose(self, board: Board, color: Color, **how: object) -> Decision:
        self.asked = how
        legal = board.legal_mask(color)
        if self.resigning:
            return Decision(point=PASS, resign=True)
        if self.passing or not legal.any():
            return Decision(point=PASS)
        best = int(np.argmax(np.where(legal, self._priors(board.size), -1)))
        return Decision(point=Point(best), explanation="liked it")

    def outlook(self, board: Board, color: Color) -> Outlook:
        ownership = np.linspace(-1, 1, board.size**2, dtype=np.float32)
        return Outlook(ownership=ownership, lead=3.5, spread=2.0, black_wins=0.625, playouts=8)

    def outlooks(
        self, boards: Sequence[Board], colors: Sequence[Color] | None = None
    ) -> list[Outlook] | None:
        return None

    def dead(self, board: Board) -> list[tuple[Point, ...]]:
        chains = [board.chain(vertex) for vertex in self.dead_points]
        return [chain for chain in chains if chain]

    def settings(self) -> dict[str, object]:
        return self.known

    def change(self, name: str, value: str) -> None:
        if name not in self.known:
            raise ConfigError("no such setting")
        self.known[name] = value

    def _priors(self, size: int) -> np.ndarray:
        liked = [*star_points(size), *(p for p in range(size**2) if p not in star_points(size))]
        priors = np.empty(size**2, np.float32)
        priors[liked] = 0.5 ** np.arange(1, size**2 + 1)
        return priors


class FakeFiles:
    """One game in one file, ``game.sgf``."""

    def __init__(self, game: StoredGame | None = None) -> None:
        self.game = game

    def read(self, path: str) -> StoredGame:
        if self.game is None or path != "game.sgf":
            raise SgfError(f"cannot read {path}")
        return self.game

    def text(self, game: StoredGame) -> str:
        return f"({len(game.events)} events)"

    def write(self, path: str, game: StoredGame) -> None:
        if path != "out.sgf":
            raise OSError("no such folder")
        self.game = game


class Script:
    """Lines that are all there from the beginning, as from a frontend that does not wait."""

    def __init__(self, lines: Iterable[bytes], patience: int = 0) -> None:
        self.lines = list(lines)
        self.patience = patience
        """How many times a waiting stream is told to go on."""

    def next(self) -> bytes | None:
        return self.lines.pop(0) if self.lines else None

    def wait(self, seconds: float) -> bool:
        self.patience -= 1
        return self.patience < 0


class Desk:
    """An engine at hand, with everything it wrote and said."""

    def __init__(self, bot: FakeBot | None = None, files: GameFiles | None = None) -> None:
        self.bot = bot or FakeBot()
        self.said: list[str] = []
        self.session = Session(self.bot, remark=self.said.append)
        commands = all_commands(self.session, files or FakeFiles(), "gopolicy", "0.1.0")
        self.written = b""
        self.engine = GtpEngine(commands, write=self._write, remark=self.said.append)

    def _write(self, data: bytes) -> None:
        self.written += data

    def send(self, *lines: str, patience: int = 0) -> str:
        """Send lines and return all replies to them."""
        self.written = b""
        self.engine.run(Script([line.encode() for line in lines], patience))
        return self.written.decode()

    def ask(self, line: str, patience: int = 0) -> str:
        """Send one command and return its reply without the empty line at the end."""
        reply = self.send(line, patience=patience)
        assert reply.endswith("\n\n")
        assert "\n\n" not in reply[:-2]
        return reply[:-2]

    def stones(self) -> str:
        """Return the board as text."""
        return str(self.session.board)
