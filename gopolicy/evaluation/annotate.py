"""A whole game with the network's view of every move written into its SGF."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.engine.predictor import Predictor
from gopolicy.errors import ConfigError
from gopolicy.evaluation.opinion import Opinion
from gopolicy.files import replacing
from gopolicy.go.board import Board
from gopolicy.go.kernels import apply_event, event_color, event_point, legal_points, new_board
from gopolicy.go.types import EVENT_SETUP, PASS, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game

Legal = npt.NDArray[np.bool_]
Planes = npt.NDArray[np.int8]

BATCH = 128
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """The network's opinion before one move of a game, or after the last one."""

    color: Color
    played: Point | None
    """The move that follows in the record, None at the end."""
    opinion: Opinion


def annotate(
    path: str | os.PathLike[str],
    predictor: Predictor,
    record: GameRecord,
    *,
    top: int = 5,
    network: str = "a network",
) -> None:
    """Write the game with comments, and labels on the top moves, to an SGF file."""
    remarks = list(remarks_on(predictor, record))
    data = write_game(record, notes_from(remarks, record.size, top=top, network=network))
    with replacing(path) as beside:
        beside.write_bytes(data)


def remarks_on(predictor: Predictor, record: GameRecord) -> Iterator[Remark]:
    """Yield the opinion before every move of the record, and one about its last position.

    Raises IllegalMove if the record has a move that the rules refuse.
    """
    if record.size != predictor.size:
        sizes = f"{predictor.size}x{predictor.size}, the game is on {record.size}x{record.size}"
        raise ConfigError(f"the network plays on {sizes}")
    last = Board.from_events(record.size, record.events).to_move
    board = new_board(record.size)
    waiting: list[tuple[Color, Point | None, Legal, Planes]] = []
    for event in [*record.events.tolist(), None]:
        if event is None or not event & EVENT_SETUP:
            color = last if event is None else Color(event_color(event))
            played = None if event is None else Point(event_point(event))
            legal = np.empty(record.size**2, np.bool_)
            legal_points(board, int(color), False, legal)
            waiting.append((color, played, legal, predictor.planes_of(board, color)))
        if event is None or len(waiting) == BATCH:
            yield from _ask(predictor, waiting)
            waiting = []
        if event is not None:
            apply_event(board, event)


def _ask(
    predictor: Predictor, waiting: list[tuple[Color, Point | None, Legal, Planes]]
) -> Iterator[Remark]:
    """Ask the network about a batch of positions."""
    if not waiting:
        return
    planes_bcnn = np.stack([planes for *_, planes in waiting])
    rows = np.exp(predictor.log_probabilities(planes_bcnn))
    for (color, played, legal, _), row in zip(waiting, rows, strict=True):
        yield Remark(color=color, played=played, opinion=Opinion(probabilities=row, legal=legal))


def notes_from(remarks: list[Remark], size: int, *, top: int, network: str) -> dict[int, Note]:
    """Return the note of every node: how the network saw its move, and what it expects next."""
    notes = {}
    for number, remark in enumerate(remarks):
        lines = [_summary(remarks, network)] if number == 0 else []
        if number:
            lines.append(_about_move(remarks[number - 1], number, size))
        best = remark.opinion.best(top)
        named = list(zip(LETTERS, best, strict=False))
        expected = ", ".join(
            f"{letter} {vertex_name(point, size)} {share:.1%}" for letter, (point, share) in named
        )
        lines.append(f"{remark.color.name.capitalize()} is expected at: {expected}")
        labels = {point: letter for letter, (point, _) in named}
        notes[number] = Note(comment="\n".join(lines), labels=labels)
    return notes


def _about_move(remark: Remark, number: int, size: int) -> str:
    """Return how the network saw a move that was played."""
    assert remark.played is not None
    who = f"Move {number}, {remark.color.name.capitalize()} {vertex_name(remark.played, size)}"
    if remark.played == PASS:
        return f"{who}."
    share = float(remark.opinion.probabilities[remark.played])
    return f"{who}: {share:.1%}, choice number {remark.opinion.rank(remark.played)}."


def _summary(remarks: list[Remark], network: str) -> str:
    """Return how often the network's first choice was played."""
    ranks = [r.opinion.rank(r.played) for r in remarks if r.played is not None and r.played >= 0]
    if not ranks:
        return f"Seen by {network}."
    share = sum(rank == 1 for rank in ranks) / len(ranks)
    return f"Seen by {network}: its first choice was played in {share:.1%} of {len(ranks)} moves."
