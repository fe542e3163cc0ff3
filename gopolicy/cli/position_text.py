"""Positions as text on the terminal, with letters where the network would play."""

from collections.abc import Sequence

import numpy as np

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.go.diagram import format_diagram
from gopolicy.go.types import PASS, Color, Point
from gopolicy.go.vertex import vertex_name
from gopolicy.policy.view import View
from gopolicy.sgf.positions import Position
from gopolicy.sgf.record import GameRecord

LABELS = "abcdefghijklmnpqrstuvwyz"
"""One letter per proposed move; x and o would look like stones."""
BAR = 24
"""Letters of the longest bar."""


def board_lines(position: Position, points: Sequence[Point]) -> list[str]:
    """Return the board as lines, the last move in parentheses, points labeled a, b, c, ..."""
    last = position.board.last_move
    lines = format_diagram(position.board.stones, PASS if last is None else last).split("\n")
    size = position.board.size
    for letter, point in zip(LABELS, points, strict=False):
        row, column = divmod(int(point), size)
        line, at = lines[row + 1], 3 + 2 * column
        lines[row + 1] = line[:at] + letter + line[at + 1 :]
    return lines


def move_lines(position: Position, view: View, count: int) -> list[str]:
    """Return one line per proposed move: letter, vertex, probability, bar."""
    best = view.best_points(count)
    longest = max([probability for _, probability in best], default=1.0)
    lines = []
    for number, (point, probability) in enumerate(best):
        letter = LABELS[number] if number < len(LABELS) else " "
        vertex = vertex_name(point, position.board.size)
        bar = "#" * max(1, round(BAR * probability / max(longest, 1e-9)))
        mark = "  <- played" if point == position.played else ""
        lines.append(f"  {letter}  {vertex:<4} {probability:6.1%}  {bar}{mark}")
    return lines


def verdict(position: Position, view: View) -> str:
    """Return a line about the move that was played."""
    if position.played is None:
        return "This is the end of the record."
    vertex = vertex_name(position.played, position.board.size)
    if position.played == PASS:
        return "Played: pass (the network proposes no passes)"
    share = f"{float(view.probabilities[position.played]):.1%}"
    if view.rank(position.played) is None:
        return f"Played: {vertex}, {share}, an illegal move"
    return f"Played: {vertex}, {share}, the network's {view.choice_words(position.played)}"


def color_name(color: Color) -> str:
    """Return Black or White."""
    return color.name.capitalize()


def players_text(record: GameRecord, *, latin: bool = False) -> str:
    """Return who played: names, ranks, date, result, as far as the record says.

    With latin, leave out what the font of pictures has no letters for.
    """
    sides = [
        f"{_shown(name, latin) or side}{f' ({_shown(rank, latin)})' if _shown(rank, latin) else ''}"
        for side, name, rank in (
            ("Black", record.black, record.black_rank),
            ("White", record.white, record.white_rank),
        )
    ]
    facts = [" - ".join(sides), _shown(record.date, latin), _shown(record.result, latin)]
    return ", ".join(fact for fact in facts if fact)


def _shown(text: str, latin: bool) -> str:
    """Return a short form of a text of the record, nothing if it needs other letters."""
    if latin and not text.isascii():
        return ""
    return text if len(text) <= 40 else text[:39] + "..."


def picture_of(record: GameRecord, position: Position, view: View, top: int) -> BoardPicture:
    """Return the picture of a position: heat map, percentages of the best moves, move played."""
    best = view.best_points(top)
    played = "" if position.played is None else "; green square: the move played"
    to_play = f"Move {position.number}, {color_name(position.to_play)} to play"
    return BoardPicture(
        stones=position.board.stones,
        last_move=position.board.last_move,
        heat=np.where(view.legal, view.probabilities, 0.0).astype(np.float32),
        labels={point: _percent(probability) for point, probability in best},
        played=position.played,
        title=f"{to_play}   ({players_text(record, latin=True)})",
        caption=f"Numbers: probability of the move in percent; ring: the last move{played}",
    )


def _percent(probability: float) -> str:
    """Return a percentage in few letters, without its sign."""
    percent = 100 * probability
    return f"{percent:.0f}" if percent >= 0.95 else f"{percent:.1f}"
