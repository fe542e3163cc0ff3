"""Pictures that maximize something in a network, by gradient ascent on their pixels.

The lecture's formulas: a filter's degree of activation is a^k, the sum of its answers a_ij over all
places; x* = argmax a^k, argmax a_j for a neuron, argmax y_i for a class (its logit, not its
probability: a softmax gives hardly any slope where it is unsure), and with the L1 term
argmax (y_i - weight * sum |x_ij|), which asks for little ink.  Pixels stay between 0 and 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gopolicy.errors import ConfigError
from gopolicy.nets.pictures import HEAD
from gopolicy.progress import SILENT, Progress
from gopolicy.viz.picture_subject import PictureSubject
from gopolicy.viz.probe import answers, leaking

RATE = 0.05
START = 0.5
"""The gray that ascent starts from, with a little noise."""
JITTER = 32
"""Pictures are shifted at random by up to this part of their side, so that no pixel matters."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ascent:
    """The pictures that maximize some units of a layer.  U units."""

    layer: str
    units: Sequence[int]
    pictures: Tensor
    """[U, C, H, W] from 0 to 1."""
    values: Sequence[float]
    """[U] a^k of the filter, a_j of the neuron or y_i of the class, without the L1 term."""
    weights: Sequence[float]
    """[U] of the L1 term: what one unit of ink costs."""

    @property
    def ink(self) -> list[float]:
        """The mean of each picture's pixels."""
        return [float(mean) for mean in self.pictures.mean(dim=(1, 2, 3))]


def degree(out: Tensor) -> Tensor:
    """Return the degree of activation of every filter, or the answer of every neuron, [B, K]."""
    return out.sum(dim=(2, 3)) if out.ndim == 4 else out


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """How pixels are changed."""

    l1: float = 0.0
    """The weight of the L1 term, in means of a unit's first gradient: at 1, ink that helps no more
    than average does not pay."""
    steps: int = 200
    seed: int = 0
    """Of the noise at the start."""


def maximize(
    subject: PictureSubject,
    layer: str,
    units: Sequence[int],
    climb: Climb | None = None,
    progress: Progress = SILENT,
) -> Ascent:
    """Return the pictures that maximize units of a layer, all of them in one batch."""
    climb = climb or Climb()
    generator = torch.Generator().manual_seed(climb.seed)
    x = _start(subject, len(units), generator)
    _check(subject, layer, units)
    network, wanted, chosen = subject.network, torch.arange(len(units)), torch.tensor(list(units))
    optimizer = torch.optim.Adam([x], lr=RATE)
    reach = min(subject.shape.height, subject.shape.width) // JITTER
    weight = torch.zeros(len(units), 1, 1, 1, device=subject.device)
    progress.start(f"maximizing {layer}", climb.steps, "steps")
    with leaking(network, layer):
        for step in range(climb.steps):
            moved = _jittered(x, reach, generator)
            out = degree(answers(network, moved, [layer])[layer])
            value = out[wanted, chosen].sum()
            (slope,) = torch.autograd.grad(value, x)
            if step == 0:
                weight = climb.l1 * slope.abs().mean(dim=(1, 2, 3), keepdim=True)
            x.grad = weight * torch.sign(x.detach()) - slope
            optimizer.step()
            x.data.clamp_(0.0, 1.0)
            progress.advance()
    progress.finish()
    with torch.no_grad():
        exact = degree(answers(network, x, [layer])[layer])[wanted, chosen]
    return Ascent(
        layer=layer,
        units=units,
        pictures=x.detach(),
        values=exact.tolist(),
        weights=weight.flatten().tolist(),
    )


def _start(subject: PictureSubject, count: int, generator: torch.Generator) -> Tensor:
    """Return gray pictures with a little noise."""
    shape = (count, subject.shape.channels, subject.shape.height, subject.shape.width)
    noise = torch.rand(shape, generator=generator) - 0.5
    return (START + 0.2 * noise).to(subject.device).requires_grad_()


def _check(subject: PictureSubject, layer: str, units: Sequence[int]) -> None:
    """Raise ConfigError for a layer or a unit that the network does not have."""
    shape = (1, subject.shape.channels, subject.shape.height, subject.shape.width)
    with torch.no_grad():
        out = answers(subject.network, torch.zeros(shape, device=subject.device), [layer])[layer]
    wrong = [unit for unit in units if not 0 <= unit < out.shape[1]]
    if wrong:
        what = "filters" if out.ndim == 4 else "neurons"
        raise ConfigError(f"layer {layer} has {what} 0 to {out.shape[1] - 1}, not {wrong[0]}")


def _jittered(x: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    """Return the pictures shifted by a few pixels, what leaves on one side coming back."""
    if reach == 0:
        return x
    down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
    return torch.roll(x, (down, right), (2, 3))


def output_layer(subject: PictureSubject) -> str:
    """Return the layer whose neurons are the classes."""
    subject.check_top()
    return HEAD
