"""The games of one SGF file, as a tab holds them."""

from dataclasses import dataclass

from gopolicy.errors import ConfigError
from gopolicy.go.rules import CHINESE, Rules, rules_named
from gopolicy.go.types import Color
from gopolicy.go.vertex import vertex_name
from gopolicy.sgf.read import MAX_FILE_BYTES
from gopolicy.sgf.tree import GameTree, read_trees
from gopolicy.web.walk import Walk

LONGEST_COMMENT = 100_000


@dataclass(slots=True)
class GameFile:
    """Some games, one of which is looked at."""

    name: str
    trees: list[GameTree]
    index: int = 0

    @property
    def tree(self) -> GameTree:
        """The game that is looked at."""
        return self.trees[self.index]

    def rules(self) -> Rules:
        """Return the rules of the game, the usual ones where it names none that are known."""
        try:
            return rules_named(self.tree.root.line("RU"))
        except ConfigError:
            return CHINESE

    def title(self) -> dict[str, object]:
        """Return what the game says about itself, by the names of SGF, and the games there are."""
        names = ["PB", "PW", "BR", "WR", "DT", "EV", "RE", "KM", "RU"]
        said = {name: self.tree.root.line(name) for name in names}
        return {
            **said,
            "file": self.name,
            "size": self.tree.size,
            "games": [_short(tree) for tree in self.trees[:500]],
            "game": self.index,
        }


def read_file(data: bytes, name: str) -> tuple[GameFile, list[str]]:
    """Return the games in a file that a user handed over, and remarks; SgfError for others."""
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{name}: too large: more than {MAX_FILE_BYTES:,} bytes")
    trees, remarks = read_trees(data, name)
    return GameFile(name, trees), remarks


def empty_file(size: int = 19) -> GameFile:
    """Return a file with an empty board."""
    root = {"SZ": [str(size).encode()], "KM": [b"7.5"], "RU": [b"Chinese"]}
    return GameFile("", [GameTree(root, size)])


def tree_rows(walk: Walk) -> list[list[object]]:
    """Return a row per node in the order of the tree: number, parent, color, vertex, comment."""
    rows: list[list[object]] = []
    waiting = [walk.tree.root]
    while waiting:
        node = waiting.pop()
        color, point = walk.move_at(node) or (Color.EMPTY, None)
        vertex = "" if point is None else vertex_name(point, walk.tree.size)
        parent = -1 if node.parent is None else node.parent.number
        rows.append([node.number, parent, int(color), vertex, int("C" in node.properties)])
        waiting += reversed(node.children)
    return rows


def _short(tree: GameTree) -> str:
    root = tree.root
    names = [root.line("PB")[:40] or "Black", root.line("PW")[:40] or "White"]
    parts = [" - ".join(names), root.line("DT")[:20], root.line("RE")[:12]]
    return ", ".join(part for part in parts if part)
