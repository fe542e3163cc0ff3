"""The rules of Go the slow, obvious way: dictionaries, sets and flood fill.

A point is ``(row, column)``; stones are a dictionary from points to 1 (black) or 2 (white).  What
`Board` computes cleverly is computed here from the definitions, to be compared with it.
"""

from dataclasses import dataclass, field

from gopolicy.errors import Refusal

Spot = tuple[int, int]
Stones = dict[Spot, int]


def neighbors(spot: Spot, size: int) -> list[Spot]:
    row, column = spot
    near = [(row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)]
    return [(r, c) for r, c in near if 0 <= r < size and 0 <= c < size]


def region(stones: Stones, start: Spot, size: int) -> set[Spot]:
    """Return all points of the same color (or emptiness) connected with start."""
    found, waiting = {start}, [start]
    while waiting:
        for near in neighbors(waiting.pop(), size):
            if near not in found and stones.get(near) == stones.get(start):
                found.add(near)
                waiting.append(near)
    return found


def border(stones: Stones, inside: set[Spot], size: int) -> set[Spot]:
    """Return the points next to a region."""
    return {near for spot in inside for near in neighbors(spot, size)} - inside


def liberties(stones: Stones, spot: Spot, size: int) -> set[Spot]:
    around = border(stones, region(stones, spot, size), size)
    return {near for near in around if near not in stones}


def after(stones: Stones, spot: Spot, color: int, size: int) -> tuple[Stones, int, bool]:
    """Return the stones after a move, how many enemies it captured, whether it was suicide."""
    stones = {**stones, spot: color}
    captured: set[Spot] = set()
    for near in neighbors(spot, size):
        if stones.get(near) == 3 - color and not liberties(stones, near, size):
            captured |= region(stones, near, size)
    stones = {where: what for where, what in stones.items() if where not in captured}
    suicide = not liberties(stones, spot, size)
    if suicide:
        lost = region(stones, spot, size)
        stones = {where: what for where, what in stones.items() if where not in lost}
    return stones, len(captured), suicide


@dataclass
class TwinGame:
    """A game; `history` holds every situation (stones, who is to move) since the last setup."""

    size: int
    superko: str = "none"
    suicide: bool = False
    stones: Stones = field(default_factory=dict)
    to_move: int = 1
    captures: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    history: set[tuple[frozenset[tuple[Spot, int]], int]] = field(default_factory=set)
    before: tuple[Stones, int] | None = None  # stones before the last move, and who made it

    def __post_init__(self) -> None:
        self.history = {self.situation(self.stones, self.to_move)}

    def situation(self, stones: Stones, to_move: int) -> tuple[frozenset[tuple[Spot, int]], int]:
        return frozenset(stones.items()), to_move if self.superko == "situational" else 0

    def refusal(self, spot: Spot, color: int) -> Refusal | None:
        if spot in self.stones:
            return Refusal.OCCUPIED
        stones, captured, suicide = after(self.stones, spot, color, self.size)
        if captured and self.before == (stones, 3 - color):
            return Refusal.KO
        if suicide and not self.suicide:
            return Refusal.SUICIDE
        if self.superko != "none" and self.situation(stones, 3 - color) in self.history:
            return Refusal.SUPERKO
        return None

    def play(self, spot: Spot | None, color: int) -> None:
        """Play a legal move, or pass."""
        self.history.add(self.situation(self.stones, color))
        old, self.before = self.stones, (self.stones, color)
        if spot is not None:
            self.stones, captured, _ = after(old, spot, color, self.size)
            own = [where for where in {**old, spot: color} if where not in self.stones]
            self.captures[color] += captured
            self.captures[3 - color] += len(own) - captured
        self.to_move = 3 - color
        self.history.add(self.situation(self.stones, self.to_move))

    def set_up(self, stones: Stones, to_move: int) -> None:
        self.stones, self.to_move, self.before = dict(stones), to_move, None
        self.history = {self.situation(self.stones, to_move)}

    def area(self, color: int) -> int:
        """Count the color's area by Tromp-Taylor."""
        owned = 0
        for spot in ((row, col) for row in range(self.size) for col in range(self.size)):
            if spot in self.stones:
                owned += self.stones[spot] == color
            else:
                around = border(self.stones, region(self.stones, spot, self.size), self.size)
                owned += {self.stones[near] for near in around} == {color}
        return owned
