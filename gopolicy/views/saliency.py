"""The view ``saliency`` for Go: which stones make the network want a move.

Each stone is taken away, the board encoded anew, and the network asked again.  Nothing is blurred
or zeroed in the planes: the network sees a position that the encoder made, with liberties, ladders
and legal moves of the board without the stone.  Taking a stone away is always legal.  Stones keep
their ages; a ko is forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder, Planes
from gopolicy.go.board import Board
from gopolicy.go.kernels import copy_board, set_point
from gopolicy.go.types import EMPTY, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.sgf.positions import Position
from gopolicy.views.board_lens import BoardLens

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Removal:
    """What a network thinks of a move with and without each stone, or chain.  A = N * N points."""

    move: Point
    probability: float
    """Of the move, with every stone in place."""
    pieces: Sequence[tuple[Point, ...]]
    """[S] what was taken away: single stones, or whole chains."""
    support: Float32Array
    """[S] how much the logarithm of the move's probability falls without the piece, in nats."""
    specific: Float32Array
    """[S] the same as SARFA measures it (Puri et al. 2020): 0 to 1, high only if the piece matters
    for this move and not for the others alike."""

    def per_point(self, values: Float32Array, size: int) -> Float32Array:
        """Return values [S] as one per point, [A], 0 where no stone was taken away."""
        points = np.zeros(size * size, np.float32)
        for piece, value in zip(self.pieces, values, strict=True):
            points[list(piece)] = value
        return points


def planes_without(
    encoder: Encoder, board: Board, to_play: Color, pieces: Sequence[Sequence[int]]
) -> Planes:
    """Return the planes [S, C, N, N] of the board without each piece, encoded anew."""
    shape = (len(pieces), encoder.plane_set.count, encoder.size, encoder.size)
    found: Planes = np.empty(shape, np.int8)
    for number, piece in enumerate(pieces):
        arrays = copy_board(board.arrays)
        for point in piece:
            set_point(arrays, int(point), EMPTY)
        found[number] = encoder.board(arrays, int(to_play))
    return found


def each_stone(board: Board) -> list[tuple[Point, ...]]:
    """Return every stone as a piece of its own."""
    return [(Point(int(at)),) for at in np.flatnonzero(board.stones.reshape(-1))]


def chains_of(board: Board) -> list[tuple[Point, ...]]:
    """Return every chain as a piece."""
    return sorted({board.chain(point) for (point,) in each_stone(board)})


def remove_each(
    subject: BoardLens, board: Board, to_play: Color, move: Point, *, chains: bool = False
) -> Removal:
    """Return how much each stone, or chain, speaks for a move; ConfigError on an empty board."""
    pieces = chains_of(board) if chains else each_stone(board)
    if not pieces:
        raise ConfigError("there is no stone on the board to take away")
    planes = planes_without(subject.encoder, board, to_play, [(), *pieces])
    log_ba = subject.log_probabilities(planes).astype(np.float64)
    probability_ba = np.exp(log_ba)
    return Removal(
        move=move,
        probability=float(probability_ba[0, move]),
        pieces=pieces,
        support=(log_ba[0, move] - log_ba[1:, move]).astype(np.float32),
        specific=sarfa(probability_ba[0], probability_ba[1:], move),
    )


def sarfa(
    before_a: npt.NDArray[np.float64], after_sa: npt.NDArray[np.float64], move: int
) -> Float32Array:
    """Return the saliency of Puri et al. 2020 (equations 1 to 4) for S changed positions, [S].

    The harmonic mean of the fall of the move's probability and of how little the rest of the
    distribution changes; 0 where the probability does not fall.
    """
    fall = before_a[move] - after_sa[:, move]
    rest = np.delete(np.arange(len(before_a)), move)
    old = before_a[rest] / max(before_a[rest].sum(), 1e-12)
    new = after_sa[:, rest] / np.maximum(after_sa[:, rest].sum(axis=1, keepdims=True), 1e-12)
    terms = new * (np.log(np.maximum(new, 1e-12)) - np.log(np.maximum(old, 1e-12)))
    same = 1.0 / (1.0 + terms.sum(axis=1))
    mean = 2 * same * fall / np.maximum(same + fall, 1e-12)
    return np.where(fall > 0, mean, 0.0).astype(np.float32)


CELL = 26
TOP = 5


def saliency_section(
    subject: BoardLens,
    position: Position,
    *,
    move: Point | None = None,
    chains: bool = False,
    title: str = "",
) -> Section:
    """Return how much each stone, or chain, speaks for a move: by default the network's first."""
    legal = position.board.legal_mask(position.to_play)
    if move is None:
        chances = subject.policy.predict(position.board, position.to_play)
        move = Point(int(np.where(legal, chances, -1.0).argmax()))
    if not legal[move]:
        raise ConfigError(f"{vertex_name(move, subject.size)} is no legal move here")
    found = remove_each(subject, position.board, position.to_play, move, chains=chains)
    vertex = vertex_name(move, subject.size)
    who, piece = position.to_play.name.capitalize(), "chain" if chains else "stone"
    best = _strongest(subject, found)
    return Section(
        view="saliency",
        title=f"Saliency: which stones make the network play {vertex}",
        text=(
            f"{title}. Every {piece} is taken away in turn and the board without it encoded anew; "
            f"a blue disc: the move becomes less probable without the {piece}. Left, the fall of "
            "the logarithm of the probability; right, SARFA (Puri et al. 2020), which is high "
            "only where a stone matters to this move and not to all others alike."
        ),
        network=subject.name,
        headline={
            "move": f"{who} {vertex}",
            "probability": f"{found.probability:.1%}",
            f"strongest {piece}": f"{best[0]['stones'][0]} ({best[0]['support']:+.2f} nats)",
        },
        findings={
            "move": vertex,
            "probability": found.probability,
            "move_number": position.number,
            "removed": f"{piece}s",
            "strongest": best,
        },
        pictures=[_picture(subject, position, found, f"{title}: {who} {vertex}")],
    )


def _strongest(subject: BoardLens, found: Removal) -> list[dict[str, Any]]:
    order = np.argsort(-np.abs(found.support), kind="stable")[:TOP]
    return [
        {
            "stones": [vertex_name(p, subject.size) for p in found.pieces[i]],
            "support": round(float(found.support[i]), 4),
            "specific": round(float(found.specific[i]), 4),
        }
        for i in order
    ]


def _picture(subject: BoardLens, position: Position, found: Removal, title: str) -> Shown:
    left = _board(subject, position, found, found.support)
    right = _board(subject, position, found, found.specific, full=1.0)
    tiles = [
        Tile(
            left,
            "Fall of the move's log-probability without the stone, in nats; a full disc is "
            "the largest",
        ),
        Tile(right, "SARFA: how specific to this move; a full disc is 1"),
    ]
    note = (
        f"Green square: the move, {found.probability:.1%}. Discs: blue speaks for it, orange "
        "against it; the area is the amount. Ring: the last move."
    )
    sheet = draw_sheet(
        f"{subject.name}: which stones speak for a move. {title}", [SheetRow(tiles)], note
    )
    return Shown("stones", image_png(sheet), note)


def _board(
    subject: BoardLens,
    position: Position,
    found: Removal,
    values: Float32Array,
    full: float | None = None,
) -> Any:
    """Return the position with a disc on every stone; full is the value of a full disc."""
    picture = BoardPicture(
        stones=position.board.stones,
        last_move=position.board.last_move,
        weights=found.per_point(values, subject.size),
        full_weight=full,
        played=found.move,
    )
    return board_image(picture, CELL)
