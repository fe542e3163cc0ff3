"""Standard input of an engine, read by a thread, so that a new line can interrupt an analysis.

The thread reads the bare file descriptor: a thread that sleeps inside Python's own buffered reader
cannot be left behind when the program ends.
"""

import os
import queue
import select
import threading
import time
from collections.abc import Callable

from gopolicy.gtp.protocol import LONGEST_LINE

_CHUNK = 1 << 16
_WAITING_LINES = 1024
_WAITING_BYTES = 4 * LONGEST_LINE
"""More lines or more bytes than this wait in the pipe, not in memory."""


class LineSplitter:
    """Cuts bytes into lines; the excess of a line that is too long is dropped."""

    def __init__(self, longest: int = LONGEST_LINE + 1) -> None:  # one more tells it is too long
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        r"""Return the lines that data completes.

        >>> LineSplitter().feed(b"name\r\n\nver")
        [b'name\r', b'']
        """
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = (self._rest + lines[0])[: self._longest]
            self._rest = b""
        self._rest = (self._rest + rest)[: self._longest]
        return lines

    def finish(self) -> list[bytes]:
        """Return what stands after the last line break, if anything."""
        return [self._rest] if self._rest else []


class ReadAhead:
    """Lines of a file descriptor, read by a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[bytes | None] = queue.Queue(_WAITING_LINES)
        self._bytes = 0  # in the queue
        self._room = threading.Condition()
        self._waiting = threading.Semaphore(0)  # one permit for each line not yet taken
        self._ended = False
        self.ended = threading.Event()

    def start(self) -> "ReadAhead":
        """Begin to read."""
        threading.Thread(target=self._read, name="gtp-input", daemon=True).start()
        return self

    def next(self) -> bytes | None:
        """Return the next line, waiting for it; None at the end of input."""
        if self._ended:
            return None
        self._waiting.acquire()
        line = self._lines.get()
        self._ended = line is None
        with self._room:
            self._bytes -= len(line or b"")
            self._room.notify()
        return line

    def wait(self, seconds: float) -> bool:
        """Wait until a line or the end has come, at most so long; say whether it has."""
        if self._ended or not self._waiting.acquire(timeout=max(seconds, 0.0)):
            return self._ended
        self._waiting.release()
        return True

    def _read(self) -> None:
        splitter = LineSplitter()
        while data := self._chunk():
            for line in splitter.feed(data):
                self._put(line)
        for line in splitter.finish():
            self._put(line)
        self.ended.set()
        self._put(None)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, _CHUNK)
        except OSError:
            return b""

    def _put(self, line: bytes | None) -> None:
        size = len(line or b"")
        with self._room:
            self._room.wait_for(lambda: self._bytes == 0 or self._bytes + size <= _WAITING_BYTES)
            self._bytes += size
        self._lines.put(line)
        self._waiting.release()


def watch_listener(
    source: ReadAhead, descriptor: int, patience: float, leave: Callable[[], None]
) -> None:
    """Start a thread that calls leave once nobody reads the descriptor any more.

    It looks only after the end of input, and gives the engine so many seconds to notice by itself:
    a frontend that was killed must not leave a process behind that is busy with its last order.
    """

    def watch() -> None:
        source.ended.wait()
        while not _is_deserted(descriptor):
            time.sleep(0.1)
        time.sleep(patience)
        leave()

    threading.Thread(target=watch, name="gtp-listener", daemon=True).start()


def _is_deserted(descriptor: int) -> bool:
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
