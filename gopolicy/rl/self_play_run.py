"""A run of self-play that ends in a store."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gopolicy.data.build import Builder
from gopolicy.data.filtering import GameChecker, Rows
from gopolicy.data.played_out import PlayedOut
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.store import Store, check_target, open_store, write_store
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.files import check_folder, named, write_text
from gopolicy.go.scoring import Score
from gopolicy.policy.policy import Policy
from gopolicy.progress import SILENT, Progress
from gopolicy.rl.finished_game import FinishedGame
from gopolicy.rl.game_journal import GameJournal
from gopolicy.rl.self_play import SelfPlay, SelfPlaySettings
from gopolicy.rl.store_starts import StoreStarts
from gopolicy.sgf.record import GameRecord, Rejection
from gopolicy.sgf.write import Note, write_game
from gopolicy.training.interruption import stop_on_signals

BROKEN_OFF = "broken off"
SOURCE = "selfplay"
"""The source that the games of the store are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPlayPlan:
    """What a run is to do."""

    out: Path
    """The store to write or replace; the journal stands beside it, with ``.journal`` behind."""
    weights: str
    """The name of the network, for the records."""
    settings: SelfPlaySettings
    games: int | None = None
    """How many games; None: 100, or with a store to begin from, every position of it once."""
    parallel: int = 64
    """Games in step."""
    seed: int = 0
    source: Path | None = None
    """A store whose positions the games begin at."""
    per_game: int = 1
    """Positions of each of its games."""
    sgf: Path | None = None
    """A folder for the games as SGF."""
    resume: bool = False
    """Go on with the games in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPlayResult:
    """What a run has come to."""

    store: Store | None
    """None where no game was played to its end."""
    games: list[FinishedGame]
    """All that have ended, by number, those of earlier sessions too."""
    wanted: int
    """Games that there are in the end."""
    signal: int
    """What stopped the run, 0 if nothing did."""
    plies: int
    """Moves and passes played in this session."""
    seconds: float
    """Of this session."""
    waited: float
    """The share of it in which no network was at work."""


def run_self_play(
    plan: SelfPlayPlan, policy: Policy, progress: Progress = SILENT
) -> SelfPlayResult:
    """Play the games of a plan and write the store.

    Ctrl-C or SIGTERM writes a store of the games that have ended, and the journal stays; without,
    the journal is removed in the end.  Raises ConfigError where the journal holds other games, and
    where all were broken off and no SGFs are wanted; StoreError for a damaged store to begin from;
    OutputError where something cannot be written.
    """
    plan = replace(plan, out=named(plan.out))
    check_target(plan.out)
    if plan.sgf is not None:
        check_folder(plan.sgf)
    source = None if plan.source is None else open_store(plan.source)
    starts = None if source is None else _starts(plan, source)
    wanted = plan.games or (100 if starts is None else len(starts))
    journal = _journal(plan, policy, source)
    begin = time.perf_counter()
    try:
        if max(journal.games, default=0) >= wanted:
            count = max(journal.games) + 1
            raise ConfigError(f"{journal.path} holds games up to {count:,}: ask for as many")
        play = SelfPlay(
            [policy], plan.settings, games=min(plan.parallel, wanted), seed=plan.seed, starts=starts
        )
        stopped = _play(play, journal, wanted, plan, progress)
        games = [journal.games[number] for number in sorted(journal.games)]
        ended = any(game.ended == "passes" for game in games)
        if games and not ended and not stopped and plan.sgf is None:
            raise ConfigError(
                f"none of {len(games):,} games was played to its end, so there is no store; with"
                " --resume --sgf DIR they are written as they are"
            )
        store = _write(plan, games, starts, source) if ended else None
        if len(games) == wanted:
            journal.remove()
    finally:
        journal.close()
    return SelfPlayResult(
        store=store,
        games=games,
        wanted=wanted,
        signal=stopped,
        plies=play.plies,
        seconds=time.perf_counter() - begin,
        waited=play.waited / play.seconds if play.seconds else 0.0,
    )


def _starts(plan: SelfPlayPlan, source: Store) -> StoreStarts:
    """Return the positions to begin at."""
    size = plan.settings.size
    if source.table.size != size:
        own = source.table.size
        raise ConfigError(f"{source.path} holds games on {own}x{own}, the network plays {size}")
    return StoreStarts(source, seed=plan.seed, per_game=plan.per_game)


def _journal(plan: SelfPlayPlan, policy: Policy, source: Store | None) -> GameJournal:
    """Open the journal; without ``resume`` there must be none."""
    path = plan.out.with_name(plan.out.name + ".journal")
    facts: dict[str, Any] = {
        "network": policy.info.sha256,
        "backend": policy.backend_for("fp32"),
        "seed": plan.seed,
        "from": None if source is None else source.digest,
        "per_game": plan.per_game,
        **asdict(plan.settings),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    return GameJournal(path, facts, plan.settings.size, resume=plan.resume)


def _play(
    play: SelfPlay, journal: GameJournal, wanted: int, plan: SelfPlayPlan, progress: Progress
) -> int:
    """Play what is missing; return the signal that stopped it, or 0."""
    if plan.sgf is not None:
        plan.sgf.mkdir(parents=True, exist_ok=True)
        for game in journal.games.values():
            _write_sgf(game, plan, plan.sgf)
    missing = [number for number in range(wanted) if number not in journal.games]
    progress.start("playing", wanted, "games")
    progress.advance(wanted - len(missing))
    with stop_on_signals() as request:

        def go_on() -> bool:
            progress.advance(0, plies_per_second=round(play.plies / max(play.seconds, 1e-9)))
            return not request

        try:
            for game in play.play(missing, go_on):
                journal.add(game)
                if plan.sgf is not None:
                    _write_sgf(game, plan, plan.sgf)
                progress.advance(1)
        finally:
            progress.finish()
    return request.signal if len(journal.games) < wanted else 0


def _record(game: FinishedGame, plan: SelfPlayPlan) -> GameRecord:
    """Return a game as a record."""
    komi = plan.settings.komi
    score = str(Score(black=float(game.score), white=komi))
    return GameRecord(
        size=plan.settings.size,
        events=game.events,
        black=plan.weights,
        white=plan.weights,
        komi=komi,
        result=score if game.ended == "passes" else "Void",
        name=f"selfplay#{game.number}",
    )


def _write_sgf(game: FinishedGame, plan: SelfPlayPlan, folder: Path) -> None:
    """Write a game as SGF."""
    remark = f"self-play, game {game.number}, seed {plan.seed}"
    if game.start:
        remark += f"; the first {game.start} moves are of a game of {plan.source}"
    data = write_game(_record(game, plan), notes={0: Note(comment=remark)})
    write_text(folder / f"game-{game.number:06d}.sgf", data.decode("utf-8"))


def _write(
    plan: SelfPlayPlan, games: list[FinishedGame], starts: StoreStarts | None, source: Store | None
) -> Store:
    """Write the store and open it."""
    validation = PrepareOptions().validation
    if source is not None:
        validation = source.meta["options"]["validation"]
    options = PrepareOptions(size=plan.settings.size, validation=validation)
    table, rejections = played_table(((game, _record(game, plan)) for game in games), options)
    if starts is not None and source is not None:
        numbers = [int(name.rpartition("#")[2]) for name in table.names]
        taken = [starts.game(number) for number in numbers]
        table = replace(table, split_key=source.table.split_key[taken])
    write_store(table, rejections, plan.out, options)
    return open_store(plan.out)


def played_table(
    games: Iterable[tuple[FinishedGame, GameRecord]], options: PrepareOptions
) -> tuple[GameTable, list[Rejection]]:
    """Return a table of games and their records, with scores and owners, and what is left out.

    Left out are games that were broken off, that have no move, or the moves of an earlier one.
    ConfigError if nothing is left.
    """
    builder, checker, rows = Builder(options), GameChecker(options), Rows()
    builder.sources.append(SOURCE)
    finished = {}
    for game, record in games:
        refused = checker.refuse(record)
        if game.ended != "passes":
            detail = f"after {len(game.events) - game.start} moves"
            refused = Rejection(name=record.name, reason=BROKEN_OFF, detail=detail)
        if refused is None:
            checker.add(rows, record, 0)
            finished[record.name] = game
        else:
            rows.rejections.append(refused)
    builder.add(rows)
    if not builder.names:
        raise ConfigError(f"none of {len(rows.rejections):,} games was played to its end")
    kept = [finished[name] for name in builder.names]
    played_out = PlayedOut.pack(
        options.size,
        [game.score for game in kept],
        [game.start for game in kept],
        np.stack([game.ownership for game in kept]),
    )
    return replace(builder.table(), played_out=played_out), builder.rejections
