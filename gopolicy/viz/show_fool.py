"""The view ``fool`` for Go: positions where the network is sure and the rules say it is wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sgfmill import sgf

from gopolicy.go.types import EVENT_SETUP, Color, Point, move_event
from gopolicy.go.vertex import vertex_name
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game
from gopolicy.viz.board import BoardPicture, draw_board
from gopolicy.viz.fool import ROUNDS, Fooled, FoolSearch
from gopolicy.viz.gallery import Section, Shown
from gopolicy.viz.positions import PositionSample
from gopolicy.viz.sheet import Row, Tile, draw_sheet
from gopolicy.viz.subject import GoSubject, png
from gopolicy.viz.wrong_moves import KINDS, refutation

CELL = 22
SHOWN = 1
"""Real positions of each kind that are shown and written."""
SURE = 0.5
"""From this probability on a network counts as sure."""
_WHY = {
    "own eye": "it fills an eye of its own, and no chain around it is in atari",
    "failed ladder": "it runs out of atari, although the chain is caught in a ladder all the same",
}


def fool_section(
    subject: GoSubject,
    sample: PositionSample,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Section:
    """Return the wrong moves a network is surest of, in real and in changed positions, as SGF."""
    search = FoolSearch(subject, seed)
    real = search.in_games(sample, progress)
    changed = search.by_search(real, rounds, progress) if rounds else []
    first = [[each for each in real if each.kind == kind][:SHOWN] for kind in KINDS]
    shown = [each for kind in first for each in kind] + changed
    files = {_file(each): _sgf(subject, each) for each in shown}
    sure = sum(each.probability >= SURE for each in shown)
    return Section(
        view="fool",
        title="Fooled: legal positions and moves that the rules call wrong",
        text=(
            f"In {len(sample):,} real positions, and in positions made from the most promising of "
            "them by changing a few stones, the wrong moves that the network finds most probable: "
            "occupied points, suicides, own eyes filled without need, and running out of a ladder "
            "that works. "
            f"It is sure (at least {SURE:.0%}) in {sure} of the {len(shown)} positions shown. "
            "Every position is legal, every ladder was read to its end."
        ),
        network=subject.name,
        headline={kind: _surest(kind, shown) for kind in KINDS},
        findings={
            "positions": len(sample),
            "sure_from": SURE,
            "sure": sure,
            "found": [_finding(subject, each) for each in shown],
        },
        pictures=[
            _picture(subject, kind, [e for e in shown if e.kind == kind])
            for kind in KINDS
            if any(each.kind == kind for each in shown)
        ],
        files=files,
    )


def _surest(kind: str, shown: Sequence[Fooled]) -> str:
    """Return the largest probability of a kind in words."""
    shares = [each.probability for each in shown if each.kind == kind]
    return f"{max(shares):.1%}" if shares else "none found"


def _finding(subject: GoSubject, fooled: Fooled) -> dict[str, Any]:
    """Return one position as plain values."""
    return {
        "kind": fooled.kind,
        "why": why(fooled),
        "game": fooled.origin.game,
        "move_number": _number(fooled),
        "to_play": fooled.origin.to_play.name.lower(),
        "changed_points": len(fooled.edits),
        "move": vertex_name(fooled.move, subject.size),
        "probability": fooled.probability,
        "file": f"fool-{_file(fooled)}",
    }


def why(fooled: Fooled) -> str:
    """Return what is wrong with the move."""
    refusal = fooled.board.refusal(fooled.move, fooled.origin.to_play)
    return refusal.value if refusal is not None else _WHY[fooled.kind]


def _file(fooled: Fooled) -> str:
    """Return the name of the SGF file of a position."""
    source = "changed" if fooled.edits else "real"
    return f"{fooled.kind.replace(' ', '-')}-{source}.sgf"


def _number(fooled: Fooled) -> int:
    """Return the number of the wrong move, if it were played."""
    return 1 + int(np.count_nonzero(fooled.events < EVENT_SETUP))


def _sgf(subject: GoSubject, fooled: Fooled) -> bytes:
    """Return the game with the changes; a legal wrong move is played, and a ladder to its end.

    The wrong move has a label: at its node, or at the last one where it cannot be played.
    """
    board, to_play = fooled.board, fooled.origin.to_play
    line: list[Point] = []
    if fooled.kind == "failed ladder":
        line = refutation(board, to_play, fooled.move)
    elif board.legal(fooled.move, to_play):
        line = [fooled.move]
    colors = (to_play, to_play.opponent)
    moves = [move_event(point, colors[i % 2]) for i, point in enumerate(line)]
    events = np.concatenate([fooled.events, np.array(moves, np.uint16)])
    comment = f"{_words(subject, fooled)} From {fooled.origin.name}."
    record = GameRecord(size=subject.size, events=events)
    if line:
        label = Note(comment=comment, labels={fooled.move: "1"})
        return write_game(record, {0: Note(comment=comment), _number(fooled): label})
    game = sgf.Sgf_game.from_bytes(write_game(record, {0: Note(comment=comment)}))
    row, column = divmod(int(fooled.move), subject.size)
    last = game.get_last_node()
    last.set("C", comment)
    last.set("LB", [((subject.size - 1 - row, column), "1")])
    written: bytes = game.serialise()
    return written


def _words(subject: GoSubject, fooled: Fooled) -> str:
    """Return the position in one sentence."""
    who, vertex = _color(fooled.origin.to_play), vertex_name(fooled.move, subject.size)
    return (
        f"Before move {_number(fooled)}, {who} to play: {subject.name} gives {vertex} "
        f"{fooled.probability:.1%}, but {why(fooled)}."
    )


def _color(color: Color) -> str:
    return color.name.capitalize()


def _picture(subject: GoSubject, kind: str, shown: Sequence[Fooled]) -> Shown:
    """Return the real and the changed position of one kind side by side."""
    tiles = [_tile(subject, each) for each in shown]
    note = (
        "Colors: the network's probabilities; green square: the wrong move, with its percentage; "
        "ring: the last move."
    )
    title = f"{subject.name}: {kind}"
    caption = " ".join(_words(subject, each) for each in shown)
    return Shown(kind.replace(" ", "-"), png(draw_sheet(title, [Row(tiles)], note)), caption)


def _tile(subject: GoSubject, fooled: Fooled) -> Tile:
    """Return one position with the network's view."""
    board, to_play = fooled.board, fooled.origin.to_play
    picture = BoardPicture(
        stones=board.stones,
        last_move=fooled.origin.board.last_move,
        heat=subject.predictor.predict(board, to_play),
        labels={fooled.move: _percent(fooled.probability)},
        played=fooled.move,
    )
    source = f"{len(fooled.edits)} points changed" if fooled.edits else "a real position"
    vertex = vertex_name(fooled.move, subject.size)
    caption = (
        f"{fooled.origin.name}, {source}: {_color(to_play)} {vertex} {fooled.probability:.1%}. "
        f"Wrong: {why(fooled)}."
    )
    return Tile(draw_board(picture, CELL), caption)


def _percent(share: float) -> str:
    """Return a percentage in few letters."""
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"
