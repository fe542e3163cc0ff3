"""The views ``filters``, ``activations`` and ``saliency`` for networks that look at pictures."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.map_sheet import MapSheet, draw_maps
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet, in_rows
from gopolicy.errors import ConfigError
from gopolicy.nets.probe import answers, layer_names, learning_layers, weight_of
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.pictures.picture_networks import HEAD
from gopolicy.pictures.picture_set import Pixels
from gopolicy.views.activations import as_maps, figures_of, maps_picture

SIDE = 260
"""The least side of a picture on a sheet, in pixels."""
SMALL = 56
MOST_LAYERS = 24
"""Layers whose maps are drawn; of a deeper network some of those that learn."""


def picture_filters_section(subject: PictureLens, *, top: int = 64) -> Section:
    """Return the filters of the first layer as pictures of their weights."""
    name, weight = weight_of(subject.network)
    if weight.ndim != 4:
        side = (subject.shape.height, subject.shape.width)
        weight = weight.view(len(weight), subject.shape.channels, *side)
    shown = weight[:top].float().cpu()
    title = f"{subject.name}: the filters of {name}"
    if shown.shape[1] == 3:
        data, words = _color_filters(shown, title)
    else:
        data, words = _gray_filters(shown, title)
    count, channels, height, width = weight.shape
    caption = f"{len(shown)} of {count} filters of {height}x{width} on {channels} channels. {words}"
    return Section(
        view="filters",
        title=f"Filters of {name}",
        text="The weights of the first layer; a filter answers to what looks like it.",
        network=subject.name,
        headline={"filters": str(count), "size": f"{height}x{width}"},
        findings={"layer": name, "filters": count, "shape": list(weight.shape)},
        pictures=[Shown("weights", data, caption)],
    )


def _gray_filters(weight: Tensor, title: str) -> tuple[bytes, str]:
    """Return filters on one channel, or the mean of several, as signed maps."""
    sheet = MapSheet(
        title=title,
        legend="weight",
        maps=weight.mean(dim=1).numpy(),
        names=[str(k) for k in range(len(weight))],
        colors="signed",
        inches=0.7,
    )
    several = " The mean over its channels." if weight.shape[1] > 1 else ""
    return draw_maps(sheet), f"Blue: bright pixels excite it; orange: dark ones do.{several}"


def _color_filters(weight: Tensor, title: str) -> tuple[bytes, str]:
    """Return filters on red, green and blue as colors around gray."""
    most = weight.abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
    tiles = [
        Tile(as_picture(each, SMALL), str(k)) for k, each in enumerate(0.5 + 0.5 * weight / most)
    ]
    words = "Gray: weight 0; every filter is stretched so that its largest weight is a full color."
    return image_png(draw_sheet(title, in_rows(tiles, 12), words)), words


def picture_activations(subject: PictureLens, pixels: Pixels, title: str) -> Section:
    """Return the feature maps of all layers for one picture [C, H, W]."""
    x = subject.input_of(pixels[None])
    names, left_out = _drawn_layers(subject)
    with torch.inference_mode():
        found = answers(subject.network, x, names)
    maps = {name: as_maps(found[name][0]) for name in names}
    return Section(
        view="activations",
        title=f"Feature maps layer by layer: {title}",
        text=(
            "One small map per channel, in the order of the layers; the scale is the same for all "
            f"channels of a layer. {left_out}"
        ),
        network=subject.name,
        headline=_headline(subject, x),
        findings={"picture": title, "layers": {n: figures_of(part) for n, part in maps.items()}},
        pictures=[
            Shown("picture", image_png(as_picture(x[0], SIDE)), title),
            *(
                maps_picture(subject.name, name, part, subject.classes if name == HEAD else ())
                for name, part in maps.items()
            ),
        ],
    )


def _drawn_layers(subject: PictureLens) -> tuple[list[str], str]:
    """Return the layers to draw, and words where that is not all of them.

    Of a deep network the first layer that learns, the last, and some between: evenly spread, but by
    no whole step, so that no kind is skipped where two kinds take turns.
    """
    names = [name for name in layer_names(subject.network) if name != "flatten"]
    if len(names) <= MOST_LAYERS:
        return names, ""
    learning = learning_layers(subject.network)
    places = np.linspace(0, len(learning) - 1, min(MOST_LAYERS, len(learning))).round()
    chosen = [learning[int(place)] for place in places]
    return chosen, f"Shown are {len(chosen)} of the {len(learning)} layers that learn."


def _headline(subject: PictureLens, x: Tensor) -> dict[str, str]:
    if not subject.classes:
        return {}
    row = subject.probabilities(x)[0]
    best = int(row.argmax())
    return {"class": subject.classes[best], "probability": f"{row[best]:.1%}"}


def slope_of(subject: PictureLens, x: Tensor, label: int) -> Tensor:
    """Return the gradient of a class's logit by every value of a picture [1, C, H, W]."""
    picture = x.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(subject.network(picture)[0, label], picture)
    return slope


def picture_saliency(
    subject: PictureLens, pixels: Pixels, title: str, class_name: str | None = None
) -> Section:
    """Return which pixels of a picture [C, H, W] the logit of a class depends on most.

    Saliency is the largest absolute slope over the channels (Simonyan et al. 2013).
    """
    subject.check_top()
    x = subject.input_of(pixels[None])
    row = subject.probabilities(x)[0]
    label = int(row.argmax()) if class_name is None else subject.class_index(class_name)
    saliency = slope_of(subject, x, label)[0].abs().amax(dim=0).cpu().numpy()
    if not np.isfinite(saliency).all():
        raise ConfigError(f"the slope of {subject.classes[label]} is not finite for this picture")
    most = float(np.quantile(saliency, 0.995)) or 1.0
    heat = draw_maps(
        MapSheet(
            title=f"{subject.name}: pixels that decide for {subject.classes[label]}",
            legend="absolute slope of the logit",
            maps=saliency[None],
            names=[""],
            limit=most,
            inches=4.0,
        )
    )
    share = torch.from_numpy(np.clip(saliency / most, 0, 1)).to(x.device)
    lit = as_picture(x[0] * (0.15 + 0.85 * share), SIDE)
    return Section(
        view="saliency",
        title=f"Saliency: which pixels make it {subject.classes[label]}",
        text=(
            f"{title}. How much the logit of the class changes with each pixel: the absolute "
            "slope, the largest over the channels."
        ),
        network=subject.name,
        headline={"class": subject.classes[label], "probability": f"{row[label]:.1%}"},
        findings={
            "class": subject.classes[label],
            "probability": float(row[label]),
            "picture": title,
            "largest_slope": float(saliency.max()),
        },
        pictures=[
            Shown("pixels", heat, "The absolute slope of the logit by each pixel; dark is much."),
            Shown("picture", _side_by_side(x[0], lit, subject.name), "Left as it is, right lit."),
        ],
    )


def _side_by_side(x: Tensor, lit: Image.Image, network: str) -> bytes:
    tiles = [
        Tile(as_picture(x, SIDE), "the picture"),
        Tile(lit, "lit where the class depends on it"),
    ]
    return image_png(draw_sheet(f"{network}: what it looks at", [SheetRow(tiles)]))
