"""GTP: lines to an engine in this process, with a tiny network; one sound reply to each command."""

import os
import random
import re
from pathlib import Path

from fuzz.harness import INPUT, Execution, Finding
from fuzz.mutate import WRONG_NUMBERS, damaged
from fuzz.seeds import games, write_weights
from gopolicy.cli.gtp_files import SgfFiles
from gopolicy.gtp.commands import all_commands
from gopolicy.gtp.protocol import GtpEngine, parse_request
from gopolicy.gtp.session import Session
from gopolicy.play.bot import Bot, BotOptions
from gopolicy.play.player_settings import PlayerSettings

_LINES = 24
_REPLY = re.compile(rb"[=?][0-9]*( [^\n]+)?\n([^\n]+\n)*\n")
_WORDS = (
    *("b", "w", "black", "B4", "d4", "A1", "J9", "T19", "pass", "resign", "Z99", "i5", "aa", "all"),
    *("game.sgf", "out.sgf", "missing/x.sgf", ".", "9", "5", "19", "7.5", "0", "10", "chinese"),
    *("japanese", "aga", "byoyomi", "canadian", "none", "absolute", "fischer", "ownership"),
    *("true", "false", "minmoves", "interval", "avoid", "allow", "B3,C3", "dead", "alive", "seki"),
    *("temperature", "top_p", "seed", "max_seconds", "resign_below", "ko", "POSITIONAL", "suicide"),
    *('{"ko":"SIMPLE"}', '{"scoring":[1]}', '{"a":1e999}', "[]", '{"tax":{}}', "#", "é", "\u2028"),
)


class _Wire:
    """What the engine writes, and what it notes down of its own faults."""

    def __init__(self) -> None:
        self.written = b""
        self.faults: list[str] = []

    def write(self, data: bytes) -> None:
        """Take a reply, or a part of one."""
        self.written += data

    def note(self, mark: str, text: str) -> None:
        """Take an entry of the journal."""
        if mark == "!":
            self.faults.append(text)


class _Script:
    """One line of input, and a frontend that soon interrupts what goes on."""

    def __init__(self, line: bytes) -> None:
        self.lines, self.patience = [line], 2

    def next(self) -> bytes | None:
        """Return the line, then None."""
        return self.lines.pop() if self.lines else None

    def wait(self, seconds: float) -> bool:
        """Interrupt the third time."""
        self.patience -= 1
        return self.patience < 0


def make(folder: Path) -> Execution:
    """Return one execution: a short game of odd commands."""
    weights = str(write_weights(folder / "weights"))
    os.chdir(folder)
    (folder / "game.sgf").write_bytes(games()[0])

    def execute(dice: random.Random) -> None:
        play = PlayerSettings(max_seconds=0.05)
        bot = Bot(BotOptions(weights=weights, device="cpu", threads=1, play=play))
        session, wire = Session(bot, size=dice.choice((9, 9, 5, 2))), _Wire()
        commands = all_commands(session, SgfFiles(), "gopolicy", "1")
        engine = GtpEngine(commands, write=wire.write, journal=wire)
        sent: list[bytes] = []
        for _ in range(_LINES):
            line = _line(dice, sorted(commands))
            sent.append(line)
            (folder / INPUT).write_bytes(b"\n".join(sent))
            _send(engine, wire, line)

    return execute


def _line(dice: random.Random, names: list[str]) -> bytes:
    """Return a line that is a command or looks a little like one."""
    if dice.random() < 0.3:
        line = f"play {dice.choice('bw')} {dice.choice('ABCDEFGHJ')}{dice.randrange(1, 10)}"
    else:
        choices = dice.choice((_WORDS, WRONG_NUMBERS, _WORDS))
        words = [dice.choice(names), *dice.choices(choices, k=dice.choice((0, 1, 1, 2, 2, 3, 6)))]
        line = " ".join(words)
    data = line.encode("utf-8").replace(b"\n", b"")
    if dice.random() < 0.15:
        data = damaged(dice, data, tokens=(b" ", b"\t", b"\0", b"{", b"[" * 5000, b'"', b"1" * 50))
    elsewhere = b"/" in data or b"log" in data  # no files but in the folder
    return b"name" if elsewhere and not data.startswith(b"loadsgf") else data


def _send(engine: GtpEngine, wire: _Wire, line: bytes) -> None:
    """Send one line and look at the reply."""
    wire.written = b""
    engine.run(_Script(line.replace(b"\n", b" ")))
    if wire.faults:
        fault = wire.faults[-1].strip()
        raise Finding(f"{fault.splitlines()[-1]}\n{fault}")
    request = parse_request(line.replace(b"\n", b" "))
    if (request is None) != (not wire.written):
        raise Finding("no reply to a command, or one to nothing")
    if wire.written and not _REPLY.fullmatch(wire.written):
        raise Finding(f"no sound reply: {wire.written[:200]!r}")
