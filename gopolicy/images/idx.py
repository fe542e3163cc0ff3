"""IDX files, the format of MNIST and its relatives: a magic number, sizes, then bytes.

The header is four bytes (0, 0, 8 for unsigned bytes, the number of dimensions) and one big-endian
32-bit size per dimension.  Files may be packed with gzip.  Nothing in a header is believed before
it agrees with the length of the file.
"""

import gzip
import os
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import numpy.typing as npt

from gopolicy.errors import PictureError
from gopolicy.images.picture_set import PictureSet

MAX_BYTES = 1 << 31
"""The largest array that is read: twice a million pictures of 32x32."""
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
        for name, file in members:
            split, what = _meaning(name)
            if split and what not in found.setdefault(split, {}):
                found[split][what] = _read(file, name.endswith(".gz"), f"{path}: {name}")
    if not found:
        raise PictureError(f"{path}: expected files like train-images-idx3-ubyte")
    return {split: _pair(parts, f"{path}: {split}") for split, parts in found.items()}


def holds_idx(path: Path) -> bool:
    """Say whether a folder or a file name looks like IDX files."""
    if path.is_file():
        return path.name.endswith((".tgz", ".tar.gz", ".tar"))
    return any(_meaning(child.name)[0] for child in path.iterdir())


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, of any number of dimensions."""
    try:
        with open(path, "rb") as file:
            return _read(file, str(path).endswith(".gz"), str(path))
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error


@contextmanager
def _members(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Yield the files of a folder or a tar archive with their names."""
    try:
        if path.is_dir():
            yield _folder_members(path)
        else:
            with tarfile.open(path) as archive:
                yield _tar_members(archive)
    except tarfile.TarError as error:
        raise PictureError(f"{path}: not a readable archive ({error})") from error
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error


def _folder_members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the IDX files of a folder."""
    for child in sorted(path.iterdir()):
        if child.is_file() and _meaning(child.name)[0]:
            with child.open("rb") as file:
                yield child.name, file


def _tar_members(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the IDX files of an archive; nothing is unpacked to disk."""
    for member in archive:
        name = PurePosixPath(member.name).name
        file = archive.extractfile(member) if member.isfile() and _meaning(name)[0] else None
        if file:
            yield name, file


def _meaning(name: str) -> tuple[str, str]:
    """Return which part a file name belongs to and what it holds; empty for other files."""
    start, _, rest = name.partition("-")
    if start in SPLITS and rest.removesuffix(".gz") in ("images-idx3-ubyte", "labels-idx1-ubyte"):
        return SPLITS[start], rest.partition("-")[0]
    return "", ""


def _read(file: IO[bytes], packed: bool, where: str) -> npt.NDArray[np.uint8]:
    """Read an array; its header must agree with what follows."""
    try:
        content: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
        zeros, kind, dimensions = struct.unpack(">HBB", _exactly(content, 4, where))
        if zeros or kind != _UNSIGNED_BYTE or not 1 <= dimensions <= 4:
            raise PictureError(f"{where}: not an IDX file of bytes (its first bytes do not say so)")
        sizes = struct.unpack(f">{dimensions}I", _exactly(content, 4 * dimensions, where))
        count = int(np.prod(sizes, dtype=object))
        if count > MAX_BYTES:
            raise PictureError(f"{where}: {sizes} is more than the {MAX_BYTES:,} bytes allowed")
        data = _exactly(content, count, where)
        if content.read(1):
            raise PictureError(f"{where}: expected {count:,} bytes for {sizes}, there are more")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PictureError(f"{where}: damaged gzip data ({error})") from error
    return np.frombuffer(data, np.uint8).reshape(sizes).copy()  # one that may be written to


def _exactly(file: IO[bytes], count: int, where: str) -> bytes:
    """Read so many bytes, in pieces, so that a lying header costs nothing."""
    pieces = []
    left = count
    while left:
        piece = file.read(min(left, 1 << 24))
        if not piece:
            raise PictureError(f"{where}: cut short, {left:,} of {count:,} bytes are missing")
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _pair(parts: dict[str, npt.NDArray[np.uint8]], where: str) -> PictureSet:
    """Join pictures and their labels."""
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
