"""The view ``activations``: what every layer makes of one position, one map per channel."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gopolicy.draw.board_files import board_image
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.map_sheet import MapSheet, draw_maps
from gopolicy.draw.raster import image_png
from gopolicy.go.vertex import vertex_name
from gopolicy.nets.layers import Flatten
from gopolicy.nets.probe import answers, hidden_layers
from gopolicy.policy.view import view_of
from gopolicy.sgf.positions import Position
from gopolicy.views.board_lens import BoardLens

MAPS = 64
"""At most this many channels of a layer are drawn."""
NAMED, LETTERS = 36, 12
"""At most this many classes are named in the cells of a map, with so many letters."""
SHADE_QUANTILE = 0.999

Maps = npt.NDArray[np.float32]


def activations_section(subject: BoardLens, position: Position, title: str = "") -> Section:
    """Return the maps of all layers for one position, its board first and the moves last."""
    planes = subject.planes_of(position.board, position.to_play)
    names = [
        name for name, layer in subject.network.named_children() if not isinstance(layer, Flatten)
    ]
    with torch.inference_mode():
        found = answers(subject.network, subject.input_of(planes[None]), names)
    maps = {name: as_maps(found[name][0], subject.size) for name in names}
    pictures = [_board(subject, position, title)]
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
        findings={"move_number": position.number, "layers": layers},
        pictures=pictures,
    )


def as_maps(answer: Tensor, size: int = 0) -> Maps:
    """Return the answer of a layer to one input as maps [K, H, W].

    Neurons, and maps of one place, become one map: the board if there are size * size, else a
    rectangle with room at the end.
    """
    array = answer.float().cpu().numpy()
    if array.ndim == 3 and array.shape[1:] != (1, 1):
        return array
    array = array.reshape(-1)
    width = size if array.size == size**2 else math.ceil(math.sqrt(array.size))
    height = math.ceil(array.size / width)
    cells = np.full(height * width, np.nan, np.float32)
    cells[: array.size] = array
    return cells.reshape(1, height, width)


def maps_picture(network: str, name: str, maps: Maps, classes: Sequence[str] = ()) -> Shown:
    """Return the sheet of one layer: its channels, or one map of all neurons.

    Neurons that stand for classes have their names in the cells, as far as there is room, and the
    strongest ones are named in the caption.
    """
    shown = maps[:MAPS]
    signed = bool(np.nanmin(shown) < 0)
    finite = np.abs(shown[np.isfinite(shown)])
    more = f", the first {MAPS} of {len(maps)} channels" if len(maps) > MAPS else ""
    data = draw_maps(
        MapSheet(
            title=f"{network}: answers of {name}{more}",
            legend="answer",
            maps=shown,
            names=[str(k) for k in range(len(shown))] if len(shown) > 1 else [""],
            colors="signed" if signed else "heat",
            limit=float(np.quantile(finite, SHADE_QUANTILE)) or None,
            inches=0.95 if len(shown) > 1 else max(3.0, min(6.0, 0.9 * maps.shape[2])),
            cells=[_short(each) for each in classes] if len(classes) <= NAMED else (),
        )
    )
    caption = f"{name}: {_words(maps)}{more}.{_strongest(maps, classes)}"
    return Shown(f"layer-{name}", data, caption)


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 3]}..."


def _strongest(maps: Maps, classes: Sequence[str]) -> str:
    values = maps.reshape(-1)[: len(classes)]
    best = [f"{classes[k]} {values[k]:.2f}" for k in np.argsort(-values, kind="stable")[:5]]
    return f" Strongest: {', '.join(best)}." if best else ""


def _words(maps: Maps) -> str:
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


def _board(subject: BoardLens, position: Position, title: str) -> Shown:
    view = view_of(subject.policy, position)
    best = view.best_points(5)
    picture = BoardPicture(
        stones=position.board.stones,
        last_move=position.board.last_move,
        heat=np.where(view.legal, view.probabilities, 0.0).astype(np.float32),
        labels={point: f"{100 * share:.0f}" for point, share in best},
        title=f"{title}: {position.to_play.name.capitalize()} to play",
    )
    first, share = best[0] if best else (-1, 0.0)
    caption = (
        f"The position and the network's moves; it would play {vertex_name(first, subject.size)} "
        f"({share:.1%})."
    )
    return Shown("board", image_png(board_image(picture, 26)), caption)
