"""From won and lost games to a win rate and a difference in Elo points, with their uncertainty."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gopolicy.go.types import Color
from gopolicy.match.match_game import Played
from gopolicy.stats import wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """What a match came to, from the side of the first player."""

    games: int
    wins: int
    losses: int
    draws: int
    win_rate: float
    """Draws count as half."""
    interval: tuple[float, float]
    """The Wilson interval of the win rate, 95 %."""
    elo: float
    """How much stronger the first player is; infinite if he won or lost every game."""
    elo_interval: tuple[float, float]
    wins_as_black: int
    games_as_black: int
    ends: dict[str, int]
    """How many games ended how: score, resign, illegal move, crash, time, ..."""
    claims: int
    """Games that an engine gave a count of its own for."""
    disputes: int
    """Games in which such a count, winner and points, is not the referee's."""
    moves: float
    """The mean length of a game."""


def add_up_games(games: Iterable[Played]) -> MatchResult:
    """Add up the games of a match."""
    played = list(games)
    black_games = [game for game in played if game.first_is_black]
    wins = sum(game.winner == game.first_color for game in played)
    draws = sum(game.winner == Color.EMPTY for game in played)
    count = len(played)
    rate = (wins + draws / 2) / count if count else 0.5
    low, high = wilson_interval(rate, count)
    return MatchResult(
        games=count,
        wins=wins,
        losses=count - wins - draws,
        draws=draws,
        win_rate=rate,
        interval=(low, high),
        elo=elo_of(rate),
        elo_interval=(elo_of(low), elo_of(high)),
        wins_as_black=sum(game.winner == Color.BLACK for game in black_games),
        games_as_black=len(black_games),
        ends=dict(Counter(game.end for game in played).most_common()),
        claims=sum(game.claimed for game in played),
        disputes=sum(game.disputed for game in played),
        moves=sum(game.moves for game in played) / max(count, 1),
    )


def elo_of(rate: float) -> float:
    """Return the difference in Elo points at which a player expects this share of the points.

    >>> round(elo_of(0.75)), elo_of(0.5), elo_of(1.0)
    (191, 0.0, inf)
    """
    if rate <= 0.0:
        return -math.inf
    return math.inf if rate >= 1.0 else 400 * math.log10(rate / (1 - rate))
