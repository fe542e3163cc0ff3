"""A run that has so many minutes: which network, how many positions, and what to expect of it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from gopolicy.training.config import TrainConfig
from gopolicy.training.expected_accuracy import MEASURED, expected_top1
from gopolicy.training.speed_trial import SpeedTrial
from gopolicy.training.world import World

Size = tuple[int, int]
"""Filters and layers."""
TRIED_FIRST: Size = (64, 9)
LONG_RUNS: tuple[tuple[int, Size], ...] = ((40_000_000, (192, 15)), (10_000_000, (128, 13)))
"""From how many positions on networks are taken that are larger than any measured one."""
STEPPING = 0.93
"""Share of the time that goes into steps; the rest measures and saves."""
PACED = frozenset({"warmup", "log_every", "validation_every", "validation_positions"})
"""Settings that a plan fits to the number of positions."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run will be."""

    config: TrainConfig
    """Its settings; positions are the estimate."""
    lines: tuple[str, ...]
    """What to tell about it."""


def plan_run(
    config: TrainConfig,
    world: World,
    shape: tuple[int, int],
    *,
    supply: int,
    choose_size: bool,
    rate: float | None = None,
) -> RunPlan:
    """Return the plan of a run that has so many minutes, after a trial of a few seconds.

    shape holds the planes and the side of the positions, of which there are supply.  With
    choose_size the network gets as many filters and layers as the speed of this machine allows.
    rate is what config reaches, in positions per second, where that is known.  Every process of the
    run must call it.
    """
    asked, known = config, rate

    def rate_of(wanted: TrainConfig) -> float:
        return known if known and wanted == asked else SpeedTrial(wanted, *shape, world).rate(0.5)

    seconds = 60 * config.minutes * STEPPING
    if choose_size:
        config = _sized(config, *choose_network(lambda s: rate_of(_sized(config, *s)), seconds))
    rate = rate_of(config)
    positions = max(int(rate * seconds), config.batch_size)
    config = world.agree(_paced(config, positions))
    return RunPlan(config, tuple(_told(config, rate, supply)))


def choose_network(rate_of: Callable[[Size], float], seconds: float) -> Size:
    """Return filters and layers that come furthest in the time.

    rate_of measures a network, in positions per second; the others are taken to be as much slower
    as they have more work.  Among the measured sizes that get at least as many positions as their
    shortest measured run, the one that is expected to be best wins, the larger of two equal ones.
    """
    work = rate_of(TRIED_FIRST) * seconds * _work(TRIED_FIRST)
    for least, size in LONG_RUNS:
        if work / _work(size) >= least:
            return size
    sizes = sorted({(run.filters, run.layers) for run in MEASURED})
    best, chosen = 0.0, sizes[0]
    for size in sizes:
        expectation = expected_top1(*size, int(work / _work(size)))
        assert expectation is not None
        if expectation.bound != "less than" and expectation.top1 >= best:
            best, chosen = expectation.top1, size
    return chosen


def _work(size: Size) -> float:
    """Return what a position costs, up to a factor."""
    filters, layers = size
    return float(filters**2 * layers)


def _sized(config: TrainConfig, filters: int, layers: int) -> TrainConfig:
    """Return config with a network of another size."""
    settings = {**config.settings, "filters": filters, "layers": layers}
    return dataclasses.replace(config, settings=settings)


def _paced(config: TrainConfig, positions: int) -> TrainConfig:
    """Return config with a number of positions, and measurements and logs that suit it."""
    batch = config.batch_size
    return dataclasses.replace(
        config,
        positions=positions,
        warmup=min(config.warmup, positions // 20),
        log_every=max(batch, min(config.log_every, positions // 100)),
        validation_every=max(batch, min(config.validation_every, positions // 10)),
        validation_positions=min(config.validation_positions, max(1_000, positions // 100)),
    )


def _told(config: TrainConfig, rate: float, supply: int) -> list[str]:
    """Return what to tell about a plan."""
    filters, layers = config.settings.get("filters"), config.settings.get("layers")
    sized = f" with {filters} filters and {layers} layers" if filters and layers else ""
    lines = [
        f"planned for {config.minutes:g} minutes: {config.network}{sized}, about"
        f" {config.positions:,} positions at {rate:.0f} positions/s"
    ]
    if config.equivariant and isinstance(filters, int) and isinstance(layers, int):
        expectation = expected_top1(filters, layers, config.positions)
        if expectation:
            lines.append(
                f"expect {expectation} top-1 on games of strong players, as runs on KGS games had"
                " (weights/LOG.md); other games differ"
            )
    if config.positions > 2 * supply:
        seen = config.positions / max(supply, 1)
        lines.append(
            f"the store has {supply:,} positions to learn from, so each will be seen"
            f" {seen:.0f} times: more games would help, and less accuracy is to be expected"
        )
    return lines
