"""Batches as a pure function of seed and number."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gopolicy.data.position_kernels import permute
from gopolicy.data.sampling import CYCLE, BatchPlan, ListedBatches, cycle_counts, derive_keys
from gopolicy.data.selection import GameSelection, select_split
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError


@pytest.fixture
def everything(small_table: GameTable) -> GameSelection:
    return select_split(small_table, "all", 0)


def send(numbers: np.ndarray, count: int, seed: int) -> np.ndarray:
    out = np.empty(len(numbers), np.int64)
    permute(numbers.astype(np.int64), count, derive_keys(str(seed), 6), out)
    return out


@given(count=st.integers(1, 3000), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_every_number_is_sent_to_a_number_of_its_own(count: int, seed: int) -> None:
    sent = send(np.arange(count), count, seed)
    assert sorted(sent.tolist()) == list(range(count))


@pytest.mark.parametrize("count", [10**9, 2**30, 2**31 + 1, 10**12])
def test_large_ranges_are_permuted_without_a_table(count: int) -> None:
    numbers = np.unique(np.linspace(0, count - 1, 50_000, dtype=np.int64))
    sent = send(numbers, count, 7)
    assert sent.min() >= 0
    assert sent.max() < count
    assert len(np.unique(sent)) == len(numbers)
    assert abs(sent.mean() / count - 0.5) < 0.01


def test_orders_of_different_keys_are_unrelated() -> None:
    first, second = (send(np.arange(10_000), 10_000, seed) for seed in (1, 2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.05
    assert (first == second).mean() < 0.002


def test_small_permutations_are_all_reached_about_equally_often() -> None:
    orders = Counter(tuple(send(np.arange(4), 4, seed).tolist()) for seed in range(4800))
    assert len(orders) == 24
    assert max(orders.values()) < 2 * min(orders.values())


def test_a_batch_depends_on_seed_and_number_alone(everything: GameSelection) -> None:
    plan, again = (BatchPlan(everything, 16, 5) for _ in range(2))
    late = plan.batch(1000)
    plan.batch(0)
    for ours, theirs in zip(late, again.batch(1000), strict=True):
        assert np.array_equal(np.asarray(ours), np.asarray(theirs))
    assert not np.array_equal(late.position_ids, BatchPlan(everything, 16, 6).batch(1000)[0])


@pytest.mark.parametrize("batch_size", [1, 7, 64, 5000])
def test_each_pass_draws_every_position_once_in_a_new_order(
    everything: GameSelection, batch_size: int
) -> None:
    total = everything.positions
    plan = BatchPlan(everything, batch_size, 3)
    batches = range(-(-2 * total // batch_size))
    draws = np.concatenate([plan.batch(k).position_ids for k in batches])
    first, second = draws[:total], draws[total : 2 * total]
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(total))
    assert not np.array_equal(first, second)


def test_a_mix_is_kept_exactly_and_each_source_comes_once_per_pass(
    everything: GameSelection, small_table: GameTable
) -> None:
    plan = BatchPlan(everything, 50, 1, {"left": 1, "right": 3})
    right = everything.from_source("right")
    batches = -(-right.positions * 4 // (3 * 50))
    ids = np.concatenate([plan.batch(k).position_ids for k in range(batches)])
    is_right = small_table.source[small_table.locate(ids).games] == 1
    assert is_right.cumsum()[[99, 199, 399]].tolist() == [75, 150, 300]
    drawn = ids[is_right][: right.positions]
    assert sorted(drawn.tolist()) == right.spread().tolist()


def test_sources_of_a_mix_alternate_within_a_batch(
    everything: GameSelection, small_table: GameTable
) -> None:
    ids = BatchPlan(everything, 40, 1, {"left": 1, "right": 1}).batch(3).position_ids
    sources = small_table.source[small_table.locate(ids).games]
    assert sources.tolist() == sources.tolist()[:2] * 20


def test_sources_that_a_mix_does_not_name_are_left_out(
    everything: GameSelection, small_table: GameTable
) -> None:
    plan = BatchPlan(everything, 64, 1, {"right": 2, "left": 0})
    games = small_table.locate(plan.batch(0).position_ids).games
    assert set(small_table.source[games].tolist()) == {1}


@given(st.lists(st.floats(1e-7, 1e3), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_shares_are_rounded_to_a_whole_cycle(shares: Any) -> None:
    counts = cycle_counts(shares)
    assert counts.sum() == CYCLE
    assert counts.min() >= 1
    exact = np.array(shares) / sum(shares) * CYCLE
    assert np.abs(counts - exact).max() <= len(shares)


def test_passes_tell_how_often_a_source_was_seen(everything: GameSelection) -> None:
    left = everything.from_source("left").positions
    plan = BatchPlan(everything, left, 1, {"left": 1, "right": 1})
    assert plan.passes(4)["left"] == pytest.approx(2)


def test_all_eight_symmetries_are_drawn_equally_often(everything: GameSelection) -> None:
    plan = BatchPlan(everything, 1000, 9)
    counts = np.bincount(np.concatenate([plan.batch(k).symmetries for k in range(16)]))
    assert len(counts) == 8
    assert counts.min() > 1800
    assert counts.max() < 2200
    plain = BatchPlan(everything, 1000, 9, symmetries=False).batch(0)
    assert not plain.symmetries.any()
    assert np.array_equal(plain.position_ids, plan.batch(0).position_ids)


def test_what_cannot_be_drawn_is_refused(everything: GameSelection, small_table: GameTable) -> None:
    with pytest.raises(ConfigError, match="the sources are left, right"):
        BatchPlan(everything, 8, 1, {"middle": 1})
    with pytest.raises(ConfigError, match="positive"):
        BatchPlan(everything, 8, 1, {"left": -1})
    with pytest.raises(ConfigError, match="positive"):
        BatchPlan(everything, 8, 1, {})
    with pytest.raises(ConfigError, match="no position"):
        BatchPlan(GameSelection(small_table, np.array([], np.int64)), 8, 1)
    with pytest.raises(ConfigError, match="batch size"):
        BatchPlan(everything, 0, 1)


def test_listed_batches_keep_the_order_and_end_short() -> None:
    plan = ListedBatches(np.arange(10, 21), 4)
    assert [plan.batch(k).position_ids.tolist() for k in range(len(plan))] == [
        [10, 11, 12, 13],
        [14, 15, 16, 17],
        [18, 19, 20],
    ]


def test_the_share_of_positions_without_history_is_as_asked(everything: GameSelection) -> None:
    plan, same, none = (BatchPlan(everything, 1000, 5, forget=f) for f in (0.1, 0.1, 0.0))
    chosen = np.concatenate([plan.batch(k).forget for k in range(20)])
    assert chosen.mean() == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(plan.batch(7).forget, same.batch(7).forget)
    assert not np.array_equal(plan.batch(7).forget, plan.batch(8).forget)
    assert not none.batch(7).forget.any()
    assert np.array_equal(plan.batch(7).position_ids, none.batch(7).position_ids)
