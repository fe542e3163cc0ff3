"""Legal positions where a network is sure of a move that the rules call wrong.

First real positions are looked through; then the most promising ones are changed, a stone or three
at a time near the wrong move, and what makes the network surer is kept.  Every position is legal,
keeps the history of its game, and is given as events, so that it can be written, read and asked
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gopolicy.features.encode import Encoder, Planes
from gopolicy.go.board import Board
from gopolicy.go.board_kernels import rebuild
from gopolicy.go.kernels import apply_event, has_breathless_chain, new_board
from gopolicy.go.types import EVENT_POINT_MASK, PASS, Point, setup_event
from gopolicy.progress import SILENT, Progress
from gopolicy.viz.positions import PositionSample, RealPosition
from gopolicy.viz.subject import BATCH, GoSubject
from gopolicy.viz.wrong_moves import KINDS, PLANES, is_certain, wrong_masks

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

    def __init__(self, subject: GoSubject, seed: int = 0) -> None:
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
        """Return the first candidates whose move is wrong beyond doubt."""
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
        """Return the surest of a pool and of its changed children."""
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
        """Return the children whose surest move of their kind is wrong, with that move."""
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
