"""Archives of every kind, whole and broken, built on the spot."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from gopolicy.errors import ArchiveError
from gopolicy.sgf import Limits, Rejection, iter_archive, read_games
from gopolicy.sgf.archive import archive_files

GAMES = {
    "b/2.sgf": b"(;SZ[9];B[bb])",
    "a/10.SGF": b"(;SZ[9];B[aa])",
    "a/9.sgf": b"(;SZ[9];B[cc])",
}
NOT_GAMES = {"README.txt": b"games", "__MACOSX/._2.sgf": b"\0\5", "a/picture.png": b"\x89PNG"}
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def tar_bytes(members: dict[str, bytes], compression: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:
        folder = tarfile.TarInfo("folder.sgf")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("link.sgf")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_bytes(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ARCHIVES = {
    "games.tar": tar_bytes(GAMES | NOT_GAMES),
    "games.tar.gz": tar_bytes(GAMES | NOT_GAMES, "gz"),
    "games.TGZ": tar_bytes(GAMES | NOT_GAMES, "gz"),
    "games.tar.bz2": tar_bytes(GAMES | NOT_GAMES, "bz2"),
    "games.Tar.XZ": tar_bytes(GAMES | NOT_GAMES, "xz"),
    "games.txz": tar_bytes(GAMES | NOT_GAMES, "xz"),
    "games.zip": zip_bytes(GAMES | NOT_GAMES),
    "games.ZIP": zip_bytes(GAMES | NOT_GAMES, zipfile.ZIP_LZMA),
}


def contents(path: Path, **limits: int) -> dict[str, bytes]:
    """Return the members of an archive without a fault."""
    members = list(iter_archive(path, Limits(**limits)))
    assert not any(isinstance(member, Rejection) for member in members), members
    return dict(member for member in members if not isinstance(member, Rejection))


def reasons(path: Path, **limits: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the names of the games and the names and reasons of what was rejected."""
    good, bad = [], []
    for member in iter_archive(path, Limits(**limits)):
        if isinstance(member, Rejection):
            assert member.detail.isprintable()
            bad.append((member.name, member.reason))
        else:
            good.append(member[0])
    return good, bad


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_kind_of_archive_gives_its_games_in_stored_order(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    found = contents(path)
    assert found == {f"{name}!{member}": data for member, data in GAMES.items()}
    assert list(found) == [f"{name}!{member}" for member in GAMES]


@pytest.mark.parametrize("ending", ["sgf", "SGF", "sgf.gz", "sgf.bz2", "Sgf.XZ"])
def test_single_files_may_be_compressed(ending: str, tmp_path: Path) -> None:
    data = GAMES["b/2.sgf"]
    pack = PACKERS.get(ending.lower().rpartition(".")[2], bytes)
    path = tmp_path / f"game.{ending}"
    path.write_bytes(pack(data))
    assert contents(path) == {path.name: data}


def test_folders_are_read_in_sorted_order_with_the_archives_in_them(tmp_path: Path) -> None:
    root = tmp_path / "games"
    for name, data in (GAMES | NOT_GAMES).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "a" / "more.tar.xz").write_bytes(ARCHIVES["games.Tar.XZ"])
    (root / "c.sgf.gz").write_bytes(gzip.compress(GAMES["b/2.sgf"]))
    (root / ".hidden.sgf").write_bytes(b"")
    found = contents(root)
    assert list(found) == [
        "games/a/10.SGF", "games/a/9.sgf", "games/a/more.tar.xz!b/2.sgf",
        "games/a/more.tar.xz!a/10.SGF", "games/a/more.tar.xz!a/9.sgf", "games/b/2.sgf",
        "games/c.sgf.gz",
    ]  # fmt: skip
    assert len(archive_files(root)) == 5


def test_names_do_not_depend_on_where_the_folder_is(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "1.sgf").write_bytes(b"(;)")
    monkeypatch.chdir(tmp_path / "games")
    assert list(contents(Path("."))) == list(contents(tmp_path / "games")) == ["games/1.sgf"]


def test_archives_within_archives_are_read_one_deep(tmp_path: Path) -> None:
    inner = {f"in/{name}": data for name, data in ARCHIVES.items()}
    for name, data in {
        "outer.tar.gz": tar_bytes(inner, "gz"),
        "outer.zip": zip_bytes(inner),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert len(contents(path)) == len(ARCHIVES) * len(GAMES)
        assert f"{name}!in/games.tar!a/9.sgf" in contents(path)


def test_archives_are_not_followed_for_ever(tmp_path: Path) -> None:
    data = zip_bytes({"2.sgf": b"(;)", "1.zip": zip_bytes({"0.sgf": b"(;)"})})
    path = tmp_path / "3.zip"
    path.write_bytes(zip_bytes({"2.zip": data}))
    assert reasons(path) == (["3.zip!2.zip!2.sgf"], [("3.zip!2.zip!1.zip", "nested too deeply")])


def test_compressed_games_within_archives_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "games.tar"
    path.write_bytes(tar_bytes({f"1.sgf.{name}": pack(b"(;)") for name, pack in PACKERS.items()}))
    assert set(contents(path).values()) == {b"(;)"}
    assert len(contents(path)) == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.tar.gz", "no such file or folder"),
        ("empty", "no SGF file or archive in the folder"),
        ("notes.txt", "expected .sgf, .zip, .tar"),
    ],
)
def test_nothing_to_read_is_an_error(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no games")
    with pytest.raises(ArchiveError, match=message):
        list(iter_archive(tmp_path / name))


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "1.sgf").write_bytes(b"(;)")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ArchiveError, match=r"cannot read the folder .*closed: Permission denied"):
        list(iter_archive(tmp_path))


def many() -> dict[str, bytes]:
    """Return games that do not compress well, so that a cut falls among them."""
    return {f"{n}.sgf": b"(;C[" + os.urandom(600).hex().encode() + b"];B[aa])" for n in range(60)}


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.9])
def test_a_truncated_tar_gives_what_is_there_and_says_so(
    compression: str, kept: float, tmp_path: Path
) -> None:
    whole = tar_bytes(many(), compression)
    path = tmp_path / "cut.tar.gz".replace("gz", compression).removesuffix(".")
    path.write_bytes(whole[: int(len(whole) * kept)])
    good, bad = reasons(path)
    assert bad[-1] == (path.name, "truncated archive")
    assert [reason for _, reason in bad[:-1]] in ([], ["truncated archive"])  # the game that is cut
    assert len(good) < 60
    assert len(good) > 10 or compression in ("bz2", "xz")  # these unpack in large blocks


def test_a_tar_cut_between_two_members_is_noticed(tmp_path: Path) -> None:
    whole = tar_bytes(GAMES)
    for blocks in range(1, 9):
        path = tmp_path / f"{blocks}.tar"
        path.write_bytes(whole[: blocks * 512])
        assert reasons(path)[1][-1] == (path.name, "truncated archive")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.zip", ARCHIVES["games.zip"][:-30]),
        ("cut.sgf.gz", gzip.compress(os.urandom(999))[:-50]),
        ("cut.sgf.xz", lzma.compress(os.urandom(999))[:-50]),
        ("cut.sgf.bz2", bz2.compress(os.urandom(999))[:-50]),
        ("text.zip", b"not an archive at all"),
        ("text.tar", b"not an archive at all"),
        ("text.tar.gz", b"not an archive at all"),
        ("text.tar.xz", b"not an archive at all"),
        ("text.sgf.bz2", b"not an archive at all"),
        ("empty.zip", b""),
        ("empty.tar", b""),
        ("empty.tar.gz", b""),
        ("empty.tar.xz", b""),
        ("empty.sgf.gz", gzip.compress(b"x")[:5]),
        ("zeros.tar.gz", gzip.compress(b"x" * 5000)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_unpacked_is_rejected_once(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    good, bad = reasons(path)
    assert good == []
    assert [where for where, _ in bad] == [name]
    assert bad[0][1] in ("truncated archive", "broken archive")


def test_one_broken_member_does_not_cost_the_others(tmp_path: Path) -> None:
    data = bytearray(zip_bytes(GAMES, zipfile.ZIP_STORED))
    at = data.find(GAMES["a/10.SGF"])
    data[at + 3] ^= 0xFF
    path = tmp_path / "games.zip"
    path.write_bytes(bytes(data))
    good, bad = reasons(path)
    assert good == ["games.zip!b/2.sgf", "games.zip!a/9.sgf"]
    assert bad == [("games.zip!a/10.SGF", "broken archive")]


def test_files_that_may_not_be_read_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "1.sgf").write_bytes(b"(;)")
    (tmp_path / "games" / "2.sgf").symlink_to("absent")
    os.mkfifo(tmp_path / "games" / "3.sgf")
    assert list(contents(tmp_path / "games")) == ["games/1.sgf"]


def test_names_of_members_are_fit_for_a_list(tmp_path: Path) -> None:
    path = tmp_path / "games.tar"
    path.write_bytes(tar_bytes({"a\nb\x1b[31m.sgf": b"(;)", "\udcff.sgf": b"(;)"}))
    for name in contents(path):
        assert name.isprintable()
        name.encode()


def test_large_collections_are_read_in_parts(tmp_path: Path) -> None:
    games = [b"(;GM[1]SZ[9]C[%d];B[aa](;W[bb])(;W[cc]))\n" % n for n in range(500)]
    path = tmp_path / "all.sgf.gz"
    path.write_bytes(gzip.compress(b"".join(games)))
    parts = contents(path, member_bytes=2000)
    assert len(parts) > 5
    assert b"".join(parts.values()) == b"".join(games)
    assert max(map(len, parts.values())) <= 2000
    assert sum(len(list(read_games(data))) for data in parts.values()) == 500
    starts = [name.rpartition("@")[2] for name in parts]
    assert starts[0] == "all.sgf.gz"
    assert list(map(int, starts[1:])) == sorted(map(int, starts[1:]))
