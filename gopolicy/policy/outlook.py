"""Win rate, lead and owners of the points: how a game may end from a position.

Networks that have learned outcomes say it, and playouts do (`gopolicy.play.playouts`);
`gopolicy.play.bot.Bot.outlook` chooses between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy.go.types import Color
from gopolicy.nets.outcome_head import OutcomeLogits, score_distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a game may end from a position, from Black's side, counted by area."""

    ownership: NDArray[np.float32]
    """[N * N] float32, 1 where a point is sure to be Black's, -1 where it is White's."""
    lead: float
    """Points Black is ahead on average, komi counted."""
    spread: float
    """The standard deviation of the points."""
    black_wins: float
    """The probability that Black wins, a draw counted as half."""
    playouts: int = 0
    """How many playouts it comes from; 0 where a network says it."""

    def ownership_for(self, color: Color) -> NDArray[np.float32]:
        """Return the ownership [N * N] from the side of color."""
        return self.ownership if color == Color.BLACK else -self.ownership

    def win_rate(self, color: Color) -> float:
        """Return the probability that color wins."""
        return self.black_wins if color == Color.BLACK else 1.0 - self.black_wins

    def summary(self) -> str:
        """Return in words who is ahead, how probably and by how much.

        >>> Outlook(ownership=np.zeros(4), lead=-3.25, spread=9.0, black_wins=0.36).summary()
        'White is ahead: win rate 64.0%, +3.2 points +- 9.0'
        """
        ahead = Color.BLACK if self.black_wins >= 0.5 else Color.WHITE
        points = f"{self.lead_of(ahead):+.1f} points +- {self.spread:.1f}"
        name = ahead.name.capitalize()
        return f"{name} is ahead: win rate {self.win_rate(ahead):.1%}, {points}"

    def lead_of(self, color: Color) -> float:
        """Return the points color is ahead."""
        return self.lead if color == Color.BLACK else -self.lead


class Ends(NamedTuple):
    """What a network says of the ends of B positions, for the player to move."""

    owned_ba: torch.Tensor
    """[B, A] the probability that a point will be the player's, minus that of the opponent."""
    scores_bs: torch.Tensor
    """[B, 2 * A + 1] the probability of every score from -A to A, without komi; float64."""

    def turned(self, turn_a: torch.Tensor | slice) -> "Ends":
        """Return the same with point ``turn_a[p]`` of the board as point p."""
        return Ends(self.owned_ba[:, turn_a], self.scores_bs)


def ends_of(outcome: OutcomeLogits) -> Ends:
    """Return what an outcome head says as probabilities."""
    scores_bs = score_distribution(outcome, outcome.ownership.shape[1])
    return Ends(torch.tanh(outcome.ownership / 2), scores_bs.double())


def outlooks(ends: Ends, colors: Sequence[Color], komis: Sequence[float]) -> list[Outlook]:
    """Return what a network says of positions, given who is to move in each and the komi."""
    points = ends.owned_ba.shape[1]
    owned_ba, scores_bs = ends.owned_ba.cpu().numpy(), ends.scores_bs.cpu().numpy()
    margins_s = np.arange(-points, points + 1)
    found = []
    for owned_a, scores_s, color, komi in zip(owned_ba, scores_bs, colors, komis, strict=True):
        sign = 1 if color == Color.BLACK else -1
        lead_s = sign * margins_s - komi
        lead = float(scores_s @ lead_s)
        found.append(
            Outlook(
                ownership=(sign * owned_a).astype(np.float32),
                lead=lead,
                spread=float(np.sqrt(scores_s @ (lead_s - lead) ** 2)),
                black_wins=float(scores_s @ ((lead_s > 0) + 0.5 * (lead_s == 0))),
            )
        )
    return found


def balanced(
    now: Outlook, after: Sequence[Outlook], shares: Sequence[float]
) -> tuple[Outlook, list[Outlook]]:
    """Return the outlook on a position and those after some of its moves, made to agree.

    A network leans to one side depending on who is to move: what it says of a position and of the
    one a move later differ by many points either way, and a graph of a game is a saw.  The
    mean of both is free of most of that and the better forecast.  shares [C] are the probabilities
    of the moves; moves that are not there count as what is said now.  The outlooks after the moves
    are moved by one difference, so what sets them apart stays.
    """
    rest = max(0.0, 1.0 - sum(shares))
    parts = [(rest, now), *zip(shares, after, strict=True)]
    total = sum(share for share, _ in parts)

    lead = sum(share * each.lead for share, each in parts) / total
    black_wins = sum(share * each.black_wins for share, each in parts) / total
    variance = sum(share * each.spread**2 for share, each in parts) / total
    ownership = np.zeros_like(now.ownership)
    for share, each in parts:
        ownership += np.float32(share / total) * each.ownership

    middle = replace(
        now,
        lead=(now.lead + lead) / 2,
        black_wins=(now.black_wins + black_wins) / 2,
        spread=float(np.sqrt((now.spread**2 + variance) / 2)),
        ownership=(now.ownership + ownership) / np.float32(2),
    )
    owners_moved_by = middle.ownership - ownership
    moved = [
        replace(
            each,
            lead=each.lead + middle.lead - lead,
            black_wins=_moved_chance(each.black_wins, black_wins, middle.black_wins),
            ownership=np.clip(each.ownership + owners_moved_by, -1, 1).astype(np.float32),
        )
        for each in after
    ]
    return middle, moved


def _moved_chance(chance: float, mean: float, target: float) -> float:
    """Return a probability moved as its mean is moved to a target; it stays a probability."""
    if target <= mean:
        return chance * target / mean if mean else chance
    return 1 - (1 - chance) * (1 - target) / (1 - mean)
