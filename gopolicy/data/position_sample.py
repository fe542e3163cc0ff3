"""Real positions that pictures are made from: a sample of archives, or of a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
import numpy.typing as npt

from gopolicy.data.open_games import open_games
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import GameTable
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder, Planes, Samples
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.types import EVENT_SETUP, Color, Point
from gopolicy.progress import SILENT, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class RealPosition:
    """One position of a game, and how it came about."""

    events: npt.NDArray[np.uint16]
    """The game up to the position."""
    size: int
    to_play: Color
    played: Point
    """The move that followed."""
    game: str
    """Where the game comes from."""
    number: int
    """The number of the move that followed, from 1; passes count."""

    @property
    def board(self) -> Board:
        """The position as a board."""
        return Board.from_events(self.size, self.events)

    @property
    def name(self) -> str:
        """The game, without its archive and folders, and the move."""
        file = self.game.rpartition("!")[2].rpartition("/")[2].removesuffix(".sgf")
        return f"{file}, move {self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class PositionSample:
    """Positions spread evenly over games, always the same ones for the same games and count."""

    table: GameTable
    ids: npt.NDArray[np.int64]
    """[P] position ids of the table, ascending."""

    def __len__(self) -> int:
        return len(self.ids)

    def games(self) -> npt.NDArray[np.int64]:
        """Return the game of each position, [P]."""
        return self.table.locate(self.ids).games

    def planes(self, encoder: Encoder, rows: npt.NDArray[np.integer]) -> Planes:
        """Return the planes [B, C, N, N] of the positions in these rows."""
        located = self.table.locate(self.ids[rows])
        starts, moves = located.starts, located.starts + located.indices
        samples = Samples(starts, moves, np.zeros(len(starts), np.int8))
        return encoder.batch(self.table.events, samples)[0]

    def position(self, row: int) -> RealPosition:
        """Return one position."""
        located = self.table.locate(self.ids[row : row + 1])
        start, index = int(located.starts[0]), int(located.indices[0])
        events = np.asarray(self.table.events[start : start + index])
        event = int(self.table.events[start + index])
        return RealPosition(
            events=events,
            size=self.table.size,
            to_play=Color(event_color(event)),
            played=Point(event_point(event)),
            game=self.table.names[int(located.games[0])],
            number=1 + int(np.count_nonzero(events < EVENT_SETUP)),
        )


def sample_positions(
    paths: Sequence[str | PathLike[str]], size: int, count: int, progress: Progress = SILENT
) -> PositionSample:
    """Return up to count positions of the games at paths: archives, or one store.

    ArchiveError, StoreError or ConfigError if there is none of this board size.
    """
    selection = open_games(paths, PrepareOptions(size=size), progress=progress).selection
    if selection.table.size != size:
        found = selection.table.size
        raise ConfigError(f"the network plays {size}x{size}, the store holds {found}x{found}")
    if not selection.positions:
        raise ConfigError(f"{paths[0]} holds no position")
    return PositionSample(selection.table, selection.spread(count))
