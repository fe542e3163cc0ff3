"""Stores of version 2: final scores and owners, packed, and whatever can be wrong with them."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gopolicy.data.array_files import file_entry
from gopolicy.data.played_out import PLAYED_OUT, PlayedOut
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import open_store, write_store
from gopolicy.data.table import COLUMNS, GameTable
from gopolicy.errors import StoreError

NINE = PrepareOptions(size=9)


def made_ends(table: GameTable) -> tuple[PlayedOut, np.ndarray]:
    """Return random owners for the games of a table, packed and as they are."""
    dice = np.random.default_rng(1)
    ownership = dice.integers(-1, 2, (table.games, 81)).astype(np.int8)
    starts = np.diff(table.event_offsets) // 2
    return PlayedOut.pack(9, ownership.sum(axis=1), starts, ownership), ownership


@pytest.fixture
def store(small_table: GameTable, tmp_path: Path) -> Path:
    table = dataclasses.replace(small_table, played_out=made_ends(small_table)[0])
    write_store(table, [], tmp_path / "store", NINE)
    return tmp_path / "store"


@pytest.mark.parametrize("size", [2, 3, 9, 19, 25])
def test_owners_come_out_as_they_went_in(size: int) -> None:
    ownership = np.random.default_rng(size).integers(-1, 2, (7, size * size)).astype(np.int8)
    ends = PlayedOut.pack(size, ownership.sum(axis=1), np.zeros(7), ownership)
    assert np.array_equal(ends.ownership(np.arange(7)), ownership)
    assert np.array_equal(ends.ownership(np.array([5, 5, 0])), ownership[[5, 5, 0]])
    assert len(ends.owners) == 7 * -(-size * size // 4)
    assert ends.find_impossible(np.ones(7, np.int64)) == -1


def test_the_first_point_of_a_byte_lies_in_its_lowest_bits() -> None:
    ends = PlayedOut.pack(2, [0], [0], np.array([[1, -1, 0, 0]], np.int8))
    assert ends.owners.tolist() == [0b1001]


def test_a_store_keeps_scores_owners_and_starts(small_table: GameTable, store: Path) -> None:
    table = open_store(store).table
    ends, ownership = made_ends(small_table)
    assert json.loads((store / "meta.json").read_text())["version"] == 2
    assert table.played_out is not None
    assert np.array_equal(table.played_out.ownership(np.arange(table.games)), ownership)
    for name in PLAYED_OUT:
        assert np.array_equal(table.played_out.arrays()[name], ends.arrays()[name])
    assert list(table.names) == list(small_table.names)


def test_games_alone_are_written_as_they_always_were(
    small_table: GameTable, tmp_path: Path, store: Path
) -> None:
    digest = write_store(small_table, [], tmp_path / "plain", NINE)
    assert open_store(tmp_path / "plain").table.played_out is None
    assert json.loads((tmp_path / "plain" / "meta.json").read_text())["version"] == 1
    assert digest != open_store(store).digest


def forge(store: Path, **arrays: np.ndarray) -> None:
    """Replace arrays, and make checksums and digest fit them."""
    meta = json.loads((store / "meta.json").read_text())
    for name, array in arrays.items():
        np.save(store / f"{name}.npy", array)
        meta["files"][f"{name}.npy"] = file_entry(store / f"{name}.npy")
    sources = [source["label"] for source in meta["sources"]]
    names = ["events", "event_offsets", "position_offsets", *COLUMNS, "scores", "starts", "owners"]
    sums = [meta["files"][f"{name}.npy"]["sha256"] for name in names]
    facts = json.dumps([2, 9, meta["options"]["validation"], sources, sums])
    meta["digest"] = hashlib.sha256(facts.encode()).hexdigest()
    (store / "meta.json").write_text(json.dumps(meta))


def changed(array: np.ndarray, at: int, value: int) -> np.ndarray:
    """Return a copy with one other number."""
    copy = array.copy()
    copy[at] = value
    return copy


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("scores", lambda a: changed(a, 3, a[3] + 1), r"game 3 .* is impossible"),
        ("scores", lambda a: a[:-1], "is impossible"),
        ("scores", lambda a: a.astype(np.int64), "one row of int16 numbers"),
        ("starts", lambda a: changed(a, 7, -1), r"game 7 .* is impossible"),
        ("starts", lambda a: changed(a, 39, 10**6), r"game 39 .* is impossible"),
        ("owners", lambda a: changed(a, 21, 3), r"game 1 .* is impossible"),
        ("owners", lambda a: changed(a, 20, a[20] | 0b100100), r"game 0 .* is impossible"),
        ("owners", lambda a: a[:-1], "is impossible"),
        ("owners", lambda a: np.concatenate([a, a]), "is impossible"),
    ],
)
def test_what_cannot_be_is_refused(
    store: Path, name: str, change: Callable[..., Any], message: str
) -> None:
    forge(store, **{name: change(np.load(store / f"{name}.npy"))})
    with pytest.raises(StoreError, match=message):
        open_store(store)


def test_a_forged_store_that_makes_sense_is_opened(store: Path) -> None:
    forge(store, starts=np.load(store / "starts.npy") * 0)
    played_out = open_store(store).table.played_out
    assert played_out is not None
    assert not played_out.starts.any()


def test_a_store_that_lacks_a_file_is_refused(store: Path) -> None:
    (store / "owners.npy").unlink()
    with pytest.raises(StoreError, match=r"owners\.npy cannot be read"):
        open_store(store)


def test_a_plain_store_that_says_it_is_of_version_2_is_refused(
    small_table: GameTable, tmp_path: Path
) -> None:
    write_store(small_table, [], tmp_path / "plain", NINE)
    path = tmp_path / "plain" / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    with pytest.raises(StoreError, match=r"expected owners\.npy in files to be dict"):
        open_store(tmp_path / "plain")
