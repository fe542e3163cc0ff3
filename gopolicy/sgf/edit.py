"""Remarks put into an SGF text, of which everything else stays as it is, byte by byte.

Comments, variations, marks, clocks, properties that nobody knows, the games behind the first, the
encoding and the line breaks: text is only inserted, and only ASCII, at the nodes of the main line
of the first game.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from gopolicy.errors import SgfError
from gopolicy.go.types import Point
from gopolicy.sgf.encoding import decode
from gopolicy.sgf.read import parse_games
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note

_START = re.compile(
    r"\(\s*(?=;|[A-Z][A-Za-z]{0,19}\s*\[)|\A\ufeff?\s*(?=;\s*[A-Z][A-Za-z]{0,19}\s*\[)"
)
_TOKEN = re.compile(
    r"\s*+(?:\[([^\\\]]*+(?:\\.[^\\\]]*+)*+)\]|([A-Za-z]{1,64})|([();]))", re.DOTALL
)
_LOWER = re.compile("[a-z]")
_MARKS = {"LB", "L", "M", "MA", "TR", "CR", "SQ", "SL"}
_CHANGES = {"B", "W", "AB", "AW", "AE", "PL"}
_COLUMNS = "abcdefghijklmnopqrstuvwxy"


@dataclass(slots=True)
class Marked:
    """What the file itself has drawn on the board at one node."""

    points: set[str] = field(default_factory=set)
    """The marked points, as SGF writes them, those with labels among them."""
    labels: dict[str, str] = field(default_factory=dict)
    """What its labels say, by point."""


@dataclass(slots=True)
class _Node:
    """Where things are in the text of one node of the main line."""

    end: int
    """Behind its last value: where new properties go."""
    moves: int = 0
    changes: bool = False
    """Whether a move is made there, or stones or the player to move are set up."""
    comment: tuple[int, int] | None = None
    """The value of C, without its brackets."""
    labels_end: int | None = None
    """Behind the last value of LB."""
    idents: set[str] = field(default_factory=set)
    """The properties that it has."""
    marked: Marked = field(default_factory=Marked)


class SgfText:
    """An SGF text whose first game can be given remarks."""

    def __init__(self, data: bytes, record: GameRecord) -> None:
        """Find the moves of record, the first game that was read from data.

        Raises SgfError if the text is too damaged to say where they are.
        """
        self._data = data
        self._size = record.size
        for encoding in (decode(data).encoding, "latin-1"):  # the second reads bytes, not letters
            self._text, self._encoding = _decoded(data, encoding), encoding
            self._nodes = _main_line(self._text)
            if self._nodes and sum(node.moves for node in self._nodes) == record.moves:
                return
        raise SgfError(f"{record.name}: too damaged to add remarks to it")

    def marked(self) -> dict[int, Marked]:
        """Return what is drawn at the root (0) and at every move, by the number of the move."""
        return {number: node.marked for node, numbers in self._numbered() for number in numbers}

    def with_notes(self, notes: Mapping[int, Note]) -> bytes:
        """Return the text with notes at the root (0) and at the moves, by their number.

        Comments go behind those of the file, labels to points without a mark.  Other properties go
        to nodes that have none of them, so what the file says stays.  Remarks that are there
        already are not repeated.  Raises SgfError if the games would not be what they were.
        """
        edits: list[tuple[int, str]] = []
        for node, numbers in self._numbered():
            wanted = [notes[number] for number in numbers if number in notes]
            if wanted:
                edits += self._labels(node, wanted[-1])
                edits += self._comment(node, "\n".join(note.comment for note in wanted))
                if not node.idents & wanted[-1].properties.keys():  # they belong together
                    edits += [
                        (node.end, f"{ident}[{_escaped(text)}]")
                        for ident, text in wanted[-1].properties.items()
                    ]
        pieces, done = [], 0
        for place, text in sorted(edits, key=lambda edit: edit[0]):
            pieces += [self._text[done:place], text]
            done = place
        whole = "".join([*pieces, self._text[done:]])
        data = whole.encode(self._encoding, "surrogateescape")
        if not _same_games(self._data, data):
            raise SgfError("too damaged to add remarks to it")
        return data

    def holds(self, *idents: str) -> bool:
        """Say whether a node of the main line has one of these properties."""
        return any(node.idents & set(idents) for node in self._nodes)

    def _numbered(self) -> Iterator[tuple[_Node, list[int]]]:
        """Yield the nodes that may have notes, and the numbers of those."""
        decides, is_next = [], True
        for node in reversed(self._nodes):
            decides.append(is_next)  # no setup stands between it and the next move
            is_next = node.moves > 0 if node.changes else is_next
        done, waiting = 0, [0]
        for node, here in zip(self._nodes, reversed(decides), strict=True):
            waiting += range(done + 1, done + node.moves + 1)
            done += node.moves
            if waiting and here:
                yield node, waiting
                waiting = []

    def _comment(self, node: _Node, comment: str) -> Iterator[tuple[int, str]]:
        text = _escaped(comment)
        if node.comment is None:
            yield node.end, f"C[{text}]"
            return
        start, end = node.comment
        if text not in self._text[start:end]:
            yield end, f"\n\n{text}" if end > start else text

    def _labels(self, node: _Node, note: Note) -> Iterator[tuple[int, str]]:
        places = {sgf_point(point, self._size): text for point, text in note.labels.items()}
        values = "".join(
            f"[{place}:{_escaped(text)}]"
            for place, text in places.items()
            if place not in node.marked.points
        )
        if values and node.labels_end is None:
            yield node.end, f"LB{values}"
        elif values and node.labels_end is not None:
            yield node.labels_end, values


def sgf_point(point: Point, size: int) -> str:
    """Return a point as SGF writes it.

    >>> sgf_point(Point(3), 9)
    'da'
    """
    row, column = divmod(int(point), size)
    return _COLUMNS[column] + _COLUMNS[row]


def _decoded(data: bytes, encoding: str) -> str:
    """Return data as text that encodes to data again, empty if there is none in this encoding."""
    try:
        text = data.decode(encoding, "surrogateescape")
        return text if text.encode(encoding, "surrogateescape") == data else ""
    except UnicodeError:
        return ""


def _main_line(text: str) -> list[_Node]:
    """Return the nodes of the main line of the first game: the first branch that is not empty."""
    start = _START.search(text)
    if start is None:
        return []
    nodes: list[_Node] = []
    place, ident, is_empty = start.end(), "", True
    while match := _TOKEN.match(text, place):
        place = match.end()
        value, name, mark = match.groups()
        if mark == ")" and not is_empty:
            break
        if mark:
            is_empty = mark != ";"
        if mark == ";":
            nodes.append(_Node(place))
        elif name:
            ident = _LOWER.sub("", name)
        elif value is not None:
            if not nodes:
                nodes.append(_Node(start.end()))
                is_empty = False
            _add_value(nodes[-1], ident, match)
    return nodes


def _add_value(node: _Node, ident: str, match: re.Match[str]) -> None:
    value, end = match[1], match.end()
    node.end = end
    node.idents.add(ident)
    node.changes |= ident in _CHANGES
    if ident in ("B", "W"):
        node.moves += 1
    elif ident == "C" and node.comment is None:
        node.comment = match.span(1)
    elif ident in _MARKS:
        place, _, rest = value.strip().partition(":")
        node.marked.points |= set(_rectangle(place, rest if ident != "LB" else ""))
        if ident == "LB":
            node.labels_end = end
            node.marked.labels[place] = rest.strip()


def _rectangle(first: str, last: str) -> Iterator[str]:
    """Yield a point, or the points of a compressed list from first to last."""
    yield first
    if len(first) == len(last) == 2:
        columns, rows = sorted((first[0], last[0])), sorted((first[1], last[1]))
        for column in _COLUMNS:
            for row in _COLUMNS:
                if columns[0] <= column <= columns[1] and rows[0] <= row <= rows[1]:
                    yield column + row


def _escaped(text: str) -> str:
    """Return text as it stands in a value, in letters that every encoding has."""
    plain = text.encode("ascii", "replace").decode()
    return plain.replace("\\", "\\\\").replace("]", "\\]")


def _same_games(before: bytes, after: bytes) -> bool:
    pairs = zip(parse_games(before), parse_games(after), strict=True)
    try:
        return all(_are_equal(one, other) for one, other in pairs)
    except ValueError:  # more games in one of them
        return False


def _are_equal(one: object, other: object) -> bool:
    """Say whether two records, or two rejections, say the same."""
    if type(one) is not type(other):
        return False
    if not isinstance(one, GameRecord):
        return one == other
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(GameRecord)
    )
