"""Policy gradient against past selves (Silver et al. 2016, Methods): games in, a better player out.

Read `reinforce` first: it begins a run or picks one up.  `_Reinforcer.run` then repeats
iterations: games of the network against a past self, learning from them (`gopolicy.rl.learner`), a
checkpoint; now and then the network joins the pool, and games against the parent are counted.

What an iteration does depends on the seed, its number and the weights alone, so a run that was
killed repeats what was under way.
"""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import torch

from gopolicy.allocator import keep_freed_memory
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.files import named, writing_alone
from gopolicy.nets.folding import fold
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.weights import LoadedNetwork, describe_network, save_weights
from gopolicy.policy.policy import Policy
from gopolicy.progress import SILENT, Progress
from gopolicy.rl.first_networks import first_critic, first_policy, judge_of
from gopolicy.rl.learner import Learner, Networks
from gopolicy.rl.learning_curves import draw_learning_curves
from gopolicy.rl.mirrored_games import GamesGivenUpError, MirroredGames, points_won
from gopolicy.rl.pool import Pool
from gopolicy.rl.reinforce_config import ReinforceConfig
from gopolicy.rl.reinforce_folder import begin_reinforce, continue_reinforce
from gopolicy.rl.self_play import FinishedGame
from gopolicy.stats import wilson_interval
from gopolicy.training.checkpoint import (
    Parts,
    RunFacts,
    checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from gopolicy.training.interruption import StopRequest, stop_on_signals
from gopolicy.training.journal import Journal
from gopolicy.training.run_folder import announce, announce_start
from gopolicy.training.world import World, open_world

_PLAY, _MEASURE = 0, 1
"""What random numbers are drawn for."""
_DRAW_SECONDS = 60.0
"""Seconds between two pictures of the curves; drawing takes about one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop before the positions of the run are done; 0: not."""

    iterations: int = 0
    """Iterations of this sitting."""
    minutes: float = 0.0
    """Minutes of this sitting; the iteration that is under way is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinforced:
    """The result of one sitting of policy gradient."""

    iterations: int
    """Iterations of the whole run so far."""
    games: int
    """Games of the whole run so far, measurements left out."""
    positions: int
    """Decisions learned from in the whole run so far."""
    seconds: float
    """Time of the whole run so far, measurements left out."""
    parent: dict[str, float]
    """The last measurement against the parent: win_rate, low, high, games and the iteration that it
    followed; empty before one."""
    weights: Path
    """The weight folder."""
    complete: bool
    """Whether all positions of the run are done."""
    signal: int = 0
    """The signal that ended the sitting early, or 0."""


def reinforce(
    out: str | PathLike[str],
    config: ReinforceConfig,
    *,
    limits: Limits | None = None,
    resume: bool = False,
    device: str = "auto",
    progress: Progress = SILENT,
) -> Reinforced:
    """Train by games into the folder of a run, or go on with the run that is there.

    SIGINT and SIGTERM end it; at most the games under way are lost.  Started by ``torchrun``, the
    processes share the games.  Raises ConfigError for impossible settings and for a folder that
    holds another run.
    """
    with open_world(device) as world:
        return reinforce_in(
            world, out, config, limits=limits or Limits(), resume=resume, progress=progress
        )


def reinforce_in(
    world: World,
    out: str | PathLike[str],
    config: ReinforceConfig,
    *,
    limits: Limits,
    resume: bool = False,
    progress: Progress = SILENT,
) -> Reinforced:
    """Do what `reinforce` does in a world that is open already."""
    for name in ("games", "measure_games"):
        if getattr(config, name) % (2 * world.size):
            raise ConfigError(f"cannot split {name} {getattr(config, name)} over {world.size}")
    if config.learning.batch_size % world.size:
        raise ConfigError(f"cannot split batch_size over {world.size}")
    run = named(out)
    with writing_alone(run) if world.leads else nullcontext(), stop_on_signals() as request:
        task = _Reinforcer(run, config, world, progress if world.leads else SILENT)
        return task.run(resume, limits, request)


class _Reinforcer:
    """One sitting of a run."""

    def __init__(
        self, out: Path, config: ReinforceConfig, world: World, progress: Progress
    ) -> None:
        self.out, self.config, self.world, self.progress = out, config, world, progress
        self.facts = RunFacts(counts={"iteration": 0, "games": 0})
        self.warned = False
        self.pool = Pool(out / "pool", config.learning.planes, str(world.device), progress)

    @property
    def iteration(self) -> int:
        """Iterations done."""
        return int(self.facts.counts["iteration"])

    @property
    def _needs_parent(self) -> bool:
        """Whether what is learned depends on the parent."""
        return bool(self.config.kl or self.config.candidates)

    @property
    def positions(self) -> int:
        """Decisions learned from so far."""
        return self.facts.step * self.config.learning.batch_size

    def run(self, resume: bool, limits: Limits, request: StopRequest) -> Reinforced:
        """Begin or continue the run, and repeat iterations until an end."""
        torch.manual_seed(self.config.learning.seed)
        goes_on = resume and bool(checkpoints(self.out))
        network = first_policy(self.config, goes_on=goes_on)
        judge = judge_of(self.config, str(self.world.device))
        if resume:
            compute, why = continue_reinforce(self.out, self.config, judge, self.world), ""
        else:
            compute, why = begin_reinforce(self.out, self.config, network, judge, self.world)
        self.precision = compute.precision  # in which it plays, too: one policy, not two
        announce(compute, why, network, self.progress)
        if not goes_on:
            announce_start(self.config.learning.start, self.config.size, self.progress)
        if self.world.leads:
            self._keep_parent(network, resume)
        self.world.wait()
        self.parent = self._parent()
        critic = first_critic(self.config, network)
        networks = Networks(
            policy=network,
            critic=critic,
            parent=self.parent if self._needs_parent else None,
            judge=judge,
        )
        self.learner = Learner(self.config, networks, compute, self.world)
        if resume:
            self._restore()
        self.world.share(self.learner.module.state_dict().values())
        return self._run(limits, request)

    def _run(self, limits: Limits, request: StopRequest) -> Reinforced:
        """Repeat iterations; return the result of the sitting."""
        planned = self.config.learning.steps
        self.deadline = time.monotonic() + 60 * limits.minutes if limits.minutes else float("inf")
        last = self.iteration + limits.iterations if limits.iterations else float("inf")
        self.request = request
        self.games = MirroredGames(config=self.config, world=self.world, go_on=self._goes_on)
        self.journal = Journal(self.out, self.positions) if self.world.leads else None
        total = planned * self.config.learning.batch_size
        self.progress.start("reinforce", total - self.positions, "positions")
        keep_freed_memory()
        saved = self.facts.step if checkpoints(self.out) else -1
        saved_time = self.drawn = time.monotonic()
        try:
            if self._measurement_is_due():
                self._measure()
            while self.facts.step < planned and self.iteration < last and not self._must_stop():
                self._iterate()
                waited = time.monotonic() - saved_time
                if waited >= 60 * self.config.learning.checkpoint_minutes:
                    self._checkpoint()
                    saved, saved_time = self.facts.step, time.monotonic()
        except GamesGivenUpError:
            self.progress.message("asked to stop: the games under way are given up")
        finally:
            self.progress.finish()
            if self.journal:
                self.journal.close()
        if saved != self.facts.step:
            self._checkpoint()
        if self.world.leads:
            self._save_weights()
            draw_learning_curves(self.out)
        return self._result()

    def _iterate(self) -> None:
        """Play the games of one iteration and learn from them."""
        start, number = time.perf_counter(), self.iteration
        seed = self._seed(number, _PLAY)
        draw = np.random.default_rng([*seed, self.world.rank])
        opponent = self._opponent(number, np.random.default_rng(seed))
        policy = self._policy()
        games = self.games.play(
            [policy, *opponent], self.config.games, seed, plies=self.config.plies
        )
        seconds = time.perf_counter() - start
        steps, figures = self.learner.learn(games, self.facts.step, draw, policy, self._goes_on)
        self._warn_of_few(figures["decisions"], steps)
        self.facts.step += steps
        self.facts.counts["iteration"] += 1
        self.facts.counts["games"] += self.config.games
        self.facts.seconds += time.perf_counter() - start
        figures |= self._play_figures(games, bool(opponent) and not self.config.plies)
        figures["games_per_second"] = self.config.games / (time.perf_counter() - start)
        figures["play_share"] = seconds / (time.perf_counter() - start)
        self._note("play", figures)
        shown = {name: figures[name] for name in ("entropy", "length", "games_per_second")}
        self.progress.advance(steps * self.config.learning.batch_size, **shown)
        if self.iteration % self.config.pool_every == 0 and self.world.leads:
            self.pool.add(self.iteration, self.learner.networks.policy)
        self.world.wait()
        if self._measurement_is_due():
            self._measure()

    def _warn_of_few(self, decisions: float, steps: int) -> None:
        """Say once that games have fewer decisions than one step is to learn from."""
        wanted = steps * self.config.learning.batch_size
        if decisions < wanted and not self.warned:
            self.warned = True
            self.progress.message(
                f"only {decisions:,.0f} decisions in an iteration, which count as batch_size"
                f" {wanted:,}: take more games or a lower batch_size"
            )

    def _opponent(self, number: int, draw: np.random.Generator) -> list[Policy]:
        """Return the past self to play against, or nobody where both sides are the network's."""
        if draw.random() >= self.config.pool_share:
            return []
        found = self.pool.draw(number, self.config.size, draw, self.precision)
        return [found] if found else []

    def _goes_on(self) -> bool:
        """Say whether games under way go on; one of several processes never leaves the others."""
        if self.world.size > 1:
            return True
        return not self.request and time.monotonic() < self.deadline

    def _play_figures(self, games: list[FinishedGame], mirrored: bool) -> dict[str, float]:
        """Return mean length, share of broken-off games, and the rate of wins against the pool."""
        sums = np.zeros(5)
        for game in games:
            sums += (1, len(game.events) - game.start, game.ended == "limit", 0, 0)
            if mirrored:
                sums[3:] += (1, points_won(game, self.config.komi))
        count, moves, broken, met, won = self.world.total(torch.from_numpy(sums)).tolist()
        figures = {"length": moves / count, "broken_off": broken / count}
        return figures | ({"pool_win_rate": won / met} if met else {})

    def _measurement_is_due(self) -> bool:
        """Say whether games against the parent are to be counted now, and have not been."""
        every = self.config.measure_every
        if not every or not self.iteration or self.iteration % every:
            return False
        return self.facts.validation.get("iteration") != self.iteration

    def _measure(self) -> None:
        """Count games against the parent."""
        if self.parent is None:
            return
        seed = self._seed(self.iteration, _MEASURE)
        parent = self._policy_of(self.parent)
        best = self._policy_of(self.learner.best_policy)
        games = self.games.play([best, parent], self.config.measure_games, seed)
        won = torch.tensor([sum(points_won(game, self.config.komi) for game in games)])
        rate = float(self.world.total(won.double())[0]) / self.config.measure_games
        low, high = wilson_interval(rate, self.config.measure_games)
        found = {"win_rate": rate, "low": low, "high": high}
        facts = {"games": self.config.measure_games, "iteration": self.iteration}
        self.facts.validation = found | facts
        self._note("parent", found)
        self.progress.message(
            f"iteration {self.iteration:,}, {int(self.facts.counts['games']):,} games:"
            f" {rate:.1%} against the parent ({low:.1%} to {high:.1%})"
        )
        if self.world.leads and time.monotonic() > self.drawn + _DRAW_SECONDS:
            draw_learning_curves(self.out)
            self.drawn = time.monotonic()

    def _note(self, kind: str, figures: dict[str, float]) -> None:
        """Write figures into the log."""
        if self.journal:
            self.journal.write(kind, self.positions, self.facts.counts | figures)

    def _must_stop(self) -> bool:
        """Say whether any process was asked to stop or is out of time."""
        mine = bool(self.request) or time.monotonic() > self.deadline
        if self.world.size == 1:
            return mine
        return bool(self.world.highest(torch.tensor([int(mine)]).to(self.world.device))[0])

    def _seed(self, number: int, purpose: int) -> list[int]:
        """Return what the random numbers of an iteration are drawn from."""
        return [self.config.learning.seed, number, purpose]

    def _policy(self) -> Policy:
        """Return the network as it is now, to play with."""
        return self._policy_of(self.learner.networks.policy)

    def _policy_of(self, network: PolicyNetwork) -> Policy:
        """Return a network to play with."""
        info = describe_network(network, self.config.learning.planes)
        device, precision = str(self.world.device), self.precision
        loaded = LoadedNetwork(network, info)
        return Policy(loaded, device=device, precision=precision, backend="torch")

    def _keep_parent(self, network: PolicyNetwork, resume: bool) -> None:
        """Put the parent into the pool as number 0, before anything is learned."""
        if not resume or not checkpoints(self.out):
            self.pool.forget_after(-1)
            self.pool.add(0, network)

    def _parent(self) -> PolicyNetwork | None:
        """Return the parent; None where it is damaged and not needed for the gradient."""
        try:
            return self.pool.load(0, self.config.size).network
        except WeightsError as error:
            if self._needs_parent:
                raise
            self.progress.message(f"nothing is measured against the parent: {error}")
            return None

    def _restore(self) -> None:
        """Go back to the last checkpoint; without one, to the beginning."""
        found = checkpoints(self.out)
        if not found:
            self.progress.message("no checkpoint yet: beginning again")
            return
        facts = load_checkpoint(found[-1], self._parts())
        if not {"iteration", "games"} <= facts.counts.keys():
            raise ConfigError(f"{found[-1]} does not say how many games it is of")
        self.facts = facts
        if self.world.leads:
            self.pool.forget_after(self.iteration)
        self.world.wait()
        games = int(self.facts.counts["games"])
        self.progress.message(f"continuing after {self.iteration:,} iterations, {games:,} games")

    def _checkpoint(self) -> None:
        """Save everything, and the network as weights."""
        if self.world.leads:
            save_checkpoint(self.out, self._parts(), self.facts)
            self._save_weights()

    def _save_weights(self) -> None:
        """Write the weight folder."""
        network = fold(self.learner.best_policy)
        planes = self.config.learning.planes
        save_weights(
            self.out / "weights",
            network,
            describe_network(network, planes, positions=self.positions),
        )

    def _parts(self) -> Parts:
        """Return what a checkpoint is made of."""
        average = self.learner.average
        return Parts(
            self.learner.module, self.learner.optimizer, average.network if average else None
        )

    def _result(self) -> Reinforced:
        """Sum the sitting up."""
        return Reinforced(
            iterations=self.iteration,
            games=int(self.facts.counts["games"]),
            positions=self.positions,
            seconds=self.facts.seconds,
            parent=self.facts.validation,
            weights=self.out / "weights",
            complete=self.facts.step >= self.config.learning.steps,
            signal=self.request.signal,
        )
