"""Archives: damage that a checksum covers is told, and never another game is read for it."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from fuzz.harness import Execution, Finding, fresh
from fuzz.mutate import damaged, flipped, shortened
from fuzz.seeds import TOKENS, games
from gopolicy.sgf.archive import ArchiveLimits, iter_archive
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import Rejection

_LIMITS = ArchiveLimits(
    member_bytes=1 << 16, archive_bytes=1 << 20, members=1000, free_bytes=1 << 22
)
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
_UNCOVERED = (".sgf", ".long.tar", ".pax.tar")
"""No checksum covers a whole game or a long name; in the others, every byte is covered or idle."""
_NAMES = (
    b"x.sgf",
    b"../../x.sgf",
    b"/x.sgf",
    b"a/b.zip",
    b"PK\3\4",
    b"PK\1\2",
    b"PK\5\6",
    b"ustar",
)


def make(folder: Path) -> Execution:
    """Return one execution."""
    archives = _archives()
    whole = {
        ending: _contents(_write(folder, ending, archives[ending])) or [] for ending in archives
    }
    tokens = (*TOKENS, *_NAMES, bytes(512), bytes(1024))

    def execute(dice: random.Random) -> None:
        ending = dice.choice(sorted(archives))
        data, kind = archives[ending], dice.random()
        if kind < 0.4 and ending not in _UNCOVERED:
            _check(
                ending, _write(folder, ending, _lightly(dice, ending, data)), whole[ending] or []
            )
            return
        if kind < 0.6 and ending.startswith(".tar."):  # a sound stream of a damaged archive
            pack = _PACKERS[ending.removeprefix(".tar")]
            data = pack(damaged(dice, archives[".tar"], tokens, (archives[".zip"],)))
        else:
            data = damaged(dice, data, tokens, tuple(archives.values()))
        _contents(_write(folder, dice.choice([ending, *archives]), data))

    return execute


def _lightly(dice: random.Random, ending: str, data: bytes) -> bytes:
    """Return data with damage that has to be noticed: in a bare tar one byte, no other checksum."""
    if ending == ".tar":
        place = dice.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
    return flipped(dice, data) if dice.random() < 0.7 else shortened(dice, data)


def _check(ending: str, path: Path, whole: list[bytes]) -> None:
    """Read a lightly damaged archive; a finding unless everything is there or something is told."""
    found = _contents(path)
    if found is None:
        return
    if ending == ".tar":  # nothing covers its games, but all of them must be there
        if len(found) != len(whole):
            raise Finding("a damaged .tar has other members, and nothing is said")
    elif sorted(found) != sorted(whole):
        raise Finding(f"a damaged {ending} has other games, and nothing is said")


def _contents(path: Path) -> list[bytes] | None:
    """Return the files in an archive, after reading their games; None where something was told."""
    contents: list[bytes] = []
    told = False
    for member in iter_archive(path, _LIMITS):
        if isinstance(member, Rejection):
            told = True
            continue
        contents.append(member[1])
        told |= not member[1].strip() and bool(next(parse_games(member[1], member[0])))
    return None if told else contents


def _write(folder: Path, ending: str, data: bytes) -> Path:
    """Write the input of an execution: a folder with one file, whose ending says what it is."""
    place = fresh(folder)
    place.mkdir()
    path = place / f"games{ending}"
    path.write_bytes(data)
    return path


def _archives() -> dict[str, bytes]:
    """Return sound archives of all kinds, by the endings of their names."""
    long_name = "x" * 120
    tar = _tar(tarfile.USTAR_FORMAT, "")
    found = {".sgf": games()[0], ".tar": tar, ".long.tar": _tar(tarfile.GNU_FORMAT, long_name)}
    found[".pax.tar"] = _tar(tarfile.PAX_FORMAT, long_name)
    found |= {f".sgf{ending}": pack(games()[0]) for ending, pack in _PACKERS.items()}
    found |= {f".tar{ending}": pack(tar) for ending, pack in _PACKERS.items()}
    found[".zip"] = _zip({"a/1.sgf": games()[0], "2.sgf": games()[1], "b.tar.gz": found[".tar.gz"]})
    return found


def _tar(kind: int, folder: str) -> bytes:
    """Return a tar archive of three games and something else, in a folder if it has a name."""
    file = io.BytesIO()
    members = {"1.sgf": games()[0], f"{folder}/2.sgf": games()[1], "readme": b"x" * 700}
    members["3.sgf"] = games()[2]
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    """Return a zip archive, partly compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, (name, data) in enumerate(members.items()):
            kind = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)[number % 3]
            archive.writestr(name, data, compress_type=kind)
    return file.getvalue()
