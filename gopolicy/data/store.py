"""The store: a table as a folder of memory-mapped files.

``meta.json`` says what the folder is, ``*.npy`` hold the columns, ``rejected.tsv`` lists every game
that was left out.  A store is written beside its place and moved there whole.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gopolicy import __version__
from gopolicy.data.filtering import tally
from gopolicy.data.folders import replacing_folder
from gopolicy.data.options import PrepareOptions
from gopolicy.data.selection import GameSelection, Split, select_split
from gopolicy.data.table import COLUMNS, GameTable, Names
from gopolicy.errors import OutputError, StoreError
from gopolicy.go.types import MAX_SIZE, MIN_SIZE
from gopolicy.sgf.record import Rejection

FORMAT, VERSION = "gopolicy store", 1
META, REJECTED = "meta.json", "rejected.tsv"
DUPLICATE = "duplicate"

_Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """An opened store."""

    path: Path
    table: GameTable
    """Memory-mapped: nothing is read before it is used."""
    meta: dict[str, Any]

    @property
    def digest(self) -> str:
        """A hash of the games, the ranks and so on, the split, and nothing else."""
        return str(self.meta["digest"])

    def split(self, name: Split) -> GameSelection:
        """Return the games of ``train``, ``validation`` or ``all``."""
        return select_split(self.table, name, self.meta["options"]["validation"])

    def verify(self) -> None:
        """Read every file; raise StoreError if one changed since it was written."""
        for name, entry in self.meta["files"].items():
            if _entry(self.path / name) != entry:
                raise StoreError(f"{self.path / name} is damaged: its checksum differs")


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
        if any(target.iterdir()) and not is_store(target):
            raise OutputError(f"{target} is not empty and no store; it is left as it is")
    elif target.exists() or target.is_symlink():
        raise OutputError(f"{target} is not a folder; it is left as it is")
    above = next(folder for folder in target.resolve().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {target}: {above} is not a folder that can be written to")


def is_store(path: str | PathLike[str]) -> bool:
    """Return whether path is a folder that says it is a store, of any version."""
    try:
        return _read_meta(Path(path)).get("format") == FORMAT
    except StoreError:
        return False


def open_store(path: str | PathLike[str]) -> Store:
    """Map a store; raise StoreError if it is missing, damaged or of another version."""
    folder = Path(path)
    meta = _read_meta(folder)
    if meta.get("format") != FORMAT:
        raise StoreError(f"{folder} is not a store; `gopolicy prepare` makes one")
    if meta.get("version") != VERSION:
        raise StoreError(
            f"{folder} has store version {meta.get('version')}, this gopolicy reads {VERSION}; "
            "prepare it again"
        )
    try:
        arrays = {
            Path(name).stem: _map_array(folder / name, entry)
            for name, entry in meta["files"].items()
            if name.endswith(".npy")
        }
        names = Names(arrays.pop("names"), arrays.pop("name_offsets"))
        sources = [source["label"] for source in meta["sources"]]
        table = GameTable(size=meta["options"]["size"], sources=sources, names=names, **arrays)
        agree = (table.games, table.positions) == (meta["games"], meta["positions"])
        if not agree or not _fits(table) or not 0 <= meta["options"]["validation"] <= 1:
            raise StoreError(f"{folder} is damaged: its files and {META} disagree")
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise StoreError(f"{folder} is damaged: {META} is incomplete ({error})") from error
    return Store(folder, table, meta)


def _fits(table: GameTable) -> bool:
    """Return whether the columns have the lengths and types that kernels rely on."""
    types = {"events": np.uint16, "event_offsets": np.int64, "position_offsets": np.int64}
    arrays = table.columns()
    lengths = [len(arrays[name]) for name in COLUMNS]
    return (
        all(arrays[name].dtype == dtype for name, dtype in (types | COLUMNS).items())
        and all(array.ndim == 1 for array in arrays.values())
        and {*lengths, len(table.position_offsets) - 1, len(table.names)} == {table.games}
        and int(table.event_offsets[-1]) == len(table.events)
        and _ascends(table.event_offsets)
        and _ascends(table.position_offsets)
        and MIN_SIZE <= table.size <= MAX_SIZE
        and (not table.games or int(table.source.max()) < len(table.sources))
    )


def _ascends(offsets: npt.NDArray[np.int64]) -> bool:
    """Return whether offsets begin at 0 and never fall."""
    return int(offsets[0]) == 0 and bool(np.all(offsets[1:] >= offsets[:-1]))


def describe(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``gopolicy prepare --json`` says about a store."""
    keys = ["games", "positions", "rejected", "rejected_by_reason", "duplicates", "digest"]
    return {key: meta[key] for key in [*keys, "sources", "validation"]}


def _write_files(
    folder: Path, table: GameTable, rejections: Sequence[Rejection], options: PrepareOptions
) -> str:
    """Write all files of a store into an empty folder, meta.json last."""
    columns = table.columns()
    files = {f"{name}.npy": _write_array(folder, name, array) for name, array in columns.items()}
    digest = _digest(table, options, [files[f"{name}.npy"]["sha256"] for name in columns])
    packed: dict[str, _Array] = {"names": table.names.text, "name_offsets": table.names.offsets}
    for name, array in packed.items():
        files[f"{name}.npy"] = _write_array(folder, name, array)
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
    """Return the content of meta.json."""
    reasons = tally(rejections)
    duplicates = reasons.pop(DUPLICATE, 0)
    held_out = select_split(table, "validation", options.validation)
    return {
        "format": FORMAT,
        "version": VERSION,
        "written_by": f"gopolicy {__version__}",
        "digest": digest,
        "games": table.games,
        "positions": table.positions,
        "rejected": sum(reasons.values()),
        "rejected_by_reason": reasons,
        "duplicates": duplicates,
        "validation": {"games": len(held_out.games), "positions": held_out.positions},
        "sources": _source_counts(table),
        "options": options.as_json(),
        "files": files,
    }


def _source_counts(table: GameTable) -> list[dict[str, Any]]:
    """Return label, games and positions of every source, in the order of `GameTable.sources`."""
    sizes = np.diff(table.position_offsets)
    games = np.bincount(table.source, minlength=len(table.sources))
    positions = np.bincount(table.source, weights=sizes, minlength=len(table.sources))
    return [
        {"label": label, "games": int(games[s]), "positions": int(positions[s])}
        for s, label in enumerate(table.sources)
    ]


def _digest(table: GameTable, options: PrepareOptions, checksums: list[str]) -> str:
    """Return a hash of what a store means; where the archives lay does not matter."""
    facts = [VERSION, table.size, options.validation, table.sources, checksums]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _write_array(folder: Path, name: str, array: _Array) -> dict[str, Any]:
    """Write one .npy file and return its entry for meta.json."""
    array = np.ascontiguousarray(array)
    with (folder / f"{name}.npy").open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(array.data.cast("B") if array.size else b"")
        file.flush()
    return _entry(folder / f"{name}.npy")


def _write_rejected(folder: Path, rejections: Sequence[Rejection]) -> dict[str, Any]:
    """Write the list of games left out, one line each."""
    with (folder / REJECTED).open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write("name\treason\tdetail\n")
        for rejection in rejections:
            cells = (rejection.name, rejection.reason, rejection.detail)
            file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
    return _entry(folder / REJECTED)


def _entry(path: Path) -> dict[str, Any]:
    """Return size and checksum of a file."""
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": checksum}


def _read_meta(folder: Path) -> dict[str, Any]:
    """Return meta.json as a dict."""
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = "is not a store" if folder.exists() else "does not exist"
        raise StoreError(f"{folder} {what}; `gopolicy prepare` makes stores") from None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{folder / META} cannot be read: {_reason(error)}") from error
    if not isinstance(meta, dict):
        raise StoreError(f"{folder / META} does not describe a store")
    return meta


def _map_array(path: Path, entry: Mapping[str, Any]) -> _Array:
    """Map one .npy file copy-on-write, so that kernels see the same type as in memory."""
    try:
        size = path.stat().st_size
        if size == entry["bytes"]:
            with path.open("rb") as file:
                return _map_open_file(file)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {_reason(error)}") from error
    raise StoreError(f"{path} is damaged: {size:,} bytes, expected {entry['bytes']:,}")


def _reason(error: Exception) -> str:
    """Return what went wrong, without the path, which the caller names."""
    return str(getattr(error, "strerror", None) or error)


def _map_open_file(file: BinaryIO) -> _Array:
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if math.prod(shape) == 0:
        return np.empty(shape, dtype)
    mapped = np.memmap(file, dtype, "c", file.tell(), shape)
    return np.asarray(mapped)
