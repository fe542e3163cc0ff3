"""Archives that are added to a store."""

import json
import zipfile
from pathlib import Path

import pytest

from gopolicy.__main__ import main
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.prepare_store import prepare
from gopolicy.data.store import open_store, read_rejected
from gopolicy.errors import ConfigError, OutputError, StoreError
from gopolicy.files import writing_alone
from gopolicy.samples import SAMPLE_GAMES

OPTIONS = PrepareOptions(validation=0.2, min_moves=5)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two archives of bundled games; the second repeats some of the first and has broken ones."""
    folder = tmp_path_factory.mktemp("archives")
    with zipfile.ZipFile(SAMPLE_GAMES) as games:
        texts = {name: games.read(name) for name in games.namelist()[:24]}
    found = []
    for label, names in (("first", list(texts)[:16]), ("second", list(texts)[12:])):
        found.append(folder / f"{label}.zip")
        with zipfile.ZipFile(found[-1], "w") as out:
            for name in names:
                out.writestr(name, texts[name])
            out.writestr("broken.sgf", b"(;GM[1]SZ[19];B[pd];W[pd])")
            out.writestr("short.sgf", b"(;GM[1]SZ[19];B[pd])")
    return found


def test_a_store_that_was_added_to_is_that_of_all_archives_at_once(
    archives: list[Path], tmp_path: Path
) -> None:
    whole = prepare(archives, tmp_path / "whole", OPTIONS, processes=1)
    prepare(archives[:1], tmp_path / "grown", OPTIONS, processes=1)
    grown = prepare(archives[1:], tmp_path / "grown", add=True, processes=1)
    assert grown.digest == whole.digest
    assert grown.meta == whole.meta
    assert list(grown.table.names) == list(whole.table.names)
    assert grown.table.sources == ["first", "second"]
    assert read_rejected(grown.path) == read_rejected(whole.path)
    assert grown.meta["duplicates"] == 4
    again = prepare(archives, tmp_path / "grown", add=True, processes=1)
    assert again.digest == whole.digest
    assert again.meta["duplicates"] == 4 + 16 + 12


def test_the_filters_of_a_store_stay(archives: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "store"
    before = prepare(archives[0], out, OPTIONS, processes=1)
    for other in (PrepareOptions(validation=0.5), PrepareOptions(handicap="none")):
        with pytest.raises(ConfigError, match="was built with"):
            prepare(archives[1], out, other, add=True, processes=1)
    with pytest.raises(StoreError, match="does not exist"):
        prepare(archives[1], tmp_path / "none", add=True, processes=1)
    assert json.loads((out / "meta.json").read_text())["digest"] == before.digest


def test_games_that_were_kept_out_stay_out(archives: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "store"
    with zipfile.ZipFile(archives[1]) as second:
        (tmp_path / "test.sgf").write_bytes(second.read(second.namelist()[-3]))
    kept_out = PrepareOptions(exclude=(tmp_path / "test.sgf",))
    first = prepare(archives[0], out, kept_out, processes=1)
    with pytest.raises(ConfigError, match=r"without the games of test\.sgf; give them again"):
        prepare(archives[1], out, add=True, processes=1)
    grown = prepare(archives[1], out, kept_out, add=True, processes=1)
    assert grown.table.games == first.table.games + 7
    assert grown.meta["rejected_by_reason"]["excluded"] == 1


def test_the_command_adds(
    archives: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "store")
    assert main(["prepare", str(archives[0]), "--out", out, "--processes", "1"]) == 0
    capsys.readouterr()
    more = ["prepare", str(archives[1]), "--out", out, "--add", "--processes", "1", "--json"]
    assert main(more) == 0
    labels = [source["label"] for source in json.loads(capsys.readouterr().out)["sources"]]
    assert labels == ["first", "second"]


def test_games_to_exclude_that_are_there_already_are_refused(
    archives: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "store"
    before = prepare(archives[0], out, OPTIONS, processes=1)
    with zipfile.ZipFile(archives[0]) as first:
        (tmp_path / "test.sgf").write_bytes(first.read(first.namelist()[3]))
    kept_out = PrepareOptions(exclude=(tmp_path / "test.sgf",))
    with pytest.raises(ConfigError, match="the store holds games to exclude: 1, the first is"):
        prepare(archives[1], out, kept_out, add=True, processes=1)
    assert open_store(out).digest == before.digest


def test_a_store_may_be_made_and_grow_where_the_command_is_given(
    archives: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, more in enumerate(([], ["--add"])):
        monkeypatch.chdir(tmp_path)
        assert (
            main(["prepare", str(archives[number]), "--out", ".", "--processes", "1", *more]) == 0
        )
    assert open_store(tmp_path).table.sources == ["first", "second"]


def test_two_processes_do_not_add_at_once(archives: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "store"
    prepare(archives[0], out, OPTIONS, processes=1)
    with writing_alone(out), pytest.raises(OutputError, match="is being written by"):
        prepare(archives[1], out, add=True, processes=1)


@pytest.mark.parametrize(
    ("key", "value"), [("handicap_placed", "x"), ("exclude", 3), ("min_moves", "many")]
)
def test_a_store_that_says_odd_things_of_itself_is_not_added_to(
    archives: list[Path], tmp_path: Path, key: str, value: object
) -> None:
    out = tmp_path / "store"
    prepare(archives[0], out, OPTIONS, processes=1)
    meta = json.loads((out / "meta.json").read_text())
    (meta if key in meta else meta["options"])[key] = value
    (out / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(StoreError, match=f"expected {key}"):
        prepare(archives[1], out, add=True, processes=1)


def test_a_store_of_an_older_version_without_some_options_grows(
    archives: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "store"
    prepare(archives[0], out, OPTIONS, processes=1)
    meta = json.loads((out / "meta.json").read_text())
    meta["options"] = {key: meta["options"][key] for key in ("size", "validation")}
    (out / "meta.json").write_text(json.dumps(meta))
    assert len(prepare(archives[1], out, add=True, processes=1).table.sources) == 2


def test_a_list_of_rejected_games_that_is_damaged_is_one_clear_error(
    archives: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "store"
    prepare(archives[0], out, OPTIONS, processes=1)
    for text in (b"name\treason\tdetail\nalone\n", b"name\treason\tdetail\n\xff\n"):
        (out / "rejected.tsv").write_bytes(text)
        with pytest.raises(StoreError, match=r"rejected\.tsv is damaged"):
            read_rejected(out)
