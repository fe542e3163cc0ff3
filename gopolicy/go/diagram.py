"""Text diagrams: a position as people draw it, and back.

Black is X, White is O, an empty point a dot (a star point may be a plus sign).  Coordinates around
the board are optional when a diagram is read; the move just played may stand in parentheses::

       A B C
     3 . X . 3
     2 . O(X)2
     1 . . . 1
       A B C
"""

import re

import numpy as np
import numpy.typing as npt

from gopolicy.errors import ConfigError, wrong_kind
from gopolicy.go.handicap import star_points
from gopolicy.go.types import PASS
from gopolicy.go.vertex import COLUMNS, check_size

_SYMBOLS = {".": 0, "+": 0, ",": 0, "X": 1, "O": 2}
_ROW = re.compile(r"[0-9]*([^0-9]*)[0-9]*", re.ASCII)


def format_diagram(stones: npt.NDArray[np.int8], last: int = PASS) -> str:
    """Return the diagram of stones [N, N], with the point last in parentheses.

    >>> print(format_diagram(np.array([[0, 1], [2, 0]], dtype=np.int8), last=1))
       A B
     2 .(X)2
     1 O . 1
       A B
    """
    size = len(stones)
    stars = set(star_points(size))
    header = "   " + " ".join(COLUMNS[:size])
    lines = [header]
    for row in range(size):
        cells = [
            "+" if not stone and row * size + column in stars else ".XO"[stone]
            for column, stone in enumerate(stones[row])
        ]
        lines.append(_format_row(cells, size - row, last - row * size if last >= 0 else PASS))
    return "\n".join([*lines, header])


def _format_row(cells: list[str], number: int, last: int) -> str:
    """Return one line; the gaps beside column last, if the row has it, become parentheses."""
    gaps = [" "] * (len(cells) + 1)
    if 0 <= last < len(cells):
        gaps[last], gaps[last + 1] = "(", ")"
    body = "".join(gap + cell for gap, cell in zip(gaps, cells, strict=False))
    return f"{number:2d}{body}{gaps[-1]}{number}"


def parse_diagram(text: str) -> npt.NDArray[np.int8]:
    """Return the stones [N, N] of a diagram; raise ConfigError where it is none, or not square.

    >>> parse_diagram("X . .  / . O . / . . .").tolist()
    [[1, 0, 0], [0, 2, 0], [0, 0, 0]]
    """
    if not isinstance(text, str):
        raise wrong_kind("the text of a diagram", text)
    rows = [cells for line in re.split(r"[\n/]", text) if (cells := _parse_row(line))]
    size = check_size(len(rows))
    for number, cells in zip(range(size, 0, -1), rows, strict=True):
        if len(cells) != size:
            raise ConfigError(f"expected {size} points in row {number}, got {len(cells)}")
    return np.array(rows, dtype=np.int8)


def _parse_row(line: str) -> list[int]:
    """Return the stones of one line, none for an empty line or a line of column letters."""
    text = re.sub(r"[\s()]", "", line)
    if text.startswith("A"):
        return []
    match = _ROW.fullmatch(text)
    cells = match[1] if match else text
    unknown = sorted(set(cells) - set(_SYMBOLS))
    if unknown:
        raise ConfigError(f"expected a row of X, O and dots, got {line.strip()[:60]!r}")
    return [_SYMBOLS[cell] for cell in cells]
