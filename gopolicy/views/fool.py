"""The view ``fool`` for Go: positions where the network is sure and the rules say it is wrong.

First real positions are looked through; then the most promising ones are changed, a stone or three
at a time near the wrong move, and what makes the network surer is kept.  Every position is legal,
keeps the history of its game, and is given as events, so that it can be written, read and asked
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sgfmill import sgf

from gopolicy.data.position_sample import PositionSample, RealPosition
from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.features.encode import Encoder, Planes
from gopolicy.go.board import Board
from gopolicy.go.board_kernels import rebuild
from gopolicy.go.kernels import apply_event, has_breathless_chain, new_board
from gopolicy.go.types import (
    EVENT_POINT_MASK,
    EVENT_SETUP,
    PASS,
    Color,
    Point,
    move_event,
    setup_event,
)
from gopolicy.go.vertex import vertex_name
from gopolicy.progress import SILENT, Progress
from gopolicy.sgf.record import GameRecord
from gopolicy.sgf.write import Note, write_game
from gopolicy.views.board_lens import BATCH, BoardLens
from gopolicy.views.wrong_moves import KINDS, PLANES, is_certain, refutation, wrong_masks

POOL = 6
"""Positions of a kind that are changed further."""
ROUNDS = 12
"""Rounds of changing stones, unless told."""
CHILDREN = 48
"""Changed positions that are tried in each round."""
REACH = 4
"""How far from the wrong move stones are changed, in points."""

Events = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fooled:
    """A position, the wrong move, and how sure of it the network is."""

    kind: str
    """One of `KINDS`."""
    origin: RealPosition
    edits: tuple[int, ...]
    """Setup events after the game's moves; none in a real position."""
    move: Point
    probability: float
    """Over all points, as the network gives it."""

    @property
    def events(self) -> Events:
        """The game up to the position, changes and whose turn it is included."""
        if not self.edits:
            return self.origin.events
        turn = setup_event(PASS, self.origin.to_play)
        return np.concatenate([self.origin.events, np.array([*self.edits, turn], np.uint16)])

    @property
    def board(self) -> Board:
        """The position."""
        return Board.from_events(self.origin.size, self.events)


class FoolSearch:
    """Looks for positions that fool one network; rules come from planes of their own."""

    def __init__(self, subject: BoardLens, seed: int = 0) -> None:
        self.subject = subject
        self.rules = Encoder(PLANES, subject.size)
        self.random = np.random.default_rng(seed)

    def in_games(self, sample: PositionSample, progress: Progress = SILENT) -> list[Fooled]:
        """Return the wrong moves that the network finds most probable in real positions.

        Up to `POOL` of each kind, no two of one game, the surest first.
        """
        games = sample.games()
        found: dict[str, dict[int, tuple[float, int, int]]] = {kind: {} for kind in KINDS}
        progress.start("looking for wrong moves", len(sample), "positions")
        for at in range(0, len(sample), BATCH):
            rows = np.arange(at, min(at + BATCH, len(sample)))
            masks = wrong_masks(sample.planes(self.rules, rows))
            log_ba = self.subject.log_probabilities(sample.planes(self.subject.encoder, rows))
            for kind, mask_ba in zip(KINDS, masks.transpose(1, 0, 2), strict=True):
                wrong = np.where(mask_ba, np.exp(log_ba), 0.0)
                for row, point in zip(rows.tolist(), wrong.argmax(axis=1).tolist(), strict=True):
                    share, game = float(wrong[row - at, point]), int(games[row])
                    if share > found[kind].get(game, (0.0, 0, 0))[0]:
                        found[kind][game] = (share, row, point)
            progress.advance(len(rows))
        progress.finish()
        return [
            fooled
            for kind in KINDS
            for fooled in self._certain(sample, kind, sorted(found[kind].values(), reverse=True))
        ]

    def _certain(
        self, sample: PositionSample, kind: str, candidates: Sequence[tuple[float, int, int]]
    ) -> list[Fooled]:
        kept: list[Fooled] = []
        for share, row, point in candidates:
            origin = sample.position(row)
            if is_certain(origin.board, origin.to_play, kind, Point(point)):
                kept.append(
                    Fooled(kind=kind, origin=origin, edits=(), move=Point(point), probability=share)
                )
            if len(kept) == POOL:
                break
        return kept

    def by_search(
        self, starts: Sequence[Fooled], rounds: int = ROUNDS, progress: Progress = SILENT
    ) -> list[Fooled]:
        """Return the surest position of each kind that small changes of starts lead to."""
        kinds = [kind for kind in KINDS if any(each.kind == kind for each in starts)]
        progress.start("changing stones", rounds * len(kinds), "rounds")
        best = []
        for kind in kinds:
            pool = [each for each in starts if each.kind == kind]
            for _ in range(rounds):
                pool = self._round(pool)
                progress.advance(1, surest=pool[0].probability)
            best.append(pool[0])
        progress.finish()
        return [each for each in best if each.edits]

    def _round(self, pool: list[Fooled]) -> list[Fooled]:
        parents = [pool[int(i)] for i in self.random.integers(len(pool), size=CHILDREN)]
        children = [child for each in parents if (child := self._changed(each)) is not None]
        return sorted([*pool, *self._judged(children)], key=lambda each: -each.probability)[:POOL]

    def _changed(self, parent: Fooled) -> tuple[Fooled, Planes, Planes] | None:
        """Return a changed position with its planes for rules and network; None if not legal."""
        size = self.subject.size
        row, column = divmod(int(parent.move), size)
        edits = list(parent.edits)
        for _ in range(int(self.random.integers(1, 4))):
            down, right = self.random.integers(-REACH, REACH + 1, size=2).tolist()
            if (down or right) and 0 <= row + down < size and 0 <= column + right < size:
                point = Point((row + down) * size + column + right)
                edits.append(setup_event(point, int(self.random.integers(3))))
        arrays = new_board(size)
        rebuild(arrays, parent.events)
        for event in edits[len(parent.edits) :]:
            apply_event(arrays, event)
        if len(edits) == len(parent.edits) or has_breathless_chain(arrays):
            return None
        to_play = parent.origin.to_play
        child = Fooled(
            kind=parent.kind,
            origin=parent.origin,
            edits=_last_of_each(edits),
            move=parent.move,
            probability=0.0,
        )
        rules = self.rules.board(arrays, int(to_play))
        same = self.subject.plane_set == self.rules.plane_set
        return child, rules, rules if same else self.subject.encoder.board(arrays, int(to_play))

    def _judged(self, children: Sequence[tuple[Fooled, Planes, Planes]]) -> list[Fooled]:
        if not children:
            return []
        masks = wrong_masks(np.stack([rules for _, rules, _ in children]))
        log_ba = self.subject.log_probabilities(np.stack([planes for *_, planes in children]))
        judged = []
        for (child, _, _), mask, row in zip(children, masks, np.exp(log_ba), strict=True):
            wrong = np.where(mask[KINDS.index(child.kind)], row, 0.0)
            move = Point(int(wrong.argmax()))
            if wrong[move] > 0 and is_certain(child.board, child.origin.to_play, child.kind, move):
                judged.append(
                    Fooled(
                        kind=child.kind,
                        origin=child.origin,
                        edits=child.edits,
                        move=move,
                        probability=float(wrong[move]),
                    )
                )
        return judged


def _last_of_each(edits: Sequence[int]) -> tuple[int, ...]:
    """Return setup events without those that a later one for the same point overrules."""
    return tuple({event & EVENT_POINT_MASK: event for event in edits}.values())


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
    subject: BoardLens,
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
    shares = [each.probability for each in shown if each.kind == kind]
    return f"{max(shares):.1%}" if shares else "none found"


def _finding(subject: BoardLens, fooled: Fooled) -> dict[str, Any]:
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
    source = "changed" if fooled.edits else "real"
    return f"{fooled.kind.replace(' ', '-')}-{source}.sgf"


def _number(fooled: Fooled) -> int:
    """Return the number of the wrong move, if it were played."""
    return 1 + int(np.count_nonzero(fooled.events < EVENT_SETUP))


def _sgf(subject: BoardLens, fooled: Fooled) -> bytes:
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
        return write_game(record, notes={0: Note(comment=comment), _number(fooled): label})
    game = sgf.Sgf_game.from_bytes(write_game(record, notes={0: Note(comment=comment)}))
    row, column = divmod(int(fooled.move), subject.size)
    last = game.get_last_node()
    last.set("C", comment)
    last.set("LB", [((subject.size - 1 - row, column), "1")])
    written: bytes = game.serialise()
    return written


def _words(subject: BoardLens, fooled: Fooled) -> str:
    who, vertex = _color(fooled.origin.to_play), vertex_name(fooled.move, subject.size)
    return (
        f"Before move {_number(fooled)}, {who} to play: {subject.name} gives {vertex} "
        f"{fooled.probability:.1%}, but {why(fooled)}."
    )


def _color(color: Color) -> str:
    return color.name.capitalize()


def _picture(subject: BoardLens, kind: str, shown: Sequence[Fooled]) -> Shown:
    tiles = [_tile(subject, each) for each in shown]
    note = (
        "Colors: the network's probabilities; green square: the wrong move, with its percentage; "
        "ring: the last move."
    )
    title = f"{subject.name}: {kind}"
    caption = " ".join(_words(subject, each) for each in shown)
    return Shown(
        kind.replace(" ", "-"), image_png(draw_sheet(title, [SheetRow(tiles)], note)), caption
    )


def _tile(subject: BoardLens, fooled: Fooled) -> Tile:
    board, to_play = fooled.board, fooled.origin.to_play
    picture = BoardPicture(
        stones=board.stones,
        last_move=fooled.origin.board.last_move,
        heat=subject.policy.predict(board, to_play),
        labels={fooled.move: _percent(fooled.probability)},
        played=fooled.move,
    )
    source = f"{len(fooled.edits)} points changed" if fooled.edits else "a real position"
    vertex = vertex_name(fooled.move, subject.size)
    caption = (
        f"{fooled.origin.name}, {source}: {_color(to_play)} {vertex} {fooled.probability:.1%}. "
        f"Wrong: {why(fooled)}."
    )
    return Tile(board_image(picture, CELL), caption)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"
