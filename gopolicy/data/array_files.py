"""One column of a store as one `.npy` file, read with distrust.

Only what a store holds is read: an array of one dimension whose kind of numbers is known before.
The header is matched, never evaluated, and nothing is mapped before the whole file has the checksum
that it should have.
"""

import hashlib
import re
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.errors import StoreError
from gopolicy.files import open_regular

_Array = npt.NDArray[Any]

_HEADER = re.compile(
    rb"\{'descr': '([<|][a-z]\d)', 'fortran_order': False, 'shape': \((\d{1,18}),\), \} *\n"
)
_MAGIC = b"\x93NUMPY\x01\x00"


def write_array(path: Path, array: _Array) -> dict[str, Any]:
    """Write an array of one dimension and return the file's entry."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(array.data.cast("B") if array.size else b"")
        file.flush()
    return file_entry(path)


def file_entry(path: Path) -> dict[str, Any]:
    """Return the entry of a file: its size and checksum."""
    with open_regular(path) as file:
        return _entry_of_open_file(file)


def check_file(path: Path, entry: Mapping[str, Any]) -> None:
    """Read a file; StoreError unless it is what its entry says."""
    try:
        with open_regular(path) as file:
            _check_open_file(file, path, entry)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def map_array(path: Path, entry: Mapping[str, Any], kind: type[np.generic]) -> _Array:
    """Check a file, then map it copy-on-write, so that kernels see the same type as in memory.

    StoreError unless it is what its entry says and holds one row of numbers of this kind.
    """
    try:
        with open_regular(path) as file:
            _check_open_file(file, path, entry)
            return _map_open_file(file, path, np.dtype(kind))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_open_file(file: BufferedReader, path: Path, entry: Mapping[str, Any]) -> None:
    found = _entry_of_open_file(file)
    if found["bytes"] != entry["bytes"]:
        sizes = f"{found['bytes']:,} bytes, expected {entry['bytes']:,}"
        raise StoreError(f"{path} is damaged: {sizes}")
    if found["sha256"] != entry["sha256"]:
        raise StoreError(f"{path} is damaged: its checksum differs")


def _entry_of_open_file(file: BufferedReader) -> dict[str, Any]:
    checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": file.tell(), "sha256": checksum}


def _map_open_file(file: BufferedReader, path: Path, dtype: "np.dtype[Any]") -> _Array:
    size = file.tell()
    file.seek(0)
    start = file.read(len(_MAGIC) + 2)
    header = file.read(int.from_bytes(start[-2:], "little"))
    match = _HEADER.fullmatch(header) if start.startswith(_MAGIC) else None
    if not match or match[1].decode() != dtype.str:
        raise StoreError(f"{path} is damaged: expected one row of {dtype.name} numbers")
    count, offset = int(match[2]), file.tell()
    if offset + count * dtype.itemsize != size:
        raise StoreError(f"{path} is damaged: it does not hold {count:,} numbers")
    if not count:
        return np.empty(0, dtype)
    return np.asarray(np.memmap(file, dtype, "c", offset, (count,)))
