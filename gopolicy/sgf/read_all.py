"""Many games at once, from files, folders and archives."""

import os
from collections.abc import Iterator

from gopolicy.files import named
from gopolicy.sgf.archive import DEFAULT_LIMITS, ArchiveLimits, iter_archive
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import GameRecord, Rejection


def read_games(
    path: str | os.PathLike[str], limits: ArchiveLimits = DEFAULT_LIMITS
) -> Iterator[GameRecord | Rejection]:
    """Yield every game of an SGF file, a folder or an archive, in an order that never changes.

    What cannot be read comes as a `Rejection` that says where it stood and why.  Raises
    ArchiveError if there is nothing to read at path at all.
    """
    for member in iter_archive(named(path), limits):
        if isinstance(member, Rejection):
            yield member
        else:
            name, data = member
            yield from parse_games(data, name)
