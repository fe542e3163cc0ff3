"""What engines of the command line write: their replies, and a log of all traffic."""

import contextlib
import os
import sys
import time
from pathlib import Path

from gopolicy import __version__
from gopolicy.errors import GoPolicyError

PATIENCE = 1.2
"""Seconds that an engine has to end by itself once nobody listens."""


class LogFile:
    """All traffic with the time of day, one line an entry."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8", errors="replace")
        except OSError as error:
            raise GoPolicyError(f"cannot write {path}: {error.strerror or error}") from error
        self.note("!", f"gopolicy {__version__} starts, process {os.getpid()}")

    def note(self, mark: str, text: str) -> None:
        """Write one entry at once; a full disk must not end the game."""
        now = time.time()
        clock = f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}"
        lines = text.split("\n")
        with contextlib.suppress(OSError):
            self._file.write("".join(f"{clock} {mark} {line}\n" for line in lines))
            self._file.flush()


def write_out(data: bytes) -> None:
    """Write to standard output and flush."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
