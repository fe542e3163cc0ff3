"""One iteration of learning: games in, better networks out.

The gradient is that of REINFORCE (Williams 1992), as Silver et al. 2016 used it: a move becomes
more probable by how much better the game ended than expected.

Letters: B batch, C planes, N board side, A = N * N points, G games, M decisions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.errors import ConfigError
from gopolicy.go.types import BLACK
from gopolicy.nets.network import PolicyNetwork
from gopolicy.policy.policy import Policy
from gopolicy.rl.advantages import (
    black_results,
    color_baseline,
    fitted,
    pair_baseline,
    results_of,
    traced,
)
from gopolicy.rl.candidate_targets import CandidateTargets
from gopolicy.rl.decisions import (
    DecisionEncoder,
    Decisions,
    Floats,
    Ints,
    decisions_of,
    draw_per_game,
)
from gopolicy.rl.mirrored_games import play_settings
from gopolicy.rl.policy_gradient_loss import (
    clipped_gain,
    divergence,
    entropy_of,
    masked_log_softmax,
)
from gopolicy.rl.reinforce_config import ReinforceConfig
from gopolicy.rl.self_play import FinishedGame, Mover
from gopolicy.training.averaging import WeightAverage
from gopolicy.training.compute import Compute
from gopolicy.training.optimizers import descend, make_optimizer
from gopolicy.training.schedule import learning_rate
from gopolicy.training.world import World

_FIGURES = ("loss", "entropy", "kl", "ownership_loss")
_TINY = 1e-8
_AT_ONCE = 256
"""Decisions that are looked at together where nothing is learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The networks that a run is made of."""

    policy: PolicyNetwork
    """What learns to play."""
    parent: PolicyNetwork | None = None
    """What it began as; None where neither the divergence from it nor candidates are asked for."""
    critic: PolicyNetwork | None = None
    """Says whose every point will be, as logits; None for other baselines."""
    judge: Policy | None = None
    """Says who is ahead after each candidate; None where moves are learned by the ends of games."""

    def learning(self) -> nn.ModuleDict:
        """Return those that are trained, in one module."""
        named = {"policy": self.policy, "critic": self.critic}
        return nn.ModuleDict({name: each for name, each in named.items() if each is not None})


@dataclass(frozen=True, slots=True)
class _Lesson:
    """Decisions and what is known of each."""

    decisions: Decisions
    choices: npt.NDArray[np.bool_]
    """[M, A] what there was to choose from."""
    symmetries: npt.NDArray[np.int8]
    """[M] how each is turned."""
    shares: npt.NDArray[np.float32] | None = None
    """[M, A] the probabilities that are aimed at; None: what was played tells."""

    def __len__(self) -> int:
        return len(self.decisions)

    def take(self, chosen: Ints) -> "_Lesson":
        """Return some of them, by their numbers."""
        shares = None if self.shares is None else self.shares[chosen]
        choices, symmetries = self.choices[chosen], self.symmetries[chosen]
        return _Lesson(self.decisions.take(chosen), choices, symmetries, shares)

    def parts(self) -> Iterator["_Lesson"]:
        """Yield all in order, in parts that can be looked at together."""
        for first in range(0, len(self), _AT_ONCE):
            yield self.take(np.arange(first, min(first + _AT_ONCE, len(self))))


class Learner:
    """Trains the networks of a run on one batch of games after the other."""

    def __init__(
        self,
        config: ReinforceConfig,
        networks: Networks,
        compute: Compute,
        world: World,
    ) -> None:
        self.config, self.networks, self._compute, self._world = config, networks, compute, world
        self.module = networks.learning()
        compute.place(self.module, world.device)
        if networks.parent is not None:
            compute.place(networks.parent, world.device).requires_grad_(False)
        self.optimizer = make_optimizer(config.learning, *self.module.values())
        self._policy_begins = -(-config.critic_first // config.learning.batch_size)
        ema = config.learning.ema
        self.average = WeightAverage(networks.policy, ema) if ema else None
        self._encoder = DecisionEncoder(config.learning.planes, play_settings(config))
        self._targets = CandidateTargets(networks.judge, config) if networks.judge else None

    @property
    def best_policy(self) -> PolicyNetwork:
        """The policy that is measured and kept: the average of weights, where one is made."""
        return self.average.network if self.average else self.networks.policy

    def learn(
        self,
        games: Sequence[FinishedGame],
        step: int,
        draw: np.random.Generator,
        policy: Mover,
        go_on: Callable[[], bool] = lambda: True,
    ) -> tuple[int, dict[str, float]]:
        """Learn from games in which the policy was mover 0; return the steps made and figures.

        step: steps made before.  The figures are means over the decisions, and how many decisions
        were learned from.  While candidates are tried, which takes as long as the games, go_on is
        asked again and again: `GamesGivenUpError` where it says no; nothing has been learned then.
        ConfigError where there is no decision to learn from.
        """
        lesson, advantages = self._prepare(games, draw, policy, go_on)
        fewest = self._fewest(len(lesson))
        if fewest == 0:
            raise ConfigError("the games have no decision to learn from; play more or larger ones")
        ownership = np.stack([game.ownership for game in games])
        size = self.config.learning.batch_size // self._world.size
        steps = max(fewest // size, 1)
        before = self._played(lesson) if steps > 1 and not self._targets else None
        order = draw.permutation(len(lesson))[: steps * size]
        sums = torch.zeros(len(_FIGURES), dtype=torch.float64)
        for number in range(steps):
            at = order[number * size : (number + 1) * size]
            part = lesson.take(at)
            with torch.set_grad_enabled(step + number >= self._policy_begins):
                terms = self._terms(part, advantages[at], None if before is None else before[at])
            if self.networks.critic is not None:
                terms["ownership_loss"] = self._ownership_loss(part, ownership)
            self._descend(terms["loss"] + terms.get("ownership_loss", 0.0), step + number)
            sums += torch.stack(
                [terms.get(name, torch.zeros(())).detach().double().cpu() for name in _FIGURES]
            )
        means = self._world.total(sums.to(self._world.device)) / (steps * self._world.size)
        figures = dict(zip(_FIGURES, means.tolist(), strict=True))
        return steps, figures | {"decisions": self._sum(len(order))}

    def _prepare(
        self,
        games: Sequence[FinishedGame],
        draw: np.random.Generator,
        policy: Mover,
        go_on: Callable[[], bool] = lambda: True,
    ) -> tuple[_Lesson, Floats]:
        """Return what is learned from and the advantages, scaled to a mean square of 1."""
        every = decisions_of(games)
        symmetries = draw.integers(0, 8, len(every), dtype=np.int8)
        if self.config.learning.equivariant:  # every turn teaches the same
            symmetries[:] = 0
        chosen = draw_per_game(every, self.config.positions_per_game, draw)
        seen = np.arange(len(every)) if self.config.trace < 1 else chosen
        some = every.take(seen)
        lesson = _Lesson(some, self._encoder.choices(games, some), symmetries[seen])
        if self._targets:
            return self._aimed(lesson, policy, go_on), np.zeros(len(lesson))
        advantages = self._advantages(
            lesson, black_results(games, self.config.komi, self.config.softness)
        )
        if self.config.trace < 1:
            lesson, advantages = lesson.take(chosen), advantages[chosen]
        spread = self._mean(np.square(advantages)) ** 0.5
        return lesson, advantages / (spread + _TINY)

    def _advantages(self, lesson: _Lesson, black: Floats) -> Floats:
        """Return the advantages of decisions, [M], from Black's results [G]."""
        decisions = lesson.decisions
        results = results_of(decisions, black)
        if self.config.baseline == "none":
            return results
        if self.config.baseline == "color":
            return results - color_baseline(decisions, black)
        if self.config.baseline == "pair":
            return results - pair_baseline(decisions, black)
        return traced(decisions, fitted(self._values(lesson), results), results, self.config.trace)

    @torch.inference_mode()
    def _values(self, lesson: _Lesson) -> Floats:
        """Return what the critic expects for the player of each decision, from -1 to 1, [M]."""
        config = self.config
        leads = [np.zeros(0)]
        for part in lesson.parts():
            logits_ba = self._look(self.networks.critic, part)[0]
            leads.append(torch.tanh(logits_ba / 2).sum(1).double().cpu().numpy())
        komi = np.where(lesson.decisions.colors == BLACK, -config.komi, config.komi)
        values: Floats = np.tanh((np.concatenate(leads) + komi) / (config.softness or config.size))
        return values

    @torch.inference_mode()
    def _aimed(self, lesson: _Lesson, policy: Mover, go_on: Callable[[], bool]) -> _Lesson:
        """Return a lesson with the probabilities that are aimed at.

        They are the parent's, shifted.  Were they those of the policy as it is now, what the judge
        errs by would add up from iteration to iteration and make all candidates equal.
        """
        assert self._targets is not None
        straight = replace(lesson, symmetries=np.zeros_like(lesson.symmetries))
        found = [np.zeros((0, self.config.size**2), np.float32)]
        for part in straight.parts():
            found.append(self._logs(self.networks.parent, part)[0].cpu().numpy())
        shares = self._targets.shares(lesson.decisions, np.concatenate(found), policy, go_on)
        return replace(lesson, shares=self._encoder.turned(shares, lesson.symmetries))

    @torch.inference_mode()
    def _played(self, lesson: _Lesson) -> npt.NDArray[np.float32]:
        """Return the log-probabilities of what was played as the policy is now, [M]."""
        found = [np.zeros(0, np.float32)]
        for part in lesson.parts():
            found.append(self._logs(self.networks.policy, part)[1].cpu().numpy())
        return np.concatenate(found)

    def _terms(
        self, part: _Lesson, advantages: Floats, before: npt.NDArray[np.float32] | None
    ) -> dict[str, Tensor]:
        """Return loss, entropy and divergence from the parent."""
        config, device = self.config, self._world.device
        logs_ba, played_b = self._logs(self.networks.policy, part)
        entropy = entropy_of(logs_ba).mean()
        if part.shares is not None:
            loss = divergence(torch.from_numpy(part.shares).to(device).log(), logs_ba).mean()
        else:
            past_b = played_b.detach() if before is None else torch.from_numpy(before).to(device)
            advantages_b = torch.from_numpy(advantages).to(device, torch.float32)
            loss = -clipped_gain(played_b - past_b, advantages_b, config.clip_ratio)
        terms = {"loss": loss - config.entropy * entropy, "entropy": entropy}
        if self.networks.parent is not None:
            with torch.no_grad():
                parent_ba = self._logs(self.networks.parent, part)[0]
            terms["kl"] = divergence(logs_ba, parent_ba).mean()
            terms["loss"] = terms["loss"] + config.kl * terms["kl"]
        return terms

    def _ownership_loss(self, part: _Lesson, ownership: npt.NDArray[np.int8]) -> Tensor:
        """Return how far the critic is from whose the points [G, A] were."""
        owned = self._encoder.owned(part.decisions, ownership, part.symmetries)
        logits_ba = self._look(self.networks.critic, part)[0]
        target_ba = torch.from_numpy(owned).to(self._world.device)
        return F.binary_cross_entropy_with_logits(logits_ba, target_ba)

    def _logs(self, network: PolicyNetwork | None, part: _Lesson) -> tuple[Tensor, Tensor]:
        """Return log-probabilities, [B, A], and those of what was played, [B]."""
        logits_ba, choices_ba, points_b = self._look(network, part)
        logs_ba = masked_log_softmax(logits_ba, choices_ba, self.config.temperature)
        return logs_ba, logs_ba.gather(1, points_b[:, None])[:, 0]

    def _look(self, network: PolicyNetwork | None, part: _Lesson) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a network answers, [B, A], the choices, [B, A], and what was played, [B]."""
        assert network is not None
        device = self._world.device
        encoded = self._encoder.encode(part.decisions, part.choices, part.symmetries)
        planes_bcnn = torch.from_numpy(encoded.planes).to(
            device, self._compute.dtype, memory_format=self._compute.layout
        )
        logits_ba = self._compute.forward(network, planes_bcnn)
        choices_ba = torch.from_numpy(encoded.choices).to(device)
        return logits_ba, choices_ba, torch.from_numpy(encoded.points).to(device)

    def _descend(self, loss: Tensor, step: int) -> None:
        """Step down the gradient of a loss.

        Where the policy begins later, so do its average and, for both networks, a second warm-up.
        """
        learning, since = self.config.learning, step - self._policy_begins
        rate = learning_rate(learning, step)
        if since >= 0:
            rate = min(rate, learning_rate(learning, since))
        descend(loss, self.module, self.optimizer, self._world, rate, learning.clip_norm)
        if self.average and since >= 0:
            self.average.update(since)

    def _mean(self, values: Floats) -> float:
        """Return the mean over all processes."""
        sums = torch.tensor([float(values.sum()), float(len(values))], dtype=torch.float64)
        total, count = self._world.total(sums.to(self._world.device)).tolist()
        mean: float = total / max(count, 1.0)
        return mean

    def _sum(self, count: int) -> float:
        """Return the sum of the counts of all processes."""
        sums = torch.tensor([float(count)], dtype=torch.float64)
        return float(self._world.total(sums.to(self._world.device))[0])

    def _fewest(self, count: int) -> int:
        """Return the lowest of the counts of all processes."""
        return -int(self._world.highest(torch.tensor([-count]).to(self._world.device))[0])
