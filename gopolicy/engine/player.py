"""From a network to a move: the one way in which everything here plays Go.

The network proposes; this class disposes.  Only legal moves are played, no own eye is filled, and
the game comes to an end: near the end playouts tell which points still matter, see
`gopolicy.engine.endgame`, and with none left the player passes.

The position is asked about at most once per move, so the network's strength and style are kept:
a *temperature* above 0 makes it choose at random, as probable moves are; *top-p* and *min-p* keep
blunders out of that choice.
"""

import time
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from gopolicy.engine.choosing import among, narrowed, pick
from gopolicy.engine.endgame import (
    Adviser,
    Outcome,
    capturing_points,
    doubtful_points,
    outcome,
)
from gopolicy.engine.playout_kernels import mark_own_eyes
from gopolicy.engine.playouts import estimate
from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.kernels import event_color, event_point
from gopolicy.go.types import EVENT_SETUP, PASS, Color, Point

PassPolicy = Literal["friendly", "strict"]

_OPENING_SHARE = 4
"""No pass before a quarter of as many moves as the board has points."""
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


class PolicySource(Protocol):
    """Whatever gives probabilities for a board; `gopolicy.engine.predictor.Predictor` does."""

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        """Return the probability of every point, [A], legality ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSettings:
    """How to play."""

    temperature: float = 0.0
    """0 plays the most probable move; 1 plays as the network predicts; above, more wildly."""
    temperature_moves: int | None = None
    """Moves of the game (both players') to which the temperature applies; None: all."""
    late_temperature: float = 0.0
    """The temperature after those moves."""
    top_p: float = 1.0
    """Random choice is among the most probable moves that together have this probability."""
    min_p: float = 0.0
    """Random choice leaves out moves with less than this share of the best one's probability."""
    seed: int | None = None
    """Of the random choice; None for another game every time."""
    passing: PassPolicy = "friendly"
    """``friendly`` leaves dead stones on the board; ``strict`` takes them off before passing."""
    resign_below: float = 0.0
    """Resign with less than this chance to win, by playouts; 0 never resigns."""
    resign_margin: float = 10.0
    """Points one must be behind, too, to resign."""
    resign_from: int | None = None
    """The first move of the game at which to resign; None: half as many as the board has points.
    In a handicap game White waits 20 moves longer for each stone."""
    playouts: int = 100
    """Playouts for each question about the end of the game."""
    max_seconds: float | None = None
    """Time for one move; the network is asked once, whatever it takes, and playouts are cut."""

    def __post_init__(self) -> None:
        for name in ("temperature", "late_temperature"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise ConfigError(f"expected {name} of at least 0, got {getattr(self, name)}")
        if not 0.0 < self.top_p <= 1.0:
            raise ConfigError(f"expected top_p above 0 and at most 1, got {self.top_p}")
        for name in ("min_p", "resign_below"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"expected {name} from 0 to 1, got {getattr(self, name)}")
        if self.passing not in get_args(PassPolicy):
            raise ConfigError(f"expected passing friendly or strict, got {self.passing!r}")
        if self.playouts < 1:
            raise ConfigError(f"expected at least 1 playout, got {self.playouts}")
        if self.max_seconds is not None and not self.max_seconds >= 0.0:
            raise ConfigError(f"expected max_seconds of at least 0, got {self.max_seconds}")


@dataclass(frozen=True, slots=True, kw_only=True)
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


class Player:
    """Chooses moves with a network; the same object may play any number of games."""

    def __init__(self, predictor: PolicySource, settings: PlayerSettings | None = None) -> None:
        self.predictor = predictor
        self.settings = settings or PlayerSettings()
        self._dice = np.random.default_rng(self.settings.seed)

    def choose(
        self,
        board: Board,
        color: Color | None = None,
        *,
        seconds: float | None = None,
        cleanup: bool = False,
        deterministic: bool = False,
    ) -> Choice:
        """Return what color (by default, who is to move) does; the board stays as it is.

        seconds is the time left for this move, beside the setting.  cleanup takes dead stones off
        before passing; deterministic plays the most probable move whatever the temperature.
        """
        color = board.to_move if color is None else color
        turn = _Turn(self, board, color, strict=cleanup or self.settings.passing == "strict")
        limits = [s for s in (seconds, self.settings.max_seconds) if s is not None]
        turn.deadline = time.monotonic() + min(limits) if limits else None
        turn.temperature = 0.0 if deterministic else self._temperature(board.ply)
        return turn.decide(self.predictor.predict(board, color))

    def draw(self, probabilities: NDArray[np.float64], temperature: float) -> Point:
        """Draw a point by the settings from probabilities [A], not all 0."""
        settings = self.settings
        return pick(
            narrowed(probabilities, settings.top_p, settings.min_p), temperature, self._dice
        )

    def _temperature(self, ply: int) -> float:
        """Return the temperature after so many moves."""
        settings = self.settings
        early = settings.temperature_moves is None or ply < settings.temperature_moves
        return settings.temperature if early else settings.late_temperature


class _Turn:
    """One decision under way."""

    def __init__(self, player: Player, board: Board, color: Color, *, strict: bool) -> None:
        self.player, self.board, self.color, self.strict = player, board, color, strict
        self.temperature = 0.0
        self.deadline: float | None = None
        self.legal = board.legal_mask(color)
        eyes = np.zeros(board.size**2, np.bool_)
        mark_own_eyes(board.arrays, int(color), eyes)
        self.sensible = self.legal & ~eyes
        self.seen: Outcome | None = None

    def decide(self, probabilities: NDArray[np.float32]) -> Choice:
        """Return the choice, given the network's probabilities [A]."""
        shown = among(probabilities, self.legal).astype(np.float32)
        if not self.sensible.any():
            return self._choice(PASS, shown, "no sensible move is left")
        if self._in_opening():
            return self._choice(self._draw(probabilities, self.sensible), shown, "opening")
        self.seen = self._look(min(_GLANCE, self.player.settings.playouts))
        if not self._is_middle_game(self.seen):
            self.seen = self._look(self.player.settings.playouts)
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
        return self.player.draw(among(probabilities, allowed), self.temperature)

    def _in_opening(self) -> bool:
        """Return whether it is too early to think about the end."""
        stones = int((self.board.stones != Color.EMPTY).sum())
        return max(self.board.ply, stones) < self.board.size**2 // _OPENING_SHARE

    def _look(self, playouts: int) -> Outcome:
        """Judge the position by so many playouts."""
        board = self.board
        verdict = estimate(board, playouts, seed=board.ply, seconds=self._seconds_left())
        return outcome(board, verdict)

    def _is_middle_game(self, seen: Outcome) -> bool:
        """Return whether a glance shows that there is nothing but moving to decide."""
        settings = self.player.settings
        lost = seen.verdict.win_rate(self.color) < settings.resign_below
        return self._is_wide_open(seen) and self.board.last_move != PASS and not lost

    def _is_wide_open(self, seen: Outcome) -> bool:
        return int(seen.open_points.sum()) > self.board.size**2 // _OPENING_SHARE

    def _seconds_left(self) -> float | None:
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def _wants_to_resign(self, seen: Outcome) -> bool:
        settings = self.player.settings
        verdict = seen.verdict
        if verdict.win_rate(self.color) >= settings.resign_below:
            return False
        behind = -verdict.lead_of(self.color) >= settings.resign_margin
        return behind and self.board.ply >= self._resign_from()

    def _resign_from(self) -> int:
        """Return the move of the game from which resigning is allowed."""
        first = self.player.settings.resign_from
        if first is None:
            first = self.board.size**2 // 2
        if self.color == Color.BLACK:
            return first
        return first + _HANDICAP_DELAY * handicap_stones(self.board)

    def _accepts_end(self, seen: Outcome) -> bool:
        """Return whether to answer the opponent's pass with one."""
        if self.board.last_move != PASS:
            return False
        if self.strict:
            return self.board.area_score().margin * _sign(self.color) > 0
        return seen.safe_lead_of(self.color) > 0

    def _useful_move(self, probabilities: NDArray[np.float32], seen: Outcome) -> Point:
        """Return the move to play, `PASS` if none is worth it."""
        tidying = np.zeros_like(self.sensible)
        if self.strict:
            tidying = capturing_points(self.board, seen, self.color)
        left = self.sensible & (doubtful_points(seen) | tidying)
        if self._seconds_left() == 0.0:
            left &= seen.open_points
            return self._draw(probabilities, left) if left.any() else PASS
        if left.any() and self._is_wide_open(seen):
            return self._draw(probabilities, left)
        adviser = Adviser(
            self.board,
            self.color,
            seen,
            playouts=self.player.settings.playouts,
            seed=self.board.ply,
        )
        trusted = self._trusted_move(probabilities, seen, adviser)
        if trusted != PASS:
            return trusted
        for group in (left & ~tidying, left & seen.open_points, left & tidying):
            point = self._first_useful(probabilities, group, adviser, tidying)
            if point != PASS:
                return point
        return PASS

    def _trusted_move(
        self, probabilities: NDArray[np.float32], seen: Outcome, adviser: Adviser
    ) -> Point:
        """Return a move that the network is sure enough of, `PASS` if it loses points."""
        shares = among(probabilities, self.sensible)
        point = self.player.draw(shares, self.temperature)
        invades = seen.owners[point] == self.color.opponent
        if seen.open_points.any() and not invades:
            needed = _PLAUSIBLE
        elif self.board.last_move in (None, PASS):
            return PASS
        else:
            needed = _CONFIDENT
        if shares[point] < needed or not adviser.is_harmless(point):
            return PASS
        return point

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


def handicap_stones(board: Board) -> int:
    """Return how many black stones were set up before the first move, 0 for a single one."""
    count = 0
    for event in board.events.tolist():
        if not event & EVENT_SETUP:
            break
        count += event_point(event) >= 0 and event_color(event) == Color.BLACK
    return count if count > 1 else 0


def _sign(color: Color) -> int:
    return 1 if color == Color.BLACK else -1
