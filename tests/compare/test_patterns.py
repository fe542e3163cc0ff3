"""Moved and turned patterns, with networks whose answers are known beforehand."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from reference.tiny_games import random_record, write_games

from gopolicy.compare.patterns import (
    CLEAR,
    REACH,
    SIDE,
    agreement,
    find_patterns,
    largest_gap,
    moved_patterns,
)
from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import GameTable
from gopolicy.features.planes import plane_set
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network
from gopolicy.policy.policy import Policy
from gopolicy.sgf.write import write_game

PLANES = "alphago20"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> GameTable:
    folder = tmp_path_factory.mktemp("games")
    for seed in range(6):
        record = random_record(seed, 19, 120)
        (folder / f"{seed}.sgf").write_bytes(write_game(record))
    return build_table([folder], PrepareOptions(), processes=1)[0]


def bias_of(network: torch.nn.Module) -> torch.Tensor:
    return network.get_parameter("position_bias.bias")


def policy(name: str, *, symmetric: bool = False, **settings: Any) -> Policy:
    """Return an untrained network whose bias per point is far from zero."""
    torch.manual_seed(3)
    network = build_network(name, planes=plane_set(PLANES).count, size=19, **settings)
    with torch.no_grad():
        if name == "alphago":
            bias_of(network).normal_(0, 0.01)
        if symmetric:
            bias_of(network).zero_()
            for block in [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]:
                views = [torch.rot90(block.weight, k, (2, 3)) for k in range(4)]
                both = [view.flip(3) for view in views]
                block.weight.copy_(torch.stack(views + both).mean(0))
    loaded = LoadedNetwork(network.eval(), describe_network(network, PLANES))
    return Policy(loaded, device="cpu", precision="fp32")


class Corner:
    """Always plays the upper left corner, however the board is turned."""

    plane_set, size = PLANES, 19

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        scores = np.full((len(planes_bcnn), 361), -9.0, np.float32)
        scores[:, 0] = 0.0
        return scores


def test_a_symmetric_network_agrees_in_all_views_and_others_do_not(table: GameTable) -> None:
    ids = np.arange(0, table.positions, 9)
    same = agreement(policy("alphago", filters=8, layers=3, symmetric=True), table, ids)
    assert same["each"]["value"] > 0.97  # but for best moves that are equal up to rounding
    low = agreement(policy("dense", units=8), table, ids)
    assert low["all"]["value"] < 0.05
    assert low["positions"] == len(ids)


def test_a_network_that_always_says_the_same_point_agrees_with_the_turns_that_keep_it(
    table: GameTable,
) -> None:
    found = agreement(Corner(), table, np.arange(50))
    assert found["all"]["value"] == 0
    assert found["each"]["value"] == pytest.approx(1 / 7)  # the corner stays under one of seven


def test_patterns_keep_their_distance_to_the_side(table: GameTable) -> None:
    patterns = find_patterns(table, np.arange(table.positions))
    kinds = {pattern.kind for pattern in patterns}
    assert kinds == {"side", "center"}
    for pattern in patterns:
        row, column = pattern.center
        for a, b in pattern.along:
            here, there = (row, column), (row + a, column + b)
            nearest = [min(min(line, 18 - line) for line in place) for place in (here, there)]
            if pattern.kind == "side":
                assert nearest[0] == nearest[1] < SIDE
            else:
                assert min(nearest) >= CLEAR - 1
        for r, c, color in pattern.stones:
            assert max(abs(r - row), abs(c - column)) <= REACH
            assert color in (1, 2)


def test_convolutions_without_a_bias_per_point_follow_a_pattern_about_the_center(
    table: GameTable,
) -> None:
    patterns = [p for p in find_patterns(table, np.arange(300)) if p.kind == "center"]
    plain = policy("alphago", filters=8, layers=2)
    with torch.no_grad():
        plain.network.position_bias.bias.zero_()
    follows = moved_patterns(plain, patterns)
    assert follows["follows"]["value"] == 1.0
    assert follows["change"] < 1e-5
    assert follows["moved"] == sum(len(p.along) for p in patterns)
    dense = moved_patterns(policy("dense", units=8), patterns)
    assert dense["follows"]["value"] < 0.5
    assert dense["change"] > 0.01


def test_the_stack_is_exactly_equivariant_out_of_sight_of_the_edge(table: GameTable) -> None:
    patterns = [p for p in find_patterns(table, np.arange(300)) if p.kind == "center"]
    found = largest_gap(policy("alphago", filters=8, layers=4), patterns)
    assert found is not None
    assert found["reach"] == 2 + 3
    assert found["points"] > 0
    assert found["largest_gap"] <= 1e-5 * found["largest_logit"]


def test_within_sight_of_the_edge_it_is_not(
    table: GameTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The measurement would notice: closer to the edge than the layers see, logits differ."""
    from gopolicy.compare import patterns as module

    patterns = [p for p in find_patterns(table, np.arange(300)) if p.kind == "center"]
    seen = module._seen_alike
    monkeypatch.setattr(module, "_seen_alike", lambda a, b, move, reach: seen(a, b, move, 1))
    found = largest_gap(policy("alphago", filters=8, layers=4), patterns)
    assert found is not None
    assert found["largest_gap"] > 1e-3 * found["largest_logit"]


@pytest.mark.parametrize(
    ("name", "settings"), [("dense", {"units": 4}), ("alphago", {"filters": 2, "layers": 14})]
)
def test_where_there_is_nothing_to_measure_none_is_returned(
    table: GameTable, name: str, settings: dict[str, Any]
) -> None:
    patterns = find_patterns(table, np.arange(40))
    assert largest_gap(policy(name, **settings), patterns) is None


def test_a_small_board_has_no_patterns_to_move(tmp_path: Path) -> None:
    write_games(tmp_path, 2, 9)
    small = build_table([tmp_path], PrepareOptions(size=9), processes=1)[0]
    assert find_patterns(small, np.arange(20)) == []
    assert moved_patterns(policy("dense", units=4), [])["follows"] is None
