"""The view ``dream``: DeepDream, a layer carries on what it sees in a picture.

Gradient ascent on the mean square of a layer's answers, from small sizes of the picture to its own
(Mordvintsev, Olah, Tyka 2015).  What a small size added is enlarged and carried on.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.errors import ConfigError
from gopolicy.nets.probe import answers, layer_of, layers_of_maps, takes
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.pictures.style import SIDE, map_layers
from gopolicy.progress import SILENT, Progress

LEAST_SIDE = 24
"""Octaves in which a side would be shorter than this are left out."""
JITTER = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class DreamOptions:
    """How a network dreams."""

    octaves: int = 3
    """Sizes that are gone through."""
    scale: float = 1.4
    """How much larger each one is than the one before."""
    steps: int = 12
    """Steps of ascent at each size."""
    rate: float = 0.01
    """How far a pixel moves in a step, on average."""
    seed: int = 0


def deep_dream(
    network: nn.Module,
    picture: Tensor,
    layer: str,
    options: DreamOptions | None = None,
    progress: Progress = SILENT,
) -> Tensor:
    """Return the picture [1, C, H, W], values from 0 to 1, after dreaming."""
    if layer.partition(".")[0] not in layers_of_maps(network):
        layer_of(network, layer)
        raise ConfigError(f"layer {layer} gives no map of a picture; choose a convolution")
    options = options or DreamOptions()
    full = (picture.shape[2], picture.shape[3])
    sizes = [
        size for size in _sizes(full, options) if size == full or takes(network, picture, size)
    ]
    generator = torch.Generator().manual_seed(options.seed)
    detail = torch.zeros(1, 1, 1, 1, device=picture.device)
    progress.start(f"dreaming of {layer}", len(sizes) * options.steps, "steps")
    for size in sizes:
        base = _resized(picture, size)
        x = (base + (_resized(detail, size) if detail.shape[2] > 1 else detail)).clamp(0, 1)
        for _ in range(options.steps):
            x = _step(network, x, layer, options.rate, generator)
            progress.advance()
        detail = x - base
    progress.finish()
    return x


def excitement(network: nn.Module, x: Tensor, layer: str) -> Tensor:
    """Return the mean square of a layer's answers to each picture, [B]."""
    return answers(network, x, [layer])[layer].square().mean(dim=(1, 2, 3))


def _step(
    network: nn.Module, x: Tensor, layer: str, rate: float, generator: torch.Generator
) -> Tensor:
    """Return the picture one step further; shifted first, so that no pixel is special."""
    reach = min(JITTER, min(x.shape[2:]) // 8)
    down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
    moved = torch.roll(x, (down, right), (2, 3)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(excitement(network, moved, layer).sum(), moved)
    slope = torch.roll(slope, (-down, -right), (2, 3))
    return (x + rate * slope / slope.abs().mean().clamp_min(1e-12)).clamp(0, 1)


def _sizes(full: tuple[int, int], options: DreamOptions) -> list[tuple[int, int]]:
    factors = [options.scale**-octave for octave in reversed(range(options.octaves))]
    sizes = [(round(full[0] * factor), round(full[1] * factor)) for factor in factors]
    return [size for size in sizes if min(size) >= LEAST_SIDE or size == full]


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)


def dream_section(
    subject: PictureLens,
    picture: Tensor,
    title: str,
    layer: str = "",
    options: DreamOptions | None = None,
    progress: Progress = SILENT,
) -> Section:
    """Return a picture [1, C, H, W] dreamed on by a layer, by default one half way in."""
    network = subject.network
    subject.check_large_enough(picture, title)
    names = [layer] if layer else map_layers(network, picture)
    layer = names[len(names) // 2]
    dreamed = deep_dream(network, picture, layer, options, progress)
    before, after = (float(excitement(network, x, layer)) for x in (picture, dreamed))
    tiles = [
        Tile(as_picture(picture[0], SIDE), f"{title}: {before:.4g}"),
        Tile(as_picture(dreamed[0], SIDE), f"after dreaming of {layer}: {after:.4g}"),
    ]
    note = f"Numbers: the mean square of the answers of {layer}."
    sheet = draw_sheet(f"{subject.name}: DeepDream of {layer}", [SheetRow(tiles)], note)
    return Section(
        view="dream",
        title=f"DeepDream of {layer}",
        text=(
            "The picture is changed so that the layer answers more strongly to whatever it sees in "
            "it, at several sizes one after the other."
        ),
        network=subject.name,
        headline={"layer": layer, "answers grew": f"{after / max(before, 1e-12):.1f} times"},
        findings={"layer": layer, "picture": title, "before": before, "after": after},
        pictures=[
            Shown("both", image_png(sheet), note),
            Shown(
                "result", image_png(as_picture(dreamed[0])), f"{title} after dreaming of {layer}."
            ),
        ],
    )
