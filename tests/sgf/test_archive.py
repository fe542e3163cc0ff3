"""Archives of every kind, whole and broken, built on the spot."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from gopolicy.errors import ArchiveError
from gopolicy.sgf import ArchiveLimits, Rejection, iter_archive, parse_games

GAMES = {
    "b/2.sgf": b"(;SZ[9];B[bb])",
    "a/10.SGF": b"(;SZ[9];B[aa])",
    "a/9.sgf": b"(;SZ[9];B[cc])",
}
NOT_GAMES = {"README.txt": b"games", "__MACOSX/._2.sgf": b"\0\5", "a/picture.png": b"\x89PNG"}
TAR_MODES: dict[str, Literal["w:", "w:gz", "w:bz2", "w:xz"]] = {
    "": "w:",
    "gz": "w:gz",
    "bz2": "w:bz2",
    "xz": "w:xz",
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def tar_bytes(members: dict[str, bytes], compression: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(None, TAR_MODES[compression], buffer) as archive:
        folder = tarfile.TarInfo("folder.sgf")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
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
    members = list(iter_archive(path, ArchiveLimits(**limits)))
    assert not any(isinstance(member, Rejection) for member in members), members
    return dict(member for member in members if not isinstance(member, Rejection))


def reasons(path: Path, **limits: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the names of the games and the names and reasons of what was rejected."""
    good, bad = [], []
    for member in iter_archive(path, ArchiveLimits(**limits)):
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


def test_names_do_not_depend_on_where_the_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_zip_file_with_a_huge_directory_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(zip_bytes({f"{number}.sgf": b"(;)" for number in range(300)}))
    assert len(reasons(path)[0]) == 300
    monkeypatch.setattr("gopolicy.sgf.archive._LARGEST_DIRECTORY", 300 * 46)
    assert reasons(path) == ([], [("many.zip", "too many members")])
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)  # now its end is that of zip64
    path.write_bytes(zip_bytes({f"{number}.sgf": b"(;)" for number in range(300)}))
    assert b"PK\6\6" in path.read_bytes()
    assert reasons(path) == ([], [("many.zip", "too many members")])
    monkeypatch.setattr("gopolicy.sgf.archive._LARGEST_DIRECTORY", 1 << 20)
    assert len(reasons(path)[0]) == 300


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


def test_a_folder_that_cannot_be_listed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_file_in_a_folder_is_rejected_with_a_reason(tmp_path: Path) -> None:
    games = tmp_path / "games"
    games.mkdir()
    (games / "1.sgf").write_bytes(b"(;)")
    (games / "2.sgf").symlink_to("absent")
    os.mkfifo(games / "3.sgf")
    (games / "4.sgf").symlink_to("4.sgf")
    (games / "5.sgf").symlink_to("1.sgf")
    (games / "6.sgf").mkdir()
    (games / "around").symlink_to(".")
    (games / "7.sgf").symlink_to("..")
    unreadable = [(f"games/{number}.sgf", "unreadable") for number in (2, 3, 4)]
    assert reasons(games) == (["games/1.sgf", "games/5.sgf"], unreadable)
    details = [m.detail for m in iter_archive(games) if isinstance(m, Rejection)]
    assert details == [
        "No such file or directory",
        "it is a pipe, expected a regular file",
        "Too many levels of symbolic links",
    ]


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_links_and_devices_in_a_tar_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "games.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(special("1.sgf", tarfile.SYMTYPE, "/etc/\npasswd"))
        archive.addfile(special("2.sgf", tarfile.LNKTYPE, "0.sgf"))
        archive.addfile(special("3.sgf", tarfile.CHRTYPE))
        archive.addfile(special("4.tar.gz", tarfile.FIFOTYPE))
        archive.addfile(special("5.txt", tarfile.SYMTYPE, "1.sgf"))
        archive.addfile(special("6.sgf", tarfile.DIRTYPE))
        archive.addfile(special("7.sgf", b"Z"))
        archive.addfile(special("8.sgf", tarfile.REGTYPE))
    listed = [f"games.tar!{name}" for name in ("1.sgf", "2.sgf", "3.sgf", "4.tar.gz", "7.sgf")]
    assert reasons(path) == (["games.tar!8.sgf"], [(name, "not a file") for name in listed])
    details = [m.detail for m in iter_archive(path) if isinstance(m, Rejection)]
    assert details[:3] == ["a link to /etc/\ufffdpasswd", "a link to 0.sgf", "a device"]


FLIPPED = {
    "games.tar.gz": tar_bytes(GAMES | NOT_GAMES, "gz"),
    "games.tar.bz2": tar_bytes(GAMES | NOT_GAMES, "bz2"),
    "games.tar.xz": tar_bytes(GAMES | NOT_GAMES, "xz"),
    "games.zip": zip_bytes(GAMES | NOT_GAMES),
    "stored.zip": zip_bytes(GAMES | NOT_GAMES, zipfile.ZIP_STORED),
    "game.sgf.gz": gzip.compress(GAMES["b/2.sgf"]),
    "game.sgf.bz2": bz2.compress(GAMES["b/2.sgf"]),
    "game.sgf.xz": lzma.compress(GAMES["b/2.sgf"]),
}


@pytest.mark.parametrize("name", FLIPPED)
def test_one_damaged_byte_changes_or_loses_no_game_without_a_word(
    name: str, tmp_path: Path
) -> None:
    data = FLIPPED[name]
    path = tmp_path / name
    path.write_bytes(data)
    whole = list(contents(path).items())
    told = 0
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 + at % 255)]) + data[at + 1 :])
        found = list(iter_archive(path))
        told += found != whole
        assert found == whole or any(isinstance(member, Rejection) for member in found), at
    assert told > len(data) / 3


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_checksum_that_differs_is_an_error_of_the_archive(
    compression: str, tmp_path: Path
) -> None:
    path = tmp_path / f"games.tar.{compression}"
    data = bytearray(tar_bytes(GAMES, compression))
    data[{"gz": -8, "bz2": -5, "xz": -9}[compression]] ^= 1
    path.write_bytes(data)
    assert (path.name, "broken archive") in reasons(path)[1]


@pytest.mark.parametrize("mode", ["", "gz", "bz2", "xz"])
def test_a_damaged_header_is_not_the_end_of_a_small_tar(mode: str, tmp_path: Path) -> None:
    data = bytearray(tar_bytes(GAMES))
    at = data.index(b"a/10.SGF")
    data[at + 2] ^= 1
    path = tmp_path / "games.tar.gz".replace("gz", mode).removesuffix(".")
    path.write_bytes(PACKERS.get(mode, bytes)(bytes(data)))
    good, bad = reasons(path)
    assert good == [f"{path.name}!b/2.sgf"]
    assert bad == [(path.name, "broken archive")]


def test_a_header_of_zeros_is_not_the_end_of_a_tar(tmp_path: Path) -> None:
    for name in ("a/10.SGF", "a/9.sgf"):
        data = bytearray(tar_bytes(GAMES))
        at = data.index(name.encode())
        data[at : at + 512] = bytes(512)
        path = tmp_path / "games.tar"
        path.write_bytes(data)
        assert reasons(path)[1] == [("games.tar", "broken archive")]
    empty = {"1.sgf": b"(;)", "2.sgf": b"", "3.sgf": b"(;)"}  # behind the second follows a header
    data = bytearray(tar_bytes(empty))
    at = data.index(b"2.sgf")
    data[at : at + 512] = bytes(512)
    path.write_bytes(data)
    assert reasons(path)[1] == [("games.tar", "broken archive")]


@pytest.mark.parametrize("mode", ["", "gz", "bz2", "xz"])
def test_tars_behind_one_another_are_read_to_the_end(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "games.tar.gz".replace("gz", mode).removesuffix(".")
    more = {"c/1.sgf": b"(;SZ[9];W[aa])"}
    path.write_bytes(tar_bytes(GAMES, mode) + tar_bytes(more, mode))
    assert list(contents(path)) == [f"{path.name}!{name}" for name in GAMES | more]
    path.write_bytes(PACKERS.get(mode, bytes)(tar_bytes(GAMES) + tar_bytes(more)))
    assert list(contents(path)) == [f"{path.name}!{name}" for name in GAMES | more]


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip", "sgf.bz2"])
def test_what_stands_behind_the_end_of_an_archive_is_told(ending: str, tmp_path: Path) -> None:
    data = (FLIPPED | ARCHIVES).get(f"games.{ending}", FLIPPED["game.sgf.bz2"])
    path = tmp_path / f"games.{ending}"
    path.write_bytes(data + b"more games, perhaps")
    good, bad = reasons(path)
    assert len(good) == len(GAMES) or ending == "sgf.bz2"
    assert [name for name, _ in bad] == [path.name]
    path.write_bytes(data + bytes(1024))
    assert reasons(path)[1] == []


def test_a_zip_behind_another_is_told(tmp_path: Path) -> None:
    path = tmp_path / "games.zip"
    path.write_bytes(zip_bytes(GAMES) + zip_bytes({"c.sgf": b"(;)"}))
    assert reasons(path) == (["games.zip!c.sgf"], [("games.zip", "broken archive")])


def test_a_tar_with_half_an_end_mark_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "games.tar"
    data = tar_bytes({"1.sgf": b"(;)"})
    for blocks, whole in ((0, False), (1, False), (2, True), (3, True)):
        path.write_bytes(data[: data.index(b"(;)") + 512] + bytes(512 * blocks))
        cut = [] if whole else [("games.tar", "truncated archive")]
        assert reasons(path) == (["games.tar!1.sgf"], cut)


def test_a_zip_member_with_an_empty_name_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "games.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.sgf", b"(;)")
        nameless = zipfile.ZipInfo("x")
        nameless.filename = nameless.orig_filename = ""
        archive.writestr(nameless, b"(;)")
        archive.writestr("/", b"")
        archive.writestr(".sgf", b"(;)")
        archive.writestr("2.sgf", b"(;)")
    assert list(contents(path)) == ["games.zip!1.sgf", "games.zip!2.sgf"]


def test_a_zip_member_whose_name_was_damaged_is_told(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"1.sgf": b"(;)", "2.sgf": b"(;)"}))
    data[data.rindex(b"1.sgf") + 4] ^= 1  # 1.sgg in the directory only
    path = tmp_path / "games.zip"
    path.write_bytes(data)
    assert reasons(path) == (["games.zip!2.sgf"], [("games.zip!1.sgg", "broken archive")])


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
    assert sum(len(list(parse_games(data))) for data in parts.values()) == 500
    starts = [name.rpartition("@")[2] for name in parts]
    assert starts[0] == "all.sgf.gz"
    assert list(map(int, starts[1:])) == sorted(map(int, starts[1:]))


@pytest.mark.parametrize("root", [b"BR[6d]SZ[9]", b"KM[6.5]SZ[9]", b"RU[Chinese]GM[1]"])
def test_games_of_a_collection_may_begin_with_any_property_of_roots(
    root: bytes, tmp_path: Path
) -> None:
    games = [b"(;%sC[%d];B[aa](;W[bb])(;W[cc]))\n" % (root, n) for n in range(200)]
    path = tmp_path / "all.sgf"
    path.write_bytes(b"".join(games))
    parts = contents(path, member_bytes=2000)
    assert b"".join(parts.values()) == b"".join(games)


def test_games_behind_one_that_is_too_large_are_read(tmp_path: Path) -> None:
    games = [b"(;GM[1]SZ[9]C[%d];B[aa])\n" % n for n in range(300)]
    large = b"(;GM[1]SZ[9]C[" + b"x" * 9000 + b"];B[bb])\n"
    path = tmp_path / "all.sgf"
    path.write_bytes(b"".join([*games[:150], large, *games[150:]]))
    parts: list[tuple[str, bytes]] = []
    refused: list[Rejection] = []
    for member in iter_archive(path, ArchiveLimits(member_bytes=2000)):
        if isinstance(member, Rejection):
            refused.append(member)
        else:
            parts.append(member)
    assert [each.reason for each in refused] == ["too large"]
    assert b"".join(data for _, data in parts) == b"".join(games)
    whole = path.read_bytes()
    for name, data in parts[1:]:
        start = int(name.rpartition("@")[2])
        assert whole[start : start + len(data)] == data


def test_archives_that_nothing_unpacks_are_named_beside_what_is_read(tmp_path: Path) -> None:
    for name in ("a.sgf", "b.rar", "c.7z", "d.sgf.zst", "e.txt", "f.gib", "g.NGF"):
        (tmp_path / name).write_bytes(b"(;SZ[9])")
    found = reasons(tmp_path)
    folder = tmp_path.name
    assert found[0] == [f"{folder}/a.sgf"]
    others = ("b.rar", "c.7z", "d.sgf.zst", "f.gib", "g.NGF")
    assert found[1] == [(f"{folder}/{name}", "unreadable") for name in others]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["a.sgf", "a.tar.gz", "a.zip"])
def test_a_pipe_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(ArchiveError, match=f"{name}: it is a pipe, expected a regular file"):
        list(iter_archive(tmp_path / name))
