"""The SGF files inside files, folders and archives, one after the other and never on disk.

An archive is read as a stream, within limits, because it comes from a stranger: what is too large,
too many, too deep or broken becomes a `Rejection` and reading goes on with what is left.
"""

import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple, cast

from gopolicy.errors import ArchiveError
from gopolicy.files import check_regular, open_regular
from gopolicy.sgf import record as reasons
from gopolicy.sgf.containers import (
    Tar,
    unpacked,
    zip_directory_bytes,
    zip_name_problem,
    zip_problem,
)
from gopolicy.sgf.record import Rejection

_MEGABYTE = 1 << 20
_LARGEST_HEADER = 4 * _MEGABYTE
_LARGEST_DIRECTORY = 128 * _MEGABYTE  # of a zip file: more than a million members
_LISTING = 4  # times as much as is read may be unpacked to list what else there is
_OF_ROOTS = (
    b"GM|FF|SZ|CA|AP|ST|PB|PW|BR|WR|BT|WT|EV|RO|GN|GC|DT|PC|KM|HA|RE|RU|TM|OT|ON|AN|CP|SO|US|ID"
)
"""Properties that no variation begins with."""
_BETWEEN_GAMES = re.compile(rb"\)\s{0,64}(?=\(\s{0,64};\s{0,64}(?:%s)\s{0,64}\[)" % _OF_ROOTS)
_LONGEST_BETWEEN = 512
"""Bytes that are certain to hold what `_BETWEEN_GAMES` matches and looks at."""
_COMPRESSIONS = (".gz", ".bz2", ".xz")
_NOT_UNPACKED = (".rar", ".7z", ".zst", ".lzh")
"""Endings of archives that nothing here unpacks."""
_NOT_SGF = (".gib", ".ngf", ".ugf", ".ugi")
"""Endings of games in other formats."""
_SHORT = {".tgz": ".tar.gz", ".tbz": ".tar.bz2", ".tbz2": ".tar.bz2", ".txz": ".tar.xz"}
_BROKEN = (EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile, OSError,
           RuntimeError, NotImplementedError, ValueError, UnicodeError)  # fmt: skip

ArchiveMember = tuple[str, bytes] | Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How much of a stranger's archive is read."""

    member_bytes: int = 8 * _MEGABYTE
    """Largest SGF file, unpacked."""
    archive_bytes: int = 512 * _MEGABYTE
    """Largest archive within an archive, which has to be held in memory."""
    members: int = 5_000_000
    """Most files in one archive or folder."""
    free_bytes: int = 256 * _MEGABYTE
    """What any file on disk may unpack to, however small it is."""
    ratio: int = 100
    """Beyond that, how many times its size a file may unpack to: games shrink to a tenth or so."""
    depth: int = 2
    """Archives within archives: 1 is an archive, 2 an archive in an archive."""


DEFAULT_LIMITS = ArchiveLimits()


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
    compression = next((ending for ending in _COMPRESSIONS if stem.endswith(ending)), "")
    stem = stem.removesuffix(compression)
    for container in ("sgf", "tar"):
        if stem.endswith(f".{container}"):
            return _Kind(container, compression)
    return _Kind("zip" if stem.endswith(".zip") and not compression else "", "")


def _is_wanted(name: str) -> bool:
    """Say whether a file of this name may hold games; copies of file attributes do not."""
    return bool(kind_of(name).container) and not name.rpartition("/")[2].startswith(".")


def _may_hold_games(name: str) -> bool:
    """Say whether a file of this name may hold games, be it in a way that is not read here."""
    if _is_wanted(name):
        return True
    return name.lower().endswith((*_NOT_UNPACKED, *_NOT_SGF)) and not name.startswith(".")


def iter_archive(
    path: str | os.PathLike[str], limits: ArchiveLimits = DEFAULT_LIMITS
) -> Iterator[ArchiveMember]:
    """Yield the name and the bytes of every SGF file under path, in an order that never changes.

    Names begin with the last part of path, whatever folder it is in: ``kgs.tar.gz!2001/1.sgf``.
    Raises ArchiveError if there is nothing to read at path at all.
    """
    root = Path(path)
    if not root.exists():
        raise ArchiveError(f"no such file or folder: {root}")
    reader = _Reader(limits)
    name = _printable(root.name or root.resolve().name)
    if root.is_dir():
        files = _files_below(root)
        if not files:
            raise ArchiveError(f"no SGF file or archive in the folder {root}")
        for file in files:
            title = f"{name}/{_printable(file.relative_to(root).as_posix())}"
            if _is_wanted(file.name):
                yield from reader.read_path(file, title)
            else:
                detail = "archives of this kind are not read: unpack it first"
                if file.name.lower().endswith(_NOT_SGF):
                    detail = "games of this kind are not read: save it as SGF first"
                yield Rejection(name=title, reason=reasons.UNREADABLE, detail=detail)
    elif not kind_of(name).container:
        raise ArchiveError(f"{root}: expected .sgf, .zip, .tar or a packed form of these")
    else:
        _refuse_pipe(root)
        yield from reader.read_path(root, name)


def _files_below(root: Path) -> list[Path]:
    """Return the files below a folder that may hold games, and archives of kinds that are not read.

    Links to folders are not followed.
    """
    found: list[Path] = []
    folders = [str(root)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _may_hold_games(entry.name) and not os.path.isdir(entry.path):
                        found.append(Path(entry.path))
        except OSError as error:
            raise ArchiveError(
                f"cannot read the folder {error.filename}: {error.strerror}"
            ) from error
    return sorted(found, key=lambda file: file.relative_to(root).parts)


def _refuse_pipe(path: Path) -> None:
    """Refuse what is no regular file, and whatever cannot be asked for that."""
    try:
        check_regular(path)
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}") from error


class _TooMuch(Exception):
    """A file unpacks to more than it may."""


class _Meter:
    """Passes a stream on and counts what it unpacks to."""

    def __init__(self, stream: IO[bytes], reader: "_Reader") -> None:
        self.stream = stream
        self.reader = reader
        self.granted = _LARGEST_HEADER
        self.taken = 0
        """Bytes so far."""

    def grant(self, size: int) -> None:
        """Expect size bytes and a header; a tar archive may not ask for more before it goes on."""
        self.granted = size + _LARGEST_HEADER

    def read(self, size: int) -> bytes:
        """Return up to size bytes; raises an error beyond the limits."""
        data = self.stream.read(size)
        self.reader.spend(len(data))
        self.granted -= len(data)
        self.taken += len(data)
        if self.granted < 0:
            raise tarfile.ReadError(f"more than {_LARGEST_HEADER:,} bytes between two members")
        return data


class _Reader:
    """Reads one path and keeps account of what it unpacks to."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self.limits = limits
        self.left = 0
        """How many bytes may still be unpacked; below 0, members are listed but not read."""
        self.lowest = 0

    def spend(self, count: int) -> None:
        """Account for count bytes; raises _TooMuch when they are too many even for a list."""
        self.left -= count
        if self.left < self.lowest:
            raise _TooMuch

    def read_path(self, path: Path, name: str) -> Iterator[ArchiveMember]:
        """Yield the members of a file on disk."""
        allowed = 0
        try:
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                allowed = max(self.limits.free_bytes, size * self.limits.ratio)
                self.left, self.lowest = allowed, -_LISTING * allowed
                yield from self.read(file, name, depth=0)
        except OSError as error:
            yield Rejection(name=name, reason=reasons.UNREADABLE, detail=error.strerror or "")
        except _TooMuch:
            detail = (
                f"unpacks to more than {(1 + _LISTING) * allowed:,} bytes: not listed to its end"
            )
            yield Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)
        else:
            if self.left < 0:
                detail = f"unpacks to more than {allowed:,} bytes: not all was read"
                yield Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)

    def read(self, file: IO[bytes], name: str, depth: int) -> Iterator[ArchiveMember]:
        """Yield the members of an open file, which is an SGF or an archive by its name."""
        if self.left < 0:
            yield _unread(name)
            return
        kind = kind_of(name)
        deeper = depth + (kind.container != "sgf")
        if deeper > self.limits.depth:
            detail = f"more than {self.limits.depth} archives deep"
            yield Rejection(name=name, reason=reasons.TOO_DEEP, detail=detail)
            return
        try:
            if kind.container == "zip":
                yield from self._read_zip(file, name, deeper)
            elif kind.container == "tar":
                yield from self._read_tar(unpacked(file, kind.compression), name, deeper)
            else:
                yield from self._read_sgf(unpacked(file, kind.compression), name)
        except _BROKEN as error:
            yield _broken(name, error)

    def _read_sgf(self, stream: IO[bytes], name: str) -> Iterator[ArchiveMember]:
        """Yield one SGF file, in parts between its games if it is large.

        The parts of a large file are named after the byte at which they begin: ``all.sgf@8388570``.
        """
        size, start = self.limits.member_bytes, 0
        meter = _Meter(stream, self)
        meter.grant(size)
        data = meter.read(size + 1)
        while len(data) > size:
            cut = max((match.end() for match in _BETWEEN_GAMES.finditer(data)), default=0)
            if cut:
                yield _part(name, start), data[:cut]
                data = data[cut:]
            else:
                detail = f"no end of a game within {size:,} bytes"
                yield Rejection(name=_part(name, start), reason=reasons.TOO_LARGE, detail=detail)
                data = self._rest(meter, data, size)
                if not data:
                    return
            start = meter.taken - len(data)
            if self.left < 0:
                yield _unread(_part(name, start))
                return
            meter.grant(size)
            data += meter.read(max(size + 1 - len(data), 0))
        yield _part(name, start), data

    def _rest(self, meter: "_Meter", data: bytes, size: int) -> bytes:
        """Read on behind a game that is too large; return what begins with the next, or nothing."""
        while True:
            if self.left < 0:
                return b""
            meter.grant(size)
            more = meter.read(size)
            data = data[-_LONGEST_BETWEEN:] + more
            if match := _BETWEEN_GAMES.search(data):
                return data[match.end() :]
            if not more:
                return b""

    def _read_tar(self, stream: IO[bytes], name: str, depth: int) -> Iterator[ArchiveMember]:
        meter = _Meter(stream, self)
        with Tar.streamed(cast("IO[bytes]", meter)) as archive:
            for number, info in enumerate(archive):
                if number >= self.limits.members:
                    yield self._too_many(name)
                    return
                # A stream never goes back: forget the member, or a large archive fills the memory.
                archive.members.clear()  # type: ignore[attr-defined]
                meter.grant(info.size)
                if not _is_wanted(info.name) or info.isdir():
                    continue
                title = _title(name, info.name)
                member = archive.extractfile(info) if info.isfile() else None
                if member is None:
                    yield Rejection(name=title, reason=reasons.NOT_A_FILE, detail=_what(info))
                else:
                    yield from self._read_member(member, title, depth)
        if not archive.ended_well:
            yield Rejection(name=name, reason=reasons.TRUNCATED, detail="the end mark is missing")

    def _read_zip(self, file: IO[bytes], name: str, depth: int) -> Iterator[ArchiveMember]:
        if zip_directory_bytes(file) > _LARGEST_DIRECTORY:
            detail = f"more than {_LARGEST_DIRECTORY:,} bytes of names; as tar it can be read"
            yield Rejection(name=name, reason=reasons.TOO_MANY, detail=detail)
            return
        with zipfile.ZipFile(file) as archive:
            for number, info in enumerate(archive.infolist()):
                if number >= self.limits.members:
                    yield self._too_many(name)
                    return
                title = _title(name, info.filename)
                if not _is_wanted(info.filename) or info.is_dir():
                    if problem := zip_name_problem(archive, info):
                        yield Rejection(name=title, reason=reasons.BROKEN, detail=problem)
                    continue
                try:
                    with archive.open(info) as member:
                        yield from self._read_member(member, title, depth)
                except _BROKEN as error:
                    yield _broken(title, error)
            if problem := zip_problem(file, archive):
                yield Rejection(name=name, reason=reasons.BROKEN, detail=problem)

    def _read_member(self, member: IO[bytes], name: str, depth: int) -> Iterator[ArchiveMember]:
        """Yield what is in one member: a game file, or an archive held in memory."""
        if kind_of(name).container == "sgf":
            yield from self.read(member, name, depth)
            return
        largest = max(0, min(self.limits.archive_bytes, self.left))
        meter = _Meter(member, self)
        meter.grant(largest)
        data = meter.read(largest + 1)
        if len(data) > largest:
            detail = f"more than {largest:,} bytes within an archive"
            yield Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)
            return
        yield from self.read(BytesIO(data), name, depth)

    def _too_many(self, name: str) -> Rejection:
        detail = f"more than {self.limits.members:,} members"
        return Rejection(name=name, reason=reasons.TOO_MANY, detail=detail)


def _unread(name: str) -> Rejection:
    detail = "not read: the file unpacks to too much"
    return Rejection(name=name, reason=reasons.TOO_LARGE, detail=detail)


def _what(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return _printable(f"a link to {info.linkname}")
    return "a device" if info.isdev() else "something else than a file"


def _title(archive: str, member: str) -> str:
    """Return the name of a member, on one line and fit for any file it may be written to."""
    return f"{archive}!{_printable(member)}"


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in name)


def _part(name: str, start: int) -> str:
    return f"{name}@{start}" if start else name


def _broken(name: str, error: Exception) -> Rejection:
    text = " ".join(str(error).split())
    ended = isinstance(error, EOFError) or "unexpected end" in text
    return Rejection(name=name, reason=reasons.TRUNCATED if ended else reasons.BROKEN, detail=text)
