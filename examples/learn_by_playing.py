"""Learn 5x5 Go against a random player by policy gradient: ``learn_by_playing.py 60``.

The number is that of updates.  Of gopolicy it uses the environment and nothing else.
"""

import sys
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import nn

import gopolicy.rl  # noqa: F401  registers gopolicy/Go-v0

GAMES, SIZE = 64, 5


def main(arguments: Sequence[str]) -> None:
    """Play many games at once, learn from their results, and say how often they are won."""
    torch.manual_seed(1)
    settings: dict[str, Any] = {"size": SIZE, "planes": "alphago12", "komi": 0.5}
    settings |= {"opponent": "random", "color": "random"}
    env: Any = gymnasium.make_vec("gopolicy/Go-v0", num_envs=GAMES, **settings)
    network = nn.Sequential(
        *(nn.Conv2d(12, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * SIZE**2, SIZE**2 + 1)),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
    for update in range(int(arguments[0]) if arguments else 60):
        planes, infos = env.reset(seed=1 if update == 0 else None)
        playing, results, logs = np.ones(GAMES, bool), np.zeros(GAMES), []
        while playing.any():
            legal = torch.from_numpy(infos["action_mask"]).bool()
            logits = network(torch.from_numpy(planes).float()).masked_fill(~legal, -1e9)
            shares = torch.log_softmax(logits, 1)
            actions = torch.multinomial(shares.detach().exp(), 1)
            logs.append(shares.gather(1, actions)[:, 0] * torch.from_numpy(playing))
            planes, rewards, ended, _, infos = env.step(actions[:, 0].numpy())
            results += rewards * playing
            playing = playing & ~ended
        advantages = torch.from_numpy(results - results.mean()).float()
        loss = -(torch.stack(logs).sum(0) * advantages).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if update % 10 == 9:
            print(f"after {GAMES * (update + 1):,} games {(results > 0).mean():.0%} are won")
    env.close()


if __name__ == "__main__":
    main(sys.argv[1:])
