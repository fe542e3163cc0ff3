"""What a policy should have answered, by how games would go on after each of its candidates.

The decision that was played tells, by how its game ended, about one move.  Here several moves of a
decision are tried: the policy itself goes on for a few plies, then a network that has learned
who wins, the judge, says who is ahead.  The target is a policy shifted towards what went well, as a
search would shift it (Grill et al. 2020, "Monte-Carlo tree search as regularized policy
optimization").

Letters: M decisions, K candidates, A = N * N points, E events.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gopolicy.features.encode import Encoder
from gopolicy.go.batch_kernels import GOING, new_games
from gopolicy.go.types import BLACK, WHITE, Color, Point, move_event
from gopolicy.policy.policy import BATCH, Policy
from gopolicy.rl.decisions import Decisions, Floats
from gopolicy.rl.games import SUPERKO
from gopolicy.rl.mirrored_games import GamesGivenUpError, play_settings
from gopolicy.rl.reinforce_config import ReinforceConfig
from gopolicy.rl.self_play import Mover
from gopolicy.rl.self_play_kernels import (
    ChoiceRules,
    advance_games,
    begin_at,
    new_self_play_scratch,
)

_BEST = ChoiceRules(0, 0.0, 1.0, 0.0, 1.0)
"""The most probable sensible move."""
_LEAST = 0.02
"""A move that is less probable than this share of the best one hardly comes into question."""
_MARGIN = 0.15
"""Differences from the mean candidate, in standard deviations of the score, that teach nothing.

Most of what lies below is what the judge errs by: in 300 decisions of games at temperature 0.7 the
sign of differences above 0.1, 0.2, 0.3 and 0.5 after three plies was the same after six in 63, 74,
80 and 94 % of the cases.
"""
_LEAST_SPREAD = 1.0
_TINY = 1e-30
_LOWEST = -1e300


class CandidateTargets:
    """Tries the candidates of decisions, many at once."""

    def __init__(self, judge: Policy, config: ReinforceConfig) -> None:
        self._judge, self._config = judge, config
        settings = play_settings(config)
        self._games = new_games(
            BATCH,
            config.size,
            superko=SUPERKO[settings.superko],
            suicide=settings.suicide,
            most_events=settings.longest + config.continuation + 1,
        )
        self._scratch = new_self_play_scratch(config.size)
        names = (judge.plane_set, config.learning.planes)
        self._encoders = {name: Encoder(name, config.size) for name in names}
        self._planes = {name: each.empty(BATCH) for name, each in self._encoders.items()}
        self._most_plies = np.full(BATCH, 1 << 30, np.int32)

    def shares(
        self,
        decisions: Decisions,
        logs_ma: npt.NDArray[np.float32],
        policy: Mover,
        go_on: Callable[[], bool] = lambda: True,
    ) -> npt.NDArray[np.float32]:
        """Return the probabilities that are aimed at, [M, A].

        logs_ma: log-probabilities to begin with, -inf for what there was not to choose from.
        Moves beyond the candidates keep their probability.  `GamesGivenUpError` where go_on, asked
        again and again, says no.
        """
        order_mk = np.argsort(-logs_ma, axis=1, kind="stable")[:, : self._config.candidates]
        shares_mk = np.exp(np.take_along_axis(logs_ma, order_mk, 1).astype(np.float64))
        tried_mk = shares_mk >= _LEAST * shares_mk[:, :1]
        tried_mk &= tried_mk.sum(1, keepdims=True) > 1
        rows, columns = np.nonzero(tried_mk)
        sure_mk = np.zeros(shares_mk.shape)
        points = order_mk[rows, columns]
        sure_mk[rows, columns] = self._sure(decisions.take(rows), points, policy, go_on)
        shifts_mk = self._config.boldness * beyond_margin(sure_mk, shares_mk * tried_mk)
        shifts_mk = np.where(tried_mk, shifts_mk, -np.inf)
        best_m1 = shifts_mk.max(1, keepdims=True, initial=_LOWEST)  # the exponential overflows else
        raised_mk = shares_mk * np.exp(shifts_mk - best_m1)
        before_m, after_m = ((each * tried_mk).sum(1) for each in (shares_mk, raised_mk))
        raised_mk *= np.divide(before_m, after_m, out=np.ones_like(before_m), where=after_m > 0)[
            :, None
        ]
        aimed_ma = np.exp(logs_ma)
        new_mk = np.where(tried_mk, raised_mk, shares_mk).astype(np.float32)
        np.put_along_axis(aimed_ma, order_mk, new_mk, 1)
        return aimed_ma

    def _sure(
        self,
        decisions: Decisions,
        points: npt.NDArray[np.int64],
        policy: Mover,
        go_on: Callable[[], bool],
    ) -> Floats:
        """Return how surely the player of each decision is ahead after one of points, [M]."""
        found = np.zeros(len(decisions))
        for first in range(0, len(decisions), BATCH):
            if not go_on():
                raise GamesGivenUpError("the decisions of games were given up")
            some = np.arange(first, min(first + BATCH, len(decisions)))
            found[some] = self._try(decisions.take(some), points[some], policy)
        return found

    def _try(self, decisions: Decisions, points: npt.NDArray[np.int64], policy: Mover) -> Floats:
        """Return what `_sure` does, of at most a batch."""
        games, count = self._games, len(decisions)
        for g in range(count):
            color = int(decisions.colors[g])
            before = decisions.events[decisions.starts[g] : decisions.moves[g]]
            move = np.array([move_event(Point(int(points[g])), color)], np.uint16)
            begin_at(games, g, np.concatenate([before, move]), BLACK + WHITE - color)
        games.status[:count] = GOING
        for _ in range(self._config.continuation):
            planes = self._seen(policy.plane_set, count)
            logs = policy.log_probabilities(planes)
            advance_games(games, logs, self._most_plies[:count], _BEST, self._scratch)
        planes = self._seen(self._judge.plane_set, count)
        to_move = [Color(int(color)) for color in games.to_move[:count]]
        found = self._judge.outlooks_from(planes, to_move, [self._config.komi] * count)
        assert found is not None
        return np.array(
            [
                each.lead_of(Color(int(color))) / max(each.spread, _LEAST_SPREAD)
                for each, color in zip(found, decisions.colors, strict=True)
            ]
        )

    def _seen(self, plane_set: str, count: int) -> npt.NDArray[np.int8]:
        """Return the planes of the first count games, for who is to move."""
        planes = self._planes[plane_set]
        self._encoders[plane_set].games(self._games, self._games.to_move, planes, (0, count))
        return planes[:count]


def beyond_margin(sure_mk: Floats, shares_mk: Floats) -> Floats:
    """Return by how much candidates are better than their mean, [M, K], the margin taken off.

    shares_mk weigh the mean; a candidate without a share counts for nothing.
    """
    total_m = np.maximum(shares_mk.sum(1, keepdims=True), _TINY)
    better_mk = sure_mk - (sure_mk * shares_mk).sum(1, keepdims=True) / total_m
    found: Floats = np.sign(better_mk) * np.maximum(np.abs(better_mk) - _MARGIN, 0.0)
    return found
