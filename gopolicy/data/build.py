"""Archives to a table in memory."""

import os
import re
from collections.abc import Iterator, Sequence
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gopolicy.data.filtering import Member, Rows, read_members, tally
from gopolicy.data.options import PrepareOptions
from gopolicy.data.table import COLUMNS, GameTable, Names, cumulative
from gopolicy.data.workers import ordered_map, usable_cores
from gopolicy.errors import ArchiveError
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.archive import iter_archive, kind_of
from gopolicy.sgf.record import BROKEN, TRUNCATED, Rejection

DUPLICATE = "duplicate"
EXCLUDED = "excluded"

CHUNK_MEMBERS, CHUNK_BYTES = 200, 1 << 22
MAX_SOURCES = 1 << 16

_ENDING = re.compile(r"(\.(sgf|zip|tar|tgz|tbz2?|txz|gz|bz2|xz))+$", re.IGNORECASE)


def build_table(
    paths: Sequence[str | PathLike[str]],
    options: PrepareOptions | None = None,
    progress: Progress = SILENT,
    *,
    processes: int | None = None,
) -> tuple[GameTable, list[Rejection]]:
    """Read archives, files and folders into one table; the result depends on nothing else.

    Raises ArchiveError if a path cannot be read, if an archive is cut short or broken, so that
    nobody knows what is missing (see `PrepareOptions.skip_broken`), or if no game at all is left.
    """
    options = options or PrepareOptions()
    processes = usable_cores() if processes is None else processes
    builder = Builder(options)
    try:
        if options.exclude:
            progress.start("reading excluded games", None, "games")
            plain = PrepareOptions(size=options.size)
            for rows in _read_all(options.exclude, plain, [], processes):
                _refuse_broken(rows, "games to exclude have to be complete")
                builder.exclude(rows)
                progress.advance(len(rows.names))
        progress.start("reading games", None, "games")
        for rows in _read_all(paths, options, builder.sources, processes):
            if not options.skip_broken:
                _refuse_broken(rows, "--skip-broken uses what can be read of it")
            builder.add(rows)
            count = len(rows.names) + len(rows.rejections)
            progress.advance(count, skipped=len(builder.rejections), archive=rows.archive)
    finally:
        progress.finish()
    if not builder.names:
        raise ArchiveError(_nothing_left(paths, builder.rejections))
    return builder.table(), builder.rejections


class Builder:
    """Collects rows, leaving out duplicates and excluded games."""

    def __init__(self, options: PrepareOptions) -> None:
        self.options = options
        self.sources: list[str] = []
        self.names: list[str] = []
        self.rejections: list[Rejection] = []
        self._first: dict[bytes, int] = {}
        self._excluded: dict[bytes, str] = {}
        self._events: list[npt.NDArray[np.uint16]] = []
        self._lengths: list[int] = []
        self._positions: list[int] = []
        self._columns: list[tuple[float, ...]] = []

    def exclude(self, rows: Rows) -> None:
        """Keep games with these moves, or with these openings, out."""
        for name, opening in zip(rows.names, rows.openings, strict=True):
            self._excluded.setdefault(opening, name)

    def add(self, rows: Rows) -> None:
        """Add the games of one piece of work, in order."""
        self.rejections.extend(rows.rejections)
        kept = [i for i in range(len(rows.names)) if self._admit(rows, i)]
        if kept:
            self._events.append(np.concatenate([rows.events[i] for i in kept]))
            self._lengths.extend(len(rows.events[i]) for i in kept)
            self._positions.extend(rows.positions[i] for i in kept)
            self._columns.extend(rows.columns[i] for i in kept)

    def table(self) -> GameTable:
        """Return everything that was added."""
        values = zip(*self._columns, strict=True)
        columns = {
            name: np.array(column, dtype)
            for (name, dtype), column in zip(COLUMNS.items(), values, strict=True)
        }
        return GameTable(
            size=self.options.size,
            sources=self.sources,
            names=Names.pack(self.names),
            events=np.concatenate(self._events),
            event_offsets=cumulative(np.array(self._lengths, np.int64)),
            position_offsets=cumulative(np.array(self._positions, np.int64)),
            **columns,
        )

    def _admit(self, rows: Rows, i: int) -> bool:
        """Take the name of game i of rows, or list it as excluded or duplicate."""
        name = rows.names[i]
        test_game = self._excluded.get(rows.openings[i])
        if test_game is not None:
            self._reject(name, EXCLUDED, f"same opening as {test_game}")
            return False
        first = self._first.setdefault(rows.identities[i], len(self.names))
        if first < len(self.names):
            self._reject(name, DUPLICATE, f"same moves as {self.names[first]}")
            return False
        self.names.append(name)
        return True

    def _reject(self, name: str, reason: str, detail: str) -> None:
        self.rejections.append(Rejection(name=name, reason=reason, detail=detail))


def source_label(path: str | PathLike[str]) -> str:
    """Return the base name of path without the endings of archives; for one game, its folder's.

    >>> source_label("games/kgs-2001.tar.gz"), source_label("tom-9d/"), source_label("mine/1.sgf")
    ('kgs-2001', 'tom-9d', 'mine')
    """
    whole = Path(os.path.abspath(path))
    if kind_of(whole.name).container == "sgf" and whole.parent.name:
        return whole.parent.name
    return _ENDING.sub("", whole.name) or whole.name or "games"


def _read_all(
    paths: Sequence[str | PathLike[str]],
    options: PrepareOptions,
    sources: list[str],
    processes: int,
) -> Iterator[Rows]:
    """Yield the rows of all archives in order, filling sources with their labels."""
    for path in paths:
        if not Path(path).exists():
            raise ArchiveError(f"{path} does not exist")
    sources.extend(dict.fromkeys(map(source_label, paths)))
    if len(sources) > MAX_SOURCES:
        raise ArchiveError(f"{len(sources):,} sources are too many; give their folder instead")
    return ordered_map(partial(read_members, options=options), _chunks(paths, sources), processes)


def _chunks(
    paths: Sequence[str | PathLike[str]], sources: list[str]
) -> Iterator[list[Member | Rejection]]:
    """Yield the members of all archives in pieces of work; the pieces depend on nothing else."""
    numbers = {label: number for number, label in enumerate(sources)}
    chunk: list[Member | Rejection] = []
    weight = 0
    for path in paths:
        source = numbers[source_label(path)]
        for item in iter_archive(path):
            chunk.append(item if isinstance(item, Rejection) else Member(*item, source))
            weight += 0 if isinstance(item, Rejection) else len(item[1])
            if len(chunk) >= CHUNK_MEMBERS or weight >= CHUNK_BYTES:
                yield chunk
                chunk, weight = [], 0
    if chunk:
        yield chunk


def _refuse_broken(rows: Rows, advice: str) -> None:
    """Raise ArchiveError if an archive, not just a game in it, could not be read to its end."""
    for rejection in rows.rejections:
        is_archive = kind_of(rejection.name).container in ("tar", "zip")
        if is_archive and rejection.reason in (TRUNCATED, BROKEN):
            problem = f"{rejection.name}: {rejection.reason} ({rejection.detail})"
            raise ArchiveError(f"{problem}; {advice}")


def _nothing_left(paths: Sequence[str | PathLike[str]], rejections: list[Rejection]) -> str:
    """Say in one line why no game is left."""
    where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} paths"
    if not rejections:
        return f"no game in {where}"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in tally(rejections).items())
    return f"no game left from {where}: {len(rejections):,} skipped ({reasons})"
