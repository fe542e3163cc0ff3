"""Stones as SVG, lit from the upper left."""

from collections.abc import Mapping, Sequence

from gopolicy.draw.svg import element
from gopolicy.go.types import BLACK, WHITE

STONES = {int(BLACK): "black", int(WHITE): "white"}

_LIGHT = {"cx": 0.36, "cy": 0.3, "r": 0.72}
_SHADES: Mapping[str, Sequence[tuple[float, str]]] = {
    "black": ((0, "#77736f"), (0.25, "#45423f"), (0.7, "#201e1d"), (1, "#0f0e0d")),
    "white": ((0, "#ffffff"), (0.45, "#f8f6f1"), (0.8, "#e2ded5"), (1, "#bcb6aa")),
}


def stone_gradients() -> str:
    """Return the definitions that `stone_element` refers to."""
    shades = [
        element(
            "radialGradient",
            *(element("stop", offset=at, stop_color=color) for at, color in stops),
            id=f"stone-{name}",
            **_LIGHT,
        )
        for name, stops in _SHADES.items()
    ]
    dark = (element("stop", offset=at, stop_opacity=much) for at, much in ((0.75, 0.4), (1, 0)))
    return "".join([*shades, element("radialGradient", *dark, id="stone-shadow")])


def stone_element(color: int, x: float, y: float, radius: float, **more: object) -> str:
    """Return a stone lit from the upper left."""
    name = STONES[color]
    rim = {"stroke": "#8c857a", "stroke_width": radius * 0.04} if name == "white" else {}
    fill = f"url(#stone-{name})"
    return element("circle", class_=name, cx=x, cy=y, r=radius, fill=fill, **rim, **more)
