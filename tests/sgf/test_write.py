"""Writing a record and reading it again changes nothing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgfmill import sgf

from gopolicy.go.types import PASS, Point, move_event, setup_event
from gopolicy.sgf import GameRecord, Note, read_game, write_game
from gopolicy.sgf.missing_handicap import NoPlacement, start_of

LINES = st.text(max_size=30)


def all_fields(record: GameRecord) -> dict[str, object]:
    """Return what a record says about the game, in a form that can be compared."""
    fields = {name: getattr(record, name) for name in GameRecord.__slots__}
    return fields | {"events": record.events.tolist(), "name": "", "application": ""}


@st.composite
def records(draw: st.DrawFn) -> GameRecord:
    size = draw(st.integers(2, 25))
    points = st.integers(-1, size * size - 1).map(Point)
    event = st.one_of(
        st.builds(move_event, points, st.sampled_from([1, 2])),
        st.builds(setup_event, points.filter(lambda point: point != PASS), st.integers(0, 2)),
        st.builds(setup_event, st.just(PASS), st.sampled_from([1, 2])),
    )
    events = draw(st.lists(event, max_size=40))
    handicap = draw(st.sampled_from([0, 2, 9]))
    names = ("black", "white", "black_rank", "white_rank", "date", "result", "rules", "place")
    facts: dict[str, Any] = {name: draw(LINES) for name in names}
    return GameRecord(
        size=size,
        events=np.array(events, dtype=np.uint16),
        komi=draw(st.none() | st.integers(-99 * 2, 99 * 2).map(lambda number: number / 2)),
        handicap=handicap if tells_its_start(events, handicap, size) else 0,
        **facts,
    )


def tells_its_start(events: list[int], handicap: int, size: int) -> bool:
    """Say whether reading adds nothing to a game for its handicap."""
    try:
        start = start_of(events, handicap, size)
    except NoPlacement:
        return False
    return not start.before and not start.after


@given(records())
def test_events_survive_writing_and_reading(record: GameRecord) -> None:
    again = read_game(write_game(record))
    assert again.events.tolist() == record.events.tolist()
    assert (again.size, again.komi) == (record.size, record.komi)


@given(records())
def test_what_was_read_is_written_and_read_the_same(record: GameRecord) -> None:
    once = read_game(write_game(record))
    twice = read_game(write_game(once))
    assert all_fields(twice) == all_fields(once)
    assert write_game(twice) == write_game(once)


@given(records())
def test_sgfmill_reads_what_is_written(record: GameRecord) -> None:
    game = sgf.Sgf_game.from_bytes(write_game(record))
    assert game.get_size() == record.size
    colors = {"b": 1, "w": 2}
    moves = [
        move_event(
            PASS if at is None else Point((record.size - 1 - at[0]) * record.size + at[1]),
            colors[color],
        )
        for color, at in (node.get_move() for node in game.get_main_sequence())
        if color is not None
    ]
    assert moves == [event for event in record.events.tolist() if event < 4096]


def test_names_in_any_script_are_written() -> None:
    record = read_game("(;PB[柯洁]PW[이세돌 \\] \\\\]BR[P9段];B[pd])".encode())
    data = write_game(record)
    assert b"CA[UTF-8]" in data
    again = read_game(data)
    assert (again.black, again.white, again.black_rank) == ("柯洁", "이세돌 ] \\", "P9段")


def test_setup_before_the_first_move_stands_in_the_root() -> None:
    data = write_game(read_game(b"(;SZ[9]HA[2];AB[cc][gg];W[ee];B[]AE[cc])"))
    assert data == b"(;FF[4]AB[cc][gg]AP[gopolicy]CA[UTF-8]GM[1]HA[2]SZ[9];W[ee];AE[cc];B[])\n"


def test_notes_go_to_the_nodes_of_their_moves() -> None:
    record = read_game(b"(;SZ[9]AB[cc];W[ee];AB[gg];B[ff])")
    notes = {
        0: Note(comment="start"),
        1: Note(comment="one [1] \\", labels={Point(0): "A", Point(80): "b:c]"}),
        2: Note(labels={Point(8): "12"}),
        3: Note(comment="no such move"),
    }
    data = write_game(record, notes=notes)
    root, first, setup, second = sgf.Sgf_game.from_bytes(data).get_main_sequence()
    assert root.get("C") == "start"
    assert first.get("C") == "one [1] \\"
    assert first.get("LB") == [((8, 0), "A"), ((0, 8), "b:c]")]
    assert second.get("LB") == [((8, 8), "12")]
    assert not setup.has_property("C")
    assert read_game(data).events.tolist() == record.events.tolist()


@pytest.mark.parametrize("komi", [6.5, 0.0, -3.5, 7.0, None])
def test_komi_is_written_as_a_plain_number(komi: float | None) -> None:
    record = GameRecord(size=9, events=np.zeros(0, np.uint16), komi=komi)
    assert read_game(write_game(record)).komi == komi
