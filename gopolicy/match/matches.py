"""A match: many games between two engines, in parallel if wanted, kept in a folder, resumable.

The folder holds ``game-0001.sgf`` and so on, ``match.json`` with what was agreed, and
``games.jsonl`` with one line for each finished game.  A match that was interrupted goes on with the
games that are missing there.
"""

import json
import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gopolicy import __version__
from gopolicy.errors import ConfigError, OutputError, WeightsError
from gopolicy.files import parse_json, read_json, read_limited, write_text, writing_alone
from gopolicy.go.types import Color
from gopolicy.gtp.client import EngineProcess
from gopolicy.match.match_game import Ending, Game, Played, Terms
from gopolicy.match.match_tally import MatchResult, add_up_games
from gopolicy.match.openings import opening
from gopolicy.nets.weight_info import find_weights, shipped_weights
from gopolicy.progress import SILENT, Progress
from gopolicy.ranges import MAX_MATCH_SEED, Range, shortened
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game

MAX_GAMES = 1 << 30
"""The longest ``games.jsonl`` that is read, in bytes: some millions of games."""
_START_SECONDS = 120.0
_SEEDS = Range(0, MAX_MATCH_SEED)
_SEED = "{seed}"
_KINDS: dict[str, Any] = {
    **dict.fromkeys(("number", "moves"), int),
    **dict.fromkeys(("winner", "result", "end", "detail"), str),
    "first_is_black": bool,
    "seconds": int | float,
    "claims": list,
}
"""What a line of ``games.jsonl`` holds: the fields of `Played`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPlan:
    """Who plays how many games and on what terms."""

    first: str
    """A command line, or the name or path of weights; has Black in the odd games.
    ``{seed}`` stands for another number in each game."""
    second: str
    games: int = 100
    seed: int = 1
    opening_moves: int = 4
    """Moves of the opening, from 0 to 4; the same one for two games with colors exchanged."""
    terms: Terms = field(default_factory=Terms)

    def __post_init__(self) -> None:
        if self.games < 1:
            raise ConfigError(f"expected at least 1 game, got {self.games}")
        if self.seed not in _SEEDS:
            raise ConfigError(f"expected seed {_SEEDS}, got {shortened(self.seed)}")
        if not 0 <= self.opening_moves <= 4:
            raise ConfigError(f"expected 0 to 4 opening moves, got {self.opening_moves}")

    def seed_of(self, number: int) -> int:
        """Return the seed of a game, which it shares with the other of its pair."""
        return self.seed * 1_000_003 + (number - 1) // 2


def play_match(
    plan: MatchPlan,
    out: str | os.PathLike[str] | None = None,
    *,
    parallel: int = 1,
    progress: Progress = SILENT,
) -> MatchResult:
    """Play the games that are not in out yet, and return the result of all.

    Raises ConfigError for a player that is neither weights nor a program.
    """
    with writing_alone(out) if out is not None else nullcontext():
        return _play_match(plan, out, parallel, progress)


def _play_match(
    plan: MatchPlan, out: str | os.PathLike[str] | None, parallel: int, progress: Progress
) -> MatchResult:
    folder = MatchFolder(Path(out), plan) if out is not None else None
    done = folder.finished() if folder else {}
    missing = [number for number in range(1, plan.games + 1) if number not in done]
    for player in (plan.first, plan.second) if missing else ():
        _check_player(player, plan.seed)
    progress.start("match", plan.games, "games")
    progress.advance(len(done))
    room = _Room(plan, folder, done, progress)
    try:
        with ThreadPoolExecutor(max_workers=max(parallel, 1)) as pool:
            try:
                for table in [pool.submit(room.serve, missing) for _ in range(max(parallel, 1))]:
                    table.result()
            except BaseException:
                room.break_off()
                raise
    finally:
        progress.finish()
    return add_up_games(room.done[number] for number in sorted(room.done))


def command_words(player: str, seed: int) -> list[str]:
    """Return the command line of a player; weights are played by ``gopolicy gtp``.

    >>> command_words("gnugo --mode gtp --seed {seed}", 7)
    ['gnugo', '--mode', 'gtp', '--seed', '7']
    """
    try:
        folder = find_weights(player)
    except WeightsError:
        try:
            words = shlex.split(player)
        except ValueError as error:
            raise ConfigError(f"expected a command line, got {player!r} ({error})") from error
        if not words:
            raise ConfigError("expected a command line or weights, got nothing") from None
        return [word.replace(_SEED, str(seed)) for word in words]
    return [sys.executable, "-m", "gopolicy", "gtp", "--weights", str(folder)]


def _check_player(player: str, seed: int) -> None:
    """Raise ConfigError for a command line whose program is not there."""
    words = command_words(player, seed)
    if shutil.which(words[0]) is None:
        names = ", ".join(shipped_weights())
        raise ConfigError(f"cannot start {words[0]!r}: no program, no weights ({names})")


class MatchFolder:
    """The games of a match on disk."""

    def __init__(self, path: Path, plan: MatchPlan) -> None:
        self.path, self._plan = path, plan
        self._lock = threading.Lock()
        if (path / "match.json").exists():
            self._check_agreed()

    def finished(self) -> dict[int, Played]:
        """Return the games played so far by number; a line cut off by a crash does not count."""
        games = self.path / "games.jsonl"
        if not games.exists():
            return {}
        try:
            *whole, rest = read_limited(games, MAX_GAMES).split(b"\n")
        except OSError as error:
            raise ConfigError(f"{games}: {error.strerror or error}") from error
        found = [_read_line(line, f"{games}, line {n}") for n, line in enumerate(whole, 1)]
        if rest:
            write_text(games, "".join(f"{line.decode()}\n" for line in whole))
        return {game.number: game for game in found}

    def keep(self, played: Played, record: GameRecord) -> None:
        """Write one game, and with the first one what was agreed."""
        data = write_game(record, notes={0: Note(comment=played.account)})
        with self._lock:
            if not (self.path / "match.json").exists():
                agreed = {**asdict(self._plan), "games": None, "version": __version__}
                write_text(self.path / "match.json", json.dumps(agreed, indent=2) + "\n")
            name = f"game-{played.number:04d}.sgf"
            write_text(self.path / name, data.decode())
            line = asdict(played) | {"winner": played.winner.name.lower()}
            try:
                with (self.path / "games.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            except OSError as error:
                raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def _check_agreed(self) -> None:
        """Raise ConfigError unless the plan is what was agreed before; games may be added."""
        agreed = {**asdict(self._plan), "games": None}
        path = self.path / "match.json"
        try:
            before = read_json(path)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror or error}") from error
        except ValueError as error:
            raise ConfigError(f"{path}: expected JSON ({error})") from error
        for key, value in agreed.items():
            if not isinstance(before, dict) or before.get(key) != value:
                raise ConfigError(f"{self.path} holds another match: {key} differs; use another")


def _read_line(line: bytes, where: str) -> Played:
    try:
        values = parse_json(line.decode("utf-8"))
    except ValueError as error:
        raise ConfigError(f"{where}: expected JSON ({error})") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a game, got {values!r:.60}")
    for key, kind in _KINDS.items():
        value = values.get(key)
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, kind):
            raise ConfigError(f"{where}: expected a game, got {key} {value!r:.60}")
    if values["number"] < 1 or values["moves"] < 0:
        raise ConfigError(f"{where}: expected a game, got number {values['number']}")
    claims = values["claims"]
    if len(claims) != 2 or not all(isinstance(claim, str) for claim in claims):
        raise ConfigError(f"{where}: expected a game, got claims {claims!r:.60}")
    winner = values["winner"].upper()
    if winner not in Color.__members__:
        raise ConfigError(f"{where}: expected a game, got winner {values['winner']!r:.60}")
    known = {key: values[key] for key in _KINDS}
    return Played(**known | {"winner": Color[winner], "claims": (claims[0], claims[1])})


class _Room:
    """Where the games are played; tables share the list of games to play."""

    def __init__(
        self,
        plan: MatchPlan,
        folder: MatchFolder | None,
        done: Mapping[int, Played],
        progress: Progress,
    ) -> None:
        self.plan, self.folder, self.done = plan, folder, dict(done)
        self._closing = threading.Event()
        self._tables: list[_Table] = []
        self._progress = progress
        self._lock = threading.Lock()

    def break_off(self) -> None:
        """Let the games under way end at once, uncounted, by an end of their engines."""
        self._closing.set()
        for table in list(self._tables):
            table.kill()

    def serve(self, missing: list[int]) -> None:
        """Play games until none is missing; run by one thread for each table."""
        table = _Table(self.plan, self._closing)
        self._tables.append(table)
        try:
            while not self._closing.is_set():
                with self._lock:
                    if not missing:
                        return
                    number = missing.pop(0)
                self._play(table, number)
        except BaseException:
            if not self._closing.is_set():  # else its engines were killed, which is no news
                self.break_off()
                raise
        finally:
            table.close()

    def _play(self, table: "_Table", number: int) -> None:
        start = time.monotonic()
        game, names = table.set_out(number)
        ending = game.play()
        if self._closing.is_set():
            return
        played = _played(number, ending, game, time.monotonic() - start)
        if self.folder:
            self.folder.keep(played, game.record(names, ending))
        with self._lock:
            self.done[number] = played
            result = add_up_games(self.done.values())
            self._progress.advance(1, wins=result.wins, losses=result.losses)
            if played.detail or played.disputed:
                self._progress.message(f"game {number}: {played.result}, {played.account}")


class _Table:
    """Two engines that play one game after the other."""

    def __init__(self, plan: MatchPlan, closing: threading.Event) -> None:
        self._plan, self._closing = plan, closing
        self._engines: dict[bool, EngineProcess] = {}
        self._names: dict[bool, str] = {}

    def set_out(self, number: int) -> tuple[Game, dict[Color, str]]:
        """Return the game, ready to be played, and the players' names by color."""
        plan, seed = self._plan, self._plan.seed_of(number)
        first_is_black = number % 2 == 1
        colors = {Color.BLACK: first_is_black, Color.WHITE: not first_is_black}
        for is_first in (True, False):
            self._start_engine(is_first, seed)
        game = Game(
            terms=plan.terms,
            engines={color: self._engines[is_first] for color, is_first in colors.items()},
            opening=opening(plan.terms.size, plan.opening_moves, seed),
            cancelled=self._closing.is_set,
        )
        return game, {color: self._names[is_first] for color, is_first in colors.items()}

    def close(self) -> None:
        """End both engines."""
        while self._engines:
            self._engines.popitem()[1].close()

    def kill(self) -> None:
        """End both engines at once, from any thread."""
        for engine in list(self._engines.values()):
            engine.kill()

    def _start_engine(self, is_first: bool, seed: int) -> None:
        """Start an engine unless it is ready; one that wants a seed is started for every game."""
        command = self._plan.first if is_first else self._plan.second
        if is_first in self._engines:
            if self._engines[is_first].usable and _SEED not in command:
                return
            self._engines.pop(is_first).close()
        engine = EngineProcess(command_words(command, seed))
        self._engines[is_first] = engine
        if self._closing.is_set():  # it came too late to be killed with the others
            engine.kill()
        self._names[is_first] = engine.handshake(command, _START_SECONDS)


def _played(number: int, ending: Ending, game: Game, seconds: float) -> Played:
    return Played(
        number=number,
        first_is_black=number % 2 == 1,
        winner=ending.winner,
        result=ending.result,
        end=ending.end,
        detail=ending.detail,
        moves=game.board.ply,
        seconds=round(seconds, 3),
        claims=ending.claims,
    )
