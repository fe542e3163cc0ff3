"""What a picture of a board shows; `board_svg` draws it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gopolicy.go.types import Point


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of points, its borders included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPicture:
    """What a picture shows."""

    stones: npt.NDArray[np.int8]
    """[N, N] EMPTY, BLACK or WHITE, row 0 at the top."""
    last_move: Point | None = None
    """Gets a ring on its stone."""
    heat: npt.NDArray[np.float32] | None = None
    """[N * N] a probability per point, drawn as a heat map with a legend."""
    labels: Mapping[Point, str] = field(default_factory=dict)
    """Short texts on points."""
    played: Point | None = None
    """The move that was played next, marked by a square."""
    weights: npt.NDArray[np.float32] | None = None
    """[N * N] a signed value per point, drawn as a disc: blue above 0, orange below, its area the
    amount; with a legend."""
    full_weight: float | None = None
    """The value of a full disc; by default the largest of this board."""
    owners: npt.NDArray[np.float32] | None = None
    """[N * N] whose each point is, 1 Black's to -1 White's, drawn as a black or white square."""
    faded: Collection[Point] = ()
    """Stones that are taken to be dead."""
    areas: Sequence[Area] = ()
    """Rectangles drawn around points; the rest of the board fades."""
    legend: bool = True
    """What colors and discs mean, to the right of the board."""
    coordinates: bool = True
    """Letters and numbers around the board."""
    title: str = ""
    caption: str = ""
