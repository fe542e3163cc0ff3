"""Files that appear whole or not at all: written beside their place, then renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 text file."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    """Return the process's mask of file permissions."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
