"""How a network saw every move of a line: its probability and its place among the choices."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.view import View
from gopolicy.sgf.tree import GameTree, TreeNode
from gopolicy.web.engines import Engine, Engines
from gopolicy.web.walk import Walk

_AT_ONCE = 8
"""Positions a question: others get their turn between two."""
_Waiting = tuple[TreeNode, Board, Color, Point]


class Agreement:
    """Moves that were looked at, by the number of their node."""

    def __init__(self, tree: GameTree) -> None:
        self._walk = Walk(tree)
        self._known: dict[int, dict[str, Any]] = {}

    def known(self, line: Sequence[TreeNode]) -> list[dict[str, Any]]:
        """Return what is known of a line, move by move."""
        return [self._known[node.number] for node in line if node.number in self._known]

    async def look_at(self, line: Sequence[TreeNode], engines: Engines) -> AsyncIterator[None]:
        """Look at the moves of a line that are not known, and yield after every few."""
        waiting: list[_Waiting] = []
        for node in line:
            if node.parent is None or not node.is_move() or node.number in self._known:
                continue
            waiting += self._asked(node)
            if len(waiting) >= _AT_ONCE:
                await self._ask(waiting, engines)
                waiting = []
                yield
        if waiting:
            await self._ask(waiting, engines)
            yield

    def _asked(self, node: TreeNode) -> list[_Waiting]:
        assert node.parent is not None
        self._walk.go(node.parent)
        board = self._walk.board.copy()
        move = self._walk.move_at(node)
        return [] if move is None or move[1] < 0 else [(node, board, *move)]

    async def _ask(self, waiting: list[_Waiting], engines: Engines) -> None:

        def question(ready: Sequence[Engine]) -> list[dict[str, Any]]:
            boards = [board for _, board, _, _ in waiting]
            colors = [color for _, _, color, _ in waiting]
            try:
                shares_ba = ready[0].bot.probabilities(boards, colors)
            except ConfigError:  # it plays another size only, which the look tells
                return []
            found = []
            for (node, board, color, point), shares in zip(waiting, shares_ba, strict=True):
                view = View(probabilities=shares, legal=board.legal_mask(color))
                found.append(_entry(node, board, color, point, view))
            return found

        for entry in await engines.ask(question):
            self._known[entry["node"]] = entry
        await asyncio.sleep(0)


def _entry(node: TreeNode, board: Board, color: Color, point: Point, view: View) -> dict[str, Any]:
    best = view.best(1)
    return {
        "node": node.number,
        "number": board.ply + 1,
        "color": int(color),
        "vertex": vertex_name(point, board.size),
        "share": round(float(view.probabilities[point]), 5),
        "rank": view.rank(point),
        "best": best[0] if best else None,
    }
