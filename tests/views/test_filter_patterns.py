"""First-layer filters: their patterns beat all others, their groups are what they listen to."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_subjects import tiny_subject
from torch.nn import functional as F

from gopolicy.data.position_sample import PositionSample
from gopolicy.features.planes import plane_set
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.filter_patterns import (
    OFF_BOARD,
    StoneWeights,
    all_breathe,
    best_pattern,
    first_layer,
    group_shares,
    liveliness,
    state_means,
    stone_weights,
)

WORDS = ("empty", "own stone", "opponent's stone")


def test_no_arrangement_excites_a_filter_more_than_its_pattern() -> None:
    """All 3^9 arrangements, in the open and at every edge and corner."""
    rng = np.random.default_rng(4)
    weights = StoneWeights(rng.normal(size=(1, 3, 3, 3)).astype(np.float32) - 0.2, WORDS)
    best = -np.inf
    states = np.array(list(product(range(3), repeat=9))).reshape(-1, 3, 3)
    values = np.take_along_axis(weights.states[0][None], states[:, None], axis=1)[:, 0]
    for rows, columns in product(([0, 1, 2], [1, 2], [0, 1]), repeat=2):
        inside = values[:, rows][:, :, columns]
        best = max(best, float(inside.sum(axis=(1, 2)).max()))
    pattern = best_pattern(weights, 0)
    assert pattern.value == pytest.approx(best, abs=1e-5)


def test_the_pattern_adds_up_to_its_value_and_its_middle_is_on_the_board() -> None:
    rng = np.random.default_rng(5)
    weights = StoneWeights(rng.normal(size=(20, 3, 5, 5)).astype(np.float32) - 0.4, WORDS)
    cut = 0
    for k in range(20):
        pattern = best_pattern(weights, k)
        assert pattern.states[2, 2] != OFF_BOARD
        total = sum(
            weights.states[k, state, row, column]
            for (row, column), state in np.ndenumerate(pattern.states)
            if state != OFF_BOARD
        )
        assert pattern.value == pytest.approx(total, abs=1e-4)
        cut += bool((pattern.states == OFF_BOARD).any())
    assert 0 < cut < 20


@pytest.mark.parametrize(
    ("rows", "whole_board", "possible"),
    [
        (["XXX", "XOX", "XXX"], False, False),  # the white stone in the middle
        (["OXO", "XOX", "OXO"], False, False),
        (["XXX", "X.X", "XXX"], True, True),
        (["XXX", "XXX", "XXX"], True, False),
        (["XXX", "XXX", "XXX"], False, True),  # it may breathe outside
        (["###", "#OX", "#XO"], False, False),  # a stone in the corner
        (["###", "#OO", "#XO"], False, True),
    ],
)
def test_a_pattern_with_a_chain_without_liberty_is_known(
    rows: list[str], whole_board: bool, possible: bool
) -> None:
    states = np.array([[".XO#".index(letter) for letter in row] for row in rows], np.int8)
    assert all_breathe(states, whole_board=whole_board) == possible
    if "#" not in "".join(rows):
        weights = StoneWeights(np.eye(3, dtype=np.float32)[states].transpose(2, 0, 1)[None], WORDS)
        assert best_pattern(weights, 0, whole_board=whole_board).possible == possible


def test_margins_are_what_the_next_best_state_costs() -> None:
    states = np.zeros((1, 3, 1, 1), np.float32)
    states[0, :, 0, 0] = [1.0, 4.0, 2.5]
    pattern = best_pattern(StoneWeights(states, WORDS), 0)
    assert (pattern.states[0, 0], pattern.margins[0, 0]) == (1, 1.5)


def test_a_dense_filter_is_as_large_as_the_board_and_has_no_edge(tmp_path: Path) -> None:
    dense = tiny_subject(tmp_path, "dense", "alphago4")
    layer = first_layer(dense.network, dense.plane_set, 9)
    assert layer.weight.shape == (12, 4, 9, 9)
    x = torch.randn(1, 4, 9, 9)
    linear = dict(dense.network.named_modules())["dense1.linear"]
    by_hand = np.einsum("kchw,chw->k", layer.weight, x[0].numpy())
    expected = (linear(x.flatten(1)) - linear.bias)[0].detach().numpy()
    assert by_hand == pytest.approx(expected, abs=1e-4)
    weights = StoneWeights(np.full((1, 3, 9, 9), -1.0, np.float32), WORDS)
    assert not (best_pattern(weights, 0, whole_board=True).states == OFF_BOARD).any()


def test_the_means_of_states_are_counted_right(subject: BoardLens, sample: PositionSample) -> None:
    x = subject.sample_input(sample, 5).numpy()
    rows: dict[int, list[np.ndarray]] = {0: [], 1: [], 2: []}
    for b, row, column in product(range(len(x)), range(9), range(9)):
        point = x[b, :, row, column]
        rows[1 if point[0] else 2 if point[1] else 0].append(point)
    expected = np.stack([np.mean(rows[state], axis=0) for state in range(3)])
    assert state_means(x, subject.plane_set) == pytest.approx(expected, abs=1e-5)


def test_without_derived_planes_states_have_their_own_weights() -> None:
    planes = plane_set("alphago4")
    weight = np.random.default_rng(0).normal(size=(2, 4, 3, 3)).astype(np.float32)
    x = np.zeros((1, 4, 3, 3), np.float32)
    x[0, 3] = 1
    x[0, 2] = 1
    x[0, :3, 0, 0] = [1, 0, 0]
    x[0, :3, 0, 1] = [0, 1, 0]
    found = stone_weights(weight, planes, x).states
    assert found == pytest.approx(weight[:, [2, 0, 1]] + weight[:, 3:4], abs=1e-6)


def test_literal_planes_have_black_and_white() -> None:
    weight = np.ones((1, 2, 3, 3), np.float32)
    x = np.zeros((1, 2, 3, 3), np.float32)
    x[0, 0, 0, 0], x[0, 0, 1, 1] = 1, -1
    found = stone_weights(weight, plane_set("stones"), x)
    assert found.words == ("empty", "black", "white")
    assert found.states[0, :, 0, 0].tolist() == [0, 1, -1]


def test_centered_weights_are_the_same_function() -> None:
    rng = np.random.default_rng(1)
    weights = StoneWeights(rng.normal(size=(2, 3, 3, 3)).astype(np.float32), WORDS)
    centered = weights.centered()
    assert np.abs(centered[:, :3].sum(axis=1)).max() < 1e-5
    again = centered[:, :3] + centered[:, 3:]
    assert again == pytest.approx(weights.states, abs=1e-5)


@pytest.mark.parametrize("network", ["alphago", "dense"])
def test_the_shares_of_groups_are_those_of_their_own_sums(
    network: str, tmp_path: Path, sample: PositionSample
) -> None:
    tiny = tiny_subject(tmp_path, network)
    x = tiny.sample_input(sample, 12)
    shares = group_shares(tiny.network, x, tiny.plane_set)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(shares)), abs=1e-5)
    weight = torch.from_numpy(first_layer(tiny.network, tiny.plane_set, 9).weight)
    variances = []
    for index, group in enumerate(tiny.plane_set.groups):
        first = sum(earlier.count for earlier in tiny.plane_set.groups[:index])
        part = torch.zeros_like(x)
        part[:, first : first + group.count] = x[:, first : first + group.count]
        if network == "alphago":
            added = F.conv2d(part, weight, padding=2)
        else:
            added = F.linear(part.flatten(1), weight.flatten(1))
        variances.append(added.transpose(0, 1).flatten(1).var(dim=1).numpy())
    expected = np.stack(variances, axis=1) / np.sum(variances, axis=0)[:, None]
    assert shares == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_liveliness_is_spread_and_peak(subject: BoardLens, sample: PositionSample) -> None:
    x = subject.sample_input(sample, 8)
    spread, peak = liveliness(subject.network, x, "conv1")
    conv1 = dict(subject.network.named_children())["conv1"]
    out = conv1(x).detach().numpy()
    assert spread == pytest.approx(out.std(axis=(0, 2, 3), ddof=1), rel=1e-3)
    assert peak == pytest.approx(out.max(axis=(0, 2, 3)), rel=1e-5)
