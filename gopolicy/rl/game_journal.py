"""The journal of a run of self-play: every game is appended when it ends.

A process that is killed loses the games under way and nothing else.  The file begins with a line of
JSON that says what the games are; what is cut off or damaged behind it ends the journal there, and
those games are played again.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from gopolicy.errors import ConfigError, GoPolicyError, OutputError
from gopolicy.files import hold, open_regular, parse_json
from gopolicy.rl.finished_game import FinishedGame

FORMAT = "gopolicy self-play journal 1"
_HEAD = struct.Struct("<4sQIIHHh?")  # mark, number, start, events, black, white, score, passes
_SUM = struct.Struct("<I")
_MARK = b"game"
_MAX_LINE = 1 << 16
_MAX_EVENTS = 1 << 17


class GameJournal:
    """A journal that is open for writing, with the games that it holds."""

    def __init__(
        self, path: Path, facts: Mapping[str, Any], size: int, *, resume: bool = True
    ) -> None:
        """Open or begin a journal of games of these facts, on boards of this size.

        ConfigError where the file holds something else or games of other facts, or is there without
        resume, and OutputError where it cannot be written or another process writes it.  What is
        damaged at its end is cut off.
        """
        self.path = path
        self._size = size
        wanted = {"format": FORMAT, **facts}
        self.games: dict[int, FinishedGame] = {}
        try:
            known = path.exists()
            if known:
                open_regular(path).close()
            self._file = path.open("a+b")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        try:
            hold(self._file.fileno(), path)
            if known and not resume:
                what = "holds games of a run that was stopped: resume it, or delete it"
                raise ConfigError(f"{path} {what}")
            whole = self._read(wanted) if known else 0
            self._file.truncate(whole)
            if not whole:
                self._file.write(json.dumps(wanted).encode() + b"\n")
                self._file.flush()
        except GoPolicyError:
            self._file.close()
            raise
        except OSError as error:
            self._file.close()
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error

    def add(self, game: FinishedGame) -> None:
        """Append a game; OutputError where that is impossible."""
        head = _HEAD.pack(
            _MARK,
            game.number,
            game.start,
            len(game.events),
            game.black,
            game.white,
            game.score,
            game.ended == "passes",
        )
        data = head + game.events.astype("<u2").tobytes() + game.ownership.tobytes()
        try:
            self._file.write(data + _SUM.pack(zlib.crc32(data)))
            self._file.flush()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        self.games[game.number] = game

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def remove(self) -> None:
        """Close and delete the file, whose games are kept elsewhere by now."""
        self.close()
        os.unlink(self.path)

    def _read(self, wanted: Mapping[str, Any]) -> int:
        """Read all games; return the bytes up to the first that is cut off or damaged."""
        with open_regular(self.path) as file:
            _check_facts(self.path, file.readline(_MAX_LINE), wanted)
            whole = file.tell()
            for game in _games(file, self._size):
                self.games[game.number] = game
                whole = file.tell()
        return whole


def _check_facts(path: Path, line: bytes, wanted: Mapping[str, Any]) -> None:
    """Raise ConfigError unless a journal that begins with this line is one of these facts."""
    try:
        found = parse_json(line.decode("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ConfigError(f"{path} is no journal of self-play")
    for key, value in wanted.items():
        if found.get(key) != value:
            was = f"{found.get(key)!r:.60}"
            raise ConfigError(f"{path} holds games with {key} {was}, not {value!r:.60}")


def _games(file: BufferedReader, size: int) -> Iterator[FinishedGame]:
    """Yield the games that follow, up to the first that is cut off or damaged."""
    points = size * size
    while True:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        mark, number, start, length, black, white, score, passes = _HEAD.unpack(head)
        if mark != _MARK or length > _MAX_EVENTS or start > length:
            return
        body = file.read(2 * length + points)
        check = file.read(_SUM.size)
        if len(check) < _SUM.size or _SUM.unpack(check)[0] != zlib.crc32(head + body):
            return
        yield FinishedGame(
            number=number,
            events=np.frombuffer(body, "<u2", length).astype(np.uint16),
            start=start,
            black=black,
            white=white,
            score=score,
            ownership=np.frombuffer(body, np.int8, points, 2 * length).copy(),
            ended="passes" if passes else "limit",
        )
