"""How fast games go: random ones in the Go environment, and those of a network against itself.

Random games against OpenSpiel and PettingZoo, one core, 19x19: the legal actions, a random one of
them, the step, and the observation, which all of them give at every step.  OpenSpiel is measured
without its observation too, for the record; the ratio is to the row with it.  The two others are
measured where they are installed; without them the rows have no ratio.  Our games have come to
different stages when the measurement begins, because they are many and would otherwise be young.

Self-play against the bare forward pass of the same network on batches of the same size: games in
step from positions of real games, whose moves are drawn and played and whose planes are made while
the network looks at the other half.
"""

import importlib
import random
import time
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import torch

from gopolicy.data.table import GameTable
from gopolicy.go.types import EVENT_COLOR_SHIFT
from gopolicy.nets.weights import LoadedNetwork
from gopolicy.policy.policy import Policy
from gopolicy.rl.self_play import Beginning, SelfPlay, SelfPlaySettings
from gopolicy.rl.vector_environment import GoVectorEnv
from gopolicy.timing import SpeedRow, Work, best_rates

GAMES = 256
STEPS = 20
IN_STEP = 64
"""Games of self-play in step."""
_TURNS = 12
_OPENSPIEL = "OpenSpiel's Go, 4 planes, from Python, steps/s"
_OPENSPIEL_BLIND = "OpenSpiel's Go, no observation, from Python, steps/s"
_PETTINGZOO = "PettingZoo's go_v5, 17 planes, steps/s"


def measure_environment(size: int, seconds: float = 0.3) -> list[SpeedRow]:
    """Measure random play in 256 games that step together, with 2 and with 48 planes."""
    works = {planes: _ours(size, planes) for planes in ("stones", "alphago48")}
    if find_spec("pyspiel"):
        pyspiel = importlib.import_module("pyspiel")
        works[_OPENSPIEL] = _openspiel(pyspiel, size, observe=True)
        works[_OPENSPIEL_BLIND] = _openspiel(pyspiel, size, observe=False)
    if find_spec("pettingzoo") and find_spec("pygame"):
        module = importlib.import_module("pettingzoo.classic.go.go")
        works[_PETTINGZOO] = _pettingzoo(module, size)
    rates = best_rates(works, seconds=seconds)
    rows = [
        SpeedRow(name=name, value=rates[name], unit="steps/s")
        for name in (_OPENSPIEL_BLIND, _OPENSPIEL, _PETTINGZOO)
        if name in rates
    ]
    compared = (("stones", _OPENSPIEL, 5.0, 10.0), ("alphago48", _PETTINGZOO, 6.0, 8.0))
    for planes, reference, must, aim in compared:
        name = f"random play, {GAMES} games, {planes}, one core"
        row = SpeedRow(name=name, value=rates[planes], unit="steps/s")
        if reference in rates:
            row = SpeedRow(
                name=name,
                value=rates[planes],
                unit="steps/s",
                reference=reference,
                ratio=rates[planes] / rates[reference],
                must=must,
                aim=aim,
            )
        rows.append(row)
    return rows


def measure_self_play(
    loaded: LoadedNetwork, name: str, table: GameTable, device: str, seconds: float = 1.0
) -> list[SpeedRow]:
    """Measure self-play from random positions of the games of table, and how long it waits."""
    policy = Policy(loaded, device=device, precision="fp32", backend="torch")
    size = policy.size
    starts = (lambda number: _position(table, number)) if table.size == size else None
    play = SelfPlay([policy], SelfPlaySettings(size=size), games=IN_STEP, starts=starts)

    def some_turns() -> None:
        turns = iter(range(2 * _TURNS))
        for _ in play.play(2 * IN_STEP * _TURNS, lambda: next(turns, None) is not None):
            pass

    planes = policy.encoder.plane_set.count
    bare = torch.zeros((IN_STEP // 2, planes, size, size), device=policy.device)
    bare = bare.contiguous(memory_format=torch.channels_last)

    def forward() -> None:
        with torch.inference_mode():
            policy.network(bare).cpu()

    some_turns()  # kernels are compiled now
    play.seconds = play.waited = 0.0
    works = {
        "forward": Work(forward, IN_STEP // 2),
        "play": Work(some_turns, IN_STEP * _TURNS),
    }
    rates = best_rates(works, seconds=seconds, clock=time.perf_counter)
    return [
        SpeedRow(
            name=f"self-play, {IN_STEP} games, {name}",
            value=rates["play"],
            unit="plies/s",
            reference="the bare forward pass, positions/s",
            ratio=rates["play"] / rates["forward"],
            must=0.6,
            aim=0.85,
        ),
        SpeedRow(
            name="of it, the network waits for the rules",
            value=100 * play.waited / play.seconds,
            unit="%",
            must=10.0,
            aim=1.0,
            smaller_is_better=True,
        ),
    ]


def _position(table: GameTable, number: int) -> Beginning:
    """Return a position of a game, of any stage."""
    dice = np.random.default_rng(number)
    game = int(dice.integers(table.games))
    first, stop = table.position_offsets[game : game + 2].tolist()
    move = int(table.locate(dice.integers(first, stop, 1)).indices[0])
    events = table.game_events(game)
    color = int(events[move]) >> EVENT_COLOR_SHIFT & 3
    return Beginning(events=np.array(events[:move]), to_move=color)


def _ours(size: int, planes: str) -> Work:
    """Return the work of some steps of all games, of all stages; they go on from call to call."""
    env = GoVectorEnv(GAMES, size=size, planes=planes, copy=False, threads=1)
    spread_games(env, size**2)

    def play() -> None:
        for _ in range(STEPS):
            env.step(env.random_actions())

    return Work(play, GAMES * STEPS)


def spread_games(env: GoVectorEnv, longest: int) -> None:
    """Play the games of env at random until they are 0 to longest - 1 steps old, each otherwise.

    Near-empty boards have little to compute: games that begin together would look too fast.
    """
    ages = np.random.default_rng(1).integers(longest, size=env.num_envs)
    env.reset(seed=1)
    for step in range(longest - 1, 0, -1):
        env.step(env.random_actions())
        late = ages == step - 1
        if late.any():
            env.reset(options={"reset_mask": late})


def _openspiel(pyspiel: ModuleType, size: int, *, observe: bool) -> Work:
    """Return the work of some steps, with or without observations, of one game after the other."""
    game = pyspiel.load_game("go", {"board_size": size})
    state: list[Any] = [game.new_initial_state()]

    def play() -> None:
        for _ in range(GAMES):
            if state[0].is_terminal():
                state[0] = game.new_initial_state()
            state[0].apply_action(random.choice(state[0].legal_actions()))
            if observe:
                state[0].observation_tensor(0)

    return Work(play, GAMES)


def _pettingzoo(module: ModuleType, size: int) -> Work:
    """Return the work of some steps, with observations, of one game after the other."""
    env = module.raw_env(board_size=size)
    env.reset()

    def play() -> None:
        for _ in range(STEPS):
            observation, _, ended, _, _ = env.last()
            if ended:
                env.reset()
                observation = env.last()[0]
            env.step(random.choice(observation["action_mask"].nonzero()[0]))

    return Work(play, STEPS)
