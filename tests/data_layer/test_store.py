"""Writing, replacing, opening and distrusting stores."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from reference.game_files import random_folder

from gopolicy.data import folders
from gopolicy.data.build import build_table
from gopolicy.data.options import PrepareOptions
from gopolicy.data.store import describe, is_store, open_store, write_store
from gopolicy.errors import OutputError, StoreError
from gopolicy.sgf.record import Rejection

NINE = PrepareOptions(size=9, validation=0.25)
LOST = [
    Rejection(name="a.zip!x.sgf", reason="no moves", detail=""),
    Rejection(name="a.zip!y.sgf", reason="duplicate", detail="same moves as\ta.zip!\nz.sgf"),
]


@pytest.fixture
def store(small_table, tmp_path):
    write_store(small_table, LOST, tmp_path / "store", NINE)
    return tmp_path / "store"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def edit_meta(store: Path, **changes: object) -> None:
    path = store / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_written_is_read_back(small_table, store):
    table = open_store(store).table
    assert (table.size, table.sources) == (9, ["left", "right"])
    assert list(table.names) == list(small_table.names)
    for name, array in small_table.columns().items():
        read = table.columns()[name]
        assert read.dtype == array.dtype
        assert np.array_equal(read, array, equal_nan=name == "komi")


def test_an_opened_store_is_mapped_and_writing_to_it_changes_no_file(store):
    table = open_store(store).table
    assert isinstance(table.events.base, np.memmap)
    table.events[0] ^= 1
    open_store(store).verify()


def test_the_report_counts_games_reasons_duplicates_and_sources(small_table, store):
    report = describe(open_store(store).meta)
    assert report["games"] == 40
    assert report["positions"] == small_table.positions
    assert (report["rejected"], report["duplicates"]) == (1, 1)
    assert report["rejected_by_reason"] == {"no moves": 1}
    assert [source["games"] for source in report["sources"]] == [25, 15]
    assert sum(source["positions"] for source in report["sources"]) == small_table.positions


def test_every_rejection_is_one_line_of_the_list(store):
    lines = (store / "rejected.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["name", "reason", "detail"]
    assert lines[2].split("\t") == ["a.zip!y.sgf", "duplicate", "same moves as a.zip! z.sgf"]
    assert len(lines) == 3


def test_the_digest_depends_on_the_games_and_the_split_only(small_table, tmp_path):
    same = [write_store(small_table, lost, tmp_path / str(len(lost)), NINE) for lost in ([], LOST)]
    assert same[0] == same[1] == open_store(tmp_path / "2").digest
    other = PrepareOptions(size=9, validation=0.5)
    assert write_store(small_table, [], tmp_path / "other", other) != same[0]
    elsewhere = random_folder(tmp_path / "deep" / "left", 25, 1)
    here = random_folder(tmp_path / "left", 25, 1)
    digests = {
        write_store(build_table([path], NINE)[0], [], tmp_path / f"s{i}", NINE)
        for i, path in enumerate([elsewhere, here])
    }
    assert len(digests) == 1


def test_a_store_is_replaced_and_nothing_stays_beside_it(small_table, store):
    reader = open_store(store)
    before = np.array(reader.table.events)
    write_store(small_table, [], store, PrepareOptions(size=9, validation=0.5))
    assert open_store(store).meta["options"]["validation"] == 0.5
    assert np.array_equal(reader.table.events, before)
    assert names_in(store.parent) == ["store"]


def test_a_store_is_replaced_where_folders_cannot_be_swapped(small_table, store, monkeypatch):
    monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    write_store(small_table, [], store, NINE)
    assert open_store(store).meta["rejected"] == 0
    assert names_in(store.parent) == ["store"]


def test_an_empty_folder_may_become_a_store(small_table, tmp_path):
    (tmp_path / "new").mkdir()
    write_store(small_table, [], tmp_path / "new", NINE)
    assert is_store(tmp_path / "new")


def test_missing_folders_above_are_made(small_table, tmp_path):
    write_store(small_table, [], tmp_path / "a" / "b" / "store", NINE)
    assert is_store(tmp_path / "a" / "b" / "store")


def test_what_is_no_store_is_never_replaced(small_table, tmp_path):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "precious").write_text("")
    for name in ("file", "folder", "file/below"):
        with pytest.raises(OutputError):
            write_store(small_table, [], tmp_path / name, NINE)
    assert names_in(tmp_path) == ["file", "folder"]
    assert names_in(tmp_path / "folder") == ["precious"]


def test_a_missing_store_is_one_clear_line(tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        open_store(tmp_path / "none")
    with pytest.raises(StoreError, match="is not a store"):
        open_store(tmp_path)


def test_a_store_of_another_version_is_refused(store):
    edit_meta(store, version=99)
    with pytest.raises(StoreError, match="store version 99, this gopolicy reads 1; prepare it"):
        open_store(store)
    assert is_store(store)


def test_another_kind_of_folder_is_refused(store):
    edit_meta(store, format="gopolicy weights")
    with pytest.raises(StoreError, match="is not a store"):
        open_store(store)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "[" * 100_000, '{"format": "gopolicy store", "version": 1}'],
    ids=["empty", "cut", "list", "deep", "incomplete"],
)
def test_a_damaged_description_is_refused(store, text):
    (store / "meta.json").write_text(text)
    with pytest.raises(StoreError):
        open_store(store)


def test_a_file_that_lost_its_end_is_refused(store):
    os.truncate(store / "events.npy", 200)
    with pytest.raises(StoreError, match=r"^\S*events\.npy is damaged: 200 bytes, expected"):
        open_store(store)


def test_a_lost_file_is_refused(store):
    (store / "komi.npy").unlink()
    with pytest.raises(StoreError, match=r"komi\.npy cannot be read"):
        open_store(store)


def test_counts_that_disagree_are_refused(store):
    edit_meta(store, games=39)
    with pytest.raises(StoreError, match="disagree"):
        open_store(store)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("komi", lambda a: a[:-1]),
        ("winner", lambda a: a.astype(np.int32)),
        ("source", lambda a: a + 7),
        ("event_offsets", lambda a: a + 1),
        ("event_offsets", lambda a: np.concatenate([a[:5], a[4:5] - 2, a[6:]])),
        ("position_offsets", lambda a: np.concatenate([[-3], a[1:]])),
        ("events", lambda a: a.reshape(1, -1)),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(store, name, changed):
    path = store / f"{name}.npy"
    np.save(path, changed(np.load(path)))
    files = json.loads((store / "meta.json").read_text())["files"]
    files[path.name]["bytes"] = path.stat().st_size
    edit_meta(store, files=files)
    with pytest.raises(StoreError, match="disagree"):
        open_store(store)


def test_a_changed_byte_is_found_by_verifying(store):
    with (store / "events.npy").open("rb+") as file:
        file.seek(-5, os.SEEK_END)
        byte = file.read(1)
        file.seek(-5, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(StoreError, match=r"events\.npy is damaged: its checksum differs"):
        open_store(store).verify()


def test_an_interrupt_while_the_old_store_is_removed_leaves_nothing_beside(
    small_table, store, monkeypatch
):
    remove, calls = shutil.rmtree, []

    def interrupted_once(path, **options):
        calls.append(path)
        if len(calls) == 1:
            raise KeyboardInterrupt
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        write_store(small_table, [], store, PrepareOptions(size=9, validation=0.5))
    assert list(store.parent.iterdir()) == [store]
    assert open_store(store).meta["options"]["validation"] == 0.5


def test_a_full_disk_leaves_the_old_store_and_nothing_else(small_table, store):
    before = open_store(store).digest
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
        with pytest.raises(OutputError, match="nothing was changed"):
            write_store(small_table, [], store, PrepareOptions(size=9, validation=0.5))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert open_store(store).digest == before
    assert names_in(store.parent) == ["store"]


WRITER = """
    import sys, time
    from pathlib import Path
    from gopolicy.data import store
    from gopolicy.data.options import PrepareOptions
    table = store.open_store({store!r}).table
    write = store._write_array
    def slow(folder, name, array):
        print(name, flush=True)
        time.sleep(0.02)
        return write(folder, name, array)
    store._write_array = slow
    options = PrepareOptions(size=9, validation=0.5)
    store.write_store(table, [], Path({store!r}).with_name("new"), options)
    store.write_store(table, [], {store!r}, options)
"""


@pytest.mark.parametrize("lines", [1, 6, 14, 15, 20, 28])
def test_killing_the_writer_leaves_the_old_store_or_the_new_one(small_table, store, lines):
    script = textwrap.dedent(WRITER).format(store=str(store))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment
    ) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            writer.stdout.readline()
        time.sleep(0.01)
        writer.kill()
    open_store(store).verify()
    new = store.with_name("new")
    assert new.exists() == (lines > 14)
    if new.exists():
        open_store(new).verify()
    for name in ("store", "new"):
        write_store(small_table, [], store.with_name(name), NINE)
    assert names_in(store.parent) == ["new", "store"]


def test_leftovers_of_other_machines_and_running_processes_are_kept(small_table, tmp_path):
    kept = [f".store.partial-elsewhere-{2**22 + 1}", f".store.partial-{os.uname().nodename}-1"]
    for name in kept:
        (tmp_path / name).mkdir()
    write_store(small_table, [], tmp_path / "store", NINE)
    assert names_in(tmp_path) == sorted([*kept, "store"])
