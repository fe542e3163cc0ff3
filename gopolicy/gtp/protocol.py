"""The Go Text Protocol, version 2: lines in, replies out.  Nothing here knows what Go is.

A command is a function from its arguments to the text of a reply, or to a `ReplyStream` of lines
for replies that go on until somebody interrupts them.  It refuses by raising `GtpError`; only this
module writes ``=`` and ``?``.  Every line that is a command gets exactly one reply::

    [id] name argument argument ...      =[id] text         =[id]
                                                            a line of a stream
                                                            ...
"""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gopolicy.errors import GoPolicyError

SYNTAX_ERROR = "syntax error"
UNKNOWN_COMMAND = "unknown command"
LONGEST_LINE = 1 << 20
"""In bytes; a command on a longer line is refused."""
_LONGEST_NUMBER = 40
"""In characters; nobody means more, and a part of a number is another number."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ID = re.compile(r"[0-9]{1,40}", re.ASCII)


class GtpError(GoPolicyError):
    """A refusal; its text becomes the reply, so it quotes nothing that the frontend sent."""


class Quit(Exception):
    """Raised by a command: reply, then end."""


class Hangup(Exception):
    """The frontend can no longer be written to."""


class LineSource(Protocol):
    """Where lines come from."""

    def next(self) -> bytes | None:
        """Return the next line, waiting for it; None at the end of input."""

    def wait(self, seconds: float) -> bool:
        """Wait until a line is there or the input ended, at most so long; say whether it is so."""


@dataclass(frozen=True, slots=True)
class ReplyStream:
    """A reply whose lines are written one by one as they come.

    `lines` is given a function that waits so many seconds and says whether the stream has been
    interrupted: by any line of input, an empty one too, or by the end of input.
    """

    lines: Callable[[Callable[[float], bool]], Iterator[str]]


Arguments = Sequence[str]
Reply = str | ReplyStream
Handler = Callable[[Arguments], Reply]


@dataclass(frozen=True, slots=True)
class GtpRequest:
    """One command as it came in."""

    id: str
    name: str
    arguments: tuple[str, ...]


class TrafficLog(Protocol):
    """Where traffic is noted down."""

    def note(self, mark: str, text: str) -> None:
        """Write one entry; mark tells what it is: ``>`` received, ``<`` sent, ``!`` trouble."""


@dataclass(slots=True)
class Silence:
    """A journal that keeps nothing."""

    def note(self, mark: str, text: str) -> None:
        """Keep nothing."""


def clean_line(line: bytes) -> str:
    r"""Return a line of input without comment and control characters, tabs as spaces.

    >>> clean_line(b"12\tplay  b\x07 D4 # here\r\n")
    '12 play  b D4'
    """
    text = line.decode("utf-8", "replace").replace("\t", " ")
    return _CONTROL.sub("", text.replace("\n", "").partition("#")[0]).strip()


def parse_request(line: bytes) -> GtpRequest | None:
    """Return the command on a line, None if there is none.

    >>> parse_request(b"12 play b D4")
    GtpRequest(id='12', name='play', arguments=('b', 'D4'))
    """
    words = clean_line(line).split()
    if not words:
        return None
    number = words.pop(0) if _ID.fullmatch(words[0]) else ""
    return GtpRequest(number, words[0] if words else "", tuple(words[1:]))


def format_reply(request: GtpRequest, text: str, *, success: bool = True) -> str:
    r"""Return a whole reply; empty lines, which would end it early, are left out.

    A text that begins with a line break starts on the line after the sign.

    >>> format_reply(GtpRequest("7", "name", ()), "one\n\ntwo")
    '=7 one\ntwo\n\n'
    """
    first, *rest = text.rstrip("\n").split("\n") if text else [""]
    lines = [_printable(line) for line in rest]
    head = f"{'=' if success else '?'}{request.id} {_printable(first)}".rstrip()
    return "\n".join([head, *(line for line in lines if line.strip())]) + "\n\n"


def _printable(line: str) -> str:
    return _CONTROL.sub("", line.replace("\t", " ")).rstrip()


@dataclass(slots=True)
class GtpEngine:
    """Answers requests with a table of commands."""

    commands: Mapping[str, Handler]
    write: Callable[[bytes], None]
    """Writes and flushes; OSError and ValueError mean that nobody is listening."""
    remark: Callable[[str], None] = lambda text: None
    """Tells a person something, outside the protocol."""
    journal: TrafficLog = field(default_factory=Silence)

    def run(self, source: LineSource) -> str:
        """Answer until the end; return why it ended: "quit", "end of input" or "hangup"."""
        try:
            while (line := source.next()) is not None:
                self.journal.note(">", _shown(line))
                request = parse_request(line[:LONGEST_LINE])
                if request is not None and len(line) > LONGEST_LINE:
                    self._send(format_reply(request, "line too long", success=False))
                elif request is not None:
                    self.answer(request, source)
        except Quit:
            return "quit"
        except Hangup:
            return "hangup"
        return "end of input"

    def answer(self, request: GtpRequest, source: LineSource) -> None:
        """Reply to one request, whatever happens."""
        handler = self.commands.get(request.name)
        try:
            if handler is None:
                raise GtpError(UNKNOWN_COMMAND if request.name else SYNTAX_ERROR)
            reply = handler(request.arguments)
        except Quit:
            self._send(format_reply(request, ""))
            raise
        except GtpError as refusal:
            self._send(format_reply(request, " ".join(str(refusal).split()), success=False))
        except Exception as error:  # a bug must not end the game
            self._report(request, error)
            self._send(format_reply(request, "internal error", success=False))
        else:
            if isinstance(reply, ReplyStream):
                self._send_stream(request, reply, source)
            else:
                self._send(format_reply(request, reply))

    def _send_stream(self, request: GtpRequest, stream: ReplyStream, source: LineSource) -> None:
        """Write the head, then each line as it comes, then the empty line that ends the reply."""
        self._send(f"={request.id}\n")
        try:
            for line in stream.lines(source.wait):
                self._send(_printable(line) + "\n")
        except Hangup:
            raise
        except Exception as error:  # too late for a refusal
            self._report(request, error)
        self._send("\n")

    def _send(self, text: str) -> None:
        self.journal.note("<", text.rstrip("\n"))
        try:
            self.write(text.encode("utf-8", "replace"))
        except (OSError, ValueError) as error:
            raise Hangup(str(error)) from error

    def _report(self, request: GtpRequest, error: Exception) -> None:
        kind = type(error).__name__
        self.remark(f"internal error in {_shown(request.name.encode())}: {kind}: {error}")
        self.journal.note("!", "".join(traceback.format_exception(error)))


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    if not text.isprintable():
        text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:4000])
    return text if len(text) <= 4000 else text[:4000] + "..."


def administrative_commands(
    commands: dict[str, Handler], name: str, version: str, unlisted: frozenset[str] = frozenset()
) -> None:
    """Add the commands that every engine has; `list_commands` leaves out the unlisted ones."""

    def known(arguments: Arguments) -> str:
        expect_count(arguments, 1)
        return "true" if arguments[0] in commands else "false"

    def leave(arguments: Arguments) -> str:
        raise Quit

    commands |= {
        "protocol_version": lambda arguments: "2",
        "name": lambda arguments: name,
        "version": lambda arguments: version,
        "known_command": known,
        "list_commands": lambda arguments: "\n".join(sorted(commands.keys() - unlisted)),
        "quit": leave,
    }


def expect_count(arguments: Arguments, *counts: int) -> None:
    """Refuse unless there are as many arguments as one of counts."""
    if len(arguments) not in counts:
        raise GtpError(SYNTAX_ERROR)


def integer(text: str) -> int:
    """Return a whole number, or refuse."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text, re.ASCII):
        raise GtpError(SYNTAX_ERROR)
    return int(text)


def real_number(text: str) -> float:
    """Return a finite decimal number of at most 40 characters, or refuse."""
    form = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
    if len(text) > _LONGEST_NUMBER or not re.fullmatch(form, text, re.ASCII):
        raise GtpError(SYNTAX_ERROR)
    return float(text)


def boolean(text: str) -> bool:
    """Return true or false, or refuse."""
    value = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if value is None:
        raise GtpError(SYNTAX_ERROR)
    return value
