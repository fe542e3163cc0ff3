"""Games do not depend on whether the machine computes quickly in bfloat16."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from reference.tiny_games import write_weights

import gopolicy.rl
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.rl.reinforce_config import ReinforceConfig
from gopolicy.rl.reinforce_folder import begun_reinforce
from gopolicy.rl.reinforce_run import Limits, reinforce

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def decided(tmp_path: Path) -> Path:
    """Return weights so far from even that a few digits less change what is drawn."""
    network = load_weights(write_weights(tmp_path / "even", 5)).network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(5)
    save_weights(tmp_path / "decided", network, describe_network(network, "alphago12"))
    return tmp_path / "decided"


def pretend(monkeypatch: pytest.MonkeyPatch, *, fast: bool) -> None:
    """Let the machine seem to have fast bfloat16, or not to have it."""
    monkeypatch.setattr("gopolicy.policy.policy.has_fast_bfloat16", lambda device: fast)


def test_a_network_plays_the_same_whatever_number_of_games_waits_for_it(
    decided: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, fast=True)
    settings: dict[str, Any] = {"size": 5, "planes": "stones", "opponent": decided}
    many = gymnasium.make_vec("gopolicy/Go-v0", num_envs=32, **settings)
    singles = SyncVectorEnv([lambda: gopolicy.rl.GoEnv(**settings) for _ in range(32)])
    dice = np.random.default_rng(4)
    answers: tuple[Any, ...] = many.reset(seed=11), singles.reset(seed=11)
    for _ in range(40):
        assert np.array_equal(answers[0][0], answers[1][0])
        masks = answers[0][-1]["action_mask"]
        actions = np.array([dice.choice(np.flatnonzero(mask)) for mask in masks])
        answers = many.step(actions), singles.step(actions)
    many.close()
    singles.close()


@pytest.mark.parametrize("pool_share", [0, 1])
def test_a_run_in_fp32_plays_in_fp32(
    decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool_share: int
) -> None:
    monkeypatch.setattr("gopolicy.rl.reinforce_run.draw_learning_curves", lambda run: None)
    changes = [f"start={decided}", "precision=fp32", "games=80", f"pool_share={pool_share}"]
    changes += ["batch_size=256", "measure_every=1", "measure_games=80"]
    config = begun_reinforce(ReinforceConfig(), changes)
    learned = []
    for fast in (False, True):
        pretend(monkeypatch, fast=fast)
        out = tmp_path / str(fast)
        result = reinforce(out, config, limits=Limits(iterations=1), device="cpu")
        network = load_weights(out / "weights").network
        learned.append((result.parent, [p.tolist() for p in network.parameters()]))
    assert learned[0] == learned[1]
