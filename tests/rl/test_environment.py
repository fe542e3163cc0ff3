"""The single environment: gymnasium's own checks, what it says at the end, what it refuses."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import gopolicy.rl
from gopolicy.errors import ConfigError, IllegalMove
from gopolicy.features.planes import plane_set
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, save_weights

PASS_9 = 81


def made(**settings: Any) -> Any:
    return gymnasium.make("gopolicy/Go-v0", **{"size": 9, "planes": "alphago20", **settings})


@pytest.mark.parametrize("size", [9, 19])
@pytest.mark.parametrize("opponent", [None, "random"])
def test_gymnasium_finds_no_fault(size: int, opponent: str | None) -> None:
    check_env(made(size=size, opponent=opponent, render_mode="ansi").unwrapped)


def test_importing_the_environment_needs_no_torch() -> None:
    code = "import sys, gopolicy.rl; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_two_passes_end_the_game_and_the_area_decides() -> None:
    env = made(komi=6.5)
    env.reset(seed=1)
    env.step(40)
    *_, terminated, _, info = env.step(PASS_9)
    assert not terminated
    assert "score" not in info
    _, reward, terminated, truncated, info = env.step(PASS_9)
    assert (reward, terminated, truncated) == (1.0, True, False)  # Black, who passed last, has all
    assert (info["score"], info["winner"], info["illegal"]) == (81 - 6.5, 1, False)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)


def test_the_reward_is_that_of_who_ended_the_game() -> None:
    env = made()
    env.reset()
    env.step(PASS_9)
    _, reward, terminated, _, info = env.step(PASS_9)  # White passes, and komi wins
    assert (reward, terminated, info["winner"]) == (1.0, True, 2)


def test_a_draw_rewards_nobody() -> None:
    env = made(komi=0)
    env.reset()
    env.step(PASS_9)
    _, reward, _, _, info = env.step(PASS_9)
    assert (reward, info["winner"], info["score"]) == (0.0, 0, 0.0)


def test_the_limit_of_moves_ends_the_game() -> None:
    env = made(max_moves=3, komi=0.5)
    env.reset()
    env.step(0)
    env.step(80)
    _, reward, terminated, _, info = env.step(1)
    assert (reward, terminated, info["ply"], info["score"]) == (1.0, True, 3, 2 - 1 - 0.5)


def test_an_illegal_action_loses_and_leaves_the_board() -> None:
    env = made()
    env.reset()
    env.step(40)
    before = str(env.unwrapped.board)
    _, reward, terminated, _, info = env.step(40)
    assert (reward, terminated, info["illegal"], info["winner"]) == (-1.0, True, True, 1)
    assert str(env.unwrapped.board) == before


@pytest.mark.parametrize("action", [-1, 82, 1.5])
def test_what_is_no_action_is_refused(action: float) -> None:
    env = made(disable_env_checker=True).unwrapped
    env.reset()
    with pytest.raises(IllegalMove):
        env.step(action)


def test_a_handicap_game_begins_with_white() -> None:
    env = made(handicap=4)
    _, info = env.reset()
    assert info["to_move"] == 2
    assert info["action_mask"].sum() == 82 - 4
    _, info = made(handicap=4, opponent="random").reset(seed=3)
    assert (info["to_move"], info["ply"]) == (1, 1)


def test_the_agent_can_have_either_color() -> None:
    env = made(opponent="random", color="random")
    seen = {env.reset(seed=seed)[1]["ply"] for seed in range(12)}
    assert seen == {0, 1}  # an agent with White sees the board after Black's first move
    env = made(opponent="random", color="white")
    _, info = env.reset(seed=0)
    assert info["to_move"] == 2


def test_a_function_can_be_the_opponent() -> None:
    def lowest(planes: np.ndarray, masks: np.ndarray) -> np.ndarray:
        assert planes.shape == (1, 20, 9, 9)
        assert masks.shape == (1, 82)
        return np.asarray(masks.argmax(axis=1))

    env = made(opponent=lowest)
    env.reset()
    *_, info = env.step(0)
    assert env.unwrapped.board.color_at("B9") == 2
    assert info["action_mask"][:3].tolist() == [0, 0, 1]


def test_an_illegal_action_of_the_opponent_is_an_error() -> None:
    env = made(opponent=lambda planes, masks: np.zeros(len(planes), np.int64))
    env.reset()
    with pytest.raises(IllegalMove, match="opponent chose action 0"):
        env.step(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 26),
        ("planes", "nonesuch"),
        ("komi", float("nan")),
        ("superko", "sometimes"),
        ("komi", "7"),
        ("komi", None),
        ("max_moves", 0),
        ("max_moves", 2.5),
        ("handicap", 10),
        ("opponent", 3),
        ("color", "green"),
        ("temperature", -1.0),
        ("temperature", "x"),
        ("nonesuch", 1),
        ("render_mode", "nonesuch"),
    ],
)
def test_impossible_settings_are_refused(name: str, value: Any) -> None:
    with pytest.raises((ConfigError, ValueError)):
        gopolicy.rl.GoEnv(**{name: value})


def test_a_game_is_not_over_before_the_agent_moves() -> None:
    with pytest.raises(ConfigError, match="from 2 where the opponent may begin"):
        gopolicy.rl.GoEnv(size=5, max_moves=1, color="white", opponent="random")
    gopolicy.rl.GoEnv(size=5, max_moves=1, color="black", opponent="random")
    gopolicy.rl.GoEnv(size=9, max_moves=1, color="white", handicap=2, opponent="random")


def test_the_board_is_rendered_in_every_way() -> None:
    found = {}
    for mode in ("ansi", "svg", "rgb_array"):
        env = made(render_mode=mode)
        env.reset()
        before = env.render()
        env.step(0)
        found[mode] = env.render()
        assert not np.array_equal(found[mode], before)
    assert "(X)" in found["ansi"]
    assert found["svg"].startswith("<svg")
    assert found["rgb_array"].dtype == np.uint8
    assert found["rgb_array"].shape[2] == 3


def test_a_network_by_name_can_be_the_opponent(tmp_path: Path) -> None:
    planes = plane_set("alphago20").count
    network = build_network("alphago", planes=planes, size=5, filters=4, layers=2)
    save_weights(tmp_path / "five", network, describe_network(network, "alphago20"))
    settings = {"size": 5, "planes": "stones", "opponent": tmp_path / "five", "color": "white"}
    games = []
    for _ in range(2):
        env = made(**settings, komi=3.5)
        _, info = env.reset(seed=8)
        assert info["ply"] == 1
        terminated, steps = False, 0
        while not terminated:
            mask = info["action_mask"].copy()
            mask[-1] = mask.sum() == 1  # pass only when nothing else is legal
            action = int(mask.argmax())
            _, _, terminated, _, info = env.step(action)
            steps += 1
        assert steps > 5
        games.append(env.unwrapped.board.events.tolist())
    assert games[0] == games[1]
    with pytest.raises(ConfigError, match="5x5"):
        made(**{**settings, "size": 9})
