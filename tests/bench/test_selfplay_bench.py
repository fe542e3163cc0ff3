"""The rows of the environment's speed."""

from pathlib import Path

import numpy as np
from reference.tiny_games import write_games

from gopolicy.bench.self_play_speed import measure_environment, measure_self_play, spread_games
from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network
from gopolicy.rl.vector_environment import GoVectorEnv


def test_both_plane_sets_are_measured_whatever_is_installed() -> None:
    rows = measure_environment(5, seconds=0.01)
    assert [row.name.split(", ")[2] for row in rows[-2:]] == ["stones", "alphago48"]
    assert all(row.value > 0 and row.unit == "steps/s" for row in rows)
    assert all((row.ratio is None) == (row.reference == "") for row in rows)


def test_games_are_spread_over_all_stages_before_they_are_measured() -> None:
    env = GoVectorEnv(64, size=7, planes="stones")
    spread_games(env, 24)
    planes, *_ = env.step(env.random_actions())
    stones = np.count_nonzero(planes[:, 0], axis=(1, 2))  # 1 own, -1 of the opponent
    assert stones.min() <= 3
    assert stones.max() >= 15
    assert len(set(stones.tolist())) > 10


def test_self_play_is_measured_against_the_forward_pass(tmp_path: Path) -> None:
    write_games(tmp_path / "games")
    table, _ = build_table([tmp_path / "games"], PrepareOptions(size=9))
    network = build_network("alphago", planes=4, size=9, filters=4, layers=2)
    loaded = LoadedNetwork(network.eval(), describe_network(network, "alphago4"))
    speed, waiting = measure_self_play(loaded, "tiny", table, "cpu", seconds=0.01)
    assert speed.ratio is not None
    assert speed.value > 0
    assert 0 < waiting.value < 100
