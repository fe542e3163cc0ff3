"""The view ``saliency`` for Go: which stones make the network want a move."""

from typing import Any

import numpy as np

from gopolicy.errors import ConfigError
from gopolicy.evaluation.opinion import Moment
from gopolicy.go.types import Point
from gopolicy.go.vertex import vertex_name
from gopolicy.viz.board import BoardPicture, draw_board
from gopolicy.viz.gallery import Section, Shown
from gopolicy.viz.removal import Float32Array, Removal, remove_each
from gopolicy.viz.sheet import Row, Tile, draw_sheet
from gopolicy.viz.subject import GoSubject, png

CELL = 26
TOP = 5


def saliency_section(
    subject: GoSubject,
    moment: Moment,
    *,
    move: Point | None = None,
    chains: bool = False,
    title: str = "",
) -> Section:
    """Return how much each stone, or chain, speaks for a move: by default the network's first."""
    legal = moment.board.legal_mask(moment.to_play)
    if move is None:
        chances = subject.predictor.predict(moment.board, moment.to_play)
        move = Point(int(np.where(legal, chances, -1.0).argmax()))
    if not legal[move]:
        raise ConfigError(f"{vertex_name(move, subject.size)} is no legal move here")
    found = remove_each(subject, moment.board, moment.to_play, move, chains=chains)
    vertex = vertex_name(move, subject.size)
    who, piece = moment.to_play.name.capitalize(), "chain" if chains else "stone"
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
            "move_number": moment.number,
            "removed": f"{piece}s",
            "strongest": best,
        },
        pictures=[_picture(subject, moment, found, f"{title}: {who} {vertex}")],
    )


def _strongest(subject: GoSubject, found: Removal) -> list[dict[str, Any]]:
    """Return the pieces that matter most, for or against the move."""
    order = np.argsort(-np.abs(found.support), kind="stable")[:TOP]
    return [
        {
            "stones": [vertex_name(p, subject.size) for p in found.pieces[i]],
            "support": round(float(found.support[i]), 4),
            "specific": round(float(found.specific[i]), 4),
        }
        for i in order
    ]


def _picture(subject: GoSubject, moment: Moment, found: Removal, title: str) -> Shown:
    """Return both measures side by side."""
    left = _board(subject, moment, found, found.support)
    right = _board(subject, moment, found, found.specific, full=1.0)
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
        f"{subject.name}: which stones speak for a move. {title}", [Row(tiles)], note
    )
    return Shown("stones", png(sheet), note)


def _board(
    subject: GoSubject,
    moment: Moment,
    found: Removal,
    values: Float32Array,
    full: float | None = None,
) -> Any:
    """Return the position with a disc on every stone; full is the value of a full disc."""
    picture = BoardPicture(
        stones=moment.board.stones,
        last_move=moment.board.last_move,
        weights=found.per_point(values, subject.size),
        full_weight=full,
        played=found.move,
    )
    return draw_board(picture, CELL)
