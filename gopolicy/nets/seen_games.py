"""Which games a network has learned from, kept beside its weights in a compact form.

`games.safetensors` holds one row of sorted numbers, four bytes a game: the hashes of openings that
a store splits its games by, the same for copies, also turned and mirrored ones.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from gopolicy.errors import WeightsError
from gopolicy.files import read_limited
from gopolicy.nets.weight_folder import write_bytes

FILE, ROW = "games.safetensors", "openings"
MAX_BYTES = 1 << 28
"""The largest such file that is read: 67 million games."""

OpeningHashes = NDArray[np.uint32]


def write_seen_games(folder: Path, openings: OpeningHashes) -> None:
    """Add the hashes of openings to those in a weight folder.

    OutputError where that cannot be written, WeightsError where what is there is damaged.
    """
    before = read_seen_games(folder)
    known = np.unique(openings if before is None else np.concatenate([before, openings]))
    if before is None or len(known) != len(before):
        write_bytes(folder / FILE, safetensors.numpy.save({ROW: known.astype(np.uint32)}))


def write_seen_through(folder: Path, others: Iterable[Path]) -> None:
    """Add to a weight folder the games that the networks of other folders have learned from."""
    for games in map(read_seen_games, others):
        if games is not None:
            write_seen_games(folder, games)


def read_seen_games(folder: Path) -> OpeningHashes | None:
    """Return the sorted hashes in a weight folder, None where it does not tell.

    WeightsError where the file is damaged.
    """
    path = folder / FILE
    try:
        tensors = safetensors.numpy.load(read_limited(path, MAX_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from error
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: not a file of games ({error})") from error
    row = tensors.get(ROW)
    if row is None or row.dtype != np.uint32 or row.ndim != 1 or not _ascends(row):
        raise WeightsError(f"{path}: expected one row of ascending numbers called {ROW}")
    return row


def _ascends(row: OpeningHashes) -> bool:
    return bool(np.all(row[1:] > row[:-1]))
