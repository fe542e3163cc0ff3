"""A policy that begins to learn after its critic: it stays as it is, then begins as any other."""

from typing import Any

import numpy as np
import pytest
import torch

from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.weights import LoadedNetwork, describe_network
from gopolicy.policy.policy import Policy
from gopolicy.rl.first_networks import first_critic, first_policy
from gopolicy.rl.learner import Learner, Networks
from gopolicy.rl.mirrored_games import play_settings
from gopolicy.rl.reinforce_config import ReinforceConfig, override_reinforce
from gopolicy.rl.self_play import SelfPlay
from gopolicy.training.compute import Compute
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

SETTINGS = [
    *("size=5", "planes=alphago4", "filters=8", "layers=3", "games=8", "batch_size=32"),
    *("precision=fp32", "baseline=ownership", "lr=0.01", "ema=0.9"),
]
each_optimizer = pytest.mark.parametrize("optimizer", ["adamw", "muon", "sgd"])


class Lessons:
    """A learner that learns from the same games again and again, one step after the other."""

    def __init__(self, *changes: str) -> None:
        self.config = override_reinforce(ReinforceConfig(), [*SETTINGS, *changes])
        torch.manual_seed(1)
        self.policy = first_policy(self.config)
        info = describe_network(self.policy, "alphago4")
        self.mover = Policy(LoadedNetwork(self.policy, info), device="cpu", precision="fp32")
        found = SelfPlay([self.mover], play_settings(self.config), seed=1).play(8)
        self.games = sorted(found, key=lambda game: game.number)
        networks = Networks(policy=self.policy, critic=first_critic(self.config, self.policy))
        world, compute = World(torch.device("cpu")), Compute("fp32", "channels_last")
        self.learner = Learner(self.config, networks, compute, world)
        self.step = 0

    def learn(self) -> dict[str, float]:
        """Learn from all games once."""
        draw = np.random.default_rng(self.step)
        steps, figures = self.learner.learn(self.games, self.step, draw, self.mover)
        self.step += steps
        return figures


def numbers_of(network: PolicyNetwork) -> torch.Tensor:
    """Return all parameters of a network in one row."""
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@each_optimizer
def test_the_critic_may_learn_before_the_policy_does(optimizer: str) -> None:
    changes = ["critic_first=100000", "entropy=0.1", "weight_decay=0.1", "warmup=0"]
    lessons = Lessons(*changes, f"optimizer={optimizer}")
    before = numbers_of(lessons.policy)
    losses = [lessons.learn()["ownership_loss"] for _ in range(4)]
    assert torch.equal(numbers_of(lessons.policy), before)
    assert torch.equal(numbers_of(lessons.learner.best_policy), before)
    assert losses[-1] < losses[0]


@each_optimizer
def test_a_policy_that_begins_later_begins_with_a_warm_up(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons = Lessons("critic_first=640", "warmup=3200", f"optimizer={optimizer}")
    changes, plain = [], Learner._descend

    def descend(self: Learner, *given: Any) -> None:
        before = numbers_of(lessons.policy)
        plain(self, *given)
        changes.append(float((numbers_of(lessons.policy) - before).abs().max()))

    monkeypatch.setattr(Learner, "_descend", descend)
    while lessons.step < 24:
        lessons.learn()
    first = changes[20]  # 640 decisions are 20 steps
    assert max(changes[:20]) == 0 < first < max(changes[21:24])
    if optimizer == "adamw":  # whose first step is as long as the rate, whatever the gradient
        assert first == pytest.approx(0.01 / 101, rel=0.02)
