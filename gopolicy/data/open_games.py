"""Games wherever they lie: archives, which are read into memory, or one store."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from gopolicy.data.build import build_table
from gopolicy.data.filtering import count_left_out
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.selection import GameSelection, Split
from gopolicy.data.store import is_store, open_store
from gopolicy.errors import ConfigError
from gopolicy.progress import SILENT, Progress


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OpenedGames:
    """Games to work with, and what is missing among them."""

    selection: GameSelection
    left_out: dict[str, Any]
    """Numbers of games: ``rejected``, ``rejected_by_reason``, ``duplicates``."""
    digest: str | None = None
    """That of the store, if they are of one."""


def open_games(
    paths: Sequence[str | PathLike[str]],
    options: PrepareOptions | None = None,
    *,
    split: Split = "all",
    progress: Progress = SILENT,
) -> OpenedGames:
    """Return the games of one store's split, or all games of archives, read as options say.

    ArchiveError or StoreError where they cannot be read, ConfigError for a store and more.
    """
    if not any(is_store(path) for path in paths):
        table, rejections = build_table(paths, options, progress)
        selection = GameSelection(table, np.arange(table.games))
        return OpenedGames(selection=selection, left_out=count_left_out(rejections))
    if len(paths) > 1:
        raise ConfigError("expected archives or one store, not a store and more")
    store = open_store(paths[0])
    left_out = {key: store.meta[key] for key in ("rejected", "rejected_by_reason", "duplicates")}
    return OpenedGames(selection=store.split(split), left_out=left_out, digest=store.digest)
