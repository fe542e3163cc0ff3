"""Files appear whole or not at all."""

import errno
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gopolicy.errors import OutputError
from gopolicy.files import (
    check_folder,
    check_regular,
    filling,
    open_regular,
    replacing,
    write_text,
    writing_alone,
)


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


def test_who_may_read_a_file_stays_when_it_is_written_again(tmp_path: Path) -> None:
    target = tmp_path / "private.sgf"
    target.write_text("old")
    target.chmod(0o600)
    write_text(target, "new")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("new", 0o600)


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "real.sgf"
    target.write_text("old")
    link = tmp_path / "link.sgf"
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert list((tmp_path / "there").iterdir()) == [target]


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


def test_a_regular_file_is_opened_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0\r\n")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        check_regular(tmp_path / name)
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"\0\r\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_would_wait_forever_or_never_end_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    os.mkfifo("fifo")
    Path("link").symlink_to("fifo")
    Path("folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        kinds = {"fifo": "pipe", "link": "pipe", "socket": "socket", "folder": "folder"}
        for path, kind in {**kinds, "/dev/zero": "device"}.items():
            for asked in (open_regular, check_regular):
                with pytest.raises(OSError, match=r"expected a (regular )?file") as caught:
                    asked(path)
                assert kind in str(caught.value)
                assert caught.value.filename == path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_that_takes_the_place_of_a_file_just_then_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setattr("gopolicy.files.check_regular", lambda path: None)
    with pytest.raises(OSError, match="it is a pipe"):
        open_regular(tmp_path / "fifo")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OutputError, match="it is no regular file"):
        write_text(tmp_path / "fifo", "text")
    assert (tmp_path / "fifo").is_fifo()
    assert len(list(tmp_path.iterdir())) == 1


def test_names_of_files_that_are_no_text_are_escaped_so_that_json_reads_them(
    tmp_path: Path,
) -> None:
    name = os.fsdecode(b"caf\xe9") if os.name != "nt" else "caf\udce9"
    write_text(tmp_path / "names.json", json.dumps([name, "\u68cb"], ensure_ascii=False))
    assert json.loads((tmp_path / "names.json").read_text("utf-8")) == [name, "\u68cb"]


HOLD = """
import sys
from gopolicy.files import writing_alone
with writing_alone(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_that_another_process_writes_is_refused_until_that_is_killed(
    tmp_path: Path,
) -> None:
    pytest.importorskip("fcntl")
    target = tmp_path / "run"
    command = [sys.executable, "-c", HOLD, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        refusal = pytest.raises(OutputError, match=r"run is being written by (another )?process")
        with refusal, writing_alone(target):
            pass
        other.kill()
    with writing_alone(target):
        assert list(target.iterdir()) == []


def test_a_folder_that_was_held_for_nothing_is_not_left_behind(tmp_path: Path) -> None:
    with writing_alone(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()
    with writing_alone(tmp_path):
        pass
    assert tmp_path.is_dir()
