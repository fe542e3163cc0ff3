"""The other end of GTP: starts an engine as a program of its own and asks it, never for ever."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import IO, cast

from gopolicy.errors import ConfigError, GoPolicyError

_FAREWELL = 2.0
"""Seconds an engine has to end by itself after ``quit``."""
_LONGEST_LINE = 1 << 16
"""Bytes; what is longer is taken for several lines."""
_LONGEST_REPLY = 4096
"""Lines that wait in memory at most; an engine that says more is in error."""


class EngineCrash(GoPolicyError):
    """An engine ended, or said something that is no reply."""


class EngineTimeout(GoPolicyError):
    """An engine did not answer in time."""


class EngineRefusal(GoPolicyError):
    """An engine answered a command with an error."""


class EngineProcess:
    """One engine; not for use by several threads at once."""

    def __init__(self, words: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # an interrupt at the keyboard is for us alone
            )
        except OSError as error:
            raise ConfigError(f"cannot start {words[0]!r}: {error.strerror or error}") from error
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        self._errors = cast("IO[bytes]", self._process.stderr)
        self.usable = True
        """False once it has crashed or not answered in time: what it says later answers nothing."""
        self._lines: queue.Queue[bytes | None] = queue.Queue(_LONGEST_REPLY)
        self._remarks: deque[bytes] = deque(maxlen=20)
        self._threads = [
            threading.Thread(target=self._read, args=(self._output,), daemon=True),
            threading.Thread(target=self._read_remarks, args=(self._errors,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def process_id(self) -> int:
        """The number of the process, for whoever wants to watch it."""
        return self._process.pid

    def handshake(self, called: str, seconds: float) -> str:
        """Ask for name and version, as frontends do first, and return them in one line.

        ConfigError, in which the engine is called so, where it does not answer or is none.
        """
        try:
            name, version = (self.ask(word, seconds) for word in ("name", "version"))
        except EngineCrash as error:
            raise ConfigError(f"{called!r} is no GTP engine: {error}") from error
        except GoPolicyError as error:
            raise ConfigError(f"{called!r}: {error}") from error
        return f"{name} {version}".strip()

    def ask(self, command: str, seconds: float) -> str:
        """Send a command and return its reply without the sign.

        Raises EngineRefusal for an error that it answers; EngineCrash or EngineTimeout, after which
        it is not usable.
        """
        try:
            text = self._answer_to(command, seconds)
        except (EngineCrash, EngineTimeout):
            self.usable = False
            raise
        if text.startswith("?"):
            raise EngineRefusal(f"{command}: {text[1:].strip() or 'refused'}")
        return text[1:].strip()

    def kill(self) -> None:
        """End the engine at once, from any thread; whoever asks it meanwhile gets EngineCrash."""
        if hasattr(os, "killpg"):  # and what it started itself, if it is a script around another
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def close(self) -> None:
        """End the engine, by force if need be."""
        try:
            self._input.write(b"quit\n")
            self._input.close()
        except OSError:
            pass
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._read_out()
        for stream in (self._output, self._errors):
            stream.close()

    def _read_out(self) -> None:
        """See the threads end; what an engine left behind it may hold the pipes open."""
        deadline = time.monotonic() + _FAREWELL
        while any(thread.is_alive() for thread in self._threads):
            with contextlib.suppress(queue.Empty):
                self._lines.get(timeout=0.05)  # a thread may wait for room
            if time.monotonic() > deadline:
                self.kill()

    def _answer_to(self, command: str, seconds: float) -> str:
        """Send a command and return its reply with the sign."""
        try:
            self._input.write(command.encode() + b"\n")
            self._input.flush()
        except OSError as error:
            raise EngineCrash(self._last_words(command)) from error
        text = self._reply(command, time.monotonic() + seconds)
        if text[0] not in "=?":
            raise EngineCrash(f"{command}: expected a reply, got {text[:60]!r}")
        return text

    def _reply(self, command: str, deadline: float) -> str:
        lines: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.0))
            except queue.Empty:
                raise EngineTimeout(f"no answer to {command}") from None
            if line is None:
                raise EngineCrash(self._last_words(command))
            text = line.decode("utf-8", "replace").strip()
            if len(lines) == _LONGEST_REPLY:
                raise EngineCrash(f"the answer to {command} does not end")
            if text:
                lines.append(text)
            elif lines:
                return "\n".join(lines)

    def _last_words(self, command: str) -> str:
        self._threads[1].join(0.5)
        said = [line.decode("utf-8", "replace").strip() for line in list(self._remarks)]
        last = next((line for line in reversed(said) if line), "without a word")
        return f"the engine ended at {command}: {last[:200]}"

    def _read(self, stream: IO[bytes]) -> None:
        for line in iter(lambda: stream.readline(_LONGEST_LINE), b""):
            self._lines.put(line)
        self._lines.put(None)

    def _read_remarks(self, stream: IO[bytes]) -> None:
        self._remarks.extend(iter(lambda: stream.readline(_LONGEST_LINE), b""))
