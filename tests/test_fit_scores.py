"""`tools/fit_scores.py`: what it learns, from which positions, and what it leaves alone."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_games import random_record
from reference.tool_loader import load_tool

from gopolicy.data.build import build_table
from gopolicy.data.played_out import PlayedOut
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import open_store, write_store
from gopolicy.nets.outcome_head import build_outcome, fold_outcome, tie_outcome
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.sgf.write import write_game

SIZE, GAMES = 9, 24
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of games that Black always wins by 30 points, half of them uneven."""
    folder = tmp_path_factory.mktemp("games")
    for seed in range(GAMES):
        text = write_game(random_record(seed, SIZE, 90, komi=6.5, result="B+23.5"))
        (folder / f"{seed}.sgf").write_bytes(text)
    options = PrepareOptions(size=SIZE, validation=0.0)
    table, _ = build_table([folder], options, processes=1)
    owners = np.tile(np.repeat([1, 0, -1], [40, 31, 10]).astype(np.int8), (table.games, 1))
    ends = PlayedOut.pack(SIZE, owners.sum(1), np.zeros(table.games), owners)
    komi = np.where(np.arange(table.games) % 2, 0.5, 6.5).astype(np.float32)
    handicap = np.where(np.arange(table.games) == 1, 3, 0).astype(np.int16)
    table = dataclasses.replace(table, played_out=ends, komi=komi, handicap=handicap)
    write_store(table, [], folder / "s", options)
    return folder / "s"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small network with a tied outcome head."""
    folder = tmp_path_factory.mktemp("weights") / "w"
    torch.manual_seed(5)
    network = build_network(
        "alphago-res", planes=12, size=SIZE, filters=16, layers=2, normalization="none"
    )
    head = build_outcome(
        network, {"channels": 16, "normalization": "none", "color": True, "features": 32}
    )
    tie_outcome(head)
    info = describe_network(network, "alphago12")
    save_weights(folder, network.eval(), info, fold_outcome(head))
    return folder


def test_winners_are_learned_and_moves_and_owners_stay(
    store: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = load_tool("fit_scores")
    words = ["--counted", str(store), "--store", str(store), "--positions", "1500"]
    monkeypatch.setattr("sys.argv", ["x", str(weights), *words, "--out", str(tmp_path / "out")])
    tool.main()
    before, after = load_weights(weights), load_weights(tmp_path / "out")
    assert before.outcome is not None
    assert after.outcome is not None
    kept = after.network.state_dict()
    assert all(torch.equal(kept[key], value) for key, value in before.network.state_dict().items())
    table = open_store(store).table
    asked = np.arange(100)
    old, new = (
        tool.loss_of(tool.head_of(w), tool.look(w, table, asked), torch.ones(100))
        for w in (before, after)
    )
    assert new < old - 0.1
    trunk = torch.rand(3, 16, SIZE, SIZE)
    color = torch.ones(3)
    said, says = before.outcome(trunk, color), after.outcome(trunk, color)
    assert torch.equal(said.ownership, says.ownership)
    assert not torch.equal(said.centers, says.centers)
    turned = after.outcome(trunk.flip(1), color)  # any other input: scores are not all alike
    assert not torch.equal(says.centers, turned.centers)


def test_openings_are_of_even_and_handicap_games_and_uneven_ones_tell_nothing_early(
    store: Path, weights: Path
) -> None:
    tool = load_tool("fit_scores")
    part = open_store(store).training
    ids = tool.opening_positions(part, 300, np.random.default_rng(1))
    located = part.table.locate(ids)
    assert set(located.games.tolist()) == {1, *np.flatnonzero(part.table.komi > 5).tolist()}
    assert located.indices.max() <= 45  # passes are not positions
    assert (located.indices < 9).mean() > 0.4
    found = tool.look(load_weights(weights), part.table, part.spread())
    where = part.table.locate(part.spread())
    uneven = (part.table.komi[where.games] < 5) & (where.games != 1)
    hidden = (found.won == 0).numpy()
    assert np.array_equal(hidden, uneven & (where.indices < 30))
    assert np.array_equal(found.counted.numpy(), ~hidden)
