"""The protocol without any Go: requests, replies, streams, interruptions, faults."""

from collections.abc import Callable, Iterator

import pytest
from reference.fake_bot import Script

from gopolicy.gtp.protocol import (
    GtpEngine,
    GtpError,
    GtpRequest,
    Handler,
    Quit,
    ReplyStream,
    administrative_commands,
    boolean,
    format_reply,
    integer,
    parse_request,
    real_number,
)


class Wire:
    """What an engine writes, flush by flush, and what it says to people."""

    def __init__(self) -> None:
        self.flushes: list[bytes] = []
        self.remarks: list[str] = []
        self.notes: list[tuple[str, str]] = []

    def note(self, mark: str, text: str) -> None:
        self.notes.append((mark, text))

    @property
    def text(self) -> str:
        return b"".join(self.flushes).decode()


def engine(wire: Wire, **extra: Handler) -> GtpEngine:
    commands: dict[str, Handler] = {}
    administrative_commands(commands, "tester", "1.2", frozenset({"secret"}))
    commands["secret"] = lambda arguments: "known"
    commands["echo"] = " ".join
    commands |= extra
    return GtpEngine(commands, write=wire.flushes.append, remark=wire.remarks.append, journal=wire)


def replies(*lines: str | bytes, **extra: Handler) -> str:
    wire = Wire()
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    engine(wire, **extra).run(Script(raw))
    return wire.text


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("protocol_version", "= 2\n\n"),
        ("name", "= tester\n\n"),
        ("version", "= 1.2\n\n"),
        ("known_command name", "= true\n\n"),
        ("known_command nonsense", "= false\n\n"),
        ("known_command", "? syntax error\n\n"),
        ("nonsense", "? unknown command\n\n"),
        ("NAME", "? unknown command\n\n"),
        ("quit", "=\n\n"),
    ],
)
def test_the_administrative_commands_reply_as_the_standard_says(line: str, reply: str) -> None:
    assert replies(line) == reply


def test_list_commands_gives_one_name_a_line_and_hides_the_unlisted() -> None:
    listed = replies("list_commands").removeprefix("= ").split()
    assert listed == sorted(listed)
    assert "secret" not in listed
    assert replies("known_command secret") == "= true\n\n"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("12 name", "=12 tester\n\n"),
        ("005 name", "=005 tester\n\n"),
        ("7 nonsense", "?7 unknown command\n\n"),
        ("7", "?7 syntax error\n\n"),
        ("7name", "? unknown command\n\n"),
        ("  name  ", "= tester\n\n"),
        ("\tknown_command \t  name", "= true\n\n"),
        ("name\r\n", "= tester\n\n"),
        ("name # what is it", "= tester\n\n"),
        ("n\x07a\x00me\x1b", "= tester\n\n"),
        ("echo a\tb", "= a b\n\n"),
        ("echo é", "= é\n\n"),
    ],
)
def test_ids_blanks_comments_and_control_characters(line: str, reply: str) -> None:
    assert replies(line) == reply


@pytest.mark.parametrize("line", ["", "   ", "\t", "# a comment", "\r\n", "\x01\x02"])
def test_a_line_without_a_command_gets_no_reply(line: str) -> None:
    assert replies(line) == ""


def test_bytes_that_are_no_text_are_an_unknown_command() -> None:
    assert replies(b"\xff\xfe\x80\n") == "? unknown command\n\n"


def test_pipelined_commands_are_answered_in_order() -> None:
    assert replies("1 echo a", "2 echo b", "", "3 echo c") == "=1 a\n\n=2 b\n\n=3 c\n\n"


def test_nothing_is_answered_after_quit() -> None:
    assert replies("quit", "name") == "=\n\n"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("", "=\n\n"),
        ("a\n\nb\n", "= a\nb\n\n"),
        ("\n  A B", "=\n  A B\n\n"),
        ("a\tb", "= a b\n\n"),
        ("a\rb", "= ab\n\n"),
        ("\n\n\n", "=\n\n"),
        ("a\n \nb", "= a\nb\n\n"),
    ],
)
def test_no_reply_can_end_early(text: str, reply: str) -> None:
    assert format_reply(GtpRequest("", "x", ()), text) == reply


def test_a_refusal_is_one_line() -> None:
    def refuse(arguments: object) -> str:
        raise GtpError("no\n\nway")

    assert replies("4 refuse", refuse=refuse) == "?4 no way\n\n"


def test_a_fault_becomes_a_reply_and_the_engine_lives_on() -> None:
    def fail(arguments: object) -> str:
        raise KeyError("a bug")

    wire = Wire()
    end = engine(wire, fail=fail).run(Script([b"fail", b"name"]))
    assert wire.text == "? internal error\n\n= tester\n\n"
    assert wire.remarks == ["internal error in fail: KeyError: 'a bug'"]
    assert "Traceback" in dict(wire.notes)["!"]
    assert end == "end of input"


def counting(limit: int) -> Handler:
    """Return a command that counts until it is interrupted, to limit at most."""

    def handler(arguments: object) -> ReplyStream:
        def lines(wait: Callable[[float], bool]) -> Iterator[str]:
            for index in range(limit):
                yield f"line {index}"
                if wait(0.01):
                    return

        return ReplyStream(lines)

    return handler


def test_a_stream_begins_with_its_sign_alone_and_is_flushed_line_by_line() -> None:
    wire = Wire()
    engine(wire, count=counting(2)).run(Script([b"9 count"], patience=5))
    assert wire.flushes == [b"=9\n", b"line 0\n", b"line 1\n", b"\n"]


@pytest.mark.parametrize("line", ["", "name", "# stop", "\r\n"])
def test_any_line_ends_a_stream(line: str) -> None:
    answer = "= tester\n\n" if line == "name" else ""
    assert replies("count", line, count=counting(100)) == "=\nline 0\n\n" + answer


def test_the_end_of_input_ends_a_stream() -> None:
    assert replies("count", count=counting(100)) == "=\nline 0\n\n"


def test_a_fault_in_a_stream_still_ends_the_reply() -> None:
    def handler(arguments: object) -> ReplyStream:
        def lines(wait: object) -> Iterator[str]:
            yield "one"
            raise ValueError("a bug")

        return ReplyStream(lines)

    assert replies("bad", "name", bad=handler) == "=\none\n\n= tester\n\n"


def test_a_frontend_that_is_gone_ends_the_engine() -> None:
    def write(data: bytes) -> None:
        raise BrokenPipeError

    silent = engine(Wire())
    silent.write = write
    assert silent.run(Script([b"name", b"name"])) == "hangup"
    silent.commands = {"count": counting(3)}
    assert silent.run(Script([b"count"])) == "hangup"


def test_quit_is_told_apart_from_the_end_of_input() -> None:
    assert engine(Wire()).run(Script([b"quit"])) == "quit"
    assert engine(Wire()).run(Script([b"name"])) == "end of input"


def test_traffic_is_noted() -> None:
    wire = Wire()
    engine(wire).run(Script([b"1 name\r\n", b"\xff\x01"]))
    assert wire.notes[:2] == [(">", "1 name"), ("<", "=1 tester")]
    assert wire.notes[2] == (">", "\ufffd\\x01")


@pytest.mark.parametrize("text", ["", "x", "1.5", "٣", "1e3", "--1", "9" * 30])
def test_what_is_no_whole_number_is_a_syntax_error(text: str) -> None:
    with pytest.raises(GtpError, match=r"^syntax error$"):
        integer(text)


@pytest.mark.parametrize("text", ["", "x", "nan", "NaN", "inf", "-inf", "1e999", "1_0", "6,5"])
def test_what_is_no_finite_number_is_a_syntax_error(text: str) -> None:
    with pytest.raises(GtpError, match=r"^syntax error$"):
        real_number(text)


def test_a_number_of_very_many_digits_is_refused_and_not_cut() -> None:
    whole = "1" * 39
    assert real_number(whole) == float(whole)
    for text in (whole + "11", "1." + "0" * 36 + "e-3", "0." + "5" * 50):
        with pytest.raises(GtpError, match=r"^syntax error$"):
            real_number(text)


@pytest.mark.parametrize(("text", "value"), [("6.5", 6.5), ("-3", -3), (".5", 0.5), ("0", 0)])
def test_numbers_are_read(text: str, value: float) -> None:
    assert real_number(text) == value


def test_truth_values_are_read() -> None:
    assert [boolean(text) for text in ("true", "False", "1", "0")] == [True, False, True, False]
    with pytest.raises(GtpError):
        boolean("maybe")


def test_a_line_of_only_an_id_is_a_request_without_a_name() -> None:
    assert parse_request(b"12") == GtpRequest("12", "", ())


def test_quit_is_no_error() -> None:
    assert not issubclass(Quit, GtpError)
