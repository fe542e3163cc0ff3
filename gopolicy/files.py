"""Files and folders are written beside their place, then renamed: they appear whole or not at all.

`replacing` writes a file, `replacing_folder` a folder, `filling` the files of one that may hold
others.

Files are read through `open_regular`, because a FIFO waits forever and a device never ends.
"""

import ctypes
import errno
import json
import math
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, Never

from gopolicy.errors import ConfigError, OutputError, wrong_kind

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
MAX_JSON = 1 << 24
"""The largest JSON file that is read, in bytes."""
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux
_OPEN_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # nothing waits, whatever took the file's place


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file for reading bytes; OSError, whose strerror says why, for all but regular files.

    Pipes, sockets and devices are not opened at all.
    """
    check_regular(path)
    return open(path, "rb", opener=_open_regular)


def check_regular(path: str | os.PathLike[str]) -> None:
    """Raise OSError unless path is a regular file; for libraries that open files themselves."""
    _check_mode(os.stat(path).st_mode, path)


def read_limited(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the content of a regular file; OSError also for one of more than `most` bytes."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, expected {most:,} at most", path)
        return file.read()


def read_json(path: str | os.PathLike[str]) -> Any:
    """Return what a JSON file says; OSError or ValueError where it cannot be read."""
    return parse_json(read_limited(path, MAX_JSON).decode("utf-8"))


def parse_json(text: str) -> Any:
    """Return what JSON says.

    ValueError for anything else, and for what later arithmetic would fail on: numbers that are not
    finite or need more than 64 bits.  Nesting that Python cannot follow is a ValueError, too.
    """
    try:
        return json.loads(
            text, parse_int=_short_int, parse_float=_finite_float, parse_constant=_no_number
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _short_int(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        _no_number(text)
    return int(text)


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _no_number(text)
    return value


def _no_number(text: str) -> Never:
    """Refuse NaN, infinities and numbers of absurd size."""
    raise ValueError(f"expected a finite number of at most 64 bits, got {text[:40]}")


def _open_regular(path: str, flags: int) -> int:
    """Open a file and return its descriptor; OSError if it is no regular file by now."""
    descriptor = os.open(path, flags | _OPEN_AT_ONCE)
    try:
        _check_mode(os.fstat(descriptor).st_mode, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_mode(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, expected a file", path)
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, expected a regular file", path)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a path to write; when the block ends well, that file takes the place of `path`.

    The temporary file keeps the ending of `path`, because libraries choose a format by it.  A link
    stays, and what it leads to is replaced; who may read a file stays, too.  What is there and is
    no regular file, such as a device, stays: OutputError.
    """
    target = Path(path)
    if target.is_symlink():
        target = target.resolve()
    if target.exists() and not target.is_file():
        raise OutputError(f"cannot write {target}: it is no regular file; it is left as it is")
    try:
        handle, name = tempfile.mkstemp(suffix=target.suffix, prefix=".new-", dir=target.parent)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask())
        beside.replace(target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def named(path: str | os.PathLike[str]) -> Path:
    """Return a path that somebody gave; an empty one is no name for the working folder.

    The working folder and those above it become absolute: once one is replaced, "." goes on meaning
    what was there before.  Raises ConfigError, also for what is no path at all.
    """
    if not isinstance(path, str | os.PathLike):
        raise wrong_kind("the path of a file or folder", path)
    if not os.fspath(path):
        raise ConfigError("expected the path of a file or folder, got an empty text")
    if "\0" in os.fsdecode(path):
        raise wrong_kind("the path of a file or folder", path)
    found = Path(path)
    return found if found.name not in ("", "..") else Path(os.path.abspath(found))


def check_folder(path: str | os.PathLike[str]) -> None:
    """Raise OutputError unless path is a folder to write to or one could be made there.

    Long work that ends in a folder asks this before it begins.
    """
    target = Path(path)
    if not target.is_dir() and (target.exists() or target.is_symlink()):
        raise OutputError(f"{target} is not a folder; it is left as it is")
    whole = target.resolve()
    nearest = next(folder for folder in (whole, *whole.parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {target}: {nearest} is no folder that can be written to")


@contextmanager
def writing_alone(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a folder, made if need be, for one process; OutputError where another one has it.

    The hold ends with the process, however that ends, and leaves no file behind.  Where the system
    has no such locks, as on Windows and some network disks, nothing is held.
    """
    target = Path(folder)
    made = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        handle = os.open(target, os.O_RDONLY) if fcntl else None
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        if handle is not None:
            hold(handle, target)
        yield
    finally:
        if handle is not None:
            os.close(handle)
        if made:
            with suppress(OSError):  # something is in it
                target.rmdir()


def hold(handle: int, target: Path) -> None:
    """Lock an open file or folder until it is closed; OutputError where another process has it.

    Where the system has no such locks nothing is held.
    """
    if not fcntl:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f"{target} is being written by {_holder(handle)}") from error
    except OSError:
        return  # this disk knows no locks


def _holder(handle: int) -> str:
    """Return which process has locked a file, if the system tells (Linux)."""
    facts = os.fstat(handle)
    device = f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}:{facts.st_ino}"
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if len(words) > 5 and words[1] == "FLOCK" and words[5] == device:
                return f"process {words[4]}"
    return "another process"


@contextmanager
def filling(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder; when the block ends well, its files are moved into `folder`.

    The folder is created if need be.  Files of other names stay as they are, and after an error
    everything is as before.
    """
    target = Path(folder)
    created = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target) as name:
            beside = Path(name)
            yield beside
            for path in sorted(beside.iterdir()):
                path.replace(target / path.name)
    except BaseException as error:
        if created:
            with suppress(OSError):
                target.rmdir()
        if isinstance(error, OutputError) or not isinstance(error, OSError):
            raise
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of target when the block ends well.

    It is called ``.NAME.partial-HOST-PROCESS`` until then.  Where the system can swap two folders
    in one step (Linux), an old one is there until the new one is; elsewhere it is renamed away
    first.  On an OSError nothing is changed and nothing left behind; what a killed process left is
    removed by the next one.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    beside = target.parent / f"{_partial_prefix(target)}{os.getpid()}"
    beside.mkdir()
    try:
        yield beside
        _flush_folder(beside)
        _take_place(beside, target)
        _flush_names(target.parent)
    finally:
        _remove_folder(beside)


def _remove_folder(folder: Path) -> None:
    """Remove a folder to the end, also when Ctrl-C comes meanwhile."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remove_leftovers(target: Path) -> None:
    """Remove what processes of this machine that no longer run left beside target."""
    prefix = _partial_prefix(target)
    for path in target.parent.iterdir():
        if not path.name.startswith(prefix):
            continue
        process = path.name.removeprefix(prefix)
        if process.isdigit() and not _runs_elsewhere(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _partial_prefix(target: Path) -> str:
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


def _flush_folder(folder: Path) -> None:
    """Wait until the files are on the disk, so that a full disk is noticed before the rename."""
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _flush_names(folder: Path) -> None:
    """Make a rename in folder outlast a power cut, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 text file; file names that are no text are written with escapes.

    Such an escape is also what JSON has for that character.
    """
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
