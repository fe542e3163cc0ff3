"""IDX files, the format of MNIST and its relatives: a magic number, sizes, then bytes.

The header is four bytes (0, 0, 8 for unsigned bytes, the number of dimensions) and one big-endian
32-bit size per dimension.  Files may be packed with gzip.  Nothing in a header is believed before
it agrees with the length of the file, and gzip is unpacked to a limit.
"""

import gzip
import math
import os
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, Never

import numpy as np
import numpy.typing as npt

from gopolicy.errors import PictureError
from gopolicy.files import open_regular
from gopolicy.pictures.picture_set import PictureSet

MAX_BYTES = 1 << 31
"""The largest array that is read: twice a million pictures of 32x32."""
FREE_BYTES, MAX_RATIO = 1 << 26, 200
"""Out of gzip come at most so many bytes, or so many times the packed ones if that is more."""
SPLITS = {"train": "train", "t10k": "test", "test": "test"}
"""How file names begin, and which part that is."""
_UNSIGNED_BYTE = 8


def read_idx_archive(path: str | os.PathLike[str]) -> dict[str, PictureSet]:
    """Read the IDX files in a folder or a tar archive; return `train` and `test`, or one of them.

    Files are called `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte` and so on, perhaps with .gz
    at the end.  Raises PictureError naming the file where one is missing or damaged.
    """
    found: dict[str, dict[str, npt.NDArray[np.uint8]]] = {}
    with _members(Path(path)) as members:
        for name, file, size in members:
            split, what = _meaning(name)
            if split and what not in found.setdefault(split, {}):
                found[split][what] = _read(file, size, f"{path}: {name}")
    if not found:
        raise PictureError(f"{path}: expected files like train-images-idx3-ubyte")
    return {split: _pair(parts, f"{path}: {split}") for split, parts in found.items()}


def holds_idx(path: Path) -> bool:
    """Say whether a folder or a file name looks like IDX files."""
    if path.is_file():
        return path.name.endswith((".tgz", ".tar.gz", ".tar"))
    return any(_meaning(child.name)[0] for child in path.iterdir())


class _Member(NamedTuple):
    """A file of a folder or an archive."""

    name: str
    file: IO[bytes]
    size: int


@contextmanager
def _members(path: Path) -> Iterator[Iterator[_Member]]:
    try:
        if path.is_dir():
            yield _folder_members(path)
        else:
            with open_regular(path) as packed:
                stream = _unpacked(packed, str(path))
                with tarfile.open(fileobj=stream, mode="r:") as archive:
                    yield _tar_members(archive)
                    _check_end(stream, archive.offset, str(path))
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise PictureError(f"{path}: not a readable archive ({error})") from error
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error


def _folder_members(path: Path) -> Iterator[_Member]:
    for child in sorted(path.iterdir()):
        if child.is_file() and _meaning(child.name)[0]:
            with open_regular(child) as file:
                yield _Member(child.name, file, os.fstat(file.fileno()).st_size)


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    """Yield the IDX files of an archive; nothing is unpacked to disk."""
    for member in archive:
        name = PurePosixPath(member.name).name
        whole = member.isfile() and not member.issparse()  # a sparse one may be larger than it is
        file = archive.extractfile(member) if whole and _meaning(name)[0] else None
        if file:
            yield _Member(name, file, member.size)


def _unpacked(packed: BufferedReader, where: str) -> BufferedReader:
    size = os.fstat(packed.fileno()).st_size
    is_gzip = packed.peek(2)[:2] == b"\x1f\x8b"
    content: IO[bytes] = gzip.GzipFile(fileobj=packed) if is_gzip else packed  # type: ignore[assignment]
    return BufferedReader(_Bounded(content, _most(size) if is_gzip else size, where))


def _most(packed: int) -> int:
    return max(FREE_BYTES, MAX_RATIO * packed)


def _check_end(stream: BufferedReader, offset: int, where: str) -> None:
    """Read an archive to its end, checksums too; refuse one that ends early.

    A tar has ended where two blocks of zeros stand and nothing but zeros follows; tarfile stops at
    anything that it does not understand.
    """
    stream.seek(offset)
    zeros = 0
    while piece := stream.read(1 << 20):
        if piece.strip(b"\0"):
            raise PictureError(f"{where}: damaged archive, no file begins at byte {offset:,}")
        zeros += len(piece)
    if zeros < 2 * tarfile.BLOCKSIZE:
        raise PictureError(f"{where}: cut short, the archive has no end")


class _Bounded(RawIOBase):
    """A stream that PictureError ends where it is longer than it may be."""

    def __init__(self, file: IO[bytes], most: int, where: str) -> None:
        self._file, self._most, self._where = file, most, where

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be wound."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, which must not lie behind the limit."""
        if whence == os.SEEK_SET and offset > self._most:
            self._refuse()
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Read bytes into buffer."""
        data = self._file.read(len(buffer))
        if self._file.tell() > self._most:
            self._refuse()
        buffer[: len(data)] = data
        return len(data)

    def _refuse(self) -> Never:
        raise PictureError(f"{self._where}: more than the {self._most:,} bytes allowed inside")


def _meaning(name: str) -> tuple[str, str]:
    """Return which part a file name belongs to and what it holds; empty for other files."""
    start, _, rest = name.partition("-")
    if start in SPLITS and rest.removesuffix(".gz") in ("images-idx3-ubyte", "labels-idx1-ubyte"):
        return SPLITS[start], rest.partition("-")[0]
    return "", ""


def _read(file: IO[bytes], size: int, where: str) -> npt.NDArray[np.uint8]:
    """Read an array from a file of so many bytes; its header must agree with what follows."""
    packed = where.endswith(".gz")
    most = min(_most(size), MAX_BYTES) if packed else MAX_BYTES
    try:
        content: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
        zeros, kind, dimensions = struct.unpack(">HBB", _exactly(content, 4, where))
        if zeros or kind != _UNSIGNED_BYTE or not 1 <= dimensions <= 4:
            raise PictureError(f"{where}: not an IDX file of bytes (its first bytes do not say so)")
        sizes = struct.unpack(f">{dimensions}I", _exactly(content, 4 * dimensions, where))
        count = math.prod(sizes)
        if count > most:
            raise PictureError(f"{where}: {sizes} is more than the {most:,} bytes allowed")
        data = _exactly(content, count, where)
        if content.read(1):
            raise PictureError(f"{where}: expected {count:,} bytes for {sizes}, there are more")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PictureError(f"{where}: damaged gzip data ({error})") from error
    return np.frombuffer(data, np.uint8).reshape(sizes)  # of a bytearray: it may be written to


def _exactly(file: IO[bytes], count: int, where: str) -> bytearray:
    """Read so many bytes, in pieces, so that a lying header costs nothing."""
    data = bytearray()
    while len(data) < count:
        piece = file.read(min(count - len(data), 1 << 24))
        if not piece:
            missing = count - len(data)
            raise PictureError(f"{where}: cut short, {missing:,} of {count:,} bytes are missing")
        data += piece
    return data


def _pair(parts: dict[str, npt.NDArray[np.uint8]], where: str) -> PictureSet:
    for what, dimensions in (("images", 3), ("labels", 1)):
        if what not in parts:
            raise PictureError(f"{where}: the file of {what} is missing")
        if parts[what].ndim != dimensions or not parts[what].size:
            raise PictureError(f"{where}: {what} of shape {parts[what].shape}")
    pixels, labels = parts["images"][:, None], parts["labels"].astype(np.int64)
    if len(pixels) != len(labels):
        raise PictureError(f"{where}: {len(pixels)} pictures but {len(labels)} labels")
    classes = tuple(str(label) for label in range(int(labels.max()) + 1))
    return PictureSet(pixels, labels, classes)
