"""Games in pairs with colors exchanged, and who won them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gopolicy.errors import GoPolicyError
from gopolicy.policy.policy import Policy
from gopolicy.rl.reinforce_config import ReinforceConfig
from gopolicy.rl.self_play import FinishedGame, SelfPlay, SelfPlaySettings
from gopolicy.training.world import World


class GamesGivenUpError(GoPolicyError):
    """Somebody asked to stop while games were under way."""


@dataclass(frozen=True, slots=True)
class MirroredPairing:
    """Who plays Black and White: mover 0 has Black in even games, the other one in odd ones."""

    other: int
    """The mover that plays against mover 0, which may be mover 0 itself."""

    def __call__(self, number: int) -> tuple[int, int]:
        """Return the movers of Black and White in game number."""
        return (self.other, 0) if number % 2 else (0, self.other)


def play_settings(config: ReinforceConfig) -> SelfPlaySettings:
    """Return by what rules and temperature the games of a run are played."""
    return SelfPlaySettings(
        size=config.size,
        komi=config.komi,
        opening_temperature=config.temperature,
        temperature=config.temperature,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredGames:
    """Plays one process's share of the games of a run."""

    config: ReinforceConfig
    world: World
    go_on: Callable[[], bool]
    """Asked again and again; games under way are given up when it says no."""

    def play(
        self, movers: list[Policy], count: int, seed: list[int], *, plies: int = 0
    ) -> list[FinishedGame]:
        """Play so many games of one mover with itself, or of two; return them by number.

        They are broken off after so many plies, 0: played to the end.  `GamesGivenUpError` where it
        was told to stop.
        """
        share = count // self.world.size
        first = share * self.world.rank
        play = SelfPlay(
            movers,
            replace(play_settings(self.config), most_moves=plies or None),
            games=share,
            seed=int(np.random.SeedSequence(seed).generate_state(1, np.uint32)[0]),
            pairing=MirroredPairing(len(movers) - 1),
        )
        games = list(play.play(range(first, first + share), self.go_on))
        if len(games) < share:
            raise GamesGivenUpError("the games under way were given up")
        return sorted(games, key=lambda game: game.number)


def points_won(game: FinishedGame, komi: float) -> float:
    """Return 1 if mover 0 has won, 0.5 for a draw, 0 otherwise."""
    lead = game.score - komi
    won = lead > 0 if game.black == 0 else lead < 0
    return 0.5 if lead == 0 else float(won)
