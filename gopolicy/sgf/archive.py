"""The SGF files inside files, folders and archives, one after the other and never on disk.

An archive is read as a stream, within limits, because it comes from a stranger: what is too large,
too many, too deep or broken becomes a `Rejection` and reading goes on with what is left.
"""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple, cast

from gopolicy.errors import ArchiveError
from gopolicy.sgf import record as reasons
from gopolicy.sgf.record import Rejection

_MEGABYTE = 1 << 20
_STREAMS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".gz": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    ".bz2": lambda file: cast("IO[bytes]", bz2.BZ2File(file)),
    ".xz": lambda file: cast("IO[bytes]", lzma.LZMAFile(file)),
}
_SHORT = {".tgz": ".tar.gz", ".tbz": ".tar.bz2", ".tbz2": ".tar.bz2", ".txz": ".tar.xz"}
_BROKEN = (EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile, OSError,
           RuntimeError, NotImplementedError, ValueError, UnicodeError)  # fmt: skip

Member = tuple[str, bytes] | Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a stranger's archive is read."""

    member_bytes: int = 8 * _MEGABYTE
    """Largest SGF file, unpacked."""
    archive_bytes: int = 512 * _MEGABYTE
    """Largest archive within an archive, which has to be held in memory."""
    members: int = 5_000_000
    """Most files in one archive or folder."""
    total_bytes: int = 64 << 30
    """Most that one path may unpack to."""
    depth: int = 2
    """Archives within archives: 1 is an archive, 2 an archive in an archive."""


DEFAULT_LIMITS = Limits()


class _Kind(NamedTuple):
    """What the ending of a file name promises."""

    container: str
    """``sgf``, ``zip``, ``tar`` or empty for anything else."""
    compression: str
    """``.gz``, ``.bz2``, ``.xz`` or empty."""


def kind_of(name: str) -> _Kind:
    """Return what the ending of name says, in any case of letters."""
    stem = name.lower()
    for short, full in _SHORT.items():
        if stem.endswith(short):
            stem = stem.removesuffix(short) + full
    compression = next((ending for ending in _STREAMS if stem.endswith(ending)), "")
    stem = stem.removesuffix(compression)
    for container in ("sgf", "tar"):
        if stem.endswith(f".{container}"):
            return _Kind(container, compression)
    return _Kind("zip" if stem.endswith(".zip") and not compression else "", "")


def iter_archive(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Iterator[Member]:
    """Yield the name and the bytes of every SGF file under path, in an order that never changes.

    Names begin with the last part of path, whatever folder it is in: ``kgs.tar.gz!2001/1.sgf``.
    Raises ArchiveError if there is nothing to read at path at all.
    """
    root = Path(path)
    if not root.exists():
        raise ArchiveError(f"no such file or folder: {root}")
    reader = _Reader(limits)
    name = root.name or root.resolve().name
    if root.is_dir():
        files = _files_below(root)
        if not files:
            raise ArchiveError(f"no SGF file or archive in the folder {root}")
        for file in files:
            yield from reader.read_path(file, f"{name}/{file.relative_to(root).as_posix()}")
    elif not kind_of(name).container:
        raise ArchiveError(f"{root}: expected .sgf, .zip, .tar or a packed form of these")
    else:
        yield from reader.read_path(root, name)


def archive_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the SGF files and archives that path stands for, in reading order."""
    root = Path(path)
    return _files_below(root) if root.is_dir() else [root]


def _files_below(root: Path) -> list[Path]:
    """Return the files below a folder that may hold games; links to folders are not followed."""
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if kind_of(name).container and not name.startswith(".")
    ]
    return sorted(found, key=lambda file: file.relative_to(root).parts)


class _Stop(Exception):
    """A limit on the whole path is reached."""


class _Reader:
    """Reads one path and keeps account of what it has unpacked."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.total = 0

    def read_path(self, path: Path, name: str) -> Iterator[Member]:
        """Yield the members of a file on disk."""
        try:
            with path.open("rb") as file:
                yield from self.read(file, name, depth=0)
        except OSError as error:
            yield Rejection(name=name, reason=reasons.UNREADABLE, detail=error.strerror or "")

    def read(self, file: IO[bytes], name: str, depth: int) -> Iterator[Member]:
        """Yield the members of an open file, which is an SGF or an archive by its name."""
        kind = kind_of(name)
        deeper = depth + (kind.container != "sgf")
        if deeper > self.limits.depth:
            detail = f"more than {self.limits.depth} archives deep"
            yield Rejection(name=name, reason=reasons.TOO_DEEP, detail=detail)
            return
        try:
            if kind.container == "zip":
                yield from self._read_zip(file, name, deeper)
                return
            with _unpacked(file, kind.compression) as stream:
                if kind.container == "tar":
                    yield from self._read_tar(stream, name, deeper)
                else:
                    yield self._read_sgf(stream, name)
        except _BROKEN as error:
            yield _broken(name, error)

    def _read_sgf(self, stream: IO[bytes], name: str) -> Member:
        """Return one SGF file, or its rejection if it is too large."""
        data = stream.read(self.limits.member_bytes + 1)
        self.total += len(data)
        if len(data) > self.limits.member_bytes:
            detail = f"more than {self.limits.member_bytes:,} bytes"
            return Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)
        return name, data

    def _read_tar(self, stream: IO[bytes], name: str, depth: int) -> Iterator[Member]:
        """Yield the members of a tar archive in the order in which they are stored."""
        with tarfile.open(fileobj=stream, mode="r|", errorlevel=0) as archive:
            for number, info in enumerate(archive):
                if self._is_over(number):
                    yield self._stopped(name)
                    return
                archive.members = []  # a stream never goes back, so nothing need be remembered
                self.total += 512
                if info.isfile() and kind_of(info.name).container:
                    member = archive.extractfile(info)
                    if member is not None:
                        yield from self._read_member(member, f"{name}!{info.name}", depth)

    def _read_zip(self, file: IO[bytes], name: str, depth: int) -> Iterator[Member]:
        """Yield the members of a zip archive in the order of its directory."""
        with zipfile.ZipFile(file) as archive:
            for number, info in enumerate(archive.infolist()):
                if self._is_over(number):
                    yield self._stopped(name)
                    return
                if info.is_dir() or not kind_of(info.filename).container:
                    continue
                title = f"{name}!{info.filename}"
                try:
                    with archive.open(info) as member:
                        yield from self._read_member(member, title, depth)
                except _BROKEN as error:
                    yield _broken(title, error)

    def _read_member(self, member: IO[bytes], name: str, depth: int) -> Iterator[Member]:
        """Yield what is in one member: a game file, or an archive held in memory."""
        if kind_of(name).container == "sgf":
            yield from self.read(member, name, depth)
            return
        data = member.read(self.limits.archive_bytes + 1)
        if len(data) > self.limits.archive_bytes:
            detail = f"more than {self.limits.archive_bytes:,} bytes within an archive"
            yield Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)
            return
        yield from self.read(BytesIO(data), name, depth)

    def _is_over(self, number: int) -> bool:
        """Say whether member number of an archive is one too many."""
        return number >= self.limits.members or self.total > self.limits.total_bytes

    def _stopped(self, name: str) -> Rejection:
        """Return why reading an archive stopped early."""
        if self.total > self.limits.total_bytes:
            detail = f"unpacks to more than {self.limits.total_bytes:,} bytes"
            return Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)
        detail = f"more than {self.limits.members:,} members"
        return Rejection(name=name, reason=reasons.TOO_MANY, detail=detail)


@contextmanager
def _unpacked(file: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Open a compressed stream; a plain one passes through."""
    if not compression:
        yield file
        return
    with _STREAMS[compression](file) as stream:
        yield stream


def _broken(name: str, error: Exception) -> Rejection:
    """Return the rejection of what could not be read any further."""
    ended = isinstance(error, EOFError) or "unexpected end" in str(error) or "seek" in str(error)
    reason = reasons.TRUNCATED if ended else reasons.BROKEN
    return Rejection(name=name, reason=reason, detail=" ".join(str(error).split()))
