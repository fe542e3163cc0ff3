"""From SGF bytes to game records.

Reading is patient: bad metadata costs the field, bad brackets cost what they hide, and only a game
whose moves cannot be told is refused.  Whether the moves are *legal* is not asked here.
"""

import os
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice

import numpy as np

from gopolicy.errors import SgfError, wrong_kind
from gopolicy.files import named, open_regular
from gopolicy.go.types import (
    BLACK,
    EMPTY,
    MAX_SIZE,
    MIN_SIZE,
    PASS,
    WHITE,
    Point,
    move_event,
    setup_event,
)
from gopolicy.sgf import record as reasons
from gopolicy.sgf.encoding import decode
from gopolicy.sgf.grammar import GameText, Node, TooManyTokens, split_games
from gopolicy.sgf.metadata import read_handicap, read_komi, read_size, simple_text
from gopolicy.sgf.missing_handicap import NoPlacement, start_of
from gopolicy.sgf.record import GameRecord, Rejection

MAX_EVENTS = 100_000
MAX_FILE_BYTES = 8 << 20  # of a single game; archives have limits of their own
_TOO_MANY_EVENTS = f"more than {MAX_EVENTS:,} moves and setup stones"
_LETTERS = b"abcdefghijklmnopqrstuvwxy"
_LARGEST_TT_PASS = 19
_SIGNS = {b"GM", b"FF", b"SZ", b"CA", b"PB", b"PW", b"KM", b"RE"}
_MOVES = {b"B": BLACK, b"W": WHITE}
_SETUP = {b"AB": BLACK, b"AW": WHITE, b"AE": EMPTY}
_TEXTS = {
    "black": b"PB",
    "white": b"PW",
    "black_rank": b"BR",
    "white_rank": b"WR",
    "date": b"DT",
    "result": b"RE",
    "rules": b"RU",
    "place": b"PC",
    "application": b"AP",
}
# Encodings in which the second byte of a character can be a backslash or a closing bracket.
_BRACKET_IN_CHARACTER = ("cp932", "big5", "big5hkscs", "gb18030", "cp949", "johab")


_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
"""How zip, gzip, bzip2 and xz files begin."""
_TAR_MAGIC = slice(257, 262)
_ONE_GAME = ", expected the file of one game (in Python, read_games goes through all in it)"


class _Refused(Exception):
    """A game that cannot become a record."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse_games(data: bytes, name: str = "") -> Iterator[GameRecord | Rejection]:
    """Yield every game in data as a record, or as a rejection that says what is wrong.

    The first game is called name, the following ones name#2, name#3 and so on.
    """
    title, number = name, 0
    try:
        for number, (game, encoding) in enumerate(_games(data), start=1):
            title = name if number == 1 else f"{name}#{number}"
            yield _record_or_rejection(game, encoding, title)
    except TooManyTokens as error:
        yield Rejection(name=title, reason=reasons.TOO_LARGE, detail=str(error))
    else:
        if number == 0:
            detail = "no SGF game in it" if data.strip(b"\0 \r\n\t") else "empty file"
            yield Rejection(name=name, reason=reasons.UNREADABLE, detail=detail)


def read_game(
    source: bytes | str | os.PathLike[str], name: str = "<SGF text>", *, game: int = 1
) -> GameRecord:
    """Return a game, the first one or a later one, of an SGF text called name or a file at a path.

    Raises SgfError, also for an archive: `gopolicy.read_games` goes through all games of one;
    ConfigError where game is no whole number from 1 on.
    """
    if type(game) is not int or game < 1:
        raise wrong_kind("the number of a game, from 1 on", game)
    if not isinstance(source, bytes):
        name = os.fspath(named(source))
        source = _read_game_file(name)
    found = next(islice(parse_games(source, name), min(game - 1, MAX_FILE_BYTES), None), None)
    if found is None:
        raise SgfError(f"{name}: there is no game {game} in it")
    if isinstance(found, Rejection):
        raise SgfError(f"{name}: {found.reason}: {found.detail}")
    return found


def _read_game_file(name: str) -> bytes:
    """Return the content of a file of games; say what to do with a text, a folder, an archive."""
    if name.lstrip().startswith("(;"):
        raise SgfError("expected a path, got the text of a game; give it as bytes: text.encode()")
    if os.path.isdir(name):
        raise SgfError(f"{name}: a folder{_ONE_GAME}")
    return read_bytes(name)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file of games.

    Raises SgfError for one that is too large, and for an archive.
    """
    name = os.fspath(path)
    try:
        with open_regular(path) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SgfError(f"cannot read {name}: {error.strerror}") from error
    if data.startswith(_ARCHIVES) or data[_TAR_MAGIC] == b"ustar":
        raise SgfError(f"{name}: an archive{_ONE_GAME}")
    if len(data) > MAX_FILE_BYTES:
        raise SgfError(f"{name}: too large: more than {MAX_FILE_BYTES:,} bytes")
    return data


def _games(data: bytes) -> Iterator[tuple[GameText, str]]:
    text, encoding = decode(data)
    if encoding not in _BRACKET_IN_CHARACTER:
        yield from ((game, "utf-8") for game in split_games(text))
        return
    games = list(split_games(text))
    damaged = sum(game.damaged for game in games)
    if damaged or not games:
        # Some programs escape bytes, not characters: then brackets must be read before decoding.
        raw = list(split_games(data))
        if sum(game.damaged for game in raw) < max(damaged, 1):
            yield from ((game, encoding) for game in raw)
            return
    yield from ((game, "utf-8") for game in games)


def _record_or_rejection(game: GameText, encoding: str, name: str) -> GameRecord | Rejection:
    try:
        return _record(game, encoding, name)
    except _Refused as refused:
        return Rejection(name=name, reason=refused.reason, detail=str(refused))


def _record(game: GameText, encoding: str, name: str) -> GameRecord:
    root = {ident: values[0] for ident, values in reversed(game.nodes[0]) if values}
    kind = root.get(b"GM", b"1").strip()
    if kind.isdigit() and kind.lstrip(b"0") != b"1":
        raise _Refused(reasons.OTHER_GAME, f"GM[{simple_text(kind)}] is not Go")
    size = _board_size(simple_text(root.get(b"SZ", b""), encoding))
    events = _events(game, size)
    if game.damaged and not events and not root.keys() & _SIGNS:
        raise _Refused(reasons.UNREADABLE, "nothing in it that belongs to a game of Go")
    said = read_handicap(simple_text(root.get(b"HA", b""), encoding))
    try:
        start = start_of(events, said, size)
    except NoPlacement as error:
        raise _Refused(reasons.NO_PLACEMENT, str(error)) from error
    texts = {field: simple_text(root.get(ident, b""), encoding) for field, ident in _TEXTS.items()}
    return GameRecord(
        size=size,
        events=np.array([*start.before, *events, *start.after], dtype=np.uint16),
        komi=read_komi(
            simple_text(root.get(b"KM", b""), encoding), simple_text(root.get(b"AP", b""), encoding)
        ),
        handicap=start.stones,
        handicap_placed=bool(start.before),
        name=name,
        **texts,
    )


def _board_size(text: str) -> int:
    """Return the size in SZ, refusing boards that are not square or of no possible size."""
    read = read_size(text)
    if read is None:
        raise _Refused(reasons.OTHER_SIZE, f"SZ[{text[:20]}] cannot be read")
    columns, rows = read
    if columns != rows:
        raise _Refused(reasons.NOT_SQUARE, f"SZ[{text}] is not square")
    if not MIN_SIZE <= columns <= MAX_SIZE:
        raise _Refused(reasons.OTHER_SIZE, f"SZ[{text}] is not within {MIN_SIZE} to {MAX_SIZE}")
    return columns


def node_events(node: Node, size: int) -> list[int]:
    """Return what one node does, its setup first, then its moves; SgfError if it cannot be."""
    events: list[int] = []
    try:
        _add_node(events, node, size)
    except _Refused as refused:
        raise SgfError(str(refused)) from refused
    return events


def _events(game: GameText, size: int) -> list[int]:
    """Return the setup and the moves of all nodes in order; in one node setup comes first."""
    moves = _move_table(size)
    events: list[int] = []
    for node in game.nodes:
        if len(node) == 1 and len(node[0][1]) == 1:  # nearly every node: one move
            event = moves.get((node[0][0], node[0][1][0]))
            if event is not None:
                events.append(event)
                continue
        _add_node(events, node, size)
    try:
        events.extend([moves[move] for move in game.moves])
    except KeyError as error:
        ident, value = error.args[0]
        raise _off_board(ident, value, size) from None
    if len(events) > MAX_EVENTS:
        raise _Refused(reasons.TOO_LARGE, _TOO_MANY_EVENTS)
    return events


def _add_node(events: list[int], node: Node, size: int) -> None:
    """Append what a node does: its setup, then its moves."""
    for ident, values in node:
        if ident in _SETUP or ident == b"PL":
            events.extend(islice(_setup_events(ident, values, size), MAX_EVENTS + 1))
            if len(events) > MAX_EVENTS:
                break
    for ident, values in node:
        if ident in _MOVES:
            events.extend(_move_events(ident, values, size))
    if len(events) > MAX_EVENTS:
        raise _Refused(reasons.TOO_LARGE, _TOO_MANY_EVENTS)


def _move_events(ident: bytes, values: list[bytes], size: int) -> Iterator[int]:
    """Yield the moves of one property; more than one value is against the rules but is seen."""
    moves = _move_table(size)
    for raw in dict.fromkeys(values):
        event = moves.get((ident, _bare(raw)))
        if event is None:
            detail = (
                f"{ident.decode()}[{simple_text(raw)[:20]}] is no point of a {size}x{size} board"
            )
            raise _Refused(reasons.ILLEGAL_MOVE, detail)
        yield event


def _setup_events(ident: bytes, values: list[bytes], size: int) -> Iterator[int]:
    """Yield what one setup property does; an empty list of points does nothing."""
    if ident == b"PL":
        color = {b"b": BLACK, b"w": WHITE, b"1": BLACK, b"2": WHITE}.get(
            _bare(values[-1]).lower()[:1] if values else b""
        )
        if color is not None:
            yield setup_event(PASS, color)
        return
    points = _point_table(size)
    for raw in map(_bare, values):
        for name in rectangle(raw) if b":" in raw else (raw,) if raw else ():
            if name not in points:
                raise _off_board(ident, raw, size)
            yield setup_event(Point(points[name]), _SETUP[ident])


def _off_board(ident: bytes, raw: bytes, size: int) -> _Refused:
    text = f"{ident.decode()}[{simple_text(raw)[:20]}]"
    return _Refused(reasons.ILLEGAL_MOVE, f"{text} is no point of a {size}x{size} board")


def _bare(raw: bytes) -> bytes:
    return raw.strip() if len(raw) != 2 else raw


def rectangle(raw: bytes) -> Iterator[bytes]:
    """Yield the points of a compressed list such as ``aa:cc``, in reading order.

    What is no such list is yielded as it is.
    """
    first, _, last = raw.partition(b":")
    if len(first) != 2 or len(last) != 2:
        yield raw
        return
    left, right = sorted((first[0], last[0]))
    top, bottom = sorted((first[1], last[1]))
    if min(left, top) < _LETTERS[0] or max(right, bottom) > _LETTERS[-1]:
        yield raw
        return
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            yield bytes((column, row))


@cache
def _point_table(size: int) -> dict[bytes, int]:
    """Return the points of a board by their two letters: column, then row from the top."""
    letters = _LETTERS[:size]
    return {
        bytes((column, row)): y * size + x
        for y, row in enumerate(letters)
        for x, column in enumerate(letters)
    }


@cache
def _move_table(size: int) -> dict[tuple[bytes, bytes], int]:
    """Return the event of every move as it is written, passes included."""
    passes = (b"", b"tt") if size <= _LARGEST_TT_PASS else (b"",)
    places = [(name, Point(point)) for name, point in _point_table(size).items()]
    return {
        (ident, name): move_event(point, color)
        for ident, color in _MOVES.items()
        for name, point in chain(places, ((name, PASS) for name in passes))
    }
