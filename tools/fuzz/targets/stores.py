"""Stores: damaged, with checksums that fit the damage or not, and then used as commands do."""

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuzz.harness import Execution, fresh
from fuzz.mutate import damaged, flipped, sha256, with_wrong_field
from fuzz.seeds import write_store
from gopolicy.data.store import PLAIN, open_store
from gopolicy.data.table import COLUMNS
from gopolicy.evaluation.accuracy import evaluate_positions
from gopolicy.evaluation.choose import choose_positions

_HEADER = 128
_DIGESTED = ("events", "event_offsets", "position_offsets", *COLUMNS)


class _Uniform:
    """Stands for a network: every point is as good as another."""

    plane_set, size = "alphago4", 9

    def log_probabilities(self, planes: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return log-probabilities, [B, A]."""
        return np.full((len(planes), 81), -np.log(81), np.float32)


def make(folder: Path) -> Execution:
    """Return one execution."""
    sound = write_store(folder / "store")
    files = {path.name: path.read_bytes() for path in sound.iterdir()}

    def execute(dice: random.Random) -> None:
        place = fresh(folder)
        place.mkdir()
        for name, data in _damaged_store(dice, files).items():
            (place / name).write_bytes(data)
        _use(place, dice)

    return execute


def _damaged_store(dice: random.Random, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a store after some damage."""
    files, meta = dict(files), json.loads(files["meta.json"])
    kind = dice.random()
    if kind < 0.15:
        files["meta.json"] = damaged(dice, files["meta.json"])
        return files
    if kind < 0.35:
        files["meta.json"] = json.dumps(with_wrong_field(dice, meta)).encode()
        return files
    arrays = sorted(name for name in files if name.endswith(".npy"))
    for name in dice.sample(arrays, dice.choice((1, 1, 2))):
        files[name] = dice.choice(_DAMAGES)(dice, files[name])
        if kind < 0.95:
            meta["files"][name] = {"bytes": len(files[name]), "sha256": sha256(files[name])}
    meta["digest"] = _digest(meta)
    files["meta.json"] = json.dumps(meta).encode()
    return files


_DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    damaged,
    lambda dice, data: flipped(dice, data, 0, _HEADER),
    lambda dice, data: flipped(dice, data, _HEADER),
    lambda dice, data: flipped(dice, data, _HEADER),
    lambda dice, data: flipped(dice, data, _HEADER, _HEADER + 16),
    lambda dice, data: data[:_HEADER] + dice.randbytes(len(data) - _HEADER),
)


def _digest(meta: Mapping[str, Any]) -> str:
    """Return the digest that a store with these files would have."""
    sums = [meta["files"][f"{name}.npy"]["sha256"] for name in _DIGESTED]
    labels = [source["label"] for source in meta["sources"]]
    facts = [PLAIN, meta["options"]["size"], meta["options"]["validation"], labels, sums]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _use(path: Path, dice: random.Random) -> None:
    """Open a store and measure on it."""
    store = open_store(path)
    list(store.table.names)
    for split in ("train", "validation", "all"):
        selection = store.split(split)
        lowest, even = dice.choice((None, -5)), dice.choice(("any", "none"))
        limit = dice.choice((None, 7))
        chosen = choose_positions(selection, min_rank=lowest, handicap=even, limit=limit)
        if len(chosen) and store.table.size == _Uniform.size:
            evaluate_positions(_Uniform(), store.table, chosen)
