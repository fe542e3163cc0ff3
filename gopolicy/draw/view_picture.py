"""Boards and what a network thinks of them, as SVG."""

import os
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gopolicy.draw.board_files import write_board
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import board_svg
from gopolicy.draw.svg import Svg
from gopolicy.errors import ConfigError, wrong_kind
from gopolicy.files import named
from gopolicy.go.board import Board
from gopolicy.go.types import Point


@runtime_checkable
class _Position(Protocol):
    @property
    def board(self) -> Board: ...
    @property
    def played(self) -> Point | None: ...


@runtime_checkable
class _View(Protocol):
    @property
    def position(self) -> _Position | None: ...
    @property
    def heat(self) -> npt.NDArray[np.float32]: ...
    def best_points(self, count: int) -> list[tuple[Point, float]]: ...


def draw_board(
    shown: "Board | _Position | _View", path: str | os.PathLike[str] | None = None
) -> Svg:
    """Return the picture of a board, of a position of a game, or of a `View` of one.

    A view shows a heat map with the percentages of its five best moves.  With path the picture is
    written there as well, as SVG, PNG, JPEG, WebP or PDF by the ending.

    Raises ConfigError for anything else and for a view of an unknown position, OutputError where
    path cannot be written.
    """
    picture = _picture(shown)
    if path is not None:
        write_board(named(path), picture)
    return board_svg(picture)


def _picture(shown: "Board | _Position | _View") -> BoardPicture:
    if isinstance(shown, Board):
        return BoardPicture(stones=shown.stones, last_move=shown.last_move)
    if not isinstance(shown, _View):
        if not isinstance(shown, _Position):
            raise wrong_kind("a Board, a Position or a View", shown)
        last = shown.board.last_move
        return BoardPicture(stones=shown.board.stones, last_move=last, played=shown.played)
    if shown.position is None:
        raise ConfigError("the view does not say which position it is of")
    board = shown.position.board
    best = shown.best_points(5)
    return BoardPicture(
        stones=board.stones,
        last_move=board.last_move,
        heat=shown.heat.reshape(-1),
        labels={point: f"{100 * share:.0f}" for point, share in best},
        played=shown.position.played,
    )
