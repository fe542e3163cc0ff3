"""The planes of alphago48 the slow, obvious way, from the words of `gopolicy.features.planes`.

Works on the sets and dictionaries of `reference.go_twin`; shares no code with the kernels.
"""

from dataclasses import dataclass, field

import numpy as np
from reference.go_twin import Spot, Stones, after, border, liberties, neighbors, region


class TooDeep(Exception):
    """A ladder takes more positions than the twin has patience for."""


@dataclass
class TwinPosition:
    """What the planes depend on; ply by ply, so that ages are known."""

    size: int
    stones: Stones = field(default_factory=dict)
    before: Stones | None = None  # stones before the last move, for ko
    age: dict[Spot, int] = field(default_factory=dict)  # turns since each stone was played

    def play(self, spot: Spot | None, color: int) -> None:
        self.age = {where: turns + 1 for where, turns in self.age.items()}
        old = self.stones
        if spot is None:
            self.before = None
            return
        self.stones, _, _ = after(old, spot, color, self.size)
        self.before = old
        self.age = {where: turns for where, turns in self.age.items() if where in self.stones}
        self.age[spot] = 1


def result(
    stones: Stones, before: Stones | None, spot: Spot, color: int, size: int
) -> tuple[Stones, int] | None:
    """Return the stones after a move and the number captured; None if the move is illegal."""
    if spot in stones:
        return None
    new, captured, suicide = after(stones, spot, color, size)
    if suicide or (captured and new == before):
        return None
    return new, captured


class LadderTwin:
    """Reads ladders with copies of dictionaries and plain recursion."""

    def __init__(self, size: int, patience: int = 400) -> None:
        self.size = size
        self.patience = patience

    def caught(
        self, stones: Stones, before: Stones | None, target: Spot, side: int, chaser: int
    ) -> bool:
        self.patience -= 1
        if self.patience < 0:
            raise TooDeep
        libs = liberties(stones, target, self.size)
        if side == chaser:
            if len(libs) >= 3:
                return False
            if len(libs) == 1:
                return result(stones, before, next(iter(libs)), chaser, self.size) is not None
            moves = libs
        else:
            moves = self.answers(stones, target)
        for move in moves:
            new = result(stones, before, move, side, self.size)
            if new and self.caught(new[0], stones, target, 3 - side, chaser) == (side == chaser):
                return side == chaser
        return side != chaser

    def answers(self, stones: Stones, target: Spot) -> set[Spot]:
        """Return the moves that may save a chain in atari."""
        color = stones[target]
        moves = set(liberties(stones, target, self.size))
        for near in border(stones, region(stones, target, self.size), self.size):
            if stones.get(near) == 3 - color:
                libs = liberties(stones, near, self.size)
                if len(libs) == 1:
                    moves |= libs
        return moves

    def moves(self, position: TwinPosition, color: int) -> tuple[set[Spot], set[Spot]]:
        """Return the ladder captures and the ladder escapes of color."""
        captures, escapes = set(), set()
        stones, before = position.stones, position.before
        for spot, stone in stones.items():
            libs = liberties(stones, spot, self.size)
            if stone != color and len(libs) == 2:
                for move in libs:
                    new = result(stones, before, move, color, self.size)
                    if new and self.caught(new[0], stones, spot, 3 - color, color):
                        captures.add(move)
            if stone == color and len(libs) == 1:
                for move in self.answers(stones, spot):
                    new = result(stones, before, move, color, self.size)
                    if new and not self.caught(new[0], stones, spot, 3 - color, 3 - color):
                        escapes.add(move)
        return captures, escapes


def own_eye(stones: Stones, spot: Spot, color: int, size: int) -> bool:
    if any(stones.get(near) != color for near in neighbors(spot, size)):
        return False
    row, col = spot
    diagonals = [(row + r, col + c) for r in (-1, 1) for c in (-1, 1)]
    on_board = [(r, c) for r, c in diagonals if 0 <= r < size and 0 <= c < size]
    hostile = sum(stones.get(near) == 3 - color for near in on_board)
    return hostile <= (1 if len(on_board) == 4 else 0)


def alphago48(position: TwinPosition, color: int) -> np.ndarray:
    """Return planes int8 [48, N, N]; `TooDeep` if a ladder is too long for the twin."""
    size, stones = position.size, position.stones
    planes = np.zeros((48, size, size), np.int8)

    def mark(first: int, number: int, spot: Spot) -> None:
        if number:
            planes[first + min(number, 8) - 1][spot] = 1

    planes[3] = 1
    for spot in [(row, col) for row in range(size) for col in range(size)]:
        stone = stones.get(spot)
        planes[2 if stone is None else int(stone != color)][spot] = 1
        if stone is not None:
            mark(4, position.age.get(spot, 8), spot)
            mark(12, len(liberties(stones, spot, size)), spot)
        new = result(stones, position.before, spot, color, size)
        if new is None:
            continue
        libs = len(liberties(new[0], spot, size))
        mark(20, new[1], spot)
        mark(28, len(region(new[0], spot, size)) if libs == 1 else 0, spot)
        mark(36, libs, spot)
        planes[46][spot] = not own_eye(stones, spot, color, size)
    captures, escapes = LadderTwin(size).moves(position, color)
    for spot in captures:
        planes[44][spot] = 1
    for spot in escapes:
        planes[45][spot] = 1
    return planes
