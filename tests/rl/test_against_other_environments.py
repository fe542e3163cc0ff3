"""Our games against OpenSpiel's and PettingZoo's Go, where they are installed.

200 random games to the end on 9x9 and on 19x19: at every move the legal actions, after every move
the stones (and so what was captured), at the end the area.

The three differ in what may be repeated.  Ours is played here with simple ko, and so is that of
PettingZoo (its superko is a remark in the source).  OpenSpiel forbids no repetition beyond simple
ko either, but ends the game as a draw once a position of the stones has come back; such a move is
one that our positional superko forbids, and no other is, which is what is compared.
"""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

import gopolicy.rl
from gopolicy.go.board import Board
from gopolicy.go.types import Point

GAMES = 200


def random_games(size: int, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield, per step, which games go on, their masks, stones, actions; then ends and scores."""
    env = gymnasium.make_vec("gopolicy/Go-v0", num_envs=GAMES, size=size, planes="stones")
    assert isinstance(env, gopolicy.rl.GoVectorEnv)
    observations, infos = env.reset(seed=seed)
    going = np.ones(GAMES, np.bool_)
    while going.any():
        actions, masks = env.random_actions(), infos["action_mask"]
        observations, _, terminations, _, infos = env.step(actions)
        scores = infos.get("score", np.zeros(GAMES))
        stones = observations[:, 0].reshape(GAMES, -1)
        yield going, masks, actions, stones, terminations, scores
        going = going & ~terminations
    env.close()


@pytest.mark.slow
@pytest.mark.parametrize("size", [9, 19])
def test_legality_captures_and_area_are_those_of_pettingzoo(size: int) -> None:
    classic = pytest.importorskip("pettingzoo.classic.go.go")
    other = pytest.importorskip("pettingzoo.classic.go.go_base")
    classic.raw_env(board_size=size)  # sets the size of the boards of the whole module
    positions = [other.Position(komi=7.5) for _ in range(GAMES)]
    for going, masks, actions, stones, ended, scores in random_games(size, seed=1):
        for g in np.flatnonzero(going):
            assert np.array_equal(positions[g].all_legal_moves(), masks[g])
            point = divmod(int(actions[g]), size) if actions[g] < size * size else None
            positions[g] = positions[g].play_move(point)
            assert np.array_equal(positions[g].board.ravel(), stones[g])
            if ended[g]:
                assert positions[g].score() == scores[g]


@pytest.mark.slow
@pytest.mark.parametrize("size", [9, 19])
def test_legality_captures_and_area_are_those_of_openspiel(size: int) -> None:
    pyspiel = pytest.importorskip("pyspiel")
    game = pyspiel.load_game("go", {"board_size": size, "komi": 7.5})
    states = [game.new_initial_state() for _ in range(GAMES)]
    boards = [Board(size, superko="positional") for _ in range(GAMES)]
    repeated = np.zeros(GAMES, np.bool_)
    points = size * size
    rows = np.arange(points).reshape(size, size)[::-1].ravel()  # OpenSpiel's row 0 is at the bottom
    for going, masks, actions, stones, ended, scores in random_games(size, seed=2):
        for g in np.flatnonzero(going & ~repeated):
            state, action = states[g], int(actions[g])
            theirs = np.zeros(points + 1, np.int8)
            theirs[state.legal_actions()] = 1
            theirs[:points] = theirs[:points][rows]
            assert np.array_equal(theirs, masks[g]), str(state)
            move = "pass" if action == points else Point(action)
            repeated[g] = action < points and not boards[g].legal(move)
            state.apply_action(action if action == points else int(rows[action]))
            if repeated[g]:
                assert state.is_terminal()
                assert state.returns() == [0.0, 0.0]
                continue
            boards[g].play(move)
            planes = np.array(state.observation_tensor(0)).reshape(4, points)
            assert np.array_equal((planes[0] - planes[1])[rows], stones[g]), str(state)
            assert state.is_terminal() == ended[g]
            if ended[g]:
                check_area(pyspiel, state.history(), size, float(scores[g]) + 7.5)
    assert repeated.sum() < GAMES / 2


def check_area(pyspiel: Any, actions: list[int], size: int, area: float) -> None:
    """Check Black's area minus White's: half a point more or less of komi decides the game."""
    for komi, winner in ((area - 0.5, 1.0), (area + 0.5, -1.0)):
        game = pyspiel.load_game("go", {"board_size": size, "komi": komi})
        state = game.new_initial_state()
        for action in actions:
            state.apply_action(action)
        assert state.returns() == [winner, -winner]
