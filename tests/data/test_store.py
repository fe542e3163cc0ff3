"""Writing, replacing, opening and distrusting stores."""

import copy
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference.game_files import random_folder

from gopolicy import files
from gopolicy.data.array_files import file_entry
from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import describe_store, is_store, open_store, write_store
from gopolicy.data.table import COLUMNS, GameTable
from gopolicy.errors import OutputError, StoreError
from gopolicy.sgf.record import Rejection

NINE = PrepareOptions(size=9, validation=0.25)
LOST = [
    Rejection(name="a.zip!x.sgf", reason="no moves", detail=""),
    Rejection(name="a.zip!y.sgf", reason="duplicate", detail="same moves as\ta.zip!\nz.sgf"),
]


@pytest.fixture
def store(small_table: GameTable, tmp_path: Path) -> Path:
    write_store(small_table, LOST, tmp_path / "store", NINE)
    return tmp_path / "store"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def edit_meta(store: Path, **changes: object) -> None:
    path = store / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_written_is_read_back(small_table: GameTable, store: Path) -> None:
    table = open_store(store).table
    assert (table.size, table.sources) == (9, ["left", "right"])
    assert list(table.names) == list(small_table.names)
    for name, array in small_table.columns().items():
        read = table.columns()[name]
        assert read.dtype == array.dtype
        assert np.array_equal(read, array, equal_nan=name == "komi")


def test_an_opened_store_is_mapped_and_writing_to_it_changes_no_file(store: Path) -> None:
    table = open_store(store).table
    assert isinstance(table.events.base, np.memmap)
    table.events[0] ^= 1
    open_store(store)


def test_the_report_counts_games_reasons_duplicates_and_sources(
    small_table: GameTable, store: Path
) -> None:
    report = describe_store(open_store(store).meta)
    assert report["games"] == 40
    assert report["positions"] == small_table.positions
    assert (report["rejected"], report["duplicates"]) == (1, 1)
    assert report["rejected_by_reason"] == {"no moves": 1}
    assert [source["games"] for source in report["sources"]] == [25, 15]
    assert sum(source["positions"] for source in report["sources"]) == small_table.positions


def test_every_rejection_is_one_line_of_the_list(store: Path) -> None:
    lines = (store / "rejected.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["name", "reason", "detail"]
    assert lines[2].split("\t") == ["a.zip!y.sgf", "duplicate", "same moves as a.zip! z.sgf"]
    assert len(lines) == 3


def test_the_digest_depends_on_the_games_and_the_split_only(
    small_table: GameTable, tmp_path: Path
) -> None:
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


def test_a_store_is_replaced_and_nothing_stays_beside_it(
    small_table: GameTable, store: Path
) -> None:
    reader = open_store(store)
    before = np.array(reader.table.events)
    write_store(small_table, [], store, PrepareOptions(size=9, validation=0.5))
    assert open_store(store).meta["options"]["validation"] == 0.5
    assert np.array_equal(reader.table.events, before)
    assert names_in(store.parent) == ["store"]


def test_a_store_is_replaced_where_folders_cannot_be_swapped(
    small_table: GameTable, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    write_store(small_table, [], store, NINE)
    assert open_store(store).meta["rejected"] == 0
    assert names_in(store.parent) == ["store"]


def test_an_empty_folder_may_become_a_store(small_table: GameTable, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    write_store(small_table, [], tmp_path / "new", NINE)
    assert is_store(tmp_path / "new")


def test_missing_folders_above_are_made(small_table: GameTable, tmp_path: Path) -> None:
    write_store(small_table, [], tmp_path / "a" / "b" / "store", NINE)
    assert is_store(tmp_path / "a" / "b" / "store")


def test_what_is_no_store_is_never_replaced(small_table: GameTable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "precious").write_text("")
    for name in ("file", "folder", "file/below"):
        with pytest.raises(OutputError):
            write_store(small_table, [], tmp_path / name, NINE)
    assert names_in(tmp_path) == ["file", "folder"]
    assert names_in(tmp_path / "folder") == ["precious"]


def test_a_missing_store_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        open_store(tmp_path / "none")
    with pytest.raises(StoreError, match="is not a store"):
        open_store(tmp_path)


def test_a_store_of_another_version_is_refused(store: Path) -> None:
    edit_meta(store, version=99)
    with pytest.raises(
        StoreError, match="store version 99, this gopolicy reads 1 and 2; prepare it"
    ):
        open_store(store)
    assert is_store(store)


def test_another_kind_of_folder_is_refused(store: Path) -> None:
    edit_meta(store, format="gopolicy weights")
    with pytest.raises(StoreError, match="is not a store"):
        open_store(store)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "[" * 100_000, '{"format": "gopolicy store", "version": 1}'],
    ids=["empty", "cut", "list", "deep", "incomplete"],
)
def test_a_damaged_description_is_refused(store: Path, text: str) -> None:
    (store / "meta.json").write_text(text)
    with pytest.raises(StoreError):
        open_store(store)


def test_a_file_that_lost_its_end_is_refused(store: Path) -> None:
    os.truncate(store / "events.npy", 200)
    with pytest.raises(StoreError, match=r"^\S*events\.npy is damaged: 200 bytes, expected"):
        open_store(store)


def test_a_lost_file_is_refused(store: Path) -> None:
    (store / "komi.npy").unlink()
    with pytest.raises(StoreError, match=r"komi\.npy cannot be read"):
        open_store(store)


def test_counts_that_disagree_are_refused(store: Path) -> None:
    edit_meta(store, games=39)
    with pytest.raises(StoreError, match="disagree"):
        open_store(store)


def forge(store: Path, **columns: np.ndarray) -> None:
    """Replace columns, and make checksums and digest fit them."""
    meta = json.loads((store / "meta.json").read_text())
    for name, array in columns.items():
        np.save(store / f"{name}.npy", array)
        meta["files"][f"{name}.npy"] = file_entry(store / f"{name}.npy")
    sources = [source["label"] for source in meta["sources"]]
    options = meta["options"]
    names = ["events", "event_offsets", "position_offsets", *COLUMNS]
    sums = [meta["files"][f"{name}.npy"]["sha256"] for name in names]
    facts = json.dumps([1, options["size"], options["validation"], sources, sums])
    edit_meta(store, files=meta["files"], digest=hashlib.sha256(facts.encode()).hexdigest())


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("komi", lambda a: a[:-1], "disagree"),
        (
            "winner",
            lambda a: a.astype(np.int32),
            r"winner\.npy .* one row of int8 numbers",
        ),
        ("source", lambda a: a + 7, "disagree"),
        ("event_offsets", lambda a: a + 1, "disagree"),
        ("event_offsets", lambda a: np.concatenate([a[:5], a[4:5] - 2, a[6:]]), "disagree"),
        ("event_offsets", lambda a: a[:0], "disagree"),
        ("position_offsets", lambda a: np.concatenate([[-3], a[1:]]), "disagree"),
        ("position_offsets", lambda a: np.concatenate([a[:5], a[5:6] + 1, a[6:]]), "impossible"),
        ("events", lambda a: a.reshape(1, -1), "expected one row of uint16 numbers"),
        ("events", lambda a: a | 0x2000, "impossible"),
        ("events", lambda a: a | 0x0C00, "impossible"),
        ("events", lambda a: a & 0x03FF, "impossible"),
        ("events", lambda a: a & 0xFC00 | 81, "impossible"),
        ("events", lambda a: a | 0x03FF, "impossible"),
        ("counted", lambda a: a + 4, "impossible"),
        ("counted", lambda a: a * 0, "impossible"),
        ("names", lambda a: a[:-1], "disagree"),
        ("name_offsets", lambda a: a - 1, "disagree"),
        ("name_offsets", lambda a: np.concatenate([a[:5], a[5:6] + 10**12, a[6:]]), "disagree"),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(
    store: Path, name: str, changed: Callable[..., Any], message: str
) -> None:
    forge(store, **{name: changed(np.load(store / f"{name}.npy"))})
    with pytest.raises(StoreError, match=message):
        open_store(store)


def test_a_forged_store_that_makes_sense_is_opened(store: Path) -> None:
    forge(store, komi=np.load(store / "komi.npy") + 1)
    assert open_store(store).table.games == 40


def test_an_illegal_game_is_told_when_it_is_asked_for(store: Path) -> None:
    events, offsets = np.load(store / "events.npy"), np.load(store / "event_offsets.npy")
    changed = events.copy()
    moves = [at for at in range(offsets[3], offsets[4]) if events[at] & 0x3FF < 81]
    first, second = moves[-2:]
    changed[second] = events[first] & 0x3FF | events[second] & 0xFC00
    forge(store, events=changed)
    table = open_store(store).table
    positions = table.position_offsets
    assert len(table.locate(np.arange(positions[3])).games) == positions[3]
    for ask in (lambda: table.locate(positions[3:4]), lambda: table.game_events(3)):
        with pytest.raises(StoreError, match=r"^game 3 \('.*'\) of the store holds an ill"):
            ask()
    assert np.array_equal(table.game_events(4), events[offsets[4] : offsets[5]])


def every_field(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every field of a description."""
    for key in values if isinstance(values, dict) else range(len(values)):
        yield (*path, key)
        if isinstance(values[key], dict | list):
            yield from every_field(values[key], (*path, key))


def refusals(store: Path) -> list[str]:
    """Return why a store is not opened; nothing if it is."""
    try:
        open_store(store)
    except StoreError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("wrong", [None, "x", -1, 0.5, [], {}, True, 2**63])
def test_a_missing_or_mistyped_field_is_one_clear_line(
    store: Path, wrong: str | float | list[Any] | dict[str, Any] | bool | None
) -> None:
    path = store / "meta.json"
    meta = json.loads(path.read_text())
    sound = 0
    for *above, last in list(every_field(meta)):
        changed = copy.deepcopy(meta)
        inner = changed
        for key in above:
            inner = inner[key]
        if wrong is None and isinstance(inner, dict):
            del inner[last]
        else:
            inner[last] = wrong
        path.write_text(json.dumps(changed))
        lines = refusals(store)
        assert all(line.startswith(str(store)) and "\n" not in line for line in lines)
        sound += not lines  # facts that nothing relies on, such as who wrote it
    assert sound < 40


def test_a_damaged_byte_in_a_header_is_one_clear_line(store: Path) -> None:
    path = store / "komi.npy"
    data, meta = path.read_bytes(), json.loads((store / "meta.json").read_text())
    for place in range(128):
        for bit in (1, 8, 128):
            path.write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
            meta["files"]["komi.npy"] = file_entry(path)
            edit_meta(store, files=meta["files"])
            with pytest.raises(StoreError):
                open_store(store)


def test_names_of_files_lead_nowhere_else(store: Path) -> None:
    files = json.loads((store / "meta.json").read_text())["files"]
    (store.parent / "events.npy").write_bytes((store / "events.npy").read_bytes())
    files["../events.npy"] = files.pop("events.npy")
    edit_meta(store, files=files)
    with pytest.raises(StoreError, match=r"expected events\.npy in files to be dict"):
        open_store(store)


def test_a_damaged_store_is_still_told_from_a_folder_of_games(store: Path) -> None:
    (store / "meta.json").write_text("{")
    assert is_store(store)
    with pytest.raises(StoreError, match=r"meta\.json cannot be read"):
        open_store(store)


def test_a_folder_that_does_not_say_it_is_a_store_is_never_replaced(
    small_table: GameTable, store: Path
) -> None:
    (store / "meta.json").write_text('{"format": "measurements"}')
    with pytest.raises(OutputError, match="is not empty and no store; it is left as it is"):
        write_store(small_table, [], store, NINE)
    assert (store / "events.npy").is_file()


def test_a_changed_byte_is_found_on_opening(store: Path) -> None:
    with (store / "events.npy").open("rb+") as file:
        file.seek(-5, os.SEEK_END)
        byte = file.read(1)
        file.seek(-5, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(StoreError, match=r"events\.npy is damaged: its checksum differs"):
        open_store(store)


def test_an_interrupt_while_the_old_store_is_removed_leaves_nothing_beside(
    small_table: GameTable, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, calls = shutil.rmtree, []

    def interrupted_once(path: Path, **options: Any) -> None:
        calls.append(path)
        if len(calls) == 1:
            raise KeyboardInterrupt
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        write_store(small_table, [], store, PrepareOptions(size=9, validation=0.5))
    assert list(store.parent.iterdir()) == [store]
    assert open_store(store).meta["options"]["validation"] == 0.5


def test_a_full_disk_leaves_the_old_store_and_nothing_else(
    small_table: GameTable, store: Path
) -> None:
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
    from gopolicy.data.prepare_options import PrepareOptions
    table = store.open_store({store!r}).table
    write = store.write_array
    def slow(path, array):
        print(path.name, flush=True)
        time.sleep(0.02)
        return write(path, array)
    store.write_array = slow
    options = PrepareOptions(size=9, validation=0.5)
    store.write_store(table, [], Path({store!r}).with_name("new"), options)
    store.write_store(table, [], {store!r}, options)
"""


@pytest.mark.parametrize("lines", [1, 6, 14, 15, 20, 28])
def test_killing_the_writer_leaves_the_old_store_or_the_new_one(
    small_table: GameTable, store: Path, lines: int
) -> None:
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
    open_store(store)
    new = store.with_name("new")
    assert new.exists() == (lines > 14)
    if new.exists():
        open_store(new)
    for name in ("store", "new"):
        write_store(small_table, [], store.with_name(name), NINE)
    assert names_in(store.parent) == ["new", "store"]


def test_leftovers_of_other_machines_and_running_processes_are_kept(
    small_table: GameTable, tmp_path: Path
) -> None:
    kept = [f".store.partial-elsewhere-{2**22 + 1}", f".store.partial-{os.uname().nodename}-1"]
    for name in kept:
        (tmp_path / name).mkdir()
    write_store(small_table, [], tmp_path / "store", NINE)
    assert names_in(tmp_path) == sorted([*kept, "store"])
