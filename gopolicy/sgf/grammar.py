"""From SGF text to the nodes of each game's main line.

The tokens are sgfmill's.  What is added is patience: games without a `;` or a closing bracket,
brackets that nobody escaped, several games in a file.  The main line is the first branch at every
fork, which is simply everything before the first parenthesis that closes something.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sgfmill import sgf_grammar

Node = list[tuple[bytes, list[bytes]]]
"""The properties of a node in the order of the text: a name and its raw values."""

MAX_TOKENS = 4_000_000
_GAME_START = re.compile(rb"\(\s*(?:;|(?=[A-Z][A-Za-z]{0,19}\s*\[))")
_BARE_START = re.compile(rb"\s*;\s*[A-Z][A-Za-z]{0,19}\s*\[")
_RESUME = re.compile(rb"\]|[;(]\s*[A-Z][A-Za-z]{0,19}\s*\[|\)\s*(?=[();]|$)|[A-Z]{1,2}\s*\[")
_NEXT_GAME = re.compile(rb"\(\s*;\s*(?:GM|FF|SZ|CA|AP|PB|PW|EV|GN|DT)\s*\[")
_PLAIN_HEAD = re.compile(rb"\s*\(\s*;")
_PLAIN_MOVE = re.compile(rb";\s*([BW])\[([a-y]{2}|)\]")
_PLAIN_TAIL = re.compile(rb"(?:;\s*[BW]\[(?:[a-y]{2})?\]\s*)++\)[\s\0\x1a]*\Z")
_OPENING = ("D", b"(")
_UNCLOSED = re.compile(rb"\s*\[")
_BLANK = re.compile(rb"[\s\0\x1a]*\Z")
_ROOT_ONLY = (b"GM", b"FF")


class GameText(NamedTuple):
    """The main line of one game and how well it could be read."""

    nodes: list[Node]
    moves: list[tuple[bytes, bytes]]
    """Moves that follow the nodes, one a node with nothing else in it: the name and the value."""
    damaged: bool


class TooManyTokens(ValueError):
    """A text so dense that reading it would cost more memory than any game is worth."""


def split_games(data: bytes) -> Iterator[GameText]:
    """Yield the games in data, well formed or not; whatever is around them is skipped."""
    if sum(data.count(mark) for mark in (b"(", b";", b"[")) > MAX_TOKENS:
        raise TooManyTokens(f"more than {MAX_TOKENS:,} brackets")
    plain = _plain_game(data)
    if plain is not None:
        yield plain
        return
    text: bytes | bytearray = _with_start(data)
    position, seen = 0, 0
    while True:
        tokens, position = sgf_grammar.tokenise(text, position)
        if not tokens:
            return
        reader = _MainLine()
        closed = reader.feed(tokens)
        if not _is_blank(text, position) and _depth(tokens):
            if not isinstance(text, bytearray):
                text = bytearray(text)
            if not closed:
                position = _repair(text, position, reader)
            position = _next_game(text, position)
        for nodes in _split_roots(reader.nodes):
            if seen == 0 or any(nodes):
                seen += 1
                yield GameText(nodes, [], reader.damaged or not reader.closed)


def _plain_game(data: bytes) -> GameText | None:
    """Return the only game in data if it is a head followed by nothing but moves, else None.

    Most games on servers are.  Only their heads need the tokeniser, which is three quarters of the
    time that reading a game takes.
    """
    first = _PLAIN_MOVE.search(data)
    if not (first and _PLAIN_HEAD.match(data) and _PLAIN_TAIL.match(data, first.start())):
        return None
    head = data[: first.start()] + b")"
    tokens, end = sgf_grammar.tokenise(head)
    if end < len(head) or tokens.count(_OPENING) != 1:
        return None
    reader = _MainLine()
    reader.feed(tokens)
    if any(name in _ROOT_ONLY for node in reader.nodes[1:] for name, _ in node):
        return None
    return GameText(reader.nodes, _PLAIN_MOVE.findall(data, first.start()), damaged=False)


class _MainLine:
    """Collects the nodes of the first branch out of a stream of tokens."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.closed = False
        self.damaged = False
        self.empty = 0  # parentheses that opened and hold nothing yet

    def feed(self, tokens: list[tuple[str, bytes]]) -> bool:
        """Take tokens up to the first closing parenthesis; say whether there was one."""
        node: Node = self.nodes[-1] if self.nodes else []
        values: list[bytes] = []
        for kind, token in tokens:
            if kind == "V":
                values.append(token)
            elif kind == "I":
                values, self.empty = [], 0
                node.append((token, values))
            elif token == b";":
                node, values, self.empty = [], [], 0
                self.nodes.append(node)
            elif token == b"(":
                self.empty += 1
            elif self.empty:  # a variation without a node is none
                self.empty -= 1
            else:
                self.closed = True
                break
        return self.closed


def _with_start(text: bytes) -> bytes:
    """Return text with the opening that sgfmill looks for, where only that is missing."""
    if _BARE_START.match(text):
        return b"(" + text
    match = _GAME_START.search(text)
    if match is None or match[0].endswith(b";"):
        return text
    return text[: match.end()] + b";" + text[match.end() :]


def _repair(text: bytearray, position: int, reader: _MainLine) -> int:
    """Read on behind what is no SGF; return where the game seems to end.

    sgfmill only starts at the start of a game, so the two bytes before the place to go on at, which
    have been read, are made to look like one.  Behind a value that never ends there is nothing.
    """
    reader.damaged = True
    while not _UNCLOSED.match(text, position) and (match := _RESUME.search(text, position)):
        position = match.end() if match[0] == b"]" else match.start()
        if match[0].startswith(b")"):
            reader.closed = True
            return match.end()
        text[position - 2 : position] = b"(;"
        tokens, end = sgf_grammar.tokenise(text, position - 2)
        position = max(end, position + 1)
        if reader.feed(tokens[2:]):
            return position
    return len(text)


def _is_blank(text: bytes | bytearray, position: int) -> bool:
    return _BLANK.match(text, position) is not None


def _depth(tokens: list[tuple[str, bytes]]) -> int:
    """Return how many parentheses are still open at the end of tokens."""
    return tokens.count(_OPENING) - tokens.count(("D", b")"))


def _next_game(text: bytes | bytearray, position: int) -> int:
    """Return where a game with a root of its own begins: what else follows damage is a branch."""
    match = _NEXT_GAME.search(text, position)
    return len(text) if match is None else match.start()


def _split_roots(nodes: list[Node]) -> Iterator[list[Node]]:
    """Split where a game that was never closed runs into the next one."""
    start = 0
    for index in range(1, len(nodes)):
        if any(name in _ROOT_ONLY for name, _ in nodes[index]):
            yield nodes[start:index]
            start = index
    yield nodes[start:]
