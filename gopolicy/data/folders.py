"""Folders that appear whole or not at all.

The new folder is written under ``.NAME.partial-HOST-PROCESS`` beside its place.  Where the system
can swap two folders in one step (Linux), an old folder is there until the new one is; elsewhere it
is renamed away first.  Whatever a killed process left is removed by the next one.
"""

import ctypes
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of target when the block ends well.

    On an error nothing is changed and nothing left behind.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    beside = target.parent / f"{_prefix(target)}{os.getpid()}"
    beside.mkdir()
    try:
        yield beside
        _flush(beside)
        _take_place(beside, target)
    finally:
        _remove(beside)


def _remove(folder: Path) -> None:
    """Remove a folder to the end, also when Ctrl-C comes meanwhile."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def remove_leftovers(target: Path) -> None:
    """Remove what processes of this machine that no longer run left beside target."""
    prefix = _prefix(target)
    for path in target.parent.iterdir():
        if not path.name.startswith(prefix):
            continue
        process = path.name.removeprefix(prefix)
        if process.isdigit() and not _runs_elsewhere(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _prefix(target: Path) -> str:
    return f".{target.name}.partial-{socket.gethostname()}-"


def _runs_elsewhere(process: int) -> bool:
    """Return whether another process has this number, or whether that cannot be asked."""
    if process == os.getpid():
        return False
    if os.name != "posix":  # there, kill(process, 0) would do what it says
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _flush(folder: Path) -> None:
    """Wait until the files are on the disk, so that a full disk is noticed before the rename."""
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _take_place(beside: Path, target: Path) -> None:
    """Move beside to target; an older target ends up at beside, or is removed."""
    if not target.exists():
        beside.rename(target)
    elif not _exchange(beside, target):
        aside = beside.with_name(beside.name + "-old")
        target.rename(aside)
        try:
            beside.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; return False, with nothing done, where that is impossible."""
    with suppress(OSError, AttributeError):
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
        names = os.fsencode(one), os.fsencode(other)
        return bool(renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
    return False
