"""The view ``style``: the content of one picture in the style of another.

Content is what a deep layer answers; style is which channels of several layers answer together, the
Gram matrices of their maps, wherever in the picture that may be (Gatys, Ecker, Bethge 2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.errors import ConfigError
from gopolicy.nets.probe import answers, hidden_layers, layers_of_maps
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.progress import SILENT, Progress

SIDE = 200
"""The least side of a picture on a sheet, in pixels."""
RATE = 0.02
SMOOTHNESS = 5e-2
"""Weight of the differences between neighboring pixels."""
STYLE_LAYERS = 5
LEAST_SIDE = 4
"""Layers whose maps have a shorter side are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOptions:
    """What is taken from where, and how long."""

    content_layer: str = ""
    """By default one two thirds of the way in."""
    style_layers: Sequence[str] = ()
    """By default five, evenly spread over the first two thirds."""
    strength: float = 100.0
    """The weight of style against content; both are relative to where they start."""
    steps: int = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Styled:
    """The picture and how near it came to both."""

    picture: Tensor
    """[1, C, H, W] from 0 to 1."""
    content_layer: str
    style_layers: Sequence[str]
    content_loss: float
    """Mean square difference of the content layer's answers, as a share of their mean square."""
    style_loss: tuple[float, float]
    """Difference of the Gram matrices from the style picture's: before and after."""


def deep_style(
    network: nn.Module,
    content: Tensor,
    style: Tensor,
    options: StyleOptions | None = None,
    progress: Progress = SILENT,
) -> Styled:
    """Return the picture content [1, C, H, W] in the style of another; values from 0 to 1."""
    options = options or StyleOptions()
    content_layer, style_layers = _layers(network, content, options)
    names = [content_layer, *style_layers]
    with torch.no_grad():
        target = answers(network, content, names)[content_layer]
        wanted = _grams(answers(network, style, names), style_layers)
        first = _style_loss(answers(network, content, names), style_layers, wanted)
    x = content.clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=RATE)
    scale = target.square().mean().clamp_min(1e-12)
    progress.start("painting", options.steps, "steps")
    for _ in range(options.steps):
        found = answers(network, x, names)
        kept = F.mse_loss(found[content_layer], target) / scale
        painted = _style_loss(found, style_layers, wanted) / first.clamp_min(1e-12)
        loss = kept + options.strength * painted + SMOOTHNESS * _roughness(x)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        x.data.clamp_(0.0, 1.0)
        progress.advance(1, content=kept.item(), style=painted.item())
    progress.finish()
    with torch.no_grad():
        found = answers(network, x, names)
        last = _style_loss(found, style_layers, wanted)
        kept = F.mse_loss(found[content_layer], target) / scale
    return Styled(
        picture=x.detach(),
        content_layer=content_layer,
        style_layers=style_layers,
        content_loss=float(kept),
        style_loss=(float(first), float(last)),
    )


def gram(maps: Tensor) -> Tensor:
    """Return how much each two channels of maps [1, K, H, W] answer together, [K, K]."""
    flat = maps.flatten(2)[0]
    return flat @ flat.T / flat.shape[1]


def map_layers(network: nn.Module, picture: Tensor) -> list[str]:
    """Return the hidden layers that answer with maps large enough to speak of places."""
    names = [name for name in hidden_layers(network) if name in layers_of_maps(network)]
    with torch.no_grad():
        found = answers(network, picture, names) if names else {}
    kept = [name for name in names if min(found[name].shape[2:]) >= LEAST_SIDE]
    if not kept:
        raise ConfigError("the network has no convolution whose answers are maps of this picture")
    return kept


def _layers(network: nn.Module, content: Tensor, options: StyleOptions) -> tuple[str, list[str]]:
    names = map_layers(network, content)
    deep = max(0, round(2 / 3 * len(names)) - 1)
    early = names[: deep + 1]
    places = sorted({round(i * deep / max(1, STYLE_LAYERS - 1)) for i in range(STYLE_LAYERS)})
    style = list(options.style_layers) or [early[place] for place in places]
    wrong = [name for name in (options.content_layer, *style) if name and name not in names]
    if wrong:
        raise ConfigError(f"no convolution {wrong[0]!r} that gives maps; there are {names}")
    return options.content_layer or names[deep], style


def _grams(found: Mapping[str, Tensor], names: Sequence[str]) -> list[Tensor]:
    return [gram(found[name]) for name in names]


def _style_loss(
    found: Mapping[str, Tensor], names: Sequence[str], wanted: Sequence[Tensor]
) -> Tensor:
    """Return how far the Gram matrices are from the wanted ones, each relative to its size."""
    losses = [
        F.mse_loss(gram(found[name]), target) / target.square().mean().clamp_min(1e-12)
        for name, target in zip(names, wanted, strict=True)
    ]
    return torch.stack(losses).mean()


def _roughness(x: Tensor) -> Tensor:
    down, right = x[:, :, 1:] - x[:, :, :-1], x[:, :, :, 1:] - x[:, :, :, :-1]
    return down.abs().mean() + right.abs().mean()


def style_section(
    subject: PictureLens,
    content: tuple[Tensor, str],
    style: tuple[Tensor, str],
    options: StyleOptions | None = None,
    progress: Progress = SILENT,
) -> Section:
    """Return the content of one picture in the style of another."""
    for picture, name in (content, style):
        subject.check_large_enough(picture, name)
    painted = deep_style(subject.network, content[0], style[0], options, progress)
    left = painted.style_loss[1] / max(painted.style_loss[0], 1e-12)
    tiles = [
        Tile(as_picture(content[0][0], SIDE), f"content: {content[1]}"),
        Tile(as_picture(style[0][0], SIDE), f"style: {style[1]}"),
        Tile(as_picture(painted.picture[0], SIDE), "both"),
    ]
    note = (
        f"Content from {painted.content_layer}, style from {', '.join(painted.style_layers)}; "
        f"{left:.1%} of the difference in style is left."
    )
    sheet = draw_sheet(f"{subject.name}: Deep Style", [SheetRow(tiles)], note)
    return Section(
        view="style",
        title=f"Deep Style: {content[1]} in the style of {style[1]}",
        text=(
            "A picture whose answers in a deep layer are those of the first picture, and whose "
            "channels answer together as in the second (Gatys, Ecker, Bethge 2015)."
        ),
        network=subject.name,
        headline={
            "style difference left": f"{left:.1%}",
            "content lost": f"{painted.content_loss:.1%}",
        },
        findings={
            "content_layer": painted.content_layer,
            "style_layers": list(painted.style_layers),
            "content_loss": painted.content_loss,
            "style_loss": list(painted.style_loss),
        },
        pictures=[
            Shown("both", image_png(sheet), note),
            Shown("result", image_png(as_picture(painted.picture[0])), "The result alone."),
        ],
    )
