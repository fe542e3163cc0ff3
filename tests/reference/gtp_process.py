"""An engine as a process, with the bare pipes to it: nothing in between waits or checks."""

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO


def gopolicy_gtp(*options: str) -> list[str]:
    """Return the command line of our engine."""
    return [sys.executable, "-m", "gopolicy", "gtp", *options]


class Process:
    """A running engine and the pipes to it."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def send(self, data: str | bytes) -> None:
        self.input.write(data if isinstance(data, bytes) else data.encode())
        self.input.flush()

    def line(self) -> str:
        """Return the next line, its line break included."""
        return self.output.readline().decode()

    def reply(self) -> str:
        """Return the next reply without the empty line and blanks that end it."""
        lines = []
        while (line := self.line()) not in ("\n", ""):
            lines.append(line)
        return "".join(lines).rstrip()

    def end(self) -> tuple[int, str, float]:
        """Return the exit status, what was said to people, and how long it took to end."""
        start = time.monotonic()
        try:
            status = self.process.wait(60)
        finally:
            self.process.kill()
        assert self.process.stderr is not None
        return status, self.process.stderr.read().decode(), time.monotonic() - start

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                continue
        self.process.kill()
        self.process.wait()

    @property
    def input(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout
