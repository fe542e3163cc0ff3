"""Conversations with the engine, word by word: the files of ``transcripts``.

A line that begins with ``>`` is sent; the lines up to the next such line are the whole reply.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from reference.fake_bot import Desk, FakeFiles

from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import PASS, Color, Point, move_event, setup_event
from gopolicy.go.vertex import parse_vertex
from gopolicy.gtp.commands_files import StoredGame

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.gtp"))
ELSEWHERE = {"cputime", "gomill-cpu_time", "list_commands"}
STANDARD_ERRORS = {
    "unknown command",
    "syntax error",
    "unacceptable size",
    "illegal move",
    "cannot undo",
    "board not empty",
    "invalid number of stones",
    "bad vertex list",
    "cannot load file",
}
"""All but ``cannot score``, for which something has to go wrong, see below."""


def turns(path: Path) -> list[tuple[str, str]]:
    """Return what is sent in a transcript, each with the reply."""
    found: list[tuple[str, list[str]]] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("> "):
            found.append((line[2:], []))
        elif not line.startswith("# "):
            found[-1][1].append(line)
    return [(sent, "\n".join(reply)) for sent, reply in found]


def stored_game() -> StoredGame:
    """Return a game of 9x9 with handicap stones and a pass."""

    def point(vertex: str) -> Point:
        return parse_vertex(vertex, 9)

    events = [
        setup_event(point("C3"), Color.BLACK),
        setup_event(point("G7"), Color.BLACK),
        move_event(point("E5"), Color.WHITE),
        move_event(point("E3"), Color.BLACK),
        move_event(PASS, Color.WHITE),
    ]
    return StoredGame(size=9, events=np.array(events, np.uint16).tolist(), komi=0.5)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_the_engine_says_what_the_transcript_says(path: Path) -> None:
    desk = Desk(files=FakeFiles(stored_game()))
    for number, (sent, expected) in enumerate(turns(path), 1):
        assert (number, sent, desk.ask(sent)) == (number, sent, expected)
    assert not [text for text in desk.said if "internal error" in text]


def test_every_command_is_in_a_transcript() -> None:
    sent = {
        re.sub(r"^[0-9]+ ", "", line).split()[0] for path in TRANSCRIPTS for line, _ in turns(path)
    }
    assert set(Desk().engine.commands) - sent - ELSEWHERE == set()


def test_every_error_message_of_the_standard_is_in_a_transcript() -> None:
    replies = [reply for path in TRANSCRIPTS for _, reply in turns(path)]
    messages = {re.sub(r"^\?[0-9]* ", "", reply) for reply in replies if reply.startswith("?")}
    assert messages >= STANDARD_ERRORS


def test_what_cannot_be_counted_is_refused_as_the_standard_says() -> None:
    def fail(board: Board) -> list[tuple[Point, ...]]:
        raise ConfigError("no playouts today")

    desk = Desk()
    desk.bot.dead = fail  # type: ignore[method-assign]
    for command in ("final_score", "final_status_list dead", "final_status_list alive"):
        assert desk.ask(command) == "? cannot score"
    assert desk.said[0] == "cannot score: no playouts today"


def test_no_error_quotes_what_the_frontend_sent() -> None:
    desk = Desk()
    for line in (
        "xyzzy",
        "boardsize xyzzy",
        "play xyzzy A1",
        "loadsgf xyzzy",
        "kata-set-rules xyzzy",
    ):
        reply = desk.ask(line)
        assert reply.startswith("? ")
        assert "xyzzy" not in reply


def test_the_time_used_is_a_number_of_seconds() -> None:
    for command in ("cputime", "gomill-cpu_time"):
        assert float(Desk().ask(command).removeprefix("= ")) >= 0


def test_no_two_commands_answer_at_once_or_not_at_all() -> None:
    desk = Desk()
    everything = [line for path in TRANSCRIPTS for line, _ in turns(path) if "quit" not in line]
    replies = desk.send(*everything)
    assert replies.count("\n\n") == len(everything)
    assert re.fullmatch(r"([=?][0-9]*( [^\n]+)?\n([^\n]+\n)*\n)+", replies)
