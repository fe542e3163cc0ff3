"""Accuracy of a network in one call."""

from os import PathLike

from gopolicy.data.selection import GameSelection
from gopolicy.data.store import Store, open_store
from gopolicy.errors import check_count, wrong_kind
from gopolicy.evaluation.accuracy import AccuracyReport, GivesLogProbabilities, evaluate_positions
from gopolicy.evaluation.choose import choose_positions
from gopolicy.progress import SILENT, Progress
from gopolicy.ranges import MAX_BATCH


def evaluate(
    policy: GivesLogProbabilities,
    games: GameSelection | Store | str | PathLike[str],
    *,
    limit: int | None = None,
    batch_size: int = 256,
    progress: Progress = SILENT,
) -> AccuracyReport:
    """Measure how often a network names the move played, over the board moves of some games.

    games are a part of a store, such as ``store.validation``; a store, or the path of one, stands
    for that part.  With limit so many positions are looked at, evenly spread and always the same.
    Figures count all points of the board, illegal ones included.

    Raises StoreError where there is no store at the path, ConfigError where the network plays on
    boards of another size and where no position is left.
    """
    if not isinstance(policy, GivesLogProbabilities):
        raise wrong_kind("a Policy, such as gopolicy.load returns", policy)
    check_count("limit", limit, or_none=True)
    check_count("batch_size", batch_size, MAX_BATCH)
    if isinstance(games, str | PathLike):
        games = open_store(games)
    selection = games.validation if isinstance(games, Store) else games
    if not isinstance(selection, GameSelection):
        raise wrong_kind("a store, its path, or games of it such as store.validation", games)
    ids = choose_positions(selection, limit=limit)
    return evaluate_positions(
        policy, selection.table, ids, batch_size=batch_size, progress=progress
    )
