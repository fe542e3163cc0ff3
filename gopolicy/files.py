"""Files that appear whole or not at all: written beside their place, then renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gopolicy.errors import OutputError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a path to write; when the block ends well, that file takes the place of `path`.

    The temporary file keeps the ending of `path`, because libraries choose a format by it.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(suffix=target.suffix, prefix=".new-", dir=target.parent)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


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


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 text file."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    """Return the process's mask of file permissions."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
