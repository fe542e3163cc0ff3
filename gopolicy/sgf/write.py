"""A game record as SGF, with remarks at its moves if wanted.  Always FF[4] in UTF-8."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from sgfmill import sgf_grammar

from gopolicy.errors import wrong_kind
from gopolicy.files import named, replacing
from gopolicy.go.types import (
    BLACK,
    EMPTY,
    EVENT_COLOR_SHIFT,
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    EVENT_SETUP,
    WHITE,
    Point,
)
from gopolicy.sgf.record import GameRecord

_LETTERS = b"abcdefghijklmnopqrstuvwxy"
_SETUP = {BLACK: "AB", WHITE: "AW", EMPTY: "AE"}
_PLAYERS = {BLACK: b"B", WHITE: b"W"}
_Properties = dict[str, list[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is remarked at one node."""

    comment: str = ""
    labels: Mapping[Point, str] = field(default_factory=dict)
    """Short texts drawn on points (LB)."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Other properties of one value each, by their identifier."""


def write_game(
    record: GameRecord,
    path: str | os.PathLike[str] | None = None,
    *,
    notes: Mapping[int, Note] | None = None,
) -> bytes:
    r"""Return record as SGF; with a path it is written there, too.

    notes[k] goes to the node of move k, notes[0] to the root.  Raises OutputError where path cannot
    be written.

    >>> from gopolicy.sgf.read import read_game
    >>> write_game(read_game(b"(;SZ[9];B[ee];W[])"))
    b'(;FF[4]AP[gopolicy]CA[UTF-8]GM[1]SZ[9];B[ee];W[])\n'
    """
    if not isinstance(record, GameRecord):
        raise wrong_kind("a GameRecord", record)
    data = _as_sgf(record, notes or {})
    if path is not None:
        with replacing(named(path)) as beside:
            beside.write_bytes(data)
    return data


def _as_sgf(record: GameRecord, notes: Mapping[int, Note]) -> bytes:
    game = sgf_grammar.Coarse_game_tree()
    root = _root(record)
    game.sequence.append(root)
    _annotate(root, notes.get(0), record.size)
    moves = 0
    for node in _nodes(record, root):
        if node is not root:
            game.sequence.append(node)
        if node.keys() & {"B", "W"}:
            moves += 1
            _annotate(node, notes.get(moves), record.size)
    return bytes(sgf_grammar.serialise_game_tree(game))


def _root(record: GameRecord) -> _Properties:
    komi = "" if record.komi is None else np.format_float_positional(record.komi, trim="-")
    texts = {
        "GM": "1",
        "FF": "4",
        "CA": "UTF-8",
        "AP": "gopolicy",
        "SZ": str(record.size),
        "PB": record.black,
        "PW": record.white,
        "BR": record.black_rank,
        "WR": record.white_rank,
        "KM": komi,
        "HA": str(record.handicap) if record.handicap > 1 else "",
        "DT": record.date,
        "RE": record.result,
        "RU": record.rules,
        "PC": record.place,
    }
    return {ident: [_escape(text)] for ident, text in texts.items() if text}


def _nodes(record: GameRecord, root: _Properties) -> Iterator[_Properties]:
    """Yield the nodes that hold the events; setup before the first move goes to the root.

    Properties are written in alphabetical order, so setup that came in another order is spread
    over several nodes: read again, it gives the same events.
    """
    node, last = root, ""
    for event in record.events.tolist():
        place, color = event & EVENT_POINT_MASK, (event >> EVENT_COLOR_SHIFT) & 3
        if not event & EVENT_SETUP:
            yield node
            node, last = {_PLAYERS[color].decode(): [_letters(place, record.size)]}, "W"
            continue
        ident = "PL" if place == EVENT_NO_POINT else _SETUP[color]
        if ident < last or (ident == last == "PL"):
            yield node
            node = {}
        value = _PLAYERS[color] if ident == "PL" else _letters(place, record.size)
        node.setdefault(ident, []).append(value)
        last = ident
    yield node


def _annotate(node: _Properties, note: Note | None, size: int) -> None:
    if note is None:
        return
    if note.comment:
        node["C"] = [_escape(note.comment)]
    labels = [
        _letters(point, size) + b":" + _escape(text).replace(b":", b"\\:")
        for point, text in note.labels.items()
    ]
    if labels:
        node["LB"] = labels
    node.update({ident: [_escape(text)] for ident, text in note.properties.items()})


def _letters(place: int, size: int) -> bytes:
    """Return a point as SGF writes it; a pass is empty."""
    if place == EVENT_NO_POINT:
        return b""
    row, column = divmod(place, size)
    return bytes((_LETTERS[column], _LETTERS[row]))


def _escape(text: str) -> bytes:
    return bytes(sgf_grammar.escape_text(text.encode("utf-8", "replace")))
