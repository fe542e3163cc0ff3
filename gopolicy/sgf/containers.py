"""What the standard library overlooks in files that hold files.

It takes the first damaged header of a tar archive for its end, ignores what stands behind a bzip2
or xz stream, and finds a zip archive by its end alone, whatever else is in the file.  Here all of
that is an error, and every stream is read to its last byte, so that its checksums are compared.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, Self, cast

# Names of tarfile that its documentation leaves out; the last is of a header cut short.
_ZEROS = tarfile.EOFHeaderError  # type: ignore[attr-defined]
_NOTHING = tarfile.EmptyHeaderError  # type: ignore[attr-defined]
_PART = tarfile.TruncatedHeaderError  # type: ignore[attr-defined]
_LARGEST_DICTIONARY = 256 << 20  # xz -9 needs 65 MB
_PIECE = 1 << 16
_ZIP_END, _ZIP64_END = b"PK\5\6", b"PK\6\6"
_ZIP_END_BYTES, _LONGEST_ZIP_COMMENT = 22, 1 << 16
_ZIP64 = 0xFFFF


class Tar(tarfile.TarFile):
    """A tar archive, read to the end of its stream: behind an end mark another may follow."""

    zero_blocks = 0
    """How many blocks of zeros were read since the last member."""

    @classmethod
    def streamed(cls, stream: IO[bytes]) -> "Tar":
        """Open an archive whose members are read in order."""
        return cls.open(fileobj=stream, mode="r|", tarinfo=_Header, ignore_zeros=True)

    @property
    def ended_well(self) -> bool:
        """Whether an end mark, two blocks of zeros or more, is what was read last."""
        return self.zero_blocks >= 2


class _Header(tarfile.TarInfo):
    """The header of a member; one that cannot be read is an error, not the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        """Read the next header; raises ReadError where there is none and no end mark either."""
        archive = cast(Tar, tarfile_)
        try:
            header = super().fromtarfile(archive)
        except _ZEROS:
            archive.zero_blocks += 1
            raise
        except _NOTHING:
            raise
        except _PART as error:
            raise tarfile.ReadError("unexpected end of data") from error
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"a damaged header ({error})") from error
        if archive.zero_blocks == 1:
            raise tarfile.ReadError("a header of zeros between two members")
        archive.zero_blocks = 0
        return header


def unpacked(file: IO[bytes], compression: str) -> IO[bytes]:
    """Return the contents of a stream: ``.gz``, ``.bz2``, ``.xz`` or, empty, not compressed."""
    if compression == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if compression == ".bz2":
        return io.BufferedReader(_Streams(file, bz2.BZ2Decompressor), _PIECE)
    return io.BufferedReader(_Streams(file, _xz), _PIECE) if compression == ".xz" else file


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LARGEST_DICTIONARY)


class _Streams(io.RawIOBase):
    """Compressed streams behind one another; nothing but zeros may be around them."""

    def __init__(self, file: IO[bytes], new: Callable[[], Any]) -> None:
        self._file = file
        self._new = new
        self._decoder = new()

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill buffer as far as one step goes; raises EOFError and what the decoders raise."""
        with memoryview(buffer).cast("B") as view:
            data = self._step(len(view))
            view[: len(data)] = data
        return len(data)

    def _step(self, size: int) -> bytes:
        """Return up to size bytes, none at the end of the file."""
        data = b""
        while not data:
            if self._decoder.eof:
                packed = self._decoder.unused_data.lstrip(b"\0")
                while not packed:
                    piece = self._file.read(_PIECE)
                    if not piece:
                        return b""
                    packed = piece.lstrip(b"\0")
                self._decoder = self._new()
            elif self._decoder.needs_input:
                packed = self._file.read(_PIECE)
                if not packed:
                    raise EOFError("unexpected end of the compressed data")
            else:
                packed = b""
            data = self._decoder.decompress(packed, size)
        return data


def zip_directory_bytes(file: IO[bytes]) -> int:
    """Return how many bytes the directory of a zip file has by its end; 0 where it says nothing.

    `zipfile` reads all of it at once, before anybody can count the members.
    """
    tail = _zip_tail(file)
    end, large = tail.rfind(_ZIP_END), tail.rfind(_ZIP64_END)
    places = [(end, 12, 4)] * (end >= 0) + [(large, 40, 8)] * (large >= 0)
    return max((_number(tail, at + offset, size) for at, offset, size in places), default=0)


def _number(data: bytes, at: int, size: int) -> int:
    """Return a number of so many bytes; 0 for one that only says that it stands elsewhere."""
    number = int.from_bytes(data[at : at + size], "little")
    return 0 if number == 256**size - 1 else number


def _zip_tail(file: IO[bytes]) -> bytes:
    """Return the last bytes of a zip file, in which its end begins."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _LONGEST_ZIP_COMMENT - _ZIP_END_BYTES))
    return file.read()


def zip_problem(file: IO[bytes], archive: zipfile.ZipFile) -> str:
    """Return what is in a zip file beside the members of its directory; empty for nothing."""
    members = archive.infolist()
    if min((info.header_offset for info in members), default=0) > 0:
        return "something in front of its first member"
    tail = _zip_tail(file)
    tail = tail[tail.rfind(_ZIP_END) :]
    count, comment = (int.from_bytes(tail[at : at + 2], "little") for at in (10, 20))
    if count not in (_ZIP64, len(members)):
        return f"{len(members):,} members in its directory, {count:,} by its end"
    if tail[_ZIP_END_BYTES + comment :].strip(b"\0\r\n"):
        return "something behind its end"
    return ""


def zip_name_problem(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Return what is wrong with the name of a member that nobody wants to read, or empty."""
    with suppress(RuntimeError, NotImplementedError):  # encrypted, or compressed in other ways
        try:
            archive.open(info).close()
        except zipfile.BadZipFile as error:
            return str(error)
    return ""
