"""What a network finds in several positions at once, and how KataGo's protocol tells it.

The positions of a round go through the network together, and so do their variations.  *Visits* are
the network's probabilities shared out over the visits that a query allows; win rate, score and
ownership are the network's after each candidate, or one estimate by playouts for all of them.

Source of the names and of what they mean: KataGo's documentation of its analysis engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.gtp.candidates import (
    Candidate,
    Wishes,
    choose_points,
    grow,
    outlooks_of,
    shown_win_rate,
)
from gopolicy.play.any_bot import AnyBot
from gopolicy.policy.outlook import Outlook
from gopolicy.queries.query import Query

_VARIATIONS = 6
"""How many candidates get a variation; further ones stand for themselves."""


@dataclass(slots=True)
class Finding:
    """What is found in one position of a query."""

    query: Query
    turn: int
    board: Board
    color: Color
    """Who is to move."""
    candidates: list[Candidate] = field(default_factory=list)
    prior_a: NDArray[np.float32] | None = None
    """[A] over the legal points, the others 0."""
    passes: bool = False
    """Whether the engine answers a pass with a pass here."""
    outlook: Outlook | None = None
    """Of the position."""
    after: list[Outlook] = field(default_factory=list)
    """Of the position after each candidate."""

    def answer(self) -> dict[str, Any]:
        """Return the reply to the query for this position."""
        assert self.outlook is not None
        assert self.prior_a is not None
        reply: dict[str, Any] = {
            "id": self.query.id,
            "isDuringSearch": False,
            "turnNumber": self.turn,
            "moveInfos": [self._move_info(order) for order in range(len(self.candidates))],
            "rootInfo": {
                "currentPlayer": "B" if self.color == Color.BLACK else "W",
                "visits": max(1, sum(map(self._visits, self.candidates))),
                **self._values(self.outlook),
            },
        }
        if self.query.policy:
            legal_a = self.board.legal_mask(self.color)
            shares = np.where(legal_a, 0.0 if self.passes else self.prior_a, -1.0)
            reply["policy"] = [*_rounded(shares, 8), float(self.passes)]
        if self.query.ownership:
            reply["ownership"] = self._ownership(self.outlook)
        return reply

    def _move_info(self, order: int) -> dict[str, Any]:
        candidate, values = self.candidates[order], self._values(self.after[order])
        visits, size = self._visits(candidate), self.board.size
        pv = [vertex_name(point, size) for point in candidate.variation]
        info = {
            "move": pv[0],
            "visits": visits,
            "edgeVisits": visits,
            **values,
            "lcb": values["winrate"],
            "utilityLcb": values["utility"],
            "prior": round(candidate.prior, 8),
            "order": order,
            "pv": pv,
        }
        if self.query.pv_visits:
            info["pvVisits"] = [visits] * len(pv)
        if self.query.moves_ownership:
            info["ownership"] = self._ownership(self.after[order])
        return info

    def _side(self) -> Color:
        """Return whose numbers are told."""
        if self.query.perspective == "SIDETOMOVE":
            return self.color
        return Color.BLACK if self.query.perspective == "BLACK" else Color.WHITE

    def _values(self, outlook: Outlook) -> dict[str, float]:
        """Return what is told of an outcome."""
        side = self._side()
        wins, lead = shown_win_rate(outlook, side), outlook.lead_of(side)
        return {
            "winrate": round(wins, 6),
            "scoreLead": round(lead, 4),
            "scoreMean": round(lead, 4),
            "scoreSelfplay": round(lead, 4),
            "scoreStdev": round(outlook.spread, 4),
            "utility": round(2 * wins - 1, 6),
        }

    def _ownership(self, outlook: Outlook) -> list[float]:
        return _rounded(outlook.ownership_for(self._side()), 6)

    def _visits(self, candidate: Candidate) -> int:
        return max(1, round(self.query.visits * candidate.prior))


def find(bot: AnyBot, findings: Sequence[Finding]) -> None:
    """Fill in what the network finds in positions, which are on boards of one size."""
    boards, colors = [each.board for each in findings], [each.color for each in findings]
    for each, prior_a in zip(findings, bot.probabilities(boards, colors), strict=True):
        each.passes = _passes(bot, each)
        _choose(each, prior_a)
    longest = max(each.query.variation for each in findings)
    for length in range(2, longest + 1):
        grow(
            bot,
            [
                candidate
                for each in findings
                if each.query.variation >= length
                for candidate in each.candidates[:_VARIATIONS]
            ],
        )
    for each in findings:
        assert each.prior_a is not None
        points = [candidate.point for candidate in each.candidates]
        rules = each.query.game.rules
        each.outlook, each.after = outlooks_of(
            bot, each.board, each.color, each.prior_a, points, rules
        )


def _passes(bot: AnyBot, finding: Finding) -> bool:
    """Return whether the engine would pass where the opponent has just passed.

    The network predicts no passes, so without this nobody who plays by what is told here ever ends
    a game.  To resign counts as passing: the opponent has nothing left to do.
    """
    query, board = finding.query, finding.board.copy()
    if board.last_move != PASS or query.allowed or query.avoided:
        return False
    board.komi = query.game.whole_komi(board)
    rules = query.game.rules
    choice = bot.choose(board, finding.color, deterministic=True, scoring=rules.scoring)
    return choice.point == PASS


def _choose(finding: Finding, prior_a: NDArray[np.float32]) -> None:
    """Choose the candidates of a position; a pass where there is no point to play, or none needed.

    Where the engine passes, points have no share in what it would play.
    """
    query, board, color = finding.query, finding.board, finding.color
    legal_a = board.legal_mask(color)
    shares_a = np.where(legal_a, prior_a, 0.0).astype(np.float32)
    finding.prior_a = prior_a = shares_a / np.float32(max(float(shares_a.sum()), 1e-30))
    allowed = [each.points for each in query.allowed if each.color == color]
    avoided = [each.points for each in query.avoided if each.color == color]
    wishes = Wishes(
        color=color,
        allowed=frozenset().union(*allowed) if allowed else None,
        avoided=frozenset().union(*avoided),
    )
    if finding.passes:
        finding.candidates.append(_candidate(finding, PASS, 1.0))
    for point in choose_points(prior_a, legal_a, wishes):
        share = 0.0 if finding.passes else float(prior_a[point])
        finding.candidates.append(_candidate(finding, point, share))
    if not finding.candidates:
        finding.candidates.append(_candidate(finding, PASS, 0.0))


def _candidate(finding: Finding, point: Point, prior: float) -> Candidate:
    board = finding.board.copy()
    board.play(point, finding.color)
    return Candidate(point, prior, [point], board, ended=point == PASS)


def _rounded(values_a: NDArray[Any], digits: int) -> list[float]:
    return [round(value, digits) for value in values_a.astype(np.float64).tolist()]
