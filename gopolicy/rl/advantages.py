"""From results of games to advantages of moves: how much better it went than expected.

Letters: G games, M decisions.  A result is seen by one player: 1 the best, -1 the worst.
"""

from collections.abc import Sequence

import numpy as np

from gopolicy.go.types import BLACK
from gopolicy.rl.decisions import Decisions, Floats
from gopolicy.rl.self_play import FinishedGame


def black_results(games: Sequence[FinishedGame], komi: float, softness: float) -> Floats:
    """Return Black's results, [G]: 1, 0 or -1, or with softness the tanh of lead / softness."""
    leads = np.array([game.score for game in games], np.float64) - komi
    return np.sign(leads) if softness == 0 else np.tanh(leads / softness)


def results_of(decisions: Decisions, results: Floats) -> Floats:
    """Return the result for the player of each decision, [M], from Black's results [G]."""
    return np.where(decisions.colors == BLACK, 1.0, -1.0) * results[decisions.games]


def color_baseline(decisions: Decisions, results: Floats) -> Floats:
    """Return the mean result of the other games in which the learner had this color, [M].

    0 where there is no other.
    """
    expected = np.zeros(len(decisions))
    for color in np.unique(decisions.colors):
        mine = decisions.colors == color
        played = np.unique(decisions.games[mine])
        if len(played) > 1:
            of_color = results if color == BLACK else -results
            total, own = of_color[played].sum(), of_color[decisions.games[mine]]
            expected[mine] = (total - own) / (len(played) - 1)
    return expected


def pair_baseline(decisions: Decisions, results: Floats) -> Floats:
    """Return what this color got in the other game of the pair, [M]; game 2 k goes with 2 k + 1."""
    return results_of(decisions, results[np.arange(len(results)) ^ 1])


def fitted(values: Floats, results: Floats) -> Floats:
    """Return expectations [M] scaled and shifted to fit the results [M] best (least squares)."""
    spread = values.var()
    if spread < 1e-12:
        return np.full_like(values, results.mean())
    slope = np.mean((values - values.mean()) * (results - results.mean())) / spread
    scaled: Floats = results.mean() + max(float(slope), 0.0) * (values - values.mean())
    return scaled


def traced(decisions: Decisions, values: Floats, results: Floats, trace: float) -> Floats:
    """Return advantages [M] by the change of expectations [M] from decision to decision.

    The generalized advantage estimate of Schulman et al. 2016 without discount: with trace 1 result
    minus expectation, with trace 0 the next expectation minus this one.  Decisions must be sorted
    as `decisions_of` sorts them.
    """
    advantages = np.zeros(len(values))
    sides = decisions.sides
    for i in range(len(values) - 1, -1, -1):
        is_last = i + 1 == len(values) or sides[i + 1] != sides[i]
        following = results[i] if is_last else values[i + 1]
        carried = 0.0 if is_last else advantages[i + 1]
        advantages[i] = following - values[i] + trace * carried
    return advantages
