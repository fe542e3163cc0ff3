"""Boards that excite a unit of a network, found by gradient but judged only as real boards.

Ascent on planes between 0 and 1 finds boards that nobody can set up.  Here every step draws a
board, stone by stone (Gumbel noise, straight-through: Bengio et al. 2013, Jang et al. 2017),
repairs it until it is legal, lets the one encoder make all planes and asks the network about that
board.  Only the step back treats stones as probabilities: a state of a point stands for the planes
that go with it on average.  One white stone may be the last move, since networks watch that one.

What the gradient proposes at the end is tried for real, one change at a time, and the best board
of all is the result; so its value is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gopolicy.features.planes import PlaneSet
from gopolicy.go.kernels import LEGAL, check
from gopolicy.go.types import BLACK, WHITE
from gopolicy.nets.probe import answers, leaking
from gopolicy.progress import SILENT, Progress
from gopolicy.views.board_lens import BATCH, BoardLens
from gopolicy.views.repaired_boards import Sketch, Stones, repaired

RATE = 0.2
EMPTY_START = 2.0
"""How much more an empty point is expected than a stone at the start, as a logit."""
PROPOSALS = 12
"""Changes of a board that are tried in each round of polishing."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is to be excited: a channel of a layer at one place of its map, or a neuron."""

    channel: int
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One board to search for; Black is to move."""

    unit: Unit
    penalty: float = 0.0
    """What every stone costs: the L1 term."""
    move: int | None = None
    """A point that has to stay a legal move."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundBoard:
    """The best board of a search."""

    sketch: Sketch
    value: float
    """The unit's answer to exactly this board."""
    penalty: float

    @property
    def net(self) -> float:
        """The value with the stones paid for."""
        return self.value - self.penalty * int(np.count_nonzero(self.sketch.stones))


class BoardSearch:
    """Searches a board for each of some goals, all in one batch.

    means [3, C] are the planes that go with an empty point, an own and an opponent stone.  The same
    seed gives the same boards on the same machine.
    """

    def __init__(
        self,
        subject: BoardLens,
        layer: str,
        goals: Sequence[Goal],
        means: npt.NDArray[np.float32],
        seed: int = 0,
    ) -> None:
        self.subject, self.layer, self.goals = subject, layer, list(goals)
        self.means = torch.from_numpy(means)
        self.recent = _recent(subject.plane_set)
        self.generator = torch.Generator().manual_seed(seed)
        side = subject.size
        self.states = 0.1 * self._noise((len(goals), 3, side, side))
        self.states[:, 0] += EMPTY_START
        self.last = 0.1 * self._noise((len(goals), side * side))
        self.best: list[FoundBoard | None] = [None] * len(goals)
        self.open = set(range(len(goals)))
        """Goals whose best board a single change may still improve."""

    def run(
        self, steps: int = 60, rounds: int = 12, progress: Progress = SILENT
    ) -> list[FoundBoard]:
        """Draw boards for some steps, then polish the best ones for some rounds."""
        progress.start(f"searching boards ({self.layer})", steps + rounds, "steps")
        parts = [self.states.requires_grad_(), self.last.requires_grad_()]
        optimizer = torch.optim.Adam(parts, lr=RATE)
        with leaking(self.subject.network, self.layer):
            for step in range(steps):
                self._step(optimizer, (step + 1) / steps)
                progress.advance()
            for _ in range(rounds):
                if self.open:
                    self._polish()
                progress.advance()
        progress.finish()
        return self._exact([found for found in self.best if found is not None])

    def _exact(self, found: list[FoundBoard]) -> list[FoundBoard]:
        with torch.no_grad():
            values = self._ask([each.sketch for each in found], self.goals, torch.zeros(1, 1, 1, 1))
        return [
            replace(each, value=value) for each, value in zip(found, values.tolist(), strict=True)
        ]

    def _noise(self, shape: tuple[int, ...]) -> Tensor:
        return torch.randn(shape, generator=self.generator)

    def _gumbel(self, shape: torch.Size) -> Tensor:
        uniform = torch.rand(shape, generator=self.generator).clamp_(1e-6, 1 - 1e-6)
        return -torch.log(-torch.log(uniform))

    def _step(self, optimizer: torch.optim.Optimizer, share: float) -> None:
        """Draw a board for every goal, ask the network, go uphill; stones cost a share as yet."""
        drawn = (self.states.detach() + self._gumbel(self.states.shape)).argmax(dim=1)
        wish = (self.last.detach() + self._gumbel(self.last.shape)).numpy()
        sketches = [
            self._sketch(goal, stones, wish[g])
            for g, (goal, stones) in enumerate(
                zip(self.goals, drawn.to(torch.int8).numpy(), strict=True)
            )
        ]
        soft, soft_last = torch.softmax(self.states, 1), torch.softmax(self.last, 1)
        through = torch.einsum("gshw,sc->gchw", soft - soft.detach(), self.means)
        turn = torch.einsum("ga,c->gca", soft_last - soft_last.detach(), self.recent)
        values = self._ask(sketches, self.goals, through + turn.view_as(through))
        self._keep(range(len(self.goals)), sketches, values.detach())
        penalty = torch.tensor([share * goal.penalty for goal in self.goals])
        optimizer.zero_grad()
        loss = (penalty * soft[:, 1:].sum(dim=(1, 2, 3)) - values).sum()
        torch.autograd.backward(loss)
        optimizer.step()

    def _sketch(self, goal: Goal, stones: Stones, wish: npt.NDArray[np.float32]) -> Sketch:
        """Return the legal position nearest to drawn stones, its last move where it is wished."""
        legal = repaired(stones, () if goal.move is None else (goal.move,))
        white = np.flatnonzero(legal == WHITE)
        last = int(white[wish[white].argmax()]) if len(white) else None
        return Sketch(legal, last)

    def _ask(self, sketches: Sequence[Sketch], goals: Sequence[Goal], through: Tensor) -> Tensor:
        """Return the units' answers to boards [G]; gradients flow through what is added."""
        planes = np.stack([self.subject.encoder.board(s.arrays, BLACK) for s in sketches])
        x = self.subject.input_of(planes) + through.to(self.subject.device)
        out = answers(self.subject.network, x, [self.layer])[self.layer]
        flat = out.flatten(2) if out.ndim == 4 else out[:, :, None]
        channels, places = zip(*((g.unit.channel, g.unit.place) for g in goals), strict=True)
        return flat[range(len(goals)), list(channels), list(places)].cpu()

    def _keep(self, goals: Sequence[int], sketches: Sequence[Sketch], values: Tensor) -> None:
        for g, sketch, value in zip(goals, sketches, values.tolist(), strict=True):
            goal, old = self.goals[g], self.best[g]
            found = FoundBoard(sketch=sketch, value=value, penalty=goal.penalty)
            if (old is None or found.net > old.net) and _allows(goal, sketch):
                self.best[g] = found

    def _polish(self) -> None:
        """Try the changes that the gradient finds most promising, one at a time, on real boards."""
        known = [g for g in sorted(self.open) if self.best[g] is not None]
        before = self.best.copy()
        gains = self._promises(known)
        tried: list[tuple[int, Sketch]] = []
        for g, gain in zip(known, gains, strict=True):
            tried += [(g, sketch) for sketch in self._changes(g, gain)]
        none = torch.zeros(1, 1, 1, 1)
        for at in range(0, len(tried), BATCH):
            goals, sketches = zip(*tried[at : at + BATCH], strict=True)
            with torch.no_grad():
                values = self._ask(sketches, [self.goals[g] for g in goals], none)
            self._keep(goals, sketches, values)
        self.open = {g for g in known if self.best[g] is not before[g]}

    def _promises(self, known: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Return, for the best boards, what the gradient promises for each state and last move."""
        sketches = [found.sketch for g in known if (found := self.best[g]) is not None]
        count, side = len(known), self.subject.size
        through = torch.zeros(count, self.means.shape[1], side, side, requires_grad=True)
        values = self._ask(sketches, [self.goals[g] for g in known], through)
        (slope,) = torch.autograd.grad(values.sum(), through)
        states = torch.einsum("gchw,sc->gshw", slope, self.means)
        last = torch.einsum("gchw,c->ghw", slope, self.recent)
        return list(zip(states, last.flatten(1), strict=True))

    def _changes(self, g: int, promises: tuple[Tensor, Tensor]) -> list[Sketch]:
        found, goal = self.best[g], self.goals[g]
        assert found is not None
        stones, last = found.sketch.stones, found.sketch.last
        states, recent = promises[0].flatten(1).numpy(), promises[1].numpy()
        now = stones.reshape(-1)
        gain = (
            states
            - states[now, np.arange(len(now))]
            - goal.penalty * (np.array([[0], [1], [1]]) - (now > 0))
        )
        gain[now, np.arange(len(now))] = -np.inf
        sketches = []
        for index in np.argsort(-gain, axis=None, kind="stable")[:PROPOSALS]:
            state, point = divmod(int(index), len(now))
            changed = stones.copy()
            changed.flat[point] = state
            wish = np.zeros(len(now), np.float32)
            wish[[] if last is None else [last]] = 1.0
            sketches.append(self._sketch(goal, changed, wish))
        for point in np.argsort(-np.where(now == WHITE, recent, -np.inf))[:3]:
            if now[point] == WHITE:
                sketches.append(Sketch(stones, int(point)))
        return sketches


def _allows(goal: Goal, sketch: Sketch) -> bool:
    return goal.move is None or bool(check(sketch.arrays, goal.move, BLACK, False) == LEGAL)


def _recent(plane_set: PlaneSet) -> Tensor:
    """Return how the planes of a stone change, [C], if it is the last move and not an old one."""
    change = torch.zeros(plane_set.count)
    first = plane_set.first("turns since")
    if first >= 0:
        change[first], change[first + 7] = 1.0, -1.0
    return change
