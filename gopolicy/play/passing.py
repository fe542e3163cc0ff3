"""Whether to pass, to resign or to play on, and which move is still worth playing.

In the opening the network's move is played.  After it playouts tell how far the game is: while it
is open the network goes on alone; near the end a move has to be better than a pass, see
`gopolicy.play.endgame`, and with none left the player passes.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gopolicy.go.board import Board
from gopolicy.go.handicap import handicap_stones
from gopolicy.go.scoring import Scoring
from gopolicy.go.types import (
    EVENT_NO_POINT,
    EVENT_POINT_MASK,
    EVENT_SETUP,
    PASS,
    Color,
    Point,
)
from gopolicy.go.vertex import vertex_name
from gopolicy.play.endgame import (
    Adviser,
    CountedPosition,
    capturing_points,
    counted_position,
    doubtful_points,
    neutral_points,
)
from gopolicy.play.player_settings import PlayerSettings
from gopolicy.play.playout_kernels import mark_own_eyes
from gopolicy.play.playouts import estimate
from gopolicy.play.temperature import among
from gopolicy.policy.outlook import Outlook

_OPENING_SHARE = 4
"""No pass before a quarter of as many moves as the board has points."""
_LITTLE = 1.2
"""A game may be over where at most so many lines of points are nobody's: borders are that long."""
_GLANCE = 32
"""Playouts that show whether the end is near."""
_TRIES = 8
"""Moves that are compared with passing before it is decided that none is worth it."""
_CONFIDENT, _PLAUSIBLE = 0.35, 0.25
"""Probability from which the network's move is played even if playouts see no use in it: as the
answer to a stone, and while there are open points outside the opponent's area.  Late in KGS games
such an answer is what a 6 dan player chose about three times out of four; on boards that are
finished the network is hardly ever so sure of anything."""
_HANDICAP_DELAY = 20
"""Moves that each handicap stone puts White's first chance to resign off."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Choice:
    """What a player decided."""

    point: Point
    """`PASS` for a pass, and when resigning."""
    resign: bool = False
    probabilities: NDArray[np.float32]
    """[A] the network's, over the legal points alone."""
    win_rate: float | None = None
    """The chance to win by playouts, from the player's side; None where none were made."""
    score: float | None = None
    """Points ahead by playouts, from the player's side; None where none were made."""
    reason: str = ""
    """Why, in a few words, for a person."""

    @property
    def vertex(self) -> str:
        """The move as a vertex such as D4, ``pass`` or ``resign``."""
        if self.resign:
            return "resign"
        return vertex_name(self.point, math.isqrt(len(self.probabilities)))

    def __repr__(self) -> str:
        """Return the move and why, in one line."""
        share = f" {self.probabilities[self.point]:.1%}" if self.point >= 0 else ""
        chance = "" if self.win_rate is None else f", win rate {self.win_rate:.0%} by playouts"
        return f"<Choice {self.vertex}{share}: {self.reason or 'no reason told'}{chance}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTerms:
    """What a turn is played by."""

    strict: bool = False
    """Whether dead stones are to be taken off before passing."""
    deadline: float | None = None
    """Of `time.monotonic`."""
    scoring: Scoring = "area"
    by_area: Board
    """The board, with the komi by which counting area tells what the scoring would."""


class Turn:
    """One decision under way."""

    def __init__(
        self,
        board: Board,
        color: Color,
        settings: PlayerSettings,
        terms: TurnTerms,
        draw: Callable[[NDArray[np.float64]], Point],
        look: Callable[[], Outlook | None],
    ) -> None:
        """Get ready.

        draw is to return a point by probabilities [A], not all 0, and look what the network says of
        the end of the game, None where it knows moves alone.
        """
        self.board, self.color, self.settings, self.draw = board, color, settings, draw
        self.strict, self.deadline, self.scoring = terms.strict, terms.deadline, terms.scoring
        self._ask_network = look
        self._by_area = terms.by_area
        self.legal = board.legal_mask(color)
        eyes = np.zeros(board.size**2, np.bool_)
        mark_own_eyes(board.arrays, int(color), eyes)
        self.playable = self.sensible = self.legal & ~eyes
        self.seen: CountedPosition | None = None

    def decide(self, probabilities: NDArray[np.float32]) -> Choice:
        """Return the choice, given the network's probabilities [A]."""
        shown = among(probabilities, self.legal).astype(np.float32)
        if not self.sensible.any():
            return self._choice(PASS, shown, "no sensible move is left")
        if self._in_opening():
            return self._choice(self._draw(probabilities, self.sensible), shown, "opening")
        self.seen = self._look(min(_GLANCE, self.settings.playouts))
        if not self._is_middle_game(self.seen):
            self.seen = self._look(self.settings.playouts, self._ask_network())
            self.sensible = self.playable & ~neutral_points(self.board, self.seen)
        if self._wants_to_resign(self.seen):
            return self._choice(PASS, shown, "lost", resign=True)
        if self._accepts_end(self.seen):
            return self._choice(PASS, shown, "the opponent passed, and the count is good")
        point = self._useful_move(probabilities, self.seen)
        reason = "nothing useful is left" if point == PASS else "network"
        return self._choice(point, shown, reason)

    def _choice(
        self, point: Point, shown: NDArray[np.float32], reason: str, *, resign: bool = False
    ) -> Choice:
        verdict = self.seen.verdict if self.seen else None
        return Choice(
            point=point,
            resign=resign,
            probabilities=shown,
            win_rate=verdict.win_rate(self.color) if verdict else None,
            score=verdict.lead_of(self.color) if verdict else None,
            reason=reason,
        )

    def _draw(self, probabilities: NDArray[np.float32], allowed: NDArray[np.bool_]) -> Point:
        return self.draw(among(probabilities, allowed))

    def _in_opening(self) -> bool:
        """Return whether it is too early to think about the end."""
        stones = int((self.board.stones != Color.EMPTY).sum())
        return max(self.board.ply, stones) < self.board.size**2 // _OPENING_SHARE

    def _look(self, playouts: int, network: Outlook | None = None) -> CountedPosition:
        """Judge the position by so many playouts, and by what the network says of it."""
        board = self.board
        left = self._seconds_left()
        verdict = estimate(self._by_area, playouts, seed=board.ply, seconds=left)
        return counted_position(board, verdict, self.scoring, network)

    def _is_middle_game(self, seen: CountedPosition) -> bool:
        """Return whether a glance shows that there is nothing but moving to decide."""
        lost = seen.verdict.win_rate(self.color) < self.settings.resign_below
        return self._is_wide_open(seen) and self.board.last_move != PASS and not lost

    def _is_wide_open(self, seen: CountedPosition) -> bool:
        return int(seen.open_points.sum()) > self.board.size**2 // _OPENING_SHARE

    def _seconds_left(self) -> float | None:
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def _wants_to_resign(self, seen: CountedPosition) -> bool:
        settings = self.settings
        verdict = seen.verdict
        if verdict.win_rate(self.color) >= settings.resign_below:
            return False
        behind = -verdict.lead_of(self.color) >= settings.resign_margin
        return behind and self.board.ply >= self._resign_from()

    def _resign_from(self) -> int:
        """Return the move of the game from which resigning is allowed."""
        first = self.settings.resign_from
        if first is None:
            first = self.board.size**2 // 2
        if self.color == Color.BLACK:
            return first
        return first + _HANDICAP_DELAY * handicap_stones(self.board.events.tolist())

    def _accepts_end(self, seen: CountedPosition) -> bool:
        """Return whether to answer the opponent's pass with one."""
        if self.board.last_move != PASS:
            return False
        if self.strict:
            return self._by_area.area_score().margin * _sign(self.color) > 0
        return seen.safe_lead_of(self.color) > 0

    def _useful_move(self, probabilities: NDArray[np.float32], seen: CountedPosition) -> Point:
        """Return the move to play, `PASS` if none is worth it."""
        tidying = np.zeros_like(self.sensible)
        if self.strict:
            tidying = capturing_points(self.board, seen, self.color)
        left = self.sensible & (doubtful_points(seen) | tidying)
        over = self._could_be_over(seen)
        if over:
            left &= among(probabilities, self.playable) >= _PLAUSIBLE
        if self._seconds_left() == 0.0:
            left &= seen.open_points
            return self._draw(probabilities, left) if left.any() else PASS
        if left.any() and self._is_wide_open(seen):
            return self._draw(probabilities, left)
        adviser = Adviser(
            self.board,
            self.color,
            seen,
            playouts=self.settings.playouts,
            seed=self.board.ply,
            must_gain=over,
        )
        trusted = self._trusted_move(probabilities, seen, adviser, over=over)
        if trusted != PASS:
            return trusted
        for group in (left & ~tidying, left & seen.open_points, left & tidying):
            point = self._first_useful(probabilities, group, adviser, tidying)
            if point != PASS:
                return point
        return PASS

    def _could_be_over(self, seen: CountedPosition) -> bool:
        """Return whether somebody has just passed with little open, and every move costs a point.

        A move then has to gain by the network as well as by playouts.
        """
        if self.scoring == "area" or self.strict or not _is_little(seen):
            return False
        last = self.board.events[-2:]
        passes = (last & (EVENT_POINT_MASK | EVENT_SETUP)) == EVENT_NO_POINT
        return bool(passes.any())

    def _trusted_move(
        self,
        probabilities: NDArray[np.float32],
        seen: CountedPosition,
        adviser: Adviser,
        *,
        over: bool,
    ) -> Point:
        """Return a move that the network is sure enough of, `PASS` if it loses points.

        over: the game could be, so only the move itself is asked whether it is at an open point.
        """
        if not self.sensible.any():
            return PASS
        point = self._draw(probabilities, self.sensible)
        shares = among(probabilities, self.playable)  # of neutral points, too: it may want those
        invades = seen.owners[point] == self.color.opponent
        left = seen.open_points & self.sensible
        tempting = bool(left[point]) if over else bool(left.any())
        if tempting and not invades:
            needed = _PLAUSIBLE
        elif self.board.last_move in (None, PASS):
            return PASS
        else:
            needed = _CONFIDENT
        is_good = adviser.is_useful if over and seen.open_points[point] else adviser.is_harmless
        return point if shares[point] >= needed and is_good(point) else PASS

    def _first_useful(
        self,
        probabilities: NDArray[np.float32],
        left: NDArray[np.bool_],
        adviser: Adviser,
        tidying: NDArray[np.bool_],
    ) -> Point:
        """Return the first of some drawn moves that is worth playing, `PASS` if none is."""
        left = left.copy()
        for _ in range(_TRIES):
            if not left.any():
                break
            point = self._draw(probabilities, left)
            if self._seconds_left() == 0.0:
                return point
            if adviser.is_useful(point, tidying=bool(tidying[point])):
                return point
            left[point] = False
        return PASS


def _is_little(seen: CountedPosition) -> bool:
    """Return whether so little is open that the game may be over."""
    return int(seen.open_points.sum()) <= _LITTLE * math.sqrt(seen.owners.size)


def _sign(color: Color) -> int:
    return 1 if color == Color.BLACK else -1
