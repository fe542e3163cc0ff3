"""Every shipped network still says what it said when it was shipped."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gopolicy.go.board import Board
from gopolicy.nets.weight_info import default_weights, shipped_root, shipped_weights
from gopolicy.nets.weights import load_weights
from gopolicy.policy.policy import Policy
from gopolicy.sgf.read import read_game

TESTS = Path(__file__).parents[1]
GAME = TESTS.parent / "gopolicy" / "samples" / "game.sgf"


@pytest.mark.parametrize("name", shipped_weights())
def test_a_shipped_network_gives_the_stored_log_probabilities(name: str) -> None:
    torch.set_num_threads(1)
    stored = json.loads((TESTS / "golden" / "weights" / f"{name}.json").read_text())
    policy = Policy(load_weights(name), device="cpu", precision="fp32")
    events = read_game(GAME).events
    for position in stored:
        board = Board.from_events(policy.size, events[: position["after"]])
        planes = policy.planes_of(board.arrays, board.to_move)
        found = policy.log_probabilities(planes[None])[0]
        assert np.allclose(found, position["log_probabilities"], atol=2e-3)


@pytest.mark.parametrize("name", shipped_weights())
def test_a_shipped_network_has_a_card_with_its_figures(name: str) -> None:
    folder = shipped_root() / name
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    accuracy = load_weights(name).info.accuracy
    if not accuracy:
        assert "## Strength" in card
        return
    assert f"{accuracy['top1']:.2%}" in card
    assert f"{accuracy['positions']:,} positions" in card
    assert accuracy["protocol"] in card


def test_the_head_for_outcomes_leaves_the_moves_alone_and_knows_how_a_game_ends() -> None:
    both, moves = load_weights("alphago-res-96x11-outcome"), load_weights("alphago-res-96x11")
    wanted, found = moves.network.state_dict(), both.network.state_dict()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    game = read_game(GAME)
    assert game.result == "B+5.5"
    board = Board.from_events(19, game.events, komi=7.5)
    outlooks = Policy(both, device="cpu", precision="fp32").outlooks([board])
    assert outlooks is not None
    (seen,) = outlooks
    assert abs(seen.lead - 5.5) < 5
    assert seen.black_wins > 0.5
    assert Policy(moves, device="cpu").outlooks([board]) is None


def test_the_default_network_knows_how_a_game_ends_and_begins_even() -> None:
    policy = Policy(load_weights(default_weights()), device="cpu", precision="fp32")
    game = read_game(GAME)
    board = Board.from_events(19, game.events, komi=7.5)
    outlooks = policy.outlooks([board, Board(19)])
    assert outlooks is not None
    end, empty = outlooks
    assert abs(end.lead - 5.5) < 5
    assert end.black_wins > 0.5
    assert 0.4 < empty.black_wins < 0.6
    assert abs(empty.lead) < 5
    assert empty.spread < 45  # that of playouts is 74
