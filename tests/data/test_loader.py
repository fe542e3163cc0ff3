"""The background loader."""

import threading
import time
from typing import Any

import numpy as np
import pytest

from gopolicy.data.loader import BatchLoader, LoaderOptions
from gopolicy.data.sampling import BatchPlan, Draw, ListedBatches
from gopolicy.data.selection import select_split
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.go.symmetry import symmetry_table


@pytest.fixture
def plan(small_table: GameTable) -> BatchPlan:
    return BatchPlan(select_split(small_table, "all", 0), 16, 4)


def threads(count: int, **options: Any) -> LoaderOptions:
    return LoaderOptions(threads=count, **options)


@pytest.mark.parametrize("count", [1, 4])
def test_batches_come_in_order_from_any_number(
    small_table: GameTable, plan: BatchPlan, count: int
) -> None:
    with BatchLoader(
        small_table, plan, "alphago4", first_batch=5, stop_batch=45, options=threads(count)
    ) as loader:
        batches = list(loader)
    assert [batch.index for batch in batches] == list(range(5, 45))
    for batch in batches:
        assert np.array_equal(batch.position_ids, plan.batch(batch.index).position_ids)


def test_a_resumed_loader_gives_the_same_bytes(small_table: GameTable, plan: BatchPlan) -> None:
    with BatchLoader(small_table, plan, "alphago20", stop_batch=8, options=threads(3)) as loader:
        whole = list(loader)
    with BatchLoader(small_table, plan, "alphago20", first_batch=6, options=threads(1)) as loader:
        late = [next(loader), next(loader)]
    for ours, theirs in zip(late, whole[6:], strict=True):
        assert np.array_equal(ours.planes, theirs.planes)
        assert np.array_equal(ours.targets, theirs.targets)


def test_planes_are_those_of_the_game_turned_by_the_drawn_symmetry(
    small_table: GameTable, plan: BatchPlan
) -> None:
    table = symmetry_table(9)
    encoder = Encoder("alphago48", 9)
    games = [encoder.game(small_table.game_events(g)) for g in range(small_table.games)]
    with BatchLoader(small_table, plan, "alphago48", stop_batch=6) as loader:
        for batch in loader:
            symmetries = plan.batch(batch.index).symmetries
            located = small_table.locate(batch.position_ids)
            for b, game in enumerate(located.games):
                at = batch.position_ids[b] - small_table.position_offsets[game]
                planes, targets = games[game]
                to = table[symmetries[b]]
                turned = np.empty((48, 81), np.int8)
                turned[:, to] = planes[at].reshape(48, 81)
                assert np.array_equal(batch.planes[b].reshape(48, 81), turned)
                assert batch.targets[b] == to[targets[at]]


def test_parts_of_several_ranks_are_the_whole_batch(
    small_table: GameTable, plan: BatchPlan
) -> None:
    parts = []
    for rank in range(3):
        options = LoaderOptions(threads=1, part=(rank, 3))
        with BatchLoader(small_table, plan, "alphago4", stop_batch=1, options=options) as loader:
            parts.append(next(loader).position_ids)
    whole = plan.batch(0).position_ids
    assert [len(part) for part in parts] == [6, 5, 5]
    for rank, part in enumerate(parts):
        assert np.array_equal(part, whole[rank::3])


def test_planes_are_channels_last(small_table: GameTable, plan: BatchPlan) -> None:
    with BatchLoader(small_table, plan, "alphago20", stop_batch=1) as loader:
        planes = next(loader).planes
    assert planes.shape == (16, 20, 9, 9)
    assert planes.transpose(0, 2, 3, 1).flags.c_contiguous


def test_no_more_than_depth_batches_are_ahead(small_table: GameTable, plan: BatchPlan) -> None:
    class Counting:
        made = 0

        def batch(self, k: int) -> Draw:
            self.made = max(self.made, k + 1)
            return plan.batch(k)

    counting = Counting()
    options = LoaderOptions(threads=2, depth=3)
    with BatchLoader(small_table, counting, "alphago4", options=options) as loader:
        for k in range(4):
            time.sleep(0.05)
            assert counting.made <= k + 3
            next(loader)


def test_an_error_is_raised_where_its_batch_was_due(
    small_table: GameTable, plan: BatchPlan
) -> None:
    class Failing:
        def batch(self, k: int) -> Draw:
            if k == 3:
                raise ZeroDivisionError("batch three")
            return plan.batch(k)

    loader = BatchLoader(small_table, Failing(), "alphago4", options=threads(3))
    assert [next(loader).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError, match="batch three"):
        next(loader)
    with pytest.raises(StopIteration):
        next(loader)
    assert not any(thread.is_alive() for thread in loader._threads)


def test_closing_stops_the_threads_and_the_iteration(
    small_table: GameTable, plan: BatchPlan
) -> None:
    loader = BatchLoader(small_table, plan, "alphago4", options=threads(4))
    next(loader)
    loader.close()
    loader.close()
    assert list(loader) == []
    assert not any(thread.name.startswith("loader-") for thread in threading.enumerate())


def test_closing_from_another_thread_wakes_the_consumer(
    small_table: GameTable, plan: BatchPlan
) -> None:
    release = threading.Event()

    class Stuck:
        def batch(self, k: int) -> Draw:
            release.wait(30)
            return plan.batch(k)

    loader = BatchLoader(small_table, Stuck(), "alphago4", options=threads(1))
    got: list[object] = []
    consumer = threading.Thread(target=lambda: got.extend(loader))
    consumer.start()
    closer = threading.Thread(target=loader.close)
    closer.start()
    consumer.join(20)
    assert not consumer.is_alive()
    release.set()
    closer.join(20)
    assert not closer.is_alive()
    assert got == []


def test_the_wait_of_the_consumer_is_counted(small_table: GameTable, plan: BatchPlan) -> None:
    class Slow:
        def batch(self, k: int) -> Draw:
            time.sleep(0.05)
            return plan.batch(k)

    with BatchLoader(small_table, Slow(), "alphago4", stop_batch=4, options=threads(1)) as loader:
        list(loader)
    assert loader.wait_seconds > 0.1


def test_a_loader_may_end_before_it_begins(small_table: GameTable) -> None:
    plan = ListedBatches(np.array([], np.int64), 8)
    with BatchLoader(small_table, plan, "alphago4", stop_batch=len(plan)) as loader:
        assert list(loader) == []


def test_unknown_planes_and_impossible_options_are_refused_at_once(
    small_table: GameTable, plan: BatchPlan
) -> None:
    with pytest.raises(ConfigError, match="alphago48"):
        BatchLoader(small_table, plan, "alphago49")
    with pytest.raises(ConfigError, match="cannot work"):
        BatchLoader(small_table, plan, "alphago4", options=LoaderOptions(part=(2, 2)))
