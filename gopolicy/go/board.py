"""A game of Go for people and programs that play one move at a time.

`Board` adds to the kernels what they do not know: whose turn it is, superko, prisoners, undo, and
points named as vertices.  Programs that go through many games call the kernels once per game.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from math import isfinite
from typing import SupportsFloat, get_args

import numpy as np
import numpy.typing as npt

import gopolicy
from gopolicy.errors import ConfigError, GoPolicyError, IllegalMove, Refusal, wrong_kind
from gopolicy.go import board_kernels, kernels, scoring
from gopolicy.go.diagram import format_diagram, parse_diagram
from gopolicy.go.handicap import fixed_handicap
from gopolicy.go.scoring import Tax
from gopolicy.go.superko import History, Superko
from gopolicy.go.types import EVENT_SETUP, PASS, Color, Point, move_event, player, setup_event
from gopolicy.go.vertex import check_size, point_of, point_on_board, vertex_name

_REFUSALS = {
    kernels.OCCUPIED: Refusal.OCCUPIED,
    kernels.KO: Refusal.KO,
    kernels.SUICIDE: Refusal.SUICIDE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What `Board.undo` needs to take back one move or one setup."""

    events: int  # before the step
    to_move: Color  # before the step
    captured: int = 0  # by the player; negative for a suicide
    recorded: int = 0  # positions the step added to the history
    history: History | None = None  # the history that a setup replaced


class Board:
    """A game from its start, or from a setup, to the present position.

    >>> board = Board(9, komi=5.5)
    >>> board.play("E5"), board.play("F5"), board.to_move
    (0, 0, <Color.BLACK: 1>)
    >>> board.refusal("E5")
    <Refusal.OCCUPIED: 'the point is occupied'>
    """

    def __init__(
        self, size: int = 19, *, komi: float = 7.5, superko: Superko = "none", suicide: bool = False
    ) -> None:
        if superko not in get_args(Superko):
            raise wrong_kind(f"superko to be one of {', '.join(get_args(Superko))}", superko)
        if isinstance(komi, bool) or not isinstance(komi, SupportsFloat) or not isfinite(komi):
            raise wrong_kind("a number for komi", komi)
        self.size = check_size(size)
        self.komi = komi
        self.superko: Superko = superko
        self.suicide = suicide
        self._to_move = Color.BLACK
        self._arrays = kernels.new_board(size)
        self._events: list[int] = []
        self._steps: list[_Step] = []
        self._captures = {Color.BLACK: 0, Color.WHITE: 0}
        self._history = self._new_history()

    @classmethod
    def from_events(
        cls,
        size: int,
        events: Iterable[int],
        *,
        komi: float = 7.5,
        superko: Superko = "none",
        suicide: bool = False,
    ) -> "Board":
        """Return the board after events, see `gopolicy.go.types`; IllegalMove where one is."""
        board = cls(size, komi=komi, superko=superko, suicide=suicide)
        board.carry_out(events)
        return board

    @classmethod
    def from_diagram(
        cls,
        text: str,
        *,
        to_move: Color = Color.BLACK,
        komi: float = 7.5,
        superko: Superko = "none",
        suicide: bool = False,
    ) -> "Board":
        """Return the board that a diagram shows, as a setup.

        >>> Board.from_diagram(". X . / X . X / . X .").refusal("B2", Color.WHITE).name
        'SUICIDE'
        """
        stones = parse_diagram(text)
        board = cls(len(stones), komi=komi, superko=superko, suicide=suicide)
        black, white = (
            [Point(int(point)) for point in np.flatnonzero(stones == color)]
            for color in (Color.BLACK, Color.WHITE)
        )
        board.setup(black, white, to_move=to_move)
        return board

    # Looking at the position.

    @property
    def arrays(self) -> kernels.BoardArrays:
        """The position as kernels see it; for reading only."""
        return self._arrays

    @property
    def stones(self) -> npt.NDArray[np.int8]:
        """A copy of the stones, [N, N], row 0 at the top: 0 empty, 1 black, 2 white."""
        return self._flat_stones().reshape(self.size, self.size)

    @property
    def events(self) -> npt.NDArray[np.uint16]:
        """The whole game so far, setup included."""
        return np.array(self._events, dtype=np.uint16)

    @property
    def to_move(self) -> Color:
        """Who is to move; `setup` can change it."""
        return self._to_move

    @property
    def ply(self) -> int:
        """Moves played, passes included."""
        return int(self._arrays.ply[0])

    @property
    def captures(self) -> Mapping[Color, int]:
        """The stones that each player has captured, and those the opponent lost by suicide."""
        return dict(self._captures)

    @property
    def last_move(self) -> Point | None:
        """The move just played, which may be `PASS`; None at the start and after a setup."""
        if not self._events or self._events[-1] & EVENT_SETUP:
            return None
        return Point(kernels.event_point(self._events[-1]))

    @property
    def passes(self) -> int:
        """How many passes in a row have just been played; two end most games."""
        passed = (not e & EVENT_SETUP and kernels.event_point(e) < 0 for e in self._events[::-1])
        return sum(takewhile(bool, passed))

    def color_at(self, point: Point | str) -> Color:
        """Return what stands on a point."""
        at = kernels.cell_of(self._arrays, point_on_board(point, self.size))
        return Color(int(self._arrays.stones[at]))

    def chain(self, point: Point | str) -> tuple[Point, ...]:
        """Return the points of the chain at point, in order; none where no stone stands."""
        found = np.empty(self.size**2, np.int64)
        count = board_kernels.chain_points(self._arrays, point_on_board(point, self.size), found)
        return tuple(Point(int(at)) for at in np.sort(found[:count]))

    def liberties(self, point: Point | str) -> tuple[Point, ...]:
        """Return the liberties of the chain at point, in order; none where no stone stands."""
        found = np.empty(self.size**2, np.int64)
        count = board_kernels.liberty_points(self._arrays, point_on_board(point, self.size), found)
        return tuple(Point(int(at)) for at in found[:count])

    def __repr__(self) -> str:
        """Return the diagram of the position, the last move in parentheses."""
        last = self.last_move
        return format_diagram(self.stones, PASS if last is None else last)

    def _repr_svg_(self) -> str:
        """Draw the position, for notebooks."""
        return str(gopolicy.draw_board(self))

    # Legality.

    def refusal(self, point: Point | str, color: Color | None = None) -> Refusal | None:
        """Return why color (by default, who is to move) may not play at point; None if allowed."""
        at, color = point_of(point, self.size), self._player(color)
        if at == PASS:
            return None
        if not 0 <= at < self.size**2:
            return Refusal.OFF_BOARD
        code = kernels.check(self._arrays, at, int(color), self.suicide)
        if code != kernels.LEGAL:
            return _REFUSALS[code]
        return Refusal.SUPERKO if self._repeats(at, color) else None

    def legal(self, point: Point | str, color: Color | None = None) -> bool:
        """Return whether color (by default, who is to move) may play at point."""
        return self.refusal(point, color) is None

    def legal_mask(self, color: Color | None = None) -> npt.NDArray[np.bool_]:
        """Return where color may play, [N * N]; passing is always legal and not part of it."""
        color = self._player(color)
        mask = np.empty(self.size**2, np.bool_)
        kernels.legal_points(self._arrays, int(color), self.suicide, mask)
        if self._history is not None:
            doubtful = mask & self._history.stood_mask(color)
            if self.suicide:
                lives = np.empty_like(mask)
                kernels.legal_points(self._arrays, int(color), False, lives)
                doubtful |= mask & ~lives
            for at in np.flatnonzero(doubtful):
                mask[at] = not self._repeats(Point(int(at)), color)
        return mask

    # Changing the position.

    def play(self, point: Point | str, color: Color | None = None) -> int:
        """Play a move or `pass`; return the stones captured, negative for a suicide.

        color is by default who is to move; a move out of turn counts as a pass of the opponent
        before it.  Raises IllegalMove and leaves the board as it was if the move is refused.
        """
        at, color = point_of(point, self.size), self._player(color)
        reason = self.refusal(at, color)
        if reason is not None:
            raise IllegalMove(self._complaint(at, color, reason), reason)
        return self._play(at, color)

    def _play(self, at: Point, color: Color) -> int:
        """Play without asking the rules."""
        recorded = 0
        if self._history is not None and color != self.to_move:
            self._history.add(self._flat_stones(), color)
            recorded += 1
        before = len(self._events), self.to_move
        captured = kernels.play(self._arrays, at, int(color))
        self._count_prisoners(color, captured)
        self._events.append(move_event(at, color))
        self._to_move = color.opponent
        if self._history is not None:
            self._history.add(self._flat_stones(), self.to_move)
            recorded += 1
        step = _Step(events=before[0], to_move=before[1], captured=captured, recorded=recorded)
        self._steps.append(step)
        return captured

    def setup(
        self,
        black: Iterable[Point | str] = (),
        white: Iterable[Point | str] = (),
        empty: Iterable[Point | str] = (),
        to_move: Color | None = None,
    ) -> None:
        """Put stones on the board or take them off, and say who is to move (default: no change).

        Nothing is captured; ko and superko forget what came before.  Raises ConfigError and leaves
        the board as it was if a chain would have no liberty.
        """
        events = [
            setup_event(point, color)
            for color, points in ((1, black), (2, white), (0, empty))
            for point in self._points(points)
        ]
        if to_move is not None:
            events.append(setup_event(PASS, player(to_move)))
        self._set_up(events)

    def carry_out(self, events: Iterable[int]) -> None:
        """Do what events say, see `gopolicy.go.types`; IllegalMove at the first that is refused."""
        waiting: list[int] = []
        if isinstance(events, str | bytes) or not isinstance(events, Iterable):
            raise wrong_kind("the events of a game, such as GameRecord.events", events)
        for event in map(int, events):
            if event & EVENT_SETUP:
                waiting.append(event)
                continue
            self._set_up(waiting)
            waiting = []
            point = Point(kernels.event_point(event))
            self.play(point, player(kernels.event_color(event)))
        self._set_up(waiting)

    def place_handicap(self, stones: int) -> tuple[Point, ...]:
        """Put 2 to 9 black stones on an empty board by the table of GTP; return their points."""
        points = fixed_handicap(self.size, stones)
        self.set_handicap(points)
        return points

    def set_handicap(self, points: Iterable[Point | str]) -> None:
        """Put handicap stones, 2 or more, on an empty board; White is to move."""
        placed = self._points(points)
        if len(set(placed)) != len(placed):
            raise ConfigError("expected different points for the handicap stones")
        if not 2 <= len(placed) < self.size**2:
            largest = self.size**2 - 1
            raise ConfigError(f"expected from 2 to {largest} handicap stones, got {len(placed)}")
        if self._flat_stones().any():
            raise ConfigError("handicap stones need an empty board")
        self.setup(black=placed, to_move=Color.WHITE)

    def undo(self, steps: int = 1) -> None:
        """Take back so many steps: moves and calls of `setup`; GoPolicyError if there are fewer."""
        if steps > len(self._steps):
            raise GoPolicyError("there is no move to take back")
        for step in [self._steps.pop() for _ in range(steps)]:
            if step.history is not None:
                self._history = step.history.copy()  # copies of the board share the step
            for _ in range(step.recorded):
                assert self._history is not None
                self._history.drop()
            mover = Color(kernels.event_color(self._events[-1]))
            self._count_prisoners(mover, step.captured, -1)
            self._to_move = step.to_move
            del self._events[step.events :]
        board_kernels.rebuild(self._arrays, self.events)

    def with_rules(self, *, superko: Superko, suicide: bool) -> "Board":
        """Return the same game, to be undone step by step, under other rules from here on.

        Past moves stay, also those that the other rules would have forbidden.
        """
        other = Board(self.size, komi=self.komi, superko=superko, suicide=suicide)
        for step, following in zip_longest(self._steps, self._steps[1:]):
            events = self._events[step.events : following.events if following else None]
            if events[0] & EVENT_SETUP:
                other._set_up(events)
            else:
                point, color = kernels.event_point(events[0]), kernels.event_color(events[0])
                other._play(Point(point), player(color))
        return other

    def copy(self) -> "Board":
        """Return an independent copy, history included."""
        other = Board(self.size, komi=self.komi, superko=self.superko, suicide=self.suicide)
        other._to_move = self._to_move
        other._arrays = kernels.copy_board(self._arrays)
        other._events = self._events.copy()
        other._steps = self._steps.copy()
        other._captures = self._captures.copy()
        other._history = self._history.copy() if self._history else None
        return other

    def area_score(self, dead: Iterable[Point | str] = ()) -> scoring.Score:
        """Return the score by area, komi included: Tromp-Taylor unless dead stones are given."""
        return scoring.area_score(self.stones, komi=self.komi, dead=self._points(dead))

    def territory_score(self, dead: Iterable[Point | str] = (), tax: Tax = "SEKI") -> scoring.Score:
        """Return the score by territory and prisoners, komi included."""
        return scoring.territory_score(
            self.stones, self.captures, komi=self.komi, dead=self._points(dead), tax=tax
        )

    # Inside.

    def _new_history(self) -> History | None:
        """Return a history that begins with the present position, None without superko."""
        if self.superko == "none":
            return None
        history = History(self.size**2, self.superko == "situational")
        history.add(self._flat_stones(), self.to_move)
        return history

    def _flat_stones(self) -> npt.NDArray[np.int8]:
        """Return the stones, [N * N]."""
        stones = np.empty(self.size**2, np.int8)
        kernels.stones_of(self._arrays, stones)
        return stones

    def _player(self, color: Color | None) -> Color:
        """Return color, by default who is to move; ConfigError for EMPTY."""
        return self.to_move if color is None else player(color)

    def _points(self, points: Iterable[Point | str]) -> list[Point]:
        """Return the points that were meant; a single one is refused, as text would be letters."""
        if isinstance(points, str) or not isinstance(points, Iterable):
            raise wrong_kind("a list of points such as ['D4', 'Q16']", points)
        return [point_on_board(point, self.size) for point in points]

    def _repeats(self, at: Point, color: Color) -> bool:
        """Return whether an otherwise legal move brings back a position that superko forbids."""
        history = self._history
        if history is None:
            return False
        lives = kernels.check(self._arrays, at, int(color), False) == kernels.LEGAL
        if lives and not history.stood(at, color):
            return False
        stones = self._flat_stones()
        board_kernels.stones_after(self._arrays, at, int(color), stones)
        return history.occurred(stones, color.opponent)

    def _count_prisoners(self, color: Color, captured: int, sign: int = 1) -> None:
        """Credit the stones captured by color, or lost by it if negative; sign -1 takes it back."""
        if captured:  # nothing is captured by setup, whose color may be EMPTY
            winner = color if captured > 0 else color.opponent
            self._captures[winner] += sign * abs(captured)

    def _set_up(self, events: list[int]) -> None:
        """Carry out setup events as one step; nothing happens where there are none."""
        if not events:
            return
        turns = [player(kernels.event_color(e)) for e in events if kernels.event_point(e) < 0]
        if any(kernels.event_color(event) not in list(Color) for event in events):
            raise ConfigError(f"setup after move {self.ply} of stones that have no color")
        arrays = kernels.copy_board(self._arrays)
        stop = kernels.replay(arrays, np.array(events, dtype=np.uint16), len(events))
        if stop >= 0:
            what = "leaves a chain without liberties or a stone off the board"
            raise ConfigError(f"setup after move {self.ply} on {self.size}x{self.size} {what}")
        step = _Step(events=len(self._events), to_move=self.to_move, history=self._history)
        self._steps.append(step)
        self._arrays = arrays
        self._events += events
        self._to_move = turns[-1] if turns else self.to_move
        self._history = self._new_history()

    def _complaint(self, at: Point, color: Color, reason: Refusal) -> str:
        """Return the message of an illegal move."""
        size = self.size
        where = vertex_name(at, size) if PASS <= at < size * size else f"point {at}"
        return f"move {self.ply + 1}, {color.name.lower()} {where} on {size}x{size}: {reason.value}"
