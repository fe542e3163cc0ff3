"""From archives to a store in one call."""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from functools import partial
from os import PathLike

from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import Store, check_target, open_store, read_rejected, write_store
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError, check_count, wrong_kind
from gopolicy.files import named, writing_alone
from gopolicy.progress import SILENT, Progress
from gopolicy.ranges import MAX_AT_ONCE
from gopolicy.sgf.record import Rejection

_Built = tuple[GameTable, list[Rejection]]


def prepare(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    out: str | PathLike[str],
    options: PrepareOptions | None = None,
    *,
    add: bool = False,
    processes: int | None = None,
    progress: Progress = SILENT,
) -> Store:
    """Build a store from SGF files, folders and archives, and open it.

    paths is one of them or several; processes read them, by default one per core.  What is left
    out is listed in ``rejected.tsv`` of the store and counted in its ``meta``.  With add they are
    added to the store that is there, which is then as if it had been built from all at once; its
    filters hold, and options may only repeat them.

    Raises ConfigError for impossible arguments and where a store was built with other filters,
    ArchiveError where nothing can be read, OutputError where the store cannot be written.
    """
    if isinstance(paths, str | PathLike):
        paths = [paths]
    if isinstance(paths, bytes) or not isinstance(paths, Iterable):
        raise wrong_kind("the path of an archive, a folder or a file of games, or several", paths)
    sources = [named(path) for path in paths]
    if not sources:
        raise ConfigError("expected at least one path of games, got none")
    options = PrepareOptions() if options is None else options
    if not isinstance(options, PrepareOptions):
        raise wrong_kind("PrepareOptions", options)
    check_count("processes", processes, MAX_AT_ONCE, or_none=True)
    out = named(out)
    check_target(out)
    reading = partial(build_table, sources, progress=progress, processes=processes)
    if add:
        open_store(out)  # what is no store is not held
        with writing_alone(out):  # what another process adds meanwhile would be lost
            _add(open_store(out), options, reading)
    else:
        write_store(*reading(options), out, options)
    return open_store(out)


def _add(store: Store, options: PrepareOptions, reading: Callable[..., _Built]) -> None:
    """Put a larger store in the place of one."""
    options = _options_of(store, options)
    placed = store.meta.get("handicap_placed", 0)
    before = replace(store.table, handicap_placed=placed), read_rejected(store.path)
    write_store(*reading(options, before=before), store.path, options)


def _options_of(store: Store, given: PrepareOptions) -> PrepareOptions:
    """Return the options that a store was built with; refuse others, unless they are the usual."""
    kept = store.meta["options"]
    for name, usual in PrepareOptions().as_json().items():
        value = given.as_json()[name]
        before = kept.get(name, usual)
        if name not in ("exclude", "skip_broken") and value not in (usual, before):
            raise ConfigError(f"{store.path} was built with {name} {before}, not {value}")
    missing = sorted(set(kept.get("exclude", ())) - set(given.as_json()["exclude"]))
    if missing:
        raise ConfigError(
            f"{store.path} was built without the games of {', '.join(missing)}; give them again"
            " to --exclude"
        )
    known = {item.name for item in fields(PrepareOptions)} - {"exclude", "skip_broken"}
    values = {name: kept[name] for name in known if name in kept}
    return replace(given, **values)
