"""The views ``dream`` and ``style``: pictures painted by a network."""

from torch import Tensor

from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet
from gopolicy.errors import ConfigError
from gopolicy.nets.probe import takes
from gopolicy.pictures.dream import DreamOptions, deep_dream, excitement
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.pictures.style import StyleOptions, deep_style, map_layers
from gopolicy.progress import SILENT, Progress
from gopolicy.views.board_lens import png

SIDE = 200
"""The least side of a picture on a sheet, in pixels."""


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
    _check_size(subject, picture, title)
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
            Shown("both", png(sheet), note),
            Shown("result", png(as_picture(dreamed[0])), f"{title} after dreaming of {layer}."),
        ],
    )


def style_section(
    subject: PictureLens,
    content: tuple[Tensor, str],
    style: tuple[Tensor, str],
    options: StyleOptions | None = None,
    progress: Progress = SILENT,
) -> Section:
    """Return the content of one picture in the style of another."""
    for picture, name in (content, style):
        _check_size(subject, picture, name)
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
            Shown("both", png(sheet), note),
            Shown("result", png(as_picture(painted.picture[0])), "The result alone."),
        ],
    )


def _check_size(subject: PictureLens, picture: Tensor, name: str) -> None:
    height, width = picture.shape[2:]
    if not takes(subject.network, picture, (height, width)):
        raise ConfigError(
            f"{name}, painted at {width}x{height} pixels, is too small for the network"
        )
