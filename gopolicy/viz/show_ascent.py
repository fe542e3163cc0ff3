"""The view ``maximize`` for pictures: what a filter, a neuron and a class would like to see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import Dense
from gopolicy.progress import SILENT, Progress
from gopolicy.viz.ascent import Ascent, Climb, maximize, output_layer
from gopolicy.viz.gallery import Section, Shown
from gopolicy.viz.picture_subject import PictureSubject, as_picture
from gopolicy.viz.probe import hidden_layers, layer_of
from gopolicy.viz.sheet import Row, Tile, draw_sheet, in_rows
from gopolicy.viz.subject import png

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
    """How many of those."""
    l1: float = 1.5
    """Weight of the L1 term, see `gopolicy.viz.ascent.maximize`."""
    steps: int = 200
    seed: int = 0
    names: Sequence[str] = field(default_factory=tuple)
    """Classes by name, instead of layers and units."""


def ascent_section(
    subject: PictureSubject, options: AscentOptions, progress: Progress = SILENT
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


def _layers(subject: PictureSubject, options: AscentOptions) -> list[str]:
    """Return the layers that are looked at."""
    if options.names:
        return [output_layer(subject)]
    if options.layers:
        return list(options.layers)
    hidden = hidden_layers(subject.network)
    dense = [name for name in hidden if isinstance(layer_of(subject.network, name), Dense)]
    maps = [name for name in hidden if name not in dense]
    outputs = [output_layer(subject)] if subject.classes else []
    return [*maps[-1:], *dense[-1:], *outputs]


def _units(subject: PictureSubject, layer: str, options: AscentOptions) -> list[int]:
    """Return the units of a layer that are looked at."""
    if options.names:
        return [subject.class_index(name) for name in options.names]
    if options.units:
        return list(options.units)
    module = layer_of(subject.network, layer)
    weights = [p.shape[0] for p in module.parameters() if p.ndim > 1]
    if not weights:
        raise ConfigError(f"layer {layer} learns nothing; choose another, or channels of it")
    return list(range(min(options.count, weights[-1])))


def _picture(subject: PictureSubject, pairs: Sequence[Ascent]) -> Shown:
    """Return the sheet of one layer: without the L1 term, then with it."""
    rows: list[Row] = []
    for ascent, words in zip(pairs, ("without the L1 term", "with the L1 term"), strict=True):
        tiles = [_tile(subject, ascent, place) for place in range(len(ascent.units))]
        first, *more = in_rows(tiles, COLUMNS)
        rows += [Row(first.tiles, f"{_formula(subject, ascent)}, {words}"), *more]
    layer = pairs[0].layer
    title = f"{subject.name}, {layer}: pictures that excite it most"
    caption = f"{layer}: {_formula(subject, pairs[0])}, without and with the L1 term. {NOTE}"
    return Shown(layer.replace(".", "-"), png(draw_sheet(title, rows, NOTE)), caption)


def _formula(subject: PictureSubject, ascent: Ascent) -> str:
    """Return what is maximized."""
    if _is_output(subject, ascent):
        return "x* = argmax y_i, the logit of a class"
    if isinstance(layer_of(subject.network, ascent.layer), Dense):
        return "x* = argmax a_j, the answer of a neuron"
    return "x* = argmax a^k, the sum of a filter's answers"


def _is_output(subject: PictureSubject, ascent: Ascent) -> bool:
    return bool(subject.classes) and ascent.layer == output_layer(subject)


def _tile(subject: PictureSubject, ascent: Ascent, place: int) -> Tile:
    """Return one picture with what it achieves."""
    unit, value = ascent.units[place], ascent.values[place]
    name = str(unit)
    if _is_output(subject, ascent):
        share = float(subject.probabilities(ascent.pictures[place : place + 1])[0, unit])
        name = f"{subject.classes[unit]} ({share:.1%})"
    caption = f"{name}\n{value:.1f}, ink {ascent.ink[place]:.2f}"
    return Tile(as_picture(ascent.pictures[place], SIDE), caption)


def _finding(subject: PictureSubject, pairs: Sequence[Ascent], place: int) -> dict[str, Any]:
    """Return one unit as plain values."""
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
