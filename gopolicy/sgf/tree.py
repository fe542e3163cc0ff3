"""A game with its variations, to be walked, added to and written again with all that it held.

Every property of every node is kept, known or not.  What is written is FF[4] in UTF-8.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from sgfmill import sgf_grammar

from gopolicy.errors import SgfError
from gopolicy.go.types import EVENT_SETUP
from gopolicy.sgf.encoding import decode
from gopolicy.sgf.metadata import simple_text
from gopolicy.sgf.read import node_events, parse_games
from gopolicy.sgf.record import GameRecord, Rejection
from gopolicy.sgf.write import write_game

MAX_NODES = 200_000
_NEAR = 50
"""Trees that are looked at for a game of a file with damaged brackets, in their order."""
_MOVES = ("B", "W")
_CODE = {"CA": [b"UTF-8"]}
_OF_ROOTS = frozenset({"GM", "FF", "SZ", "CA", "AP", "PB", "PW", "KM", "RE"})
_STRAY = re.compile(rb"[^(\[]*;\s*[A-Z][A-Za-z]{0,19}\s*\[")
"""A node behind a game that has closed, where nodes belong to nothing."""
_OPEN, _CLOSE = ("D", b"("), ("D", b")")


@dataclass(slots=True, eq=False)
class TreeNode:
    """One node: what SGF says there, and what may follow."""

    number: int
    """Counts the nodes of a tree in the order they came, the root is 0; never used again."""
    properties: dict[str, list[bytes]]
    """Raw values, escaped as in SGF, in UTF-8."""
    parent: "TreeNode | None" = None
    children: list["TreeNode"] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Return the text of a property with its line breaks, empty without one."""
        values = self.properties.get(name, [b""])
        return str(sgf_grammar.text_value(values[0]).decode("utf-8", "replace"))

    def line(self, name: str) -> str:
        """Return the text of a property in one line."""
        return simple_text(self.properties.get(name, [b""])[0])

    def set_text(self, name: str, text: str) -> None:
        """Change the text of a property; an empty one takes it away."""
        if text:
            raw = sgf_grammar.escape_text(text.encode("utf-8", "replace"))
            self.properties[name] = [bytes(raw)]
        else:
            self.properties.pop(name, None)

    def events(self, size: int) -> list[int]:
        """Return what happens here, as events; SgfError for a point that the board lacks."""
        return node_events([(k.encode(), v) for k, v in self.properties.items()], size)

    def is_move(self) -> bool:
        """Return whether a move is made here."""
        return any(name in self.properties for name in _MOVES)

    def path(self) -> list["TreeNode"]:
        """Return the nodes from the root to here."""
        found, node = [], self
        while True:
            found.append(node)
            if node.parent is None:
                return found[::-1]
            node = node.parent


class GameTree:
    """The nodes of one game."""

    before: Sequence["GameTree"] = ()
    """Games of the same file that could not be read: those that stand before all others."""
    behind: Sequence["GameTree"] = ()
    """Games of the same file that could not be read: those that stand behind this one."""
    fragment = False
    """Whether it may be a part of another, behind damaged brackets."""
    complete = True
    """Whether all brackets were where they belong when it was read."""

    def __init__(self, root: dict[str, list[bytes]], size: int) -> None:
        self.size = size
        self.root = TreeNode(0, root)
        self.nodes = {0: self.root}
        self._next = 1

    def add(self, parent: TreeNode, properties: dict[str, list[bytes]]) -> TreeNode:
        """Add a node behind another, after those that are there; SgfError if there are too many."""
        if len(self.nodes) >= MAX_NODES:
            raise SgfError(f"too large: more than {MAX_NODES:,} nodes")
        node = TreeNode(self._next, properties, parent)
        self._next += 1
        self.nodes[node.number] = node
        parent.children.append(node)
        return node

    def remove(self, node: TreeNode) -> None:
        """Take away a node and all that follows it; SgfError for the root."""
        if node.parent is None:
            raise SgfError("the first node of a game cannot be removed")
        node.parent.children.remove(node)
        waiting = [node]
        while waiting:
            gone = waiting.pop()
            del self.nodes[gone.number]
            waiting += gone.children

    def line_through(self, node: TreeNode) -> list[TreeNode]:
        """Return the line from the root over a node to the end, by first children behind it."""
        line = node.path()
        while line[-1].children:
            line.append(line[-1].children[0])
        return line

    def main_events(self) -> list[int]:
        """Return what happens on the main line; SgfError where a point is not on the board."""
        return [event for node in self.line_through(self.root) for event in node.events(self.size)]


def read_trees(data: bytes, name: str) -> tuple[list[GameTree], list[str]]:
    """Return the games in an SGF text called name, and what has to be said about them.

    Those that cannot be read are kept beside the others for `write_trees`, unless brackets are
    damaged.  Raises SgfError if no game can be read.
    """
    found = list(parse_games(data, name))
    whole = list(_trees(decode(data).text))
    paired = len(whole) == len(found)
    if not paired:
        whole = [tree for tree in whole if not tree.fragment]

    @cache
    def following(at: int, size: int) -> list[int] | None:
        """Return what stands behind the root of a tree; for several games it is asked for."""
        return _behind_root(whole[at], size)

    kept = "" if paired else "; it is not kept"
    trees: list[GameTree] = []
    remarks: list[str] = []
    refused: list[GameTree] = []
    place = 0
    for number, game in enumerate(found):
        if isinstance(game, Rejection):
            remarks.append(f"{game.name}: {game.reason}: {game.detail}{kept if trees else ''}")
            refused += [whole[number]] if paired else []
            continue
        candidates = [number] if paired else range(place, min(place + _NEAR, len(whole)))
        size = game.size
        at = next((at for at in candidates if _fit(whole[at], game, following(at, size))), None)
        if at is not None:
            tree, place = whole[at], at + 1
            if not tree.complete:
                remarks.append(f"{game.name}: damaged, so parts of it are not here")
        else:
            remarks.append(f"{game.name}: damaged, so only its main line is here")
            tree = next(_trees(write_game(game)))
            _fit(tree, game, _behind_root(tree, size))
        if game.handicap_placed:
            remarks.append(f"{game.name}: its handicap stones stand on the fixed points")
        if trees:
            trees[-1].behind = refused
        else:
            tree.before = refused
        refused = []
        trees.append(tree)
    if not trees:
        raise SgfError(remarks[0])
    trees[-1].behind = refused
    return trees, remarks


def write_trees(trees: Iterable[GameTree]) -> bytes:
    """Return games as SGF, and those beside them that could not be read as they were."""
    parts: list[bytes] = []
    for tree in trees:
        parts += [_written(each, _CODE) for each in tree.before]
        parts.append(write_tree(tree))
        parts += [_written(each, _CODE) for each in tree.behind]
    return b"".join(parts)


def write_tree(tree: GameTree) -> bytes:
    """Return one game alone as SGF."""
    return _written(tree, {"FF": [b"4"]} | _CODE | {"GM": [b"1"]})


def _behind_root(tree: GameTree, size: int) -> list[int] | None:
    """Return what happens on the main line behind the root; None where a board lacks a point."""
    line = tree.line_through(tree.root)[1:]
    try:
        return [event for node in line for event in node.events(size)]
    except SgfError:
        return None


def _fit(tree: GameTree, record: GameRecord, following: list[int] | None) -> bool:
    """Give a tree the size of a record, and its unwritten handicap, if they are one game.

    following is what happens in the tree behind its root, on a board of that size.
    """
    events, size = record.events.tolist(), record.size
    root = TreeNode(0, dict(tree.root.properties))
    if tree.fragment or following is None or len(following) > len(events):
        return False
    try:
        if record.handicap_placed and "AB" not in root.properties:
            stones = GameRecord(size=size, events=record.events[: record.handicap])
            added = sgf_grammar.parse_sgf_game(write_game(stones)).sequence[0]
            root.properties["AB"] = added["AB"]
        count = len(root.events(size)) + len(following)
        if len(events) == count + 1 and "PL" not in root.properties and events[-1] & EVENT_SETUP:
            root.properties["PL"] = [b"W"]
        found = root.events(size) + following
    except SgfError:
        return False
    if found != events:
        return False
    tree.size, tree.root.properties = size, root.properties
    return True


def _trees(text: bytes) -> Iterator[GameTree]:
    """Yield the games of a text in UTF-8, as far as brackets are where they belong."""
    place, damaged = 0, False
    while True:
        tokens, place = sgf_grammar.tokenise(text, place)
        if not tokens:
            return
        tree = _tree(tokens)
        tree.fragment = damaged and not tree.root.properties.keys() & _OF_ROOTS
        balanced = tokens.count(_OPEN) == tokens.count(_CLOSE)
        tree.complete = balanced and not _STRAY.match(text, place)
        damaged |= not balanced
        yield tree


def _tree(tokens: list[tuple[str, bytes]]) -> GameTree:
    """Return the tree that tokens make, however deep its variations are nested."""
    tree = GameTree({}, 0)
    branches: list[TreeNode | None] = []
    node: TreeNode | None = None
    values: list[bytes] = []
    for kind, token in tokens:
        if kind == "V":
            values.append(token)
        elif kind == "I" and node is not None:
            values = node.properties.setdefault(token.decode("ascii"), [])
        elif token == b"(":
            branches.append(node)
        elif token == b")":
            node = branches.pop()
        elif token == b";":
            node = tree.root if node is None else tree.add(node, {})
    return tree


def _written(tree: GameTree, said: dict[str, list[bytes]]) -> bytes:
    """Return one game as SGF that says something about itself.

    Properties stay in their order, which tells what happens first at a node.
    """
    parts: list[bytes] = []
    waiting: list[TreeNode | bytes] = [b")\n", tree.root, b"("]
    while waiting:
        node = waiting.pop()
        if isinstance(node, bytes):
            parts.append(node)
            continue
        properties = said | node.properties | said if node is tree.root else node.properties
        parts.append(b";")
        for name, values in properties.items():
            if values:
                parts += [name.encode(), b"[", b"][".join(values), b"]"]
        if len(node.children) == 1:
            waiting += node.children
        else:
            for child in reversed(node.children):
                waiting += [b")", child, b"\n("]
    return b"".join(parts)
