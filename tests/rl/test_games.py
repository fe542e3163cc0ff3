"""Games that step together, against `Board` and against single environments, move by move."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import gopolicy.rl
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.types import Point


def vector(games: int, **settings: Any) -> Any:
    return gymnasium.make_vec("gopolicy/Go-v0", num_envs=games, **settings)


def check_against_boards(env: Any, boards: list[Board], encoder: Encoder) -> int:
    """Compare whole random games; return how many empty points were forbidden."""
    settings, forbidden = env.unwrapped.settings, 0
    observations, infos = env.reset(seed=5)
    alive = [True] * len(boards)
    for _ in range(settings.most_moves):
        actions = env.unwrapped.random_actions()
        for g, board in enumerate(boards):
            if not alive[g]:
                continue
            mask = infos["action_mask"][g].astype(bool)
            assert mask[-1]
            assert np.array_equal(mask[:-1], board.legal_mask()), str(board)
            forbidden += int((~mask[:-1] & (board.stones.ravel() == 0)).sum())
            assert infos["to_move"][g] == board.to_move
            planes = encoder.board(board.arrays, board.to_move)
            assert np.array_equal(observations[g], planes), str(board)
        observations, rewards, terminations, _, infos = env.step(actions)
        for g, board in enumerate(boards):
            if not alive[g]:
                continue
            mover = board.to_move
            board.play("pass" if actions[g] == board.size**2 else Point(int(actions[g])))
            over = board.passes == 2 or board.ply == settings.most_moves
            assert terminations[g] == over
            if over:
                alive[g] = False
                score = board.area_score()
                assert infos["score"][g] == score.margin
                assert infos["winner"][g] == score.winner
                assert rewards[g] == (1 if score.winner == mover else -1)
                assert str(env.unwrapped.board(g)) == str(board)
        if not any(alive):
            break
    assert not any(alive)
    return forbidden


@pytest.mark.parametrize("suicide", [False, True])
@pytest.mark.parametrize("superko", ["none", "positional", "situational"])
@pytest.mark.parametrize(("size", "planes", "games"), [(2, "stones", 40), (5, "alphago48", 20)])
def test_games_go_as_on_a_board(
    size: int, planes: str, games: int, superko: str, suicide: bool
) -> None:
    limit = 30 * size * size  # long enough for every kind of repetition
    rules: dict[str, Any] = {"superko": superko, "suicide": suicide, "komi": 0.5}
    env = vector(games, size=size, planes=planes, max_moves=limit, **rules)
    boards = [Board(size, **rules) for _ in range(games)]
    forbidden = check_against_boards(env, boards, Encoder(planes, size))
    assert forbidden > 0 or (size, superko, suicide) == (2, "none", True)  # 2x2 has no simple ko
    env.close()


@pytest.mark.parametrize("size", [9, 19, 25])
def test_large_boards_and_several_threads_change_nothing(size: int) -> None:
    games, limit = (40, None) if size == 9 else (32, 120)
    settings = {"size": size, "planes": "alphago20", "superko": "positional", "handicap": 3}
    env = vector(games, threads=2, max_moves=limit, **settings)
    boards = [Board(size, superko="positional") for _ in range(games)]
    for board in boards:
        board.place_handicap(3)
    check_against_boards(env, boards, Encoder("alphago20", size))
    env.close()


def same(one: object, other: object, where: str = "") -> None:
    """Fail unless two answers of environments are equal, by names, types and values."""
    if isinstance(one, dict):
        assert isinstance(other, dict)
        assert set(one) == set(other), where
        for key in one:
            same(one[key], other[key], f"{where}/{key}")
        return
    one, other = np.asarray(one), np.asarray(other)
    assert one.dtype == other.dtype, where
    if one.dtype == object:
        for a, b in zip(one, other, strict=True):
            assert (a is None) == (b is None), where
            assert a is None or np.array_equal(a, b), where
    else:
        assert np.array_equal(one, other), where


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("color", ["black", "white", "random"])
@pytest.mark.parametrize("opponent", [None, "random"])
def test_many_games_are_the_single_games_of_the_same_seeds(
    opponent: str | None, color: str, mode: AutoresetMode
) -> None:
    settings: dict[str, Any] = {
        "size": 4,
        "planes": "alphago48",
        "superko": "situational",
        "max_moves": 20,
    }
    settings |= {"opponent": opponent, "color": color}
    many = vector(6, autoreset_mode=mode, **settings)
    singles = SyncVectorEnv(
        [lambda: gopolicy.rl.GoEnv(**settings) for _ in range(6)], autoreset_mode=mode
    )
    assert many.observation_space == singles.observation_space
    assert many.action_space == singles.action_space
    dice = np.random.default_rng(4)
    answers: tuple[Any, ...] = many.reset(seed=11), singles.reset(seed=11)
    for step in range(80):
        for one, other in zip(*answers, strict=True):
            same(one, other, f"step {step}")
        masks = answers[0][-1]["action_mask"]
        shares = masks + (dice.random((6, 1)) < 0.05)  # now and then an illegal action
        actions = np.array([dice.choice(17, p=row / row.sum()) for row in shares])
        answers = many.step(actions), singles.step(actions)
    many.close()
    singles.close()


def test_returned_arrays_are_kept_unless_asked_otherwise() -> None:
    for copy in (True, False):
        env = vector(2, size=5, planes="stones", copy=copy)
        before, infos = env.reset(seed=1)
        after, later, *_ = env.step(np.array([0, 1]))
        assert (before is after) != copy
        assert np.array_equal(before, after) != copy
        assert infos["action_mask"][0, 0] == (1 if copy else 0)
        del later


def test_without_autoreset_a_mask_says_which_games_begin_anew() -> None:
    env = vector(3, size=5, planes="stones", autoreset_mode="Disabled")
    env.reset(seed=1)
    env.step(np.array([25, 1, 25]))
    *_, terminations, _, _ = env.step(np.array([25, 2, 3]))
    assert terminations.tolist() == [True, False, False]
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.array([0, 3, 4]))
    _, infos = env.reset(options={"reset_mask": terminations})
    assert infos["ply"].tolist() == [0, 2, 2]
    env.step(np.array([0, 3, 4]))
    with pytest.raises(ConfigError):
        env.reset(options={"reset_mask": np.zeros(3, bool)})


def test_random_actions_are_legal_and_all_of_them_are_drawn() -> None:
    env = vector(200, size=2, planes="stones")
    _, infos = env.reset(seed=3)
    drawn = env.unwrapped.random_actions()
    counts = np.bincount(drawn, minlength=5)
    assert counts.min() > 20  # 40 expected
    _, *_, infos = env.step(drawn)
    assert infos["action_mask"][np.arange(200), env.unwrapped.random_actions()].all()
