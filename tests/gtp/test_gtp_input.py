"""The thread that reads standard input."""

import os
import threading
from collections.abc import Iterator, Sequence

import pytest

from gopolicy.gtp.input import LineSplitter, ReadAhead, watch_listener
from gopolicy.gtp.protocol import LONGEST_LINE, GtpEngine


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return both ends of a pipe."""
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        try:
            os.close(end)
        except OSError:
            continue


def test_lines_arrive_in_order_and_then_the_end(pipe: tuple[int, int]) -> None:
    source = ReadAhead(pipe[0]).start()
    os.write(pipe[1], b"one\ntwo\n\nlast without an end")
    os.close(pipe[1])
    assert [source.next() for _ in range(5)] == [b"one", b"two", b"", b"last without an end", None]
    assert source.next() is None


def test_waiting_ends_early_for_a_line_and_does_not_take_it(pipe: tuple[int, int]) -> None:
    source = ReadAhead(pipe[0]).start()
    assert not source.wait(0.01)
    threading.Timer(0.05, os.write, (pipe[1], b"\n")).start()
    assert source.wait(60)
    assert source.wait(0)
    assert source.next() == b""
    assert not source.wait(0)


def test_waiting_ends_at_the_end_of_input(pipe: tuple[int, int]) -> None:
    source = ReadAhead(pipe[0]).start()
    os.close(pipe[1])
    assert source.wait(60)
    assert source.next() is None
    assert source.wait(60)


def test_a_line_that_never_ends_takes_no_memory() -> None:
    splitter = LineSplitter(longest=10)
    for _ in range(1000):
        assert splitter.feed(b"x" * 100) == []
    assert splitter.feed(b"y\nz\n") == [b"x" * 10, b"z"]


def test_a_line_may_come_in_pieces() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"na") == []
    assert splitter.feed(b"me\nver") == [b"name"]
    assert splitter.finish() == [b"ver"]


def test_it_is_noticed_when_nobody_listens_any_more(pipe: tuple[int, int]) -> None:
    reader, writer = os.pipe()
    noticed = threading.Event()
    source = ReadAhead(pipe[0]).start()
    watch_listener(source, writer, 0.0, noticed.set)
    os.close(reader)
    assert not noticed.wait(0.2)  # the input is still open
    os.close(pipe[1])
    assert noticed.wait(60)
    os.close(writer)


def test_a_listener_who_only_stopped_talking_is_not_left(pipe: tuple[int, int]) -> None:
    reader, writer = os.pipe()
    noticed = threading.Event()
    watch_listener(ReadAhead(pipe[0]).start(), writer, 0.0, noticed.set)
    os.close(pipe[1])
    assert not noticed.wait(0.3)
    os.close(reader)
    assert noticed.wait(60)
    os.close(writer)


def test_what_waits_is_bounded_in_bytes_too(pipe: tuple[int, int]) -> None:
    source = ReadAhead(pipe[0]).start()
    line, count = b"x" * 1_000_000, 20

    def write() -> None:
        with os.fdopen(os.dup(pipe[1]), "wb") as stream:
            for _ in range(count):
                stream.write(line + b"\n")
        os.close(pipe[1])

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.5)
    assert writer.is_alive()  # 20 MB do not fit, so the writer has to wait
    assert source._bytes <= 4 * LONGEST_LINE
    assert [source.next() for _ in range(count)] == [line] * count
    assert source.next() is None
    writer.join()


def test_a_command_on_a_line_that_is_too_long_is_refused_not_cut(pipe: tuple[int, int]) -> None:
    sent: list[bytes] = []
    called: list[tuple[str, ...]] = []

    def komi(words: Sequence[str]) -> str:
        called.append(tuple(words))
        return ""

    engine = GtpEngine({"komi": komi}, sent.append)
    source = ReadAhead(pipe[0]).start()
    long = b"7 komi 6.5" + b" " * LONGEST_LINE
    threading.Thread(target=lambda: _write_all(pipe[1], long + b"\n8 komi 5\n")).start()
    assert engine.run(source) == "end of input"
    assert sent == [b"?7 line too long\n\n", b"=8\n\n"]
    assert called == [("5",)]


def _write_all(end: int, data: bytes) -> None:
    """Write everything to a pipe and close it."""
    with os.fdopen(end, "wb") as stream:
        stream.write(data)
