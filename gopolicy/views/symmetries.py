"""The view ``symmetries``: where a network changes its mind when the board is turned."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gopolicy.data.position_sample import PositionSample
from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet, in_rows
from gopolicy.features.encode import Samples
from gopolicy.go.board import Board
from gopolicy.go.symmetry import SYMMETRIES, symmetry_table
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.progress import SILENT, Progress
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.small_boards import small_board

FloatArray = npt.NDArray[np.float64]
CHUNK = 16
"""Positions looked at together, eight times each."""
TIE = 1e-4
"""Points whose probabilities differ by a smaller share are tied."""
ALIKE = 1e-6
"""A divergence below this is rounding, in nats."""

NAMES = (
    "as it is",
    "upside down",
    "mirrored",
    "half turn",
    "along the diagonal",
    "quarter turn",
    "quarter turn back",
    "other diagonal",
)
"""Symmetry s of `gopolicy.go.symmetry` in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The probabilities of one position from the eight sides, turned back.  A = N * N points."""

    probabilities: FloatArray
    """[8, A]"""

    @property
    def mean(self) -> FloatArray:
        """The mean of the eight, [A]."""
        result: FloatArray = self.probabilities.mean(axis=0)
        return result

    @property
    def first_moves(self) -> npt.NDArray[np.int64]:
        """The most probable point of each view, [8]; of tied ones the one all views like most."""
        common = int(self.mean.argmax())
        tied = self.probabilities[:, common] >= (1 - TIE) * self.probabilities.max(axis=1)
        return np.where(tied, common, self.probabilities.argmax(axis=1))

    @property
    def agree(self) -> bool:
        """Whether all eight views prefer the same point."""
        return len(set(self.first_moves.tolist())) == 1

    @property
    def divergence(self) -> float:
        """The Jensen-Shannon divergence of the eight, in nats: 0 where all are equal."""
        return max(0.0, float(_entropy(self.mean) - _entropy(self.probabilities).mean()))

    @property
    def alike(self) -> bool:
        """Whether the eight views are the same but for rounding."""
        return self.divergence < ALIKE


def views_of(subject: BoardLens, board: Board, to_play: Color) -> Views:
    """Return one position seen from the eight sides."""
    planes = np.stack(
        [subject.encoder.board(board.arrays, int(to_play), s) for s in range(SYMMETRIES)]
    )
    return Views(_turned_back(subject, subject.log_probabilities(planes)))


def views_of_sample(
    subject: BoardLens, sample: PositionSample, progress: Progress = SILENT
) -> list[Views]:
    """Return every position of a sample seen from the eight sides."""
    progress.start("turning positions", len(sample), "positions")
    found: list[Views] = []
    for at in range(0, len(sample), CHUNK):
        located = sample.table.locate(sample.ids[at : at + CHUNK])
        count = len(located.starts)
        samples = Samples(
            starts=np.repeat(located.starts, SYMMETRIES),
            moves=np.repeat(located.starts + located.indices, SYMMETRIES),
            symmetries=np.tile(np.arange(SYMMETRIES, dtype=np.int8), count),
        )
        planes = subject.encoder.batch(sample.table.events, samples)[0]
        rows = subject.log_probabilities(planes).reshape(count, SYMMETRIES, -1)
        found += [Views(_turned_back(subject, row)) for row in rows]
        progress.advance(count)
    progress.finish()
    return found


def _turned_back(subject: BoardLens, log_sa: npt.NDArray[np.float32]) -> FloatArray:
    """Return probabilities [8, A] with view s turned back."""
    table = symmetry_table(subject.size)
    views = np.exp(log_sa.astype(np.float64))
    return np.stack([views[s][table[s]] for s in range(SYMMETRIES)])


def _entropy(probabilities: FloatArray) -> FloatArray:
    result: FloatArray = -(probabilities * np.log(np.maximum(probabilities, 1e-30))).sum(axis=-1)
    return result


WORST = 2
CELL, CELL_OF_MEAN = 14, 22


def sample_section(
    subject: BoardLens, sample: PositionSample, progress: Progress = SILENT
) -> Section:
    """Return how often the eight views agree over a sample, and the positions where least."""
    found = views_of_sample(subject, sample, progress)
    divergence = np.array([views.divergence for views in found])
    agree = float(np.mean([views.agree for views in found]))
    majority = float(np.mean([_votes(views)[0][1] for views in found]) / 8)
    worst = [int(row) for row in np.argsort(-divergence, kind="stable")[:WORST]]
    alike = sum(views.alike for views in found)
    pictures, described = [], []
    for number, row in enumerate(worst, start=1):
        position = sample.position(row)
        board = position.board
        pictures.append(
            _picture(subject, board, position.to_play, found[row], position.name, f"worst-{number}")
        )
        described.append(
            {"game": position.game, "move": position.number} | _finding(subject, found[row])
        )
    return Section(
        view="symmetries",
        title="Symmetries: where the network disagrees with itself",
        text=(
            "The rules of Go do not change when the board is turned or mirrored, but a network "
            f"only learned so by example. Over {len(sample):,} positions, how often all eight "
            "views prefer the same point; and the positions where they differ most (by "
            "Jensen-Shannon divergence). "
            f"In {alike:,} positions the eight views are alike."
        ),
        network=subject.name,
        headline={
            "all eight agree": f"{agree:.1%}",
            "agree with the majority": f"{majority:.1%}",
            "mean divergence": f"{divergence.mean():.3f} nats",
            "positions": f"{len(sample):,}",
        },
        findings={
            "positions": len(sample),
            "all_agree": agree,
            "majority": majority,
            "mean_divergence": float(divergence.mean()),
            "worst": described,
        },
        pictures=pictures,
    )


def position_section(subject: BoardLens, board: Board, to_play: Color, title: str = "") -> Section:
    """Return the eight views of one position."""
    views = views_of(subject, board, to_play)
    point, votes = _votes(views)[0]
    return Section(
        view="symmetries",
        title=f"Symmetries: {title}",
        text=(
            "The same position seen from the eight sides; every view is turned back to the first. "
            f"{'All eight views are alike.' if views.alike else ''}"
        ),
        network=subject.name,
        headline={
            "first choice": f"{vertex_name(point, subject.size)} in {votes} of 8",
            "divergence": f"{views.divergence:.3f} nats",
        },
        findings=_finding(subject, views),
        pictures=[_picture(subject, board, to_play, views, title, "views")],
    )


def _votes(views: Views) -> list[tuple[int, int]]:
    """Return the first choices of the views and how many views have each, most first."""
    return Counter(views.first_moves.tolist()).most_common()


def _finding(subject: BoardLens, views: Views) -> dict[str, Any]:
    firsts = views.first_moves
    return {
        "divergence": round(views.divergence, 5),
        "first_moves": [vertex_name(int(point), subject.size) for point in firsts],
        "probabilities": [
            round(float(views.probabilities[s, point]), 4) for s, point in enumerate(firsts)
        ],
        "mean_first": vertex_name(int(views.mean.argmax()), subject.size),
    }


def _picture(
    subject: BoardLens, board: Board, to_play: Color, views: Views, title: str, name: str
) -> Shown:
    tiles = []
    for s, row in enumerate(views.probabilities):
        point = int(views.first_moves[s])
        caption = f"{NAMES[s]}: {vertex_name(point, subject.size)} {row[point]:.0%}"
        tiles.append(Tile(small_board(_heat_picture(board, row, point), CELL), caption))
    who = to_play.name.capitalize()
    common = int(views.mean.argmax())
    first, mean = vertex_name(common, subject.size), _heat_picture(board, views.mean, common)
    head = SheetRow(
        [
            Tile(board_image(mean, CELL_OF_MEAN), f"mean of all: {first}"),
            Tile(
                board_image(_votes_picture(board, views), CELL_OF_MEAN),
                "how many of the eight views prefer a point",
            ),
        ]
    )
    note = (
        "Every view is turned back, so that equal points lie in equal places. The scale of the "
        "large board holds for all; numbers are percent, or how many views; ring: the last move."
    )
    sheet = draw_sheet(
        f"{subject.name}: eight views of one position. {title}, {who} to play",
        [head, *in_rows(tiles, 4)],
        note,
    )
    return Shown(name, image_png(sheet), f"{title}. {note}")


def _heat_picture(board: Board, row: Any, point: int) -> BoardPicture:
    return BoardPicture(
        stones=board.stones,
        last_move=board.last_move,
        heat=row.astype(np.float32),
        labels={Point(point): f"{100 * row[point]:.0f}"},
    )


def _votes_picture(board: Board, views: Views) -> BoardPicture:
    votes = _votes(views)
    heat = np.zeros(views.mean.shape, np.float32)
    heat[[point for point, _ in votes]] = [count / len(views.probabilities) for _, count in votes]
    labels = {Point(point): str(count) for point, count in votes}
    return BoardPicture(stones=board.stones, last_move=board.last_move, heat=heat, labels=labels)
