"""IDX files, alone, packed and in archives: pictures and labels in equal numbers, or a refusal."""

import gzip
import io
import random
import struct
import tarfile
from pathlib import Path

import numpy as np

from fuzz.harness import Execution, Finding, fresh
from fuzz.mutate import damaged, flipped
from gopolicy.pictures.idx import read_idx_archive

_HEADER = 16
"""Bytes that say how many pictures there are, and how large; much of the damage is done there."""


def make(folder: Path) -> Execution:
    """Return one execution."""
    files = _files()
    tar = _tar(files)

    def execute(dice: random.Random) -> None:
        place = fresh(folder)
        if dice.random() < 0.3:
            data = damaged(dice, tar, others=tuple(files.values()))
            place = place / "mnist.tgz"
            place.parent.mkdir()
            place.write_bytes(gzip.compress(data) if dice.random() < 0.7 else data)
        else:
            place.mkdir()
            wrong = dice.choice(sorted(files))
            packed = dice.random() < 0.3
            for name, data in files.items():
                if name == wrong:
                    data = _damaged(dice, data, packed)
                (place / f"{name}{'.gz' * packed}").write_bytes(data)
        _check(place)

    return execute


def _damaged(dice: random.Random, data: bytes, packed: bool) -> bytes:
    """Return a damaged file, which the packing covers up in half of the packed ones."""
    if packed and dice.random() < 0.5:
        return damaged(dice, gzip.compress(data))
    data = flipped(dice, data, 0, _HEADER) if dice.random() < 0.5 else damaged(dice, data)
    return gzip.compress(data) if packed else data


def _check(place: Path) -> None:
    """Read what is there; a finding unless it is pictures with a label each."""
    for part in read_idx_archive(place).values():
        known = part.labels.min() >= 0 and part.labels.max() < len(part.classes)
        if len(part.pixels) != len(part.labels) or part.pixels.ndim != 4 or not known:
            raise Finding(f"pixels {part.pixels.shape}, {len(part.labels)} labels")


def _files() -> dict[str, bytes]:
    """Return sound files by name."""
    draw = np.random.default_rng(1)
    arrays = {
        "train-images-idx3-ubyte": draw.integers(0, 256, (7, 4, 5)),
        "train-labels-idx1-ubyte": draw.integers(0, 3, 7),
        "t10k-images-idx3-ubyte": draw.integers(0, 256, (2, 4, 5)),
        "t10k-labels-idx1-ubyte": draw.integers(0, 3, 2),
    }
    return {
        name: struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        + array.astype(np.uint8).tobytes()
        for name, array in arrays.items()
    }


def _tar(files: dict[str, bytes]) -> bytes:
    """Return files as a tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"data/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()
