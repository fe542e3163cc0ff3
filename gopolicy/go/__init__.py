"""The rules of Go: boards, points, legality, scoring, symmetries and diagrams.

`Board` is for playing move by move; `gopolicy.go.kernels` is for going through whole games.
"""

from gopolicy.go.board import Board
from gopolicy.go.scoring import Score
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import parse_vertex, vertex_name

__all__ = ["PASS", "Board", "Color", "Point", "Score", "parse_vertex", "vertex_name"]
