"""A match: many games between two engines, in parallel if wanted, kept in a folder, resumable.

The folder holds ``game-0001.sgf`` and so on, ``match.json`` with what was agreed, and
``games.jsonl`` with one line for each finished game.  A match that was interrupted goes on with the
games that are missing there.
"""

import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from gopolicy import __version__
from gopolicy.errors import ConfigError, GoPolicyError, OutputError, WeightsError
from gopolicy.evaluation.gtp_client import EngineCrash, EngineProcess
from gopolicy.evaluation.match_game import Ending, Game, Played, Terms
from gopolicy.evaluation.match_tally import MatchResult, tally
from gopolicy.evaluation.openings import opening
from gopolicy.files import write_text
from gopolicy.go.types import Color
from gopolicy.nets.weights import find_weights
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game

_START_SECONDS = 120.0
_SEED = "{seed}"


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
    """Play the games that are not in out yet, and return the result of all."""
    folder = MatchFolder(Path(out), plan) if out is not None else None
    done = folder.finished() if folder else {}
    missing = [number for number in range(1, plan.games + 1) if number not in done]
    progress.start("match", plan.games, "games")
    progress.advance(len(done))
    room = _Room(plan, folder, done, progress)
    try:
        with ThreadPoolExecutor(max_workers=max(parallel, 1)) as pool:
            try:
                for table in [pool.submit(room.serve, missing) for _ in range(max(parallel, 1))]:
                    table.result()
            except BaseException:
                room.closing.set()
                raise
    finally:
        progress.finish()
    return tally(room.done[number] for number in sorted(room.done))


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


class MatchFolder:
    """The games of a match on disk."""

    def __init__(self, path: Path, plan: MatchPlan) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        self._agree(plan)

    def finished(self) -> dict[int, Played]:
        """Return the games played so far by number; a line cut off by a crash does not count."""
        games = self.path / "games.jsonl"
        if not games.exists():
            return {}
        lines = games.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        if len(whole) < len(lines):
            write_text(games, "".join(whole))
        return {game.number: game for game in map(_read_line, whole)}

    def keep(self, played: Played, record: GameRecord) -> None:
        """Write one game."""
        data = write_game(record, {0: Note(comment=played.account)})
        with self._lock:
            name = f"game-{played.number:04d}.sgf"
            write_text(self.path / name, data.decode())
            line = asdict(played) | {"winner": played.winner.name.lower()}
            try:
                with (self.path / "games.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            except OSError as error:
                raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def _agree(self, plan: MatchPlan) -> None:
        """Write what is agreed, or see that it is what was agreed before; games may be added."""
        agreed = {**asdict(plan), "games": None}
        path = self.path / "match.json"
        if not path.exists():
            write_text(path, json.dumps({**agreed, "version": __version__}, indent=2) + "\n")
            return
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(f"{path}: expected JSON ({error})") from error
        for key, value in agreed.items():
            if not isinstance(before, dict) or before.get(key) != value:
                raise ConfigError(f"{self.path} holds another match: {key} differs; use another")


def _read_line(line: str) -> Played:
    """Return the game that a line of ``games.jsonl`` tells of."""
    known = {known_field.name for known_field in fields(Played)}
    try:
        values = {key: value for key, value in json.loads(line).items() if key in known}
        values["winner"] = Color[str(values["winner"]).upper()]
        values["claims"] = tuple(values["claims"])
        return Played(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"games.jsonl: expected a game, got {line[:60]!r}") from error


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
        self.closing = threading.Event()
        self._progress = progress
        self._lock = threading.Lock()

    def serve(self, missing: list[int]) -> None:
        """Play games until none is missing; run by one thread for each table."""
        table = _Table(self.plan)
        try:
            while not self.closing.is_set():
                with self._lock:
                    if not missing:
                        return
                    number = missing.pop(0)
                self._play(table, number)
        except BaseException:
            self.closing.set()
            raise
        finally:
            table.close()

    def _play(self, table: "_Table", number: int) -> None:
        """Play one game and note it."""
        start = time.monotonic()
        game, names = table.set_out(number, self.closing.is_set)
        ending = game.play()
        if self.closing.is_set():
            return
        played = _played(number, ending, game, time.monotonic() - start)
        if ending.end in ("time", "crash"):
            table.close()
        if self.folder:
            self.folder.keep(played, game.record(names, ending))
        with self._lock:
            self.done[number] = played
            result = tally(self.done.values())
            self._progress.advance(1, wins=result.wins, losses=result.losses)
            if played.detail or played.disputed:
                self._progress.message(f"game {number}: {played.result}, {played.account}")


class _Table:
    """Two engines that play one game after the other."""

    def __init__(self, plan: MatchPlan) -> None:
        self._plan = plan
        self._engines: dict[bool, EngineProcess] = {}
        self._names: dict[bool, str] = {}

    def set_out(self, number: int, cancelled: Callable[[], bool]) -> tuple[Game, dict[Color, str]]:
        """Return the game, ready to be played, and the players' names by color."""
        plan, seed = self._plan, self._plan.seed_of(number)
        first_is_black = number % 2 == 1
        colors = {Color.BLACK: first_is_black, Color.WHITE: not first_is_black}
        for is_first in (True, False):
            self._make_ready(is_first, seed)
        game = Game(
            terms=plan.terms,
            engines={color: self._engines[is_first] for color, is_first in colors.items()},
            opening=opening(plan.terms.size, plan.opening_moves, seed),
            cancelled=cancelled,
        )
        return game, {color: self._names[is_first] for color, is_first in colors.items()}

    def close(self) -> None:
        """End both engines."""
        while self._engines:
            self._engines.popitem()[1].close()

    def _make_ready(self, is_first: bool, seed: int) -> None:
        """Start an engine unless it is running; one that wants a seed is started for every game."""
        command = self._plan.first if is_first else self._plan.second
        if _SEED in command and is_first in self._engines:
            self._engines.pop(is_first).close()
        if is_first in self._engines:
            return
        engine = EngineProcess(command_words(command, seed))
        self._engines[is_first] = engine
        try:
            name, version = (engine.ask(word, _START_SECONDS) for word in ("name", "version"))
        except EngineCrash as error:
            raise ConfigError(f"{command!r} is no GTP engine: {error}") from error
        except GoPolicyError as error:
            raise ConfigError(f"{command!r}: {error}") from error
        self._names[is_first] = f"{name} {version}".strip()


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
