"""The store: a table as a folder of memory-mapped files.

``meta.json`` says what the folder is, ``*.npy`` hold the columns, ``rejected.tsv`` lists every game
that was left out.  A store is written beside its place and moved there whole.

Version 1 holds games.  Version 2, written for games that were played to the very end, holds their
final scores, the owners of all points and where each game began as well, see `PlayedOut`.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy import __version__
from gopolicy.data.array_files import check_file, file_entry, map_array, write_array
from gopolicy.data.filtering import count_left_out
from gopolicy.data.played_out import PLAYED_OUT, PlayedOut
from gopolicy.data.position_kernels import find_impossible_game
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.selection import GameSelection, Split, select_split
from gopolicy.data.table import COLUMNS, GameTable, Names
from gopolicy.errors import OutputError, StoreError
from gopolicy.files import named, read_json, replacing_folder
from gopolicy.go.types import MAX_SIZE, MIN_SIZE
from gopolicy.sgf.record import Rejection

FORMAT = "gopolicy store"
PLAIN, WITH_ENDS = 1, 2
"""Versions: games, and games with what `PlayedOut` tells of them."""
META, REJECTED = "meta.json", "rejected.tsv"
ARRAYS: dict[str, type[np.generic]] = {
    "events": np.uint16,
    "event_offsets": np.int64,
    "position_offsets": np.int64,
    **COLUMNS,
    "names": np.uint8,
    "name_offsets": np.int64,
}
"""What kind of numbers each ``.npy`` file of version 1 holds."""
_KINDS = {
    **dict.fromkeys(("games", "positions", "rejected", "duplicates"), int),
    **dict.fromkeys(("rejected_by_reason", "validation", "options", "files"), dict),
    "digest": str,
    "sources": list,
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Store:
    """An opened store."""

    path: Path
    table: GameTable
    """Memory-mapped."""
    meta: dict[str, Any]

    def __repr__(self) -> str:
        """Return where it is and what it holds, in one line."""
        table = self.table
        return (
            f"<Store {str(self.path)!r}: {table.games:,} games on {table.size}x{table.size},"
            f" {table.positions:,} positions>"
        )

    @property
    def digest(self) -> str:
        """A hash of the games, the ranks and so on, the split, and nothing else."""
        return str(self.meta["digest"])

    @property
    def validation(self) -> GameSelection:
        """The games set apart for measuring."""
        return self.split("validation")

    @property
    def training(self) -> GameSelection:
        """The games to train on."""
        return self.split("train")

    def split(self, name: Split) -> GameSelection:
        """Return the games of ``train``, ``validation`` or ``all``."""
        return select_split(self.table, name, self.meta["options"]["validation"])


def write_store(
    table: GameTable,
    rejections: Sequence[Rejection],
    out: str | PathLike[str],
    options: PrepareOptions | None = None,
) -> str:
    """Write a store and return its digest.

    An existing store at out is replaced in one step; anything else there is refused with
    OutputError, as is a full disk, and then nothing is left behind.
    """
    target = Path(out)
    options = options or PrepareOptions(size=table.size)
    check_target(target)
    try:
        with replacing_folder(target) as folder:
            return _write_files(folder, table, rejections, options)
    except OutputError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {target}: {reason}; nothing was changed") from error


def check_target(target: Path) -> None:
    """Raise OutputError unless a store could be written to target."""
    if target.is_dir():
        if any(target.iterdir()) and not _says_store(target):
            raise OutputError(f"{target} is not empty and no store; it is left as it is")
    elif target.exists() or target.is_symlink():
        raise OutputError(f"{target} is not a folder; it is left as it is")
    above = next(folder for folder in target.resolve().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {target}: {above} is not a folder that can be written to")


def is_store(path: str | PathLike[str]) -> bool:
    """Return whether path is a folder that is a store, of any version, perhaps a damaged one."""
    folder = Path(path)
    return _says_store(folder) or all((folder / n).is_file() for n in (META, "events.npy"))


def _says_store(folder: Path) -> bool:
    """Return whether a folder says that it is a store; only such a one may be replaced."""
    try:
        return bool(_read_meta(folder).get("format") == FORMAT)
    except StoreError:
        return False


def open_store(path: str | PathLike[str]) -> Store:
    """Map a store; raise StoreError if it is missing, damaged or of another version.

    Every file is read once to see that it is what was written, and that no number in it can lead
    anybody astray; whether moves are legal is seen when a game is first asked for.
    """
    folder = named(path)
    meta = _read_meta(folder)
    if meta.get("format") != FORMAT:
        raise StoreError(f"{folder} is not a store; `gopolicy prepare` makes one")
    if meta.get("version") not in (PLAIN, WITH_ENDS) or isinstance(meta["version"], bool):
        raise StoreError(
            f"{folder} has store version {meta.get('version')}, this gopolicy reads {PLAIN} and "
            f"{WITH_ENDS}; prepare it again"
        )
    _check_meta(meta, folder / META)
    files = meta["files"]
    check_file(folder / REJECTED, files[REJECTED])
    arrays = {
        name: map_array(folder / f"{name}.npy", files[f"{name}.npy"], kind)
        for name, kind in _arrays_of(meta["version"]).items()
    }
    size = meta["options"]["size"]
    played_out = None
    if meta["version"] == WITH_ENDS:
        played_out = PlayedOut(size=size, **{name: arrays.pop(name) for name in PLAYED_OUT})
    names = Names(arrays.pop("names"), arrays.pop("name_offsets"))
    table = GameTable(
        size=size,
        sources=[source["label"] for source in meta["sources"]],
        names=names,
        handicap_placed=0,
        unchecked=np.ones(len(arrays["counted"]), np.bool_),
        played_out=played_out,
        **arrays,
    )
    _check_table(table, meta, folder)
    return Store(folder, table, meta)


def _check_meta(meta: Mapping[str, Any], path: Path) -> None:
    """Raise StoreError unless every field that anything here relies on is there and makes sense."""
    _check_kinds(meta, _KINDS, path)
    _check_kinds(meta["validation"], {"games": int, "positions": int}, path, "validation")
    for number, source in enumerate(meta["sources"]):
        _check_kinds(source, {"label": str, "games": int, "positions": int}, path, f"{number}")
    _check_kinds(meta["options"], {"size": int, "validation": float | int}, path, "options")
    newer = {"exclude": list, "handicap": str, "min_moves": int, "min_rank": int | None}
    known = {name: kind for name, kind in newer.items() if name in meta["options"]}
    _check_kinds(meta["options"], known, path, "options")
    if "handicap_placed" in meta:  # older stores have none
        _check_kinds(meta, {"handicap_placed": int}, path)
    size, validation = meta["options"]["size"], meta["options"]["validation"]
    if not MIN_SIZE <= size <= MAX_SIZE or not 0 <= validation <= 1:
        raise StoreError(f"{path} is damaged: size {size}, validation {validation}")
    for reason, count in meta["rejected_by_reason"].items():
        _check_kinds({reason: count}, {reason: int}, path, "rejected_by_reason")
    wanted = {REJECTED, *(f"{name}.npy" for name in _arrays_of(meta["version"]))}
    _check_kinds(meta["files"], dict.fromkeys(sorted(wanted), dict), path, "files")
    for name in sorted(wanted):
        _check_kinds(meta["files"][name], {"bytes": int, "sha256": str}, path, name)


def _check_kinds(values: Any, kinds: Mapping[str, Any], path: Path, where: str = "") -> None:
    inside = f" in {where}" if where else ""
    if not isinstance(values, dict):
        raise StoreError(f"{path} is damaged: expected an object{inside}, got {values!r:.40}")
    for key, kind in kinds.items():
        value = values.get(key)
        if isinstance(value, bool) or not isinstance(value, kind):
            name = getattr(kind, "__name__", "a number")
            raise StoreError(f"{path} is damaged: expected {key}{inside} to be {name}")


def _check_table(table: GameTable, meta: Mapping[str, Any], folder: Path) -> None:
    if not _fits(table) or (table.games, table.positions) != (meta["games"], meta["positions"]):
        raise StoreError(f"{folder} is damaged: its files and {META} disagree")
    if meta["digest"] != _digest(table, meta["options"]["validation"], meta["files"]):
        raise StoreError(f"{folder} is damaged: the digest in {META} is not that of its games")
    bad = find_impossible_game(
        table.events, table.event_offsets, table.position_offsets, table.counted, table.size**2
    )
    if bad < 0 and table.played_out is not None:
        bad = table.played_out.find_impossible(np.diff(table.event_offsets))
    if bad >= 0:
        name = table.names[bad] if table.games else ""
        raise StoreError(f"{folder} is damaged: game {bad} ({name!r}) is impossible")


def _fits(table: GameTable) -> bool:
    """Return whether the columns have lengths and offsets that kernels rely on."""
    arrays = table.columns()
    lengths = [len(arrays[name]) for name in COLUMNS]
    offsets = [
        (table.event_offsets, len(table.events)),
        (table.names.offsets, len(table.names.text)),
        (table.position_offsets, None),
    ]
    return (
        all(_ascends(column, last) for column, last in offsets)
        and {*lengths, len(table.position_offsets) - 1, len(table.names)} == {table.games}
        and (not table.games or int(table.source.max()) < len(table.sources))
    )


def _ascends(offsets: npt.NDArray[np.int64], last: int | None) -> bool:
    """Return whether offsets begin at 0, never fall and end at last, if that is known."""
    return (
        len(offsets) > 0
        and int(offsets[0]) == 0
        and bool(np.all(offsets[1:] >= offsets[:-1]))
        and last in (None, int(offsets[-1]))
    )


def describe_store(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``gopolicy prepare --json`` says about a store."""
    keys = ["games", "positions", "rejected", "rejected_by_reason", "duplicates", "digest"]
    return {key: meta[key] for key in [*keys, "handicap_placed", "sources", "validation"]}


def _write_files(
    folder: Path, table: GameTable, rejections: Sequence[Rejection], options: PrepareOptions
) -> str:
    """Write all files of a store into an empty folder, meta.json last."""
    arrays = table.columns() | {"names": table.names.text, "name_offsets": table.names.offsets}
    if table.played_out is not None:
        arrays |= table.played_out.arrays()
    files = {
        f"{name}.npy": write_array(folder / f"{name}.npy", arrays[name])
        for name in _arrays_of(_version_of(table))
    }
    digest = _digest(table, options.validation, files)
    files[REJECTED] = _write_rejected(folder, rejections)
    text = json.dumps(_meta(table, rejections, options, digest, files), indent=1)
    (folder / META).write_text(text + "\n", encoding="utf-8")
    return digest


def _meta(
    table: GameTable,
    rejections: Sequence[Rejection],
    options: PrepareOptions,
    digest: str,
    files: dict[str, Any],
) -> dict[str, Any]:
    held_out = select_split(table, "validation", options.validation)
    return {
        "format": FORMAT,
        "version": _version_of(table),
        "written_by": f"gopolicy {__version__}",
        "digest": digest,
        "games": table.games,
        "positions": table.positions,
        **count_left_out(rejections),
        "handicap_placed": table.handicap_placed,
        "validation": {"games": len(held_out.games), "positions": held_out.positions},
        "sources": _source_counts(table),
        "options": options.as_json(),
        "files": files,
    }


def _version_of(table: GameTable) -> int:
    """Return the version in which a table is written."""
    return PLAIN if table.played_out is None else WITH_ENDS


def _arrays_of(version: int) -> dict[str, type[np.generic]]:
    """Return what kind of numbers each ``.npy`` file of a version holds."""
    return ARRAYS | PLAYED_OUT if version == WITH_ENDS else ARRAYS


def _source_counts(table: GameTable) -> list[dict[str, Any]]:
    sizes = np.diff(table.position_offsets)
    games = np.bincount(table.source, minlength=len(table.sources))
    positions = np.bincount(table.source, weights=sizes, minlength=len(table.sources))
    return [
        {"label": label, "games": int(games[s]), "positions": int(positions[s])}
        for s, label in enumerate(table.sources)
    ]


def _digest(table: GameTable, validation: float, files: Mapping[str, Any]) -> str:
    """Return a hash of what a store means; where the archives lay does not matter."""
    version = _version_of(table)
    names = [*table.columns(), *(PLAYED_OUT if version == WITH_ENDS else ())]
    checksums = [files[f"{name}.npy"]["sha256"] for name in names]
    facts = [version, table.size, validation, table.sources, checksums]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _write_rejected(folder: Path, rejections: Sequence[Rejection]) -> dict[str, Any]:
    with (folder / REJECTED).open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write("name\treason\tdetail\n")
        for rejection in rejections:
            cells = (rejection.name, rejection.reason, rejection.detail)
            file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
    return file_entry(folder / REJECTED)


def read_rejected(folder: Path) -> list[Rejection]:
    """Return the games that were left out of a store that is open, as it lists them."""
    try:
        text = (folder / REJECTED).read_text(encoding="utf-8")
        cells = (line.split("\t") for line in text.split("\n")[1:-1])
        return [Rejection(name=name, reason=reason, detail=what) for name, reason, what in cells]
    except ValueError as error:  # no UTF-8, or not three cells
        raise StoreError(f"{folder / REJECTED} is damaged ({error})") from error


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        meta = read_json(folder / META)
    except FileNotFoundError:
        what = "is not a store" if folder.exists() else "does not exist"
        raise StoreError(f"{folder} {what}; `gopolicy prepare` makes stores") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder / META} cannot be read: {_reason(error)}") from error
    if not isinstance(meta, dict):
        raise StoreError(f"{folder / META} does not describe a store")
    return meta


def _reason(error: Exception) -> str:
    """Return what went wrong, without the path, which the caller names."""
    return str(getattr(error, "strerror", None) or error)
