#!/usr/bin/env python3
"""How often networks win against a player of random legal moves: ``against_random.py RUN``.

RUN is a folder of `gopolicy reinforce`; its past selves are measured one after the other, which
gives a curve of learning.  Any weight folders may be given instead.  The network draws its moves
among the legal points that are no own eye and passes where there are none; the random player may do
anything legal, passes included.  Prints one line of JSON for each network.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from gopolicy.features.encode import Encoder
from gopolicy.nets.weights import load_weights
from gopolicy.policy.policy import Policy
from gopolicy.rl import GoVectorEnv
from gopolicy.stats import wilson_interval


def main() -> None:
    """Measure every network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="runs or weight folders")
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--every", type=int, default=1, help="measure every so many past selves")
    args = parser.parse_args()
    for folder in args.folders:
        pool = sorted((folder / "pool").glob("[0-9]*"))[:: args.every]
        for weights in [*pool, folder / "weights"] if pool else [folder]:
            rate = win_rate(weights, args.games)
            low, high = wilson_interval(rate, args.games)
            found = {"weights": str(weights), "win_rate": rate, "low": low, "high": high}
            print(json.dumps(found | {"games": args.games}), flush=True)


def win_rate(weights: Path, games: int) -> float:
    """Return the share of games that a network wins at temperature 1, half of them with Black."""
    policy = Policy(load_weights(weights), backend="torch")
    won = sum(wins(policy, color, games // 2) for color in ("black", "white"))
    return won / (games // 2 * 2)


def wins(policy: Policy, color: str, games: int) -> int:
    """Return how many games a network wins with one color."""
    settings: dict[str, Any] = {"size": policy.size, "planes": "alphago48", "color": color}
    env = GoVectorEnv(
        games,
        opponent="random",
        autoreset_mode=gymnasium.vector.AutoresetMode.NEXT_STEP,
        **settings,
    )
    sensible = Encoder("alphago48", policy.size).plane_set.first("sensibleness")
    draw = np.random.default_rng(1)
    planes, _ = env.reset(seed=1)
    playing, results = np.ones(games, np.bool_), np.zeros(games)
    while playing.any():
        allowed = planes[:, sensible].reshape(games, -1) > 0
        logs = np.where(allowed, policy.log_probabilities(planes), -np.inf)
        noise = draw.gumbel(size=logs.shape)
        actions = np.where(allowed.any(1), (logs + noise).argmax(1), policy.size**2)
        planes, rewards, ended, _, _ = env.step(actions)
        results += rewards * playing
        playing = playing & ~ended
    env.close()
    return int((results > 0).sum())


if __name__ == "__main__":
    main()
