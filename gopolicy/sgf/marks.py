"""What an SGF file draws on the board at a node: labels and signs."""

from collections.abc import Iterator

from gopolicy.go.types import Point
from gopolicy.sgf.read import rectangle
from gopolicy.sgf.tree import TreeNode

SIGNS = {"MA": "\u00d7", "TR": "\u25b3", "SQ": "\u25a1", "CR": "\u25cb"}
"""How the signs of SGF are written, as labels."""
_LONGEST_LABEL = 3


def marks_at(node: TreeNode, size: int) -> dict[Point, str]:
    """Return the text on each marked point, of 3 letters at most; a label wins over a sign.

    A sign may name a rectangle, such as ``aa:cc``, as FF[4] has it.  Points off the board are left
    out.
    """
    marks: dict[Point, str] = {}
    for name, sign in SIGNS.items():
        for value in node.properties.get(name, []):
            marks |= dict.fromkeys(_points(value, size), sign)
    for value in node.properties.get("LB", []):
        place, _, text = value.partition(b":")
        if text:
            label = text.decode("utf-8", "replace")[:_LONGEST_LABEL]
            marks |= dict.fromkeys(_points(place, size), label)
    return marks


def _points(value: bytes, size: int) -> Iterator[Point]:
    """Yield the points that a value names, which may be a rectangle."""
    for place in rectangle(value) if b":" in value else (value,):
        column, row = (letter - ord("a") for letter in place[:2]) if len(place) == 2 else (-1, -1)
        if 0 <= column < size and 0 <= row < size:
            yield Point(row * size + column)
