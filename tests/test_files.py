"""Files appear whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from gopolicy.errors import OutputError
from gopolicy.files import check_folder, filling, replacing, write_text


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    write_text(target, "old")
    with replacing(target) as beside:
        beside.write_text("new")
        assert target.read_text() == "old"
        assert beside.suffix == ".json"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    write_text(target, "old")
    with pytest.raises(ZeroDivisionError), replacing(target) as beside:
        beside.write_text(f"half {1 / 0}")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_an_output_error_that_names_the_file(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    with pytest.raises(OutputError, match=r"result\.json: No space left"), replacing(target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_a_folder_is_filled_and_keeps_what_else_is_in_it(tmp_path: Path) -> None:
    write_text(tmp_path / "other.txt", "kept")
    write_text(tmp_path / "one.txt", "old")
    with filling(tmp_path) as beside:
        (beside / "one.txt").write_text("new")
        assert (tmp_path / "one.txt").read_text() == "old"
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"one.txt": "new", "other.txt": "kept"}


def fill_half(target: Path, error: BaseException) -> None:
    with filling(target) as beside:
        (beside / "one.txt").write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=repr)
def test_a_folder_that_could_not_be_filled_is_as_before(
    error: BaseException, tmp_path: Path
) -> None:
    expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
    for target in (tmp_path / "new", tmp_path):
        with pytest.raises(expected):
            fill_half(target, error)
        assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_text(tmp_path / "missing" / "file.txt", "text")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("place", ["", "new", "new/deep"])
def test_a_folder_that_can_be_made_passes_and_is_not_made(place: str, tmp_path: Path) -> None:
    check_folder(tmp_path / place)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["file", "file/below", "link"])
def test_a_folder_that_cannot_be_made_is_an_output_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(OutputError, match="folder"):
        check_folder(tmp_path / place)
