"""A game against a network: who plays what, by which rules, and how it ends."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.handicap import fixed_handicap, largest_fixed_handicap
from gopolicy.go.rules import Rules, rules_named
from gopolicy.go.scoring import Score
from gopolicy.go.types import Color, Point
from gopolicy.play.player_settings import PlayerSettings
from gopolicy.sgf.edit import sgf_point
from gopolicy.sgf.tree import GameTree
from gopolicy.web.page_request import Request

COLORS: dict[str, tuple[Color, ...]] = {
    "black": (Color.BLACK,),
    "white": (Color.WHITE,),
    "both": (Color.BLACK, Color.WHITE),
    "none": (),
}
"""What the person at the page plays."""
RULES = ("Chinese", "Japanese", "AGA", "NZ", "Tromp-Taylor")


@dataclass(slots=True, kw_only=True)
class Contest:
    """One game that is being played."""

    human: tuple[Color, ...]
    rules: Rules
    settings: PlayerSettings
    result: str = ""
    """As SGF writes it; empty while the game goes on."""
    played_on: int = 0
    """Passes in a row after which somebody wanted to play on."""

    def awaits_network(self, to_move: Color) -> bool:
        """Return whether the network is to move."""
        return not self.result and to_move not in self.human


def new_contest(request: Request, network: str) -> tuple[Contest, GameTree]:
    """Return the game that a page asks for, and its tree with the handicap stones."""
    size = request.whole("size", 5, 25)
    human = COLORS[request.choice("color", COLORS)]
    rules = request.choice("rules", RULES)
    stones = request.whole("handicap", 0, 9)
    komi = request.number("komi", -100, 100)
    temperature = request.number("temperature", 0, 5)
    look_ahead = request.whole("look_ahead", 0, 50, 0)
    names = ["You" if color in human else network for color in (Color.BLACK, Color.WHITE)]
    tree = GameTree({"SZ": [str(size).encode()], "AP": [b"gopolicy"]}, size)
    for name, text in zip(("PB", "PW", "RU"), (*names, rules), strict=True):
        tree.root.set_text(name, text)
    tree.root.set_text("KM", f"{komi:g}")
    if stones > 1:
        _place(tree, stones)
    settings = PlayerSettings(temperature=temperature, look_ahead=look_ahead)
    return Contest(human=human, rules=rules_named(rules), settings=settings), tree


def _place(tree: GameTree, stones: int) -> None:
    most = largest_fixed_handicap(tree.size)
    if stones > most:
        raise ConfigError(f"a board of {tree.size}x{tree.size} has room for {most} handicap stones")
    points = fixed_handicap(tree.size, stones)
    tree.root.set_text("HA", str(stones))
    tree.root.properties["AB"] = [sgf_point(point, tree.size).encode() for point in points]
    tree.root.properties["PL"] = [b"W"]


@dataclass(slots=True, kw_only=True)
class Count:
    """A position that is being counted."""

    board: Board
    rules: Rules
    dead: set[Point] = field(default_factory=set)

    def toggle(self, point: Point) -> None:
        """Take the chain at a point for dead, or for alive if it was dead."""
        chain = self.board.chain(point)
        if set(chain) <= self.dead:
            self.dead.difference_update(chain)
        else:
            self.dead.update(chain)

    def score(self) -> Score:
        """Return the points of both."""
        return self.rules.score(self.board, self.dead)

    def owners(self) -> npt.NDArray[np.float32]:
        """Return whose every point is, [N * N], 1 for Black and -1 for White."""
        stones = self.board.stones
        signs = np.array([0, 1, -1], np.float32)[self.rules.owners(stones, self.dead).reshape(-1)]
        alive = stones.reshape(-1) != 0
        alive[list(self.dead)] = False
        found: npt.NDArray[np.float32] = np.where(alive, 0, signs)
        return found
