"""Archives made to do harm end quickly, with a count of what was refused."""

import io
import lzma
import os
import tarfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gopolicy.sgf import ArchiveLimits, Rejection, iter_archive, parse_games

MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    """Fail a test that takes long."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 20


def counted(path: Path, **limits: int) -> Counter[str]:
    """Read everything below path and count it by reason; "game" is a good one."""
    counts: Counter[str] = Counter()
    for member in iter_archive(path, ArchiveLimits(**limits)):
        games = [member] if isinstance(member, Rejection) else parse_games(member[1], member[0])
        counts.update(game.reason if isinstance(game, Rejection) else "game" for game in games)
    return counts


@pytest.mark.parametrize("line", [b"x", b"(", b"(;", b"[", b";B[aa]", b"\xff"])
def test_200_megabytes_of_garbage_are_refused_unread(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garbage.sgf"
    path.write_bytes((line * (9 * MEGABYTE))[: 9 * MEGABYTE])
    os.truncate(path, 200 * MEGABYTE)  # the rest is a hole in the file: it takes no space
    assert counted(path) == {"too large": 1}


@pytest.mark.parametrize(
    "unit",
    [b"(", b";", b"(;", b"[]", b"A ", b"]", b"(;)", b"(;A])", b"(;GM[1]A])", b"(;GM[1];B[aa])",
     b"(;B[", b"\\", b"\xff", b"\x83\x5c", b"( ", b"C[(;", b"AB[aa:ss]", b")", b"\0"],
)  # fmt: skip
def test_dense_garbage_takes_no_more_than_linear_time(unit: bytes) -> None:
    for start in (b"", b"(;GM[1]", b"(;GM[1]C["):
        data = start + unit * (MEGABYTE // 16 // len(unit))
        for game in parse_games(data):
            assert game.name is not None


def test_a_zip_of_10000_empty_files_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "empty.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_000):
            archive.writestr(f"{number}.sgf", b"")
    assert counted(path) == {"unreadable": 10_000}


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    zeros = bytes(MEGABYTE)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            with archive.open(f"{number}.sgf", "w") as member:
                for _ in range(16):
                    member.write(zeros)
    assert counted(path) == {"too large": 4}
    assert counted(path, free_bytes=20 * MEGABYTE) == {"too large": 4 + 1}  # the archive as well


def test_a_tar_bomb_between_the_games_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        game = tarfile.TarInfo("game.sgf")
        game.size = 3
        archive.addfile(game, io.BytesIO(b"(;)"))
        info = tarfile.TarInfo("zeros.bin")
        info.size = 32 * MEGABYTE
        archive.addfile(info, io.BytesIO(bytes(info.size)))
        archive.addfile(game, io.BytesIO(b"(;)"))
    assert counted(path) == {"game": 2}
    assert counted(path, free_bytes=20 * MEGABYTE) == {"game": 1, "too large": 1 + 1}
    assert counted(path, free_bytes=MEGABYTE, ratio=1) == {"game": 1, "too large": 1}  # unlisted


def test_members_behind_one_that_is_too_large_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "games.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, size in (("1.sgf", 3), ("2.zip", 12 * MEGABYTE), ("3.sgf", 3), ("4.tar", 3)):
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(b"(;)".ljust(size, b" ")))
    found = list(iter_archive(path, ArchiveLimits(free_bytes=8 * MEGABYTE)))
    assert found[0] == ("games.tar.gz!1.sgf", b"(;)")
    rejected = [(m.name, m.reason) for m in found[1:] if isinstance(m, Rejection)]
    names = ["games.tar.gz!2.zip", "games.tar.gz!3.sgf", "games.tar.gz!4.tar", "games.tar.gz"]
    assert rejected == [(name, "too large") for name in names]


def test_a_zip_behind_too_large_a_member_is_listed_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "games.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.tar", bytes(9 * MEGABYTE))
        archive.writestr("2.sgf", b"(;)")
    assert counted(path, free_bytes=MEGABYTE) == {"too large": 2 + 1}


def test_xz_cannot_ask_for_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf.xz"
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(b"(;)", filters=filters))
    at = data.index(b"\x21\x01") + 2  # the size of the dictionary in the header of the block
    data[at] = 38  # 2 GB
    size = (data[12] + 1) * 4
    data[12 + size - 4 : 12 + size] = zlib.crc32(data[12 : 12 + size - 4]).to_bytes(4, "little")
    path.write_bytes(data)
    (member,) = iter_archive(path)
    assert isinstance(member, Rejection)
    assert "Memory usage limit" in member.detail


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_an_endless_header_is_not_held_in_memory(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "header.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        game = tarfile.TarInfo("game.sgf")
        game.size = 3
        archive.addfile(game, io.BytesIO(b"(;)"))
        header = tarfile.TarInfo("header")
        header.type, header.size = kind, 32 * MEGABYTE
        archive.addfile(header, io.BytesIO(bytes(header.size)))
    assert counted(path) == {"game": 1, "broken archive": 1}


def test_a_bomb_within_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.sgf", bytes(32 * MEGABYTE))
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("zeros.zip", bytes(32 * MEGABYTE))
        archive.writestr("game.sgf", b"(;)")
    found = counted(path, archive_bytes=MEGABYTE)
    assert found == {"too large": 2, "game": 1}


def test_endless_archives_stop(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.txt", b"")
    assert counted(path, members=100) == {"too many members": 1}
    with tarfile.open(tmp_path / "many.tar", "w") as archive:
        for number in range(300):
            archive.addfile(tarfile.TarInfo(f"{number}.sgf"))
    assert counted(tmp_path / "many.tar", members=100) == {
        "unreadable": 100,
        "too many members": 1,
    }
