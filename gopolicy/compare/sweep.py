"""The learning rate that suits each network, found by short trainings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.runs import Runs
from gopolicy.errors import ConfigError

EXTENSIONS = 2
"""How often the range is widened while the best rate is at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The rates tried for one network."""

    nll: dict[float, float]
    """Nats on the tuning examples after a short training, by rate."""

    @property
    def best(self) -> float:
        """The rate of the fewest nats."""
        return min(self.nll, key=lambda rate: self.nll[rate])

    @property
    def inside(self) -> bool:
        """Whether rates on both sides of the best were tried."""
        return min(self.nll) < self.best < max(self.nll)


def sweep(
    runs: Runs, specs: Sequence[NetworkSpec], rates: Sequence[float], examples: int
) -> dict[str, Sweep]:
    """Return the sweep of every network, by slug.

    Where the best of rates is the first or the last, a next one is tried, up to two times.
    """
    if not rates or min(rates) <= 0 or len(set(rates)) < len(rates):
        raise ConfigError(f"expected different learning rates above 0, got {list(rates)}")
    found: dict[str, dict[float, float]] = {spec.slug: {} for spec in specs}
    wanted = {spec.slug: sorted(rates) for spec in specs}
    for _ in range(EXTENSIONS + 1):
        trials = [
            Trial(spec=spec, lr=rate, seed=1, examples=examples, final=False)
            for spec in specs
            for rate in wanted[spec.slug]
        ]
        trial_results = runs.trial_results(trials, "learning rates")
        for trial, trial_result in zip(trials, trial_results, strict=True):
            nll = trial_result.tuning["nll"]
            found[trial.spec.slug][trial.lr] = nll if math.isfinite(nll) else math.inf
        wanted = {slug: _next_rate(Sweep(nll=nll)) for slug, nll in found.items()}
        if not any(wanted.values()):
            break
    for spec in specs:
        tried = found[spec.slug]
        if not any(math.isfinite(nll) for nll in tried.values()):
            listed = ", ".join(f"{rate:g}" for rate in sorted(tried))
            raise ConfigError(
                f"{spec.title}: the training diverged at every learning rate tried ({listed});"
                " give lower --learning-rates"
            )
    return {slug: Sweep(nll=dict(sorted(nll.items()))) for slug, nll in found.items()}


def _next_rate(done: Sweep) -> list[float]:
    """Return the rate to try beyond the end where the best one is, if it is at one."""
    rates = sorted(done.nll)
    if done.inside or len(rates) < 2:
        return []
    if done.best == rates[0]:
        return [float(f"{rates[0] ** 2 / rates[1]:.3g}")]
    return [float(f"{rates[-1] ** 2 / rates[-2]:.3g}")]
