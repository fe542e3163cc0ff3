"""How a network saw the moves of a line, which may go over variations."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.policy.game_review import (
    MoveFigures,
    least_expected,
    lost_most,
    players,
    review_moves,
    turning_points,
)
from gopolicy.sgf.positions import Position
from gopolicy.sgf.tree import GameTree, TreeNode
from gopolicy.web.engines import Engine, Engines
from gopolicy.web.walk import Walk

_AT_ONCE = 4
"""Positions a question: others get their turn between two."""


class LineReview:
    """The figures of moves that were looked at, by the number of their node."""

    def __init__(self, tree: GameTree) -> None:
        self._walk = Walk(tree)
        self._known: dict[int, MoveFigures] = {}

    def known(self, line: Sequence[TreeNode]) -> dict[int, MoveFigures]:
        """Return what is known of the moves of a line, by the number of their node."""
        numbers = [node.number for node in line if node.number in self._known]
        return {number: self._known[number] for number in numbers}

    def told(self, line: Sequence[TreeNode]) -> dict[str, Any]:
        """Return what is known of a line, as the page shows it; its lists are numbers of moves."""
        size, known = self._walk.tree.size, self.known(line)
        figures = list(known.values())
        lists = {"costly": lost_most, "surprising": least_expected, "turning": turning_points}
        return {
            "moves": [each.facts(size) | {"node": node} for node, each in known.items()],
            "players": [asdict(each) for each in players(figures).values()],
            **{name: [each.number for each in pick(figures)] for name, pick in lists.items()},
        }

    async def look_at(self, line: Sequence[TreeNode], engines: Engines) -> AsyncIterator[None]:
        """Look at the moves of a line that are not known, and yield after every few."""
        waiting: dict[int, Position] = {}
        for node in line:
            await asyncio.sleep(0)  # others get their turn where no move is legal, too
            if node.number not in self._known and (position := self._before(node)):
                waiting[node.number] = position
            if waiting and (len(waiting) == _AT_ONCE or node is line[-1]):
                self._known |= await engines.ask(partial(_figures, asked=waiting))
                waiting = {}
                yield

    def _before(self, node: TreeNode) -> Position | None:
        """Return the position before a move; None where there is no move, or one against rules."""
        if node.parent is None or not node.is_move():
            return None
        self._walk.go(node.parent)
        move, board = self._walk.move_at(node), self._walk.board
        if move is None or board.refusal(move[1], move[0]) is not None:
            return None
        return self._walk.before(*move)


def _figures(ready: Sequence[Engine], asked: dict[int, Position]) -> dict[int, MoveFigures]:
    positions = list(asked.values())
    try:
        found = review_moves(ready[0].bot.policy(positions[0].board.size), positions)
    except ConfigError:  # it plays another size only, which the look tells
        return {}
    return dict(zip(asked, found, strict=True))
