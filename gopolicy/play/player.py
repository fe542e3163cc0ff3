"""From a network to a move: the one way in which everything here plays Go.

The network proposes; `gopolicy.play.passing` disposes.  Only legal moves are played, no own eye is
filled, and the game comes to an end.

The position is asked about at most once per move, so the network's strength and style are kept;
*look-ahead* also asks what becomes of the game after the best candidates:
a *temperature* above 0 makes it choose at random, as probable moves are; *top-p* and *min-p* keep
blunders out of that choice.
"""

import time
from dataclasses import fields, replace
from os import PathLike
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from gopolicy.errors import ConfigError, unknown, wrong_kind
from gopolicy.go.board import Board
from gopolicy.go.rules import Rules
from gopolicy.go.scoring import Scoring
from gopolicy.go.types import Color, Point, player
from gopolicy.play.look_ahead import LookAhead
from gopolicy.play.passing import Choice, Turn, TurnTerms
from gopolicy.play.player_settings import PlayerSettings
from gopolicy.play.temperature import narrowed, pick
from gopolicy.policy.load import load
from gopolicy.policy.outlook import Outlook
from gopolicy.policy.view import GivesOutlooks, GivesProbabilities


class Player:
    """Chooses moves with a network; the same object may play any number of games.

    The network is a `Policy`, or the name or path of one, as `gopolicy.load` takes it.  Settings
    are those of `PlayerSettings`, as such an object or by name, as in
    ``Player(policy, temperature=0.5)``.  Raises ConfigError where one is impossible.
    """

    def __init__(
        self,
        policy: GivesProbabilities | str | PathLike[str],
        settings: PlayerSettings | None = None,
        **changes: Any,
    ) -> None:
        if isinstance(policy, str | PathLike):
            policy = load(policy)
        if not isinstance(policy, GivesProbabilities):
            raise wrong_kind("a Policy, or the name or path of weights", policy)
        settings = PlayerSettings() if settings is None else settings
        if not isinstance(settings, PlayerSettings):
            raise wrong_kind("PlayerSettings", settings)
        known = [field.name for field in fields(PlayerSettings)]
        for name in changes:
            if name not in known:
                raise ConfigError(unknown("setting of a player", name, known))
        self.policy = policy
        self.settings = replace(settings, **changes)
        self._dice = np.random.default_rng(self.settings.seed)

    def __repr__(self) -> str:
        """Return which network plays, and its settings that are not the default."""
        usual = PlayerSettings()
        names = [field.name for field in fields(PlayerSettings)]
        changed = [
            f"{name} {getattr(self.settings, name)}"
            for name in names
            if getattr(self.settings, name) != getattr(usual, name)
        ]
        who = getattr(self.policy, "name", "") or type(self.policy).__name__
        return f"<Player of {who}: {', '.join(changed) or 'the most probable moves'}>"

    def choose(
        self,
        board: Board,
        color: Color | None = None,
        *,
        seconds: float | None = None,
        cleanup: bool = False,
        deterministic: bool = False,
        scoring: Scoring = "area",
    ) -> Choice:
        """Return what color (by default, who is to move) does; the board stays as it is.

        seconds is the time left for this move, beside the setting.  cleanup takes dead stones off
        before passing; deterministic plays the most probable move whatever the temperature.  By
        territory, scoring says, a move that gains nothing is not played.
        """
        if not isinstance(board, Board):
            raise wrong_kind("a Board", board)
        color = board.to_move if color is None else player(color)
        if isinstance(seconds, bool) or not isinstance(seconds, SupportsFloat | None):
            raise wrong_kind("seconds as a number", seconds)
        limits = [s for s in (seconds, self.settings.max_seconds) if s is not None]
        temperature = 0.0 if deterministic else self._temperature(board.ply)
        rules, count = Rules(scoring=scoring), self.settings.look_ahead
        counted = rules.by_area(board, color)
        ahead = LookAhead(self.policy, counted, color, count, rules) if count > 1 else None
        terms = TurnTerms(
            strict=cleanup or self.settings.passing == "strict",
            deadline=time.monotonic() + min(limits) if limits else None,
            scoring=scoring,
            by_area=counted,
        )
        turn = Turn(
            board,
            color,
            self.settings,
            terms,
            lambda shares: self._draw(ahead.weighed(shares) if ahead else shares, temperature),
            lambda: self._outlook(counted, color),
        )
        return turn.decide(self.policy.predict(board, color))

    def _outlook(self, board: Board, color: Color) -> Outlook | None:
        """Return what the network says of the end of the game, None if it knows moves alone."""
        if not isinstance(self.policy, GivesOutlooks):
            return None
        found = self.policy.outlooks([board], [color])
        return found[0] if found else None

    def _draw(self, probabilities: NDArray[np.float64], temperature: float) -> Point:
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
