"""Every shipped network still says what it said when it was shipped."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gopolicy.engine.predictor import Predictor
from gopolicy.go.board import Board
from gopolicy.nets.weights import load_weights, shipped_root, shipped_weights
from gopolicy.sgf.read import read_game

TESTS = Path(__file__).parents[1]
GAME = TESTS.parent / "gopolicy" / "samples" / "game.sgf"


@pytest.mark.parametrize("name", shipped_weights())
def test_a_shipped_network_gives_the_stored_log_probabilities(name: str) -> None:
    torch.set_num_threads(1)
    stored = json.loads((TESTS / "data" / "weights" / f"{name}.json").read_text())
    predictor = Predictor(load_weights(name), device="cpu", precision="fp32")
    events = read_game(GAME).events
    for position in stored:
        board = Board.from_events(predictor.size, events[: position["after"]])
        planes = predictor.planes_of(board.arrays, board.to_move)
        found = predictor.log_probabilities(planes[None])[0]
        assert np.allclose(found, position["log_probabilities"], atol=2e-3)


@pytest.mark.parametrize("name", shipped_weights())
def test_a_shipped_network_has_a_card_with_its_figures(name: str) -> None:
    folder = shipped_root() / name
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    accuracy = load_weights(name).info.accuracy
    assert f"{accuracy['top1']:.2%}" in card
    assert f"{accuracy['positions']:,} positions" in card
    assert accuracy["protocol"] in card
