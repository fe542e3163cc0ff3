"""A subject for comparisons without any training: what comes out is a formula of what goes in."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.subject import StoppedEarly
from gopolicy.compare.trial_result import Measured, TrialResult, Units
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.network_settings import default_settings
from gopolicy.nets.registry import build_network
from gopolicy.settings import Setting
from gopolicy.timing import Work

GAMES, MOVES = 60, 50


def measured(hits: list[int], nats: list[float], moves: int = MOVES) -> Measured:
    """Return figures of games of so many moves each."""
    total = moves * len(hits)
    return Measured(
        examples=total,
        top1=sum(hits) / total,
        top5=min(2 * sum(hits) / total, 1.0),
        nll=sum(nats) / total,
        units=Units(counts=[moves] * len(hits), hits=hits, nats=nats),
        by_phase=[{"first_move": 1, "last_move": None, "positions": total, "top1": 0.1, "nll": 1}],
    )


def drawn(level: float, seed: int, games: int = GAMES) -> Measured:
    """Return figures of a network that finds this share of moves; easy games are easy for all."""
    easy = np.random.default_rng(7).normal(0, 0.05, games)
    rng = np.random.default_rng([seed, round(level * 1e6)])
    hits = rng.binomial(MOVES, np.clip(level + easy, 0, 1))
    return measured(hits.tolist(), (MOVES * (5 - 4 * hits / MOVES)).tolist())


def trial_result(result: Measured | None, seconds: float = 60.0, order: str = "a") -> TrialResult:
    """Return the result of a training whose top-1 rose in a line."""
    top1 = result.top1 if result else 0.0
    nll = result.nll if result else 5.0
    curve = [
        {"examples": 100.0 * k, "seconds": seconds * k / 4, "top1": top1 * k / 4, "nll": nll}
        for k in range(1, 5)
    ]
    return TrialResult(
        parameters=1,
        multiply_adds=1,
        bytes=4,
        examples=400,
        seconds=seconds,
        order=order,
        tuning={"top1": top1, "nll": nll},
        curve=curve,
        measured=result,
    )


BLIND = measured([0] * GAMES, [MOVES * 5.8] * GAMES)


class FakeSubject:
    """Nats depend on how far the rate is from a best one, on a logarithmic scale."""

    key, example, unit = "fake", "position", "game"
    shape = (4, 9, 9)

    def __init__(self, best_rate: float = 0.01, stop_after: int = 10**6) -> None:
        self.best_rate, self.stop_after = best_rate, stop_after
        self.ran: list[str] = []
        self.facts = {"what": "nothing"}

    def defaults(self, network: str) -> dict[str, Setting]:
        return default_settings(network)

    def build(self, spec: NetworkSpec) -> PolicyNetwork:
        return build_network(spec.network, planes=4, size=9, **spec.settings)

    def trial_facts(self, trial: Trial) -> dict[str, object]:
        return {"lr": trial.lr, "examples": trial.examples, "seed": trial.seed}

    def run(self, trial: Trial, folder: Path, progress: Any) -> TrialResult:
        if len(self.ran) >= self.stop_after:
            raise StoppedEarly(2)
        self.ran.append(trial.folder)
        folder.mkdir(parents=True, exist_ok=True)
        far = abs(math.log(trial.lr / self.best_rate))
        if trial.final:
            return trial_result(drawn(0.4, trial.seed), order=f"seed {trial.seed}")
        return trial_result(measured([10] * GAMES, [MOVES * (1 + far)] * GAMES))

    def blind(self) -> Measured:
        return BLIND

    def serving(self, spec: NetworkSpec, folder: Path) -> Work:
        return Work(lambda: None, 1)
