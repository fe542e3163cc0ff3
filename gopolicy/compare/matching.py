"""Sizes by which networks of different kinds become equal in parameters or in compute."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from gopolicy.compare.network_spec import NetworkSpec
from gopolicy.compare.subject import Subject
from gopolicy.errors import ConfigError
from gopolicy.nets.cost import multiply_adds
from gopolicy.settings import Setting

KNOBS = ("filters", "units")
"""Settings that make a network wider."""
STEPS = 32
"""Widths are multiples of this root of 2."""
LARGEST = 10 * STEPS
"""Widths are searched up to so many steps from those that a network has by itself."""
CLOSE = 0.02
"""A match this near, as a share, is searched no further."""
MEASURES = ("parameters", "multiply_adds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a network costs."""

    parameters: int
    multiply_adds: int

    def of(self, measure: str) -> int:
        """Return one of `MEASURES`."""
        return self.parameters if measure == "parameters" else self.multiply_adds


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The settings found, and how near they come."""

    settings: dict[str, Setting]
    ratio: float
    """Cost as a multiple of the one wanted."""

    @property
    def miss(self) -> float:
        """How far off, as the logarithm of the ratio, without sign."""
        return abs(math.log(self.ratio))


def cost(subject: Subject, spec: NetworkSpec) -> Cost:
    """Return what the network of a spec costs."""
    with torch.device("meta"):
        network = subject.build(spec)
    return Cost(
        parameters=network.parameter_count, multiply_adds=multiply_adds(network, subject.shape)
    )


def match(
    subject: Subject,
    spec: NetworkSpec,
    measure: str,
    wanted: int,
    *,
    knobs: Sequence[str] = KNOBS,
) -> Match:
    """Return settings with which the network of a spec costs about as much as wanted.

    All knobs are turned together, so that the network keeps its shape, and the last one a little
    further where that comes closer; if that is not close, other numbers of layers are tried.
    """
    full = subject.defaults(spec.network) | dict(spec.settings)
    widths = {knob: int(full[knob]) for knob in knobs if full.get(knob)}
    if not widths:
        raise ConfigError(f"network {spec.network} has no setting of {', '.join(knobs)}")

    def cost_of(changes: Mapping[str, int]) -> int:
        settings = dict(spec.settings) | dict(changes)
        other = NetworkSpec(title=spec.title, network=spec.network, settings=settings)
        return cost(subject, other).of(measure)

    best = _search(cost_of, widths, {}, wanted)
    if best.miss > CLOSE and "layers" in full:
        for layers in (int(full["layers"]) + step for step in (1, -1)):
            if layers > 0:
                found = _search(cost_of, widths, {"layers": layers}, wanted)
                best = min(best, found, key=lambda m: m.miss)
    return Match(settings=dict(spec.settings) | best.settings, ratio=best.ratio)


def _search(
    cost_of: Callable[[Mapping[str, int]], int],
    widths: Mapping[str, int],
    changes: Mapping[str, int],
    wanted: int,
) -> Match:
    """Return the widths whose cost is nearest; the cost must grow with them."""

    def wide(step: int) -> dict[str, int]:
        factor = 2.0 ** (step / STEPS)
        return {**changes, **{k: max(1, round(width * factor)) for k, width in widths.items()}}

    def fine(value: int) -> dict[str, int]:
        return {**below, last: value}

    low, high = _around(lambda step: cost_of(wide(step)), wanted, range(-LARGEST, LARGEST))
    candidates = [wide(low), wide(high)]
    below, last = candidates[0], list(widths)[-1]
    values = range(below[last], 2 * below[last] + 2)
    if cost_of(below) < wanted <= cost_of(fine(values[-1])):
        found = _around(lambda value: cost_of(fine(value)), wanted, values)
        candidates += [fine(value) for value in found]
    best = min(candidates, key=_miss(cost_of, wanted))
    return Match(settings=dict(best), ratio=cost_of(best) / wanted)


def _miss(
    cost_of: Callable[[Mapping[str, int]], int], wanted: int
) -> Callable[[Mapping[str, int]], float]:
    return lambda settings: abs(math.log(cost_of(settings) / wanted))


def _around(cost_of: Callable[[int], int], wanted: int, values: range) -> tuple[int, int]:
    """Return two neighbors whose costs are below and not below wanted, at the ends the last two."""
    low, high = values[0], values[-1]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost_of(middle) < wanted else (low, middle)
    return low, high
