"""The view ``maximize`` for pictures: what a filter, a neuron and a class would like to see.

Gradient ascent on the pixels by the lecture's formulas: a filter's degree of activation is a^k, the
sum of its answers a_ij over all places; x* = argmax a^k, argmax a_j for a neuron, argmax y_i for a
class (its logit, not its probability: a softmax gives hardly any slope where it is unsure), and
with the L1 term argmax (y_i - weight * sum |x_ij|), which asks for little ink.  Pixels stay between
0 and 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet, in_rows
from gopolicy.errors import ConfigError
from gopolicy.nets.layers import Dense
from gopolicy.nets.probe import answers, hidden_layers, layer_of, leaking
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.pictures.picture_networks import HEAD
from gopolicy.progress import SILENT, Progress

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
    subject: PictureLens,
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


def _start(subject: PictureLens, count: int, generator: torch.Generator) -> Tensor:
    shape = (count, subject.shape.channels, subject.shape.height, subject.shape.width)
    noise = torch.rand(shape, generator=generator) - 0.5
    return (START + 0.2 * noise).to(subject.device).requires_grad_()


def _check(subject: PictureLens, layer: str, units: Sequence[int]) -> None:
    shape = (1, subject.shape.channels, subject.shape.height, subject.shape.width)
    with torch.no_grad():
        out = answers(subject.network, torch.zeros(shape, device=subject.device), [layer])[layer]
    wrong = [unit for unit in units if not 0 <= unit < out.shape[1]]
    if wrong:
        what = "filters" if out.ndim == 4 else "neurons"
        raise ConfigError(f"layer {layer} has {what} 0 to {out.shape[1] - 1}, not {wrong[0]}")


def _jittered(x: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    if reach == 0:
        return x
    down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
    return torch.roll(x, (down, right), (2, 3))


def output_layer(subject: PictureLens) -> str:
    """Return the layer whose neurons are the classes."""
    subject.check_top()
    return HEAD


SIDE = 96
"""The least side of a picture on a sheet, in pixels."""
COLUMNS = 10
NOTE = "Pixels from 0 (black) to 1 (white); ink: their mean."


@dataclass(frozen=True, slots=True, kw_only=True)
class AscentOptions:
    """What is maximized, and how."""

    layers: Sequence[str] = ()
    """By default the last convolution, the last hidden dense layer and the classes."""
    units: Sequence[int] = ()
    """Filters, neurons or classes; by default the first ones."""
    count: int = 10
    l1: float = 1.5
    """Weight of the L1 term, see `maximize`."""
    steps: int = 200
    seed: int = 0
    names: Sequence[str] = field(default_factory=tuple)
    """Classes by name, instead of layers and units."""


def ascent_section(
    subject: PictureLens, options: AscentOptions, progress: Progress = SILENT
) -> Section:
    """Return the pictures that maximize units of some layers, with and without the L1 term."""
    pictures, findings = [], {}
    for layer in _layers(subject, options):
        units = _units(subject, layer, options)
        climbs = [Climb(l1=w, steps=options.steps, seed=options.seed) for w in (0.0, options.l1)]
        pairs = [maximize(subject, layer, units, climb, progress) for climb in climbs]
        pictures.append(_picture(subject, pairs))
        findings[layer] = [_finding(subject, pairs, place) for place in range(len(units))]
    return Section(
        view="maximize",
        title="Pictures that maximize filters, neurons and classes",
        text=(
            "Gradient ascent on the pixels, from gray: x* = argmax a^k for a filter (the sum of "
            "its answers over all places), argmax a_j for a neuron, argmax y_i for a class (its "
            "logit). Below, the same with the L1 term, which takes away ink that does not pay. A "
            "picture that a network is sure of need not look like anything."
        ),
        network=subject.name,
        headline={layer: f"{len(found)} pictures" for layer, found in findings.items()},
        findings={"l1": options.l1, "steps": options.steps, "layers": findings},
        pictures=pictures,
    )


def _layers(subject: PictureLens, options: AscentOptions) -> list[str]:
    if options.names:
        return [output_layer(subject)]
    if options.layers:
        return list(options.layers)
    hidden = hidden_layers(subject.network)
    dense = [name for name in hidden if isinstance(layer_of(subject.network, name), Dense)]
    maps = [name for name in hidden if name not in dense]
    outputs = [output_layer(subject)] if subject.classes else []
    return [*maps[-1:], *dense[-1:], *outputs]


def _units(subject: PictureLens, layer: str, options: AscentOptions) -> list[int]:
    if options.names:
        return [subject.class_index(name) for name in options.names]
    if options.units:
        return list(options.units)
    module = layer_of(subject.network, layer)
    weights = [p.shape[0] for p in module.parameters() if p.ndim > 1]
    if not weights:
        raise ConfigError(f"layer {layer} learns nothing; choose another, or channels of it")
    return list(range(min(options.count, weights[-1])))


def _picture(subject: PictureLens, pairs: Sequence[Ascent]) -> Shown:
    rows: list[SheetRow] = []
    for ascent, words in zip(pairs, ("without the L1 term", "with the L1 term"), strict=True):
        tiles = [_tile(subject, ascent, place) for place in range(len(ascent.units))]
        first, *more = in_rows(tiles, COLUMNS)
        rows += [SheetRow(first.tiles, f"{_formula(subject, ascent)}, {words}"), *more]
    layer = pairs[0].layer
    title = f"{subject.name}, {layer}: pictures that excite it most"
    caption = f"{layer}: {_formula(subject, pairs[0])}, without and with the L1 term. {NOTE}"
    return Shown(layer.replace(".", "-"), image_png(draw_sheet(title, rows, NOTE)), caption)


def _formula(subject: PictureLens, ascent: Ascent) -> str:
    if _is_output(subject, ascent):
        return "x* = argmax y_i, the logit of a class"
    if isinstance(layer_of(subject.network, ascent.layer), Dense):
        return "x* = argmax a_j, the answer of a neuron"
    return "x* = argmax a^k, the sum of a filter's answers"


def _is_output(subject: PictureLens, ascent: Ascent) -> bool:
    return bool(subject.classes) and ascent.layer == output_layer(subject)


def _tile(subject: PictureLens, ascent: Ascent, place: int) -> Tile:
    unit, value = ascent.units[place], ascent.values[place]
    name = str(unit)
    if _is_output(subject, ascent):
        share = float(subject.probabilities(ascent.pictures[place : place + 1])[0, unit])
        name = f"{subject.classes[unit]} ({share:.1%})"
    caption = f"{name}\n{value:.1f}, ink {ascent.ink[place]:.2f}"
    return Tile(as_picture(ascent.pictures[place], SIDE), caption)


def _finding(subject: PictureLens, pairs: Sequence[Ascent], place: int) -> dict[str, Any]:
    unit = pairs[0].units[place]
    found: dict[str, Any] = {"unit": unit}
    if _is_output(subject, pairs[0]):
        found["class"] = subject.classes[unit]
    for key, ascent in zip(("plain", "l1"), pairs, strict=True):
        found[key] = {
            "value": round(ascent.values[place], 4),
            "ink": round(ascent.ink[place], 4),
            "weight": ascent.weights[place],
        }
        if "class" in found:
            share = subject.probabilities(ascent.pictures[place : place + 1])[0, unit]
            found[key]["probability"] = float(share)
    return found
