"""The view ``activations``: what every layer makes of one position, one map per channel."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gopolicy.evaluation.opinion import Moment, opinion_of
from gopolicy.go.vertex import vertex_name
from gopolicy.nets.layers import Flatten
from gopolicy.viz.board import BoardPicture, draw_board
from gopolicy.viz.gallery import Section, Shown
from gopolicy.viz.maps import MapSheet, draw_maps
from gopolicy.viz.probe import answers, hidden_layers
from gopolicy.viz.subject import GoSubject, png

MAPS = 64
"""At most this many channels of a layer are drawn."""
SHADE_QUANTILE = 0.999

Maps = npt.NDArray[np.float32]


def activations_section(subject: GoSubject, moment: Moment, title: str = "") -> Section:
    """Return the maps of all layers for one position, its board first and the moves last."""
    planes = subject.planes_of(moment.board, moment.to_play)
    names = [
        name for name, layer in subject.network.named_children() if not isinstance(layer, Flatten)
    ]
    with torch.inference_mode():
        found = answers(subject.network, subject.input_of(planes[None]), names)
    maps = {name: as_maps(found[name][0], subject.size) for name in names}
    pictures = [_board(subject, moment, title)]
    pictures += [maps_picture(subject.name, name, part) for name, part in maps.items()]
    layers = {name: figures_of(part) for name, part in maps.items()}
    hidden = hidden_layers(subject.network)
    return Section(
        view="activations",
        title=f"Activations layer by layer: {title}",
        text=(
            "One small map per channel, in the order of the layers; dark points are where a "
            "channel answers strongly. The scale is the same for all channels of a layer."
        ),
        network=subject.name,
        headline={
            f"{n}: silent channels": str(f["silent"]) for n, f in layers.items() if n in hidden
        },
        findings={"move_number": moment.number, "layers": layers},
        pictures=pictures,
    )


def as_maps(answer: Tensor, size: int = 0) -> Maps:
    """Return the answer of a layer to one input as maps [K, H, W].

    Neurons become one map: the board if there are size * size, else a square with room at the end.
    """
    array = answer.float().cpu().numpy()
    if array.ndim == 3:
        return array
    side = size if array.size == size**2 else math.ceil(math.sqrt(array.size))
    square = np.full(side * side, np.nan, np.float32)
    square[: array.size] = array
    return square.reshape(1, side, side)


def maps_picture(network: str, name: str, maps: Maps) -> Shown:
    """Return the sheet of one layer: its channels, or one square of all neurons."""
    shown = maps[:MAPS]
    signed = bool(np.nanmin(shown) < 0)
    finite = np.abs(shown[np.isfinite(shown)])
    more = f", the first {MAPS} of {len(maps)} channels" if len(maps) > MAPS else ""
    data = draw_maps(
        MapSheet(
            title=f"{network}: answers of {name}{more}",
            legend="answer",
            maps=shown,
            names=[str(k) for k in range(len(shown))] if len(shown) > 1 else [name],
            colors="signed" if signed else "heat",
            limit=float(np.quantile(finite, SHADE_QUANTILE)) or None,
            inches=0.95 if len(shown) > 1 else 3.0,
        )
    )
    caption = f"{name}: {_words(maps)}{more}."
    return Shown(f"layer-{name}", data, caption)


def _words(maps: Maps) -> str:
    """Return the shape of a layer's answer in words."""
    if len(maps) == 1:
        return f"{int(np.isfinite(maps).sum())} numbers, row by row"
    return f"{len(maps)} channels of {maps.shape[1]}x{maps.shape[2]}"


def figures_of(
    maps: Maps,
) -> dict[str, float | int | list[int]]:
    """Return what is said about a layer in numbers."""
    return {
        "shape": list(maps.shape),
        "silent": int((np.nanmax(maps, axis=(1, 2)) <= 0).sum()),
        "largest": round(float(np.nanmax(maps)), 4),
        "active": round(float((maps > 0).sum() / np.isfinite(maps).sum()), 4),
    }


def _board(subject: GoSubject, moment: Moment, title: str) -> Shown:
    """Return the position with the network's moves."""
    opinion = opinion_of(subject.predictor, moment)
    best = opinion.best(5)
    picture = BoardPicture(
        stones=moment.board.stones,
        last_move=moment.board.last_move,
        heat=np.where(opinion.legal, opinion.probabilities, 0.0).astype(np.float32),
        labels={point: f"{100 * share:.0f}" for point, share in best},
        title=f"{title}: {moment.to_play.name.capitalize()} to play",
    )
    first, share = best[0] if best else (-1, 0.0)
    caption = (
        f"The position and the network's moves; it would play {vertex_name(first, subject.size)} "
        f"({share:.1%})."
    )
    return Shown("board", png(draw_board(picture, 26)), caption)
