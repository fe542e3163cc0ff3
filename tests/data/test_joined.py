"""Several stores as one."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from reference.game_files import random_folder

from gopolicy.data.joined import JoinedPlan, JoinedSelection
from gopolicy.data.loader import BatchLoader, LoaderOptions, encode_draw
from gopolicy.data.outcome_targets import outcome_targets
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.prepare_store import prepare
from gopolicy.data.sampling import Draw, ListedBatches
from gopolicy.data.store import Store
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> list[Store]:
    folder = tmp_path_factory.mktemp("stores")
    options = PrepareOptions(size=9, validation=0.2)
    made = []
    for number, games in enumerate((30, 12)):
        archive = random_folder(folder / f"games{number}", games, seed=number)
        share = replace(options, validation=0.2 + 0.2 * number)
        made.append(prepare(archive, folder / f"store{number}", share, processes=1))
    return made


def test_a_batch_holds_the_shares_of_the_stores_and_every_position_once_a_pass(
    stores: list[Store],
) -> None:
    joined = JoinedSelection(stores, "train")
    plan = JoinedPlan(joined, [3.0, 1.0], 16, seed=5)
    first, second = (part.positions for part in joined.parts)
    batches = 4 * first // (3 * 16)
    ids = np.concatenate([plan.batch(k).position_ids for k in range(batches)])
    owners = joined.table.owners(ids)
    assert abs(float((owners == 0).mean()) - 0.75) < 0.02
    firsts = ids[owners == 0]
    assert len(np.unique(firsts)) == len(firsts)
    seconds = ids[owners == 1][:second]
    assert len(np.unique(seconds)) == len(seconds)
    assert (plan.batch(3).position_ids == plan.batch(3).position_ids).all()


def test_planes_are_those_of_each_store_alone(stores: list[Store]) -> None:
    joined = JoinedSelection(stores, "train")
    plan = JoinedPlan(joined, [1.0, 1.0], 24, seed=1, forget=0.3)
    encoder = Encoder("alphago12", 9)
    options = LoaderOptions(threads=2, part=(1, 2), outcomes=True)
    with BatchLoader(joined.table, plan, "alphago12", options=options) as loader:
        batch = next(iter(loader))
    drawn = plan.batch(0)
    for i, place in enumerate(range(1, 24, 2)):
        number = int(joined.table.owners(drawn.position_ids[place : place + 1])[0])
        own = drawn.position_ids[place : place + 1] - joined.table.offsets[number]
        rest = drawn.symmetries[place : place + 1], drawn.forget[place : place + 1]
        alone = encode_draw(stores[number].table, encoder, Draw(own, *rest))
        assert (batch.planes[i] == alone.planes[0]).all()
        assert batch.targets[i] == alone.targets[0]
        outcome = outcome_targets(stores[number].table, Draw(own, *rest))
        assert batch.outcomes is not None
        for together, wanted in zip(batch.outcomes, outcome, strict=True):
            assert (together[i] == wanted[0]).all()
    assert batch.planes.transpose(0, 2, 3, 1).flags.c_contiguous


def test_no_game_is_on_both_sides_whatever_its_store_keeps(stores: list[Store]) -> None:
    learned, held_out = (JoinedSelection(stores, split) for split in ("train", "validation"))
    for one, other in zip(learned.parts, held_out.parts, strict=True):
        keys = one.table.split_key
        assert keys[one.games].min() > keys[other.games].max()
        assert len(one.games) + len(other.games) == one.table.games
    last = max(int(part.table.split_key[part.games].max()) for part in held_out.parts)
    assert 0.2 < last / 2**32 < 0.4


def test_positions_to_measure_on_are_spread_over_all_stores(stores: list[Store]) -> None:
    held_out = JoinedSelection(stores, "validation")
    everything = held_out.spread(held_out.positions)
    assert len(np.unique(everything)) == held_out.positions
    some = held_out.spread(20)
    assert len(some) == 20
    assert np.isin(some, everything).all()
    found = np.bincount(held_out.table.owners(some), minlength=2) / 20
    wanted = np.array([part.positions for part in held_out.parts]) / held_out.positions
    assert abs(found - wanted).max() < 0.06
    plan = ListedBatches(some, 8)
    with BatchLoader(held_out.table, plan, "stones", stop_batch=len(plan)) as loader:
        assert sum(len(batch.targets) for batch in loader) == 20


def test_what_does_not_fit_is_refused(stores: list[Store], tmp_path: Path) -> None:
    joined = JoinedSelection(stores, "train")
    assert [len(part.games) > 0 for part in joined.from_source("games1").parts] == [False, True]
    with pytest.raises(ConfigError, match="no source 'x'; the sources are games0, games1"):
        joined.from_source("x")
    with pytest.raises(ConfigError, match="no position to draw from in store 1"):
        JoinedPlan(joined.from_source("games1"), [1, 1], 8, seed=1)
    archive = random_folder(tmp_path / "small", 1)
    text = (archive / "0000.sgf").read_text().replace("SZ[9]", "SZ[13]")
    (archive / "0000.sgf").write_text(text)
    other = prepare(archive, tmp_path / "other", PrepareOptions(size=13), processes=1)
    with pytest.raises(ConfigError, match="different sizes"):
        JoinedSelection([stores[0], other], "train")


def test_a_part_of_a_batch_may_be_empty(stores: list[Store]) -> None:
    joined = JoinedSelection(stores, "train")
    ids = np.arange(9)
    plan = ListedBatches(ids, 8)  # the last batch has one position for two processes
    options = LoaderOptions(threads=1, part=(1, 2), outcomes=True)
    with BatchLoader(joined.table, plan, "alphago12", options=options) as loader:
        first, last = islice(loader, 2)
    assert first.planes.shape == (4, 12, 9, 9)
    assert last.planes.shape == (0, 12, 9, 9)
    assert len(last.targets) == 0
    assert last.outcomes is not None
    assert last.outcomes.owners.shape == (0, 81)
