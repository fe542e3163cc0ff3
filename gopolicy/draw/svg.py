"""SVG text: elements with their attributes escaped."""

import re
from html import escape

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Svg(str):
    """The text of a picture; a notebook shows the picture, a prompt one line about it."""

    def __repr__(self) -> str:
        """Return what it is, not the whole text; print shows that."""
        return f"<Svg of {len(self):,} characters>"

    def _repr_svg_(self) -> str:
        return str(self)


def shown_text(text: str) -> str:
    """Return text escaped for SVG; what XML cannot hold becomes a replacement character."""
    return escape(_NOT_XML.sub("\ufffd", text))


def color_text(color: tuple[int, ...]) -> str:
    """Return red, green and blue as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def element(name: str, *inside: str, **attributes: object) -> str:
    """Return an element around markup; `stroke_width=2.0` becomes `stroke-width="2"`.

    Colors are RGB tuples, `class_` is `class`; None leaves an attribute out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    content = "".join(inside)
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return color_text(value)
    if isinstance(value, float):
        return f"{round(value, 2):g}" if abs(value) < 1e5 else f"{value:.0f}"
    return shown_text(str(value))
