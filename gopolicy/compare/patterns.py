"""Does a network give the same pattern elsewhere the same answer?  Three measurements.

`agreement`: the best move on the 8 turned and mirrored boards, turned back.  `moved_patterns`: the
stones around a move of a real game, alone on the board, then moved: along the side with the
distance to it kept, or about the center.  Asked is for the best empty point among those around,
and whether it moves along.  `largest_gap`: for a stack of convolutions that ends in one logit per
point, how much the logits of a moved pattern differ once the bias per point is left out, where the
edge of the board is out of sight; by the lecture, not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gopolicy.compare.frequency_baseline import FrequencyBaseline
from gopolicy.data.position_kernels import Int64Array
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.evaluation.accuracy import GivesLogProbabilities, interval, labeled_batches
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import MAX_SIZE, Color, Point
from gopolicy.nets.layers import ConvBlock, PositionBias
from gopolicy.policy.policy import Policy

REACH = 3
"""A pattern is the stones up to so many lines from a move, in both directions."""
SIDE, CLEAR = 4, 7
"""The side is up to this line; a pattern at a side keeps so many lines from the others."""
FEWEST = 3
"""Patterns with fewer stones are left out."""
SLIDES = (-3, -2, -1, 1, 2, 3)
"""Lines that a pattern is moved by."""

_Stones = list[tuple[int, int, int]]
PatternNetwork = Policy | FrequencyBaseline


@dataclass(frozen=True, slots=True)
class Pattern:
    """_Stones around a move of a game."""

    stones: _Stones
    """(row, column, color) on the board."""
    center: tuple[int, int]
    """The point that was played."""
    to_move: Color
    kind: str
    """side or center."""
    along: tuple[tuple[int, int], ...]
    """Where it can be moved to: (rows, columns) to go."""


def probe(policy: Policy, table: GameTable, ids: Int64Array) -> dict[str, Any]:
    """Return all measurements of one network on positions of the table."""
    patterns = find_patterns(table, ids)
    return {
        "symmetries": agreement(policy, table, ids),
        **probe_moved(policy, patterns),
        "exact": largest_gap(policy, [p for p in patterns if p.kind == "center"]),
    }


def probe_moved(asked: PatternNetwork, patterns: list[Pattern]) -> dict[str, Any]:
    """Return what is measured on patterns moved along a side, and on those about the center."""
    return {
        kind: moved_patterns(asked, [pattern for pattern in patterns if pattern.kind == kind])
        for kind in ("side", "center")
    }


def agreement(policy: GivesLogProbabilities, table: GameTable, ids: Int64Array) -> dict[str, Any]:
    """Return how often the best move of a turned board is the turned best move.

    all: share of positions with one best move in all 8 views; each: mean share of the 7 other views
    that agree with the first; with 95 % intervals over games.
    """
    turns = symmetry_table(table.size).astype(np.int64)
    same, games = [], []
    for planes, labels in labeled_batches(table, ids, policy.plane_set, 256):
        best = np.stack([_best_turned(policy, planes, turn) for turn in turns])
        same.append((best == best[0])[1:].T)
        games.append(labels.games)
    agree, of_game = np.concatenate(same), np.concatenate(games)
    return {
        "positions": len(agree),
        "all": _share(np.all(agree, axis=1), of_game),
        "each": _share(np.mean(agree, axis=1), of_game),
    }


def _best_turned(
    policy: GivesLogProbabilities, planes_bcnn: npt.NDArray[np.int8], turn: Int64Array
) -> Int64Array:
    """Return the best points of boards seen turned, in terms of the boards as they are."""
    flat = planes_bcnn.reshape(*planes_bcnn.shape[:2], -1)
    turned = np.empty_like(flat)
    turned[:, :, turn] = flat
    scores = policy.log_probabilities(turned.reshape(planes_bcnn.shape))
    best: Int64Array = scores[:, turn].argmax(1)
    return best


def _share(values: Any, units: Int64Array) -> dict[str, Any]:
    counts = np.bincount(units)
    found = interval(np.bincount(units, values.astype(np.float64)), counts)
    return {"value": float(values.mean()), "interval": found}


def find_patterns(table: GameTable, ids: Int64Array) -> list[Pattern]:
    """Return the patterns around the moves of positions, those that can be moved."""
    return [pattern for position in ids for pattern in _patterns_at(table, int(position))]


def _patterns_at(table: GameTable, position: int) -> Iterator[Pattern]:
    located = table.locate(np.array([position]))
    start, index = int(located.starts[0]), int(located.indices[0])
    events = table.events[start : start + index + 1]
    board = Board.from_events(table.size, events[:-1])
    row, column = divmod(event_point(events[-1]), table.size)
    stones = [
        (int(r), int(c), int(board.stones[r, c]))
        for r, c in np.argwhere(board.stones)
        if max(abs(int(r) - row), abs(int(c) - column)) <= REACH
    ]
    kind, along = _ways(row, column, table.size)
    if len(stones) >= FEWEST and along:
        color = Color(event_color(events[-1]))
        yield Pattern(stones, (row, column), color, kind, along)


def _ways(row: int, column: int, size: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return whether a point is at a side or about the center, and where patterns there can go."""
    near = [min(line, size - 1 - line) for line in (row, column)]
    if min(near) >= CLEAR - 1:
        moves = [(a, 0) for a in SLIDES] + [(0, a) for a in SLIDES]
        low = CLEAR - 1
        kept = [
            m for m in moves if _inside(row + m[0], low, size) and _inside(column + m[1], low, size)
        ]
        return "center", tuple(kept)
    at_row = near[0] < SIDE
    if at_row == (near[1] < SIDE) or max(near) < CLEAR:
        return "", ()
    line = column if at_row else row
    slides = [a for a in SLIDES if _inside(line + a, CLEAR, size)]
    return "side", tuple((0, a) if at_row else (a, 0) for a in slides)


def _inside(line: int, margin: int, size: int) -> bool:
    return margin <= line < size - margin


def _board(pattern: Pattern, size: int, move: tuple[int, int] = (0, 0)) -> Board | None:
    """Return a board with nothing but a moved pattern; None if a chain would have no liberty."""
    board = Board(size)
    of_color: dict[int, list[Point]] = {1: [], 2: []}
    for row, column, color in pattern.stones:
        of_color[color].append(Point((row + move[0]) * size + column + move[1]))
    try:
        board.setup(of_color[1], of_color[2], to_move=pattern.to_move)
    except ConfigError:
        return None
    return board


def moved_patterns(policy: PatternNetwork, patterns: list[Pattern]) -> dict[str, Any]:
    """Return how often the best point around a pattern moves along with it.

    change is how much the probabilities of those points, among themselves, change (total
    variation, 0 to 1).
    """
    hits, counts, changes = [], [], []
    for pattern in patterns:
        boards = [_board(pattern, policy.size, move) for move in ((0, 0), *pattern.along)]
        if any(board is None for board in boards):
            continue
        shares = _around(policy, pattern, [board for board in boards if board])
        counts.append(len(shares) - 1)
        hits.append(int((shares[1:].argmax(1) == shares[0].argmax()).sum()))
        changes.append(float(np.abs(shares[1:] - shares[0]).sum(1).mean() / 2))
    if not counts:
        return {"patterns": 0, "moved": 0, "follows": None, "change": None}
    found = interval(np.array(hits), np.array(counts))
    return {
        "patterns": len(counts),
        "moved": sum(counts),
        "follows": {"value": sum(hits) / sum(counts), "interval": found},
        "change": fmean(changes),
    }


def _around(
    policy: PatternNetwork, pattern: Pattern, boards: list[Board]
) -> npt.NDArray[np.float64]:
    """Return the probabilities of the empty points around each moved pattern, made to sum to 1.

    The points come in the same order for every board, [boards, points]; those off the board and
    those with a stone are left out.
    """
    size = policy.size
    planes = np.stack([policy.planes_of(b.arrays, pattern.to_move) for b in boards])
    scores = policy.log_probabilities(planes).astype(np.float64)
    taken = {(row, column) for row, column, _ in pattern.stones}
    row, column = pattern.center
    window = range(-REACH, REACH + 1)
    points = [(row + a, column + b) for a in window for b in window]
    free = [(r, c) for r, c in points if 0 <= r < size and 0 <= c < size and (r, c) not in taken]
    rows = [
        scores[k, [(r + a) * size + c + b for r, c in free]]
        for k, (a, b) in enumerate(((0, 0), *pattern.along))
    ]
    shares: npt.NDArray[np.float64] = np.exp(np.array(rows))
    shares /= shares.sum(1, keepdims=True)
    return shares


def largest_gap(policy: Policy, patterns: list[Pattern]) -> dict[str, Any] | None:
    """Return the largest difference of logits between a pattern and the same one moved.

    It compares the points that are as far from the edge as the layers can see, on the largest board
    there is, with the bias per point left out, in float32.  None for a network that has other
    layers than convolutions, or that sees the edge from everywhere.
    """
    layers = list(policy.network.children())
    bias = next((layer for layer in layers if isinstance(layer, PositionBias)), None)
    stack = [layer for layer in layers if layer is not bias]
    if bias is None or not all(isinstance(layer, ConvBlock) for layer in stack):
        return None
    reach = sum(max(block.conv.kernel_size) // 2 for block in stack)
    encoder = Encoder(policy.plane_set, MAX_SIZE)
    middle = MAX_SIZE // 2
    if MAX_SIZE - 2 * reach - max(SLIDES) < 1:
        return None
    gap, size, points = 0.0, 0.0, 0
    for pattern in patterns:
        to_middle = middle - pattern.center[0], middle - pattern.center[1]
        base = _logits(pattern, encoder, policy, to_middle)
        for a, b in pattern.along:
            moved = _logits(pattern, encoder, policy, (to_middle[0] + a, to_middle[1] + b))
            if base is None or moved is None:
                continue
            one, other = _seen_alike(base, moved, (a, b), reach)
            gap = max(gap, float(np.abs(one - other).max()))
            size, points = max(size, float(np.abs(one).max())), points + one.size
    return {"largest_gap": gap, "largest_logit": size, "points": points, "reach": reach}


def _logits(
    pattern: Pattern, encoder: Encoder, policy: Policy, move: tuple[int, int]
) -> npt.NDArray[np.float32] | None:
    """Return the logits of the stack without its bias per point on the largest board, [N, N]."""
    board = _board(pattern, MAX_SIZE, move)
    if board is None:
        return None
    planes = encoder.board(board.arrays, int(pattern.to_move))[None]
    x = torch.from_numpy(np.ascontiguousarray(planes)).to(policy.device, torch.float32)
    with torch.inference_mode():
        for layer in policy.network.children():
            if not isinstance(layer, PositionBias):
                x = layer(x)
    logits: npt.NDArray[np.float32] = x[0, 0].cpu().numpy()
    return logits


def _seen_alike(
    base: npt.NDArray[np.float32],
    moved: npt.NDArray[np.float32],
    move: tuple[int, int],
    reach: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the logits of the points from which neither board's edge is seen."""
    slices = [
        (
            slice(max(reach, reach - a), MAX_SIZE - max(reach, reach + a)),
            slice(max(reach, reach - a) + a, MAX_SIZE - max(reach, reach + a) + a),
        )
        for a in move
    ]
    (rows, moved_rows), (columns, moved_columns) = slices
    return base[rows, columns], moved[moved_rows, moved_columns]
