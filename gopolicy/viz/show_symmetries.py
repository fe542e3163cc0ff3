"""The view ``symmetries``: where a network changes its mind when the board is turned."""

from collections import Counter
from typing import Any

import numpy as np

from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.progress import SILENT, Progress
from gopolicy.viz.board import BoardPicture, draw_board
from gopolicy.viz.gallery import Section, Shown
from gopolicy.viz.positions import PositionSample
from gopolicy.viz.sheet import Row, Tile, draw_sheet, in_rows
from gopolicy.viz.small_boards import small_board
from gopolicy.viz.subject import GoSubject, png
from gopolicy.viz.turned import NAMES, Views, views_of, views_of_sample

WORST = 2
CELL, CELL_OF_MEAN = 14, 22


def sample_section(
    subject: GoSubject, sample: PositionSample, progress: Progress = SILENT
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


def position_section(subject: GoSubject, board: Board, to_play: Color, title: str = "") -> Section:
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


def _finding(subject: GoSubject, views: Views) -> dict[str, Any]:
    """Return the views of a position as plain values."""
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
    subject: GoSubject, board: Board, to_play: Color, views: Views, title: str, name: str
) -> Shown:
    """Return the eight views and their mean."""
    tiles = []
    for s, row in enumerate(views.probabilities):
        point = int(views.first_moves[s])
        caption = f"{NAMES[s]}: {vertex_name(point, subject.size)} {row[point]:.0%}"
        tiles.append(Tile(small_board(_heat_picture(board, row, point), CELL), caption))
    who = to_play.name.capitalize()
    common = int(views.mean.argmax())
    first, mean = vertex_name(common, subject.size), _heat_picture(board, views.mean, common)
    head = Row(
        [
            Tile(draw_board(mean, CELL_OF_MEAN), f"mean of all: {first}"),
            Tile(
                draw_board(_votes_picture(board, views), CELL_OF_MEAN),
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
    return Shown(name, png(sheet), f"{title}. {note}")


def _heat_picture(board: Board, row: Any, point: int) -> BoardPicture:
    """Return the board with probabilities, those of the first choice as a label."""
    return BoardPicture(
        stones=board.stones,
        last_move=board.last_move,
        heat=row.astype(np.float32),
        labels={Point(point): f"{100 * row[point]:.0f}"},
    )


def _votes_picture(board: Board, views: Views) -> BoardPicture:
    """Return the board with the first choices and how many views have each."""
    votes = _votes(views)
    heat = np.zeros(views.mean.shape, np.float32)
    heat[[point for point, _ in votes]] = [count / len(views.probabilities) for _, count in votes]
    labels = {Point(point): str(count) for point, count in votes}
    return BoardPicture(stones=board.stones, last_move=board.last_move, heat=heat, labels=labels)
