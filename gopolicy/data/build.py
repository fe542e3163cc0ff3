"""Archives to a table in memory."""

import os
import re
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from gopolicy.allocator import map_large_blocks
from gopolicy.cores import usable_cores
from gopolicy.data.filtering import (
    DUPLICATE,
    GameChecker,
    Member,
    Rows,
    count_reasons,
    identity,
    read_members,
)
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import COLUMNS, GameTable, Names, cumulative
from gopolicy.data.workers import ordered_map
from gopolicy.errors import ArchiveError, ConfigError
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.archive import iter_archive, kind_of
from gopolicy.sgf.record import BROKEN, TOO_LARGE, TOO_MANY, TRUNCATED, UNREADABLE, Rejection

EXCLUDED = "excluded"
UNFINISHED = (TRUNCATED, BROKEN, TOO_LARGE, TOO_MANY, UNREADABLE)

CHUNK_MEMBERS, CHUNK_BYTES = 200, 1 << 22
MAX_SOURCES = 1 << 16

_ENDING = re.compile(r"(\.(sgf|zip|tar|tgz|tbz2?|txz|gz|bz2|xz))+$", re.IGNORECASE)


def build_table(
    paths: Sequence[str | PathLike[str]],
    options: PrepareOptions | None = None,
    progress: Progress = SILENT,
    *,
    processes: int | None = None,
    before: tuple[GameTable, Sequence[Rejection]] | None = None,
) -> tuple[GameTable, list[Rejection]]:
    """Read archives, files and folders into one table; the result depends on nothing else.

    before is a table that they are added to, with what was left out of it: the result is that of
    reading the archives of that table first.

    Raises ArchiveError if a path cannot be read, if an archive is cut short or broken, so that
    nobody knows what is missing (see `PrepareOptions.skip_broken`), or if no game at all is left.
    """
    options = options or PrepareOptions()
    processes = usable_cores() if processes is None else processes
    map_large_blocks()
    builder = Builder(options)
    if before:
        builder.continue_from(*before)
    try:
        if options.exclude:
            progress.start("reading excluded games", None, "games")
            plain = PrepareOptions(size=options.size)
            for rows in _read_all(options.exclude, plain, [], processes):
                _refuse_broken(rows, "games to exclude have to be complete")
                builder.exclude(rows)
                progress.advance(len(rows.names))
            if before:
                builder.refuse_excluded(before[0])
        progress.start("reading games", None, "games")
        for rows in _read_all(paths, options, builder.sources, processes):
            if not options.skip_broken:
                _refuse_broken(rows, "--skip-broken uses what can be read of it")
            builder.add(rows)
            count = len(rows.names) + len(rows.rejections)
            progress.advance(count, skipped=len(builder.rejections), archive=rows.archive)
    finally:
        progress.finish()
    if not builder.games:
        raise ArchiveError(_nothing_left(paths, builder.rejections))
    return builder.table(), builder.rejections


class Builder:
    """Collects rows, leaving out duplicates and excluded games.

    What it collects lies in arrays that grow in place: a million games are not a million objects.
    """

    def __init__(self, options: PrepareOptions) -> None:
        self.options = options
        self.sources: list[str] = []
        self.rejections: list[Rejection] = []
        self._first: dict[bytes, int] = {}
        self._excluded: dict[bytes, str] = {}
        self._names, self._name_ends = bytearray(), array("q")
        self._events, self._lengths, self._positions = array("H"), array("q"), array("q")
        self._columns = {name: array(np.dtype(kind).char) for name, kind in COLUMNS.items()}
        self._placed = 0

    @property
    def games(self) -> int:
        """How many games there are so far."""
        return len(self._lengths)

    @property
    def names(self) -> list[str]:
        """The names of the games so far."""
        return [self._name(game) for game in range(self.games)]

    def continue_from(self, table: GameTable, rejections: Sequence[Rejection]) -> None:
        """Begin with the games of a table, and those left out of it.

        ConfigError for games that were played to the very end, whose scores would be lost.
        """
        if table.played_out is not None:
            raise ConfigError("games of people cannot be added to a store of self-play")
        self.sources[:] = table.sources
        self.rejections.extend(rejections)
        self._placed = table.handicap_placed
        events = np.asarray(table.events)
        for start, stop in pairwise(table.event_offsets.tolist()):
            self._first[identity(table.size, events[start:stop])] = len(self._first)
        self._names += table.names.text.tobytes()
        self._name_ends.frombytes(table.names.offsets[1:].tobytes())
        self._events.frombytes(events.tobytes())
        self._lengths.frombytes(np.diff(table.event_offsets).tobytes())
        self._positions.frombytes(np.diff(table.position_offsets).tobytes())
        for name, column in self._columns.items():
            column.frombytes(getattr(table, name).tobytes())

    def exclude(self, rows: Rows) -> None:
        """Keep games with these moves, or with these openings, out."""
        for name, opening in zip(rows.names, rows.openings, strict=True):
            self._excluded.setdefault(opening, name)

    def refuse_excluded(self, table: GameTable) -> None:
        """Raise ConfigError where games that were there before are among those to keep out."""
        checker, events = GameChecker(self.options), np.asarray(table.events)
        bounds = pairwise(table.event_offsets.tolist())
        kept = [
            game
            for game, (start, stop) in enumerate(bounds)
            if checker.opening(events[start:stop]) in self._excluded
        ]
        if kept:
            raise ConfigError(
                f"the store holds games to exclude: {len(kept):,}, the first is"
                f" {self._name(kept[0])}; build it anew with --exclude"
            )

    def add(self, rows: Rows) -> None:
        """Add the games of one piece of work, in order."""
        self.rejections.extend(rows.rejections)
        for i in range(len(rows.names)):
            if self._admit(rows, i):
                self._take(rows, i)

    def table(self) -> GameTable:
        """Return everything that was added."""
        ends = np.frombuffer(self._name_ends, np.int64)
        columns: dict[str, Any] = {
            name: np.frombuffer(self._columns[name], kind) for name, kind in COLUMNS.items()
        }
        return GameTable(
            size=self.options.size,
            sources=self.sources,
            names=Names(np.frombuffer(self._names, np.uint8), np.concatenate([[0], ends])),
            events=np.frombuffer(self._events, np.uint16),
            event_offsets=cumulative(np.frombuffer(self._lengths, np.int64)),
            position_offsets=cumulative(np.frombuffer(self._positions, np.int64)),
            handicap_placed=self._placed,
            **columns,
        )

    def _take(self, rows: Rows, i: int) -> None:
        """Add game i of rows."""
        self._names += rows.names[i].encode("utf-8", "replace")
        self._name_ends.append(len(self._names))
        self._events.frombytes(rows.events[i].tobytes())
        self._lengths.append(len(rows.events[i]))
        self._positions.append(rows.positions[i])
        for column, value in zip(self._columns.values(), rows.columns[i], strict=True):
            column.append(value)  # type: ignore[arg-type]
        self._placed += rows.placed[i]

    def _admit(self, rows: Rows, i: int) -> bool:
        """Let game i of rows in, or list it as excluded or duplicate."""
        name = rows.names[i]
        test_game = self._excluded.get(rows.openings[i])
        if test_game is not None:
            self._reject(name, EXCLUDED, f"same opening as {test_game}")
            return False
        first = self._first.setdefault(rows.identities[i], self.games)
        if first < self.games:
            self._reject(name, DUPLICATE, f"same moves as {self._name(first)}")
            return False
        return True

    def _name(self, game: int) -> str:
        begin = self._name_ends[game - 1] if game else 0
        return self._names[begin : self._name_ends[game]].decode("utf-8", "replace")

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
    sources[:] = dict.fromkeys([*sources, *map(source_label, paths)])
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
        if is_archive and rejection.reason in UNFINISHED:
            problem = f"{rejection.name}: {rejection.reason} ({rejection.detail})"
            raise ArchiveError(f"{problem}; {advice}")


def _nothing_left(paths: Sequence[str | PathLike[str]], rejections: list[Rejection]) -> str:
    where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} paths"
    if not rejections:
        return f"no game in {where}"
    reasons = ", ".join(
        f"{reason} {count:,}" for reason, count in count_reasons(rejections).items()
    )
    first = rejections[0]
    such = f"{first.name}: {first.detail}" if first.detail else first.name
    return f"no game left from {where}: {len(rejections):,} skipped ({reasons}), such as {such}"
