"""Pages from templates: all extend one layout, need no other file, and escape what they are given.

Numbers get into words by filters, so that no page shows 296.90974789437337.
"""

import base64
import math
import os
from collections.abc import Mapping, Sequence
from functools import cache
from numbers import Integral, Real
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gopolicy.draw.svg import Svg

LEFT_OUT = ("rejected_by_reason", "skipped")
"""Facts of these names count games by the reason they were left out for."""


def render_page(template: str, **values: object) -> str:
    """Return a template of this package with its values; a missing value is an error.

    HTML is escaped, Markdown is not.
    """
    return _environment().get_template(template).render(values)


def percent(share: float, digits: int = 2) -> str:
    """Return a share as percent.

    >>> percent(0.57123)
    '57.12 %'
    """
    return "unknown" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def rounded(number: float, digits: int = 2) -> str:
    """Return a number with so many digits behind the point."""
    return "unknown" if math.isnan(number) else f"{number:.{digits}f}"


def thousands(count: int) -> str:
    """Return a count with a comma between thousands."""
    return f"{count:,}"


def duration(seconds: float) -> str:
    """Return a time in its most telling unit.

    >>> duration(0.0124), duration(296.9), duration(7260)
    ('12 ms', '4.9 minutes', '2 h 1 min')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} seconds"
    if seconds < 3600:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds // 3600:.0f} h {seconds % 3600 / 60:.0f} min"


def left_out(reasons: Mapping[str, int]) -> str:
    """Return how many games were left out and why.

    >>> left_out({"no moves": 1}), left_out({"no moves": 2, "broken": 1}), left_out({})
    ('1 game was left out: no moves', '3 games were left out: 2 no moves, 1 broken', 'none')
    """
    count = sum(reasons.values())
    if not count:
        return "none"
    said = "1 game was left out" if count == 1 else f"{count:,} games were left out"
    if len(reasons) == 1:
        return f"{said}: {next(iter(reasons))}"
    return f"{said}: {', '.join(f'{n:,} {reason}' for reason, n in reasons.items())}"


def words(value: object, name: str = "") -> str:
    """Return any fact in words: rounded numbers, yes and no, lists with commas; Svg stays as it is.

    >>> words(296.90974789437337), words(True), words({"a": 2}), words(None), words([1, 2000])
    ('296.9', 'yes', 'a: 2', 'none', '1, 2,000')
    """
    if isinstance(value, Mapping):
        if name in LEFT_OUT:
            return left_out(value)
        return ", ".join(f"{key}: {words(each)}" for key, each in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(words(each) for each in value) or "none"
    return _plain_words(value)


def _plain_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            return "unknown"
        return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return "none" if value is None else str(value)


def plain_name(name: str) -> str:
    """Return the name of a fact as words: underscores become spaces."""
    return name.replace("_", " ")


def chart_name(name: str) -> str:
    """Return what a chart is called, from its file's name.

    >>> chart_name("by-move-number.png")
    'by move number'
    """
    return name.removesuffix(".png").replace("-", " ")


def relative(name: str) -> str:
    """Return the address of a file beside the page: never that of another place or a script."""
    return quote(os.fsencode(name), safe="")


def data_uri(png: bytes) -> str:
    """Return a PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def inline(svg: Svg) -> Markup:
    """Return a drawing for the middle of a page; TypeError for text that nobody drew here."""
    if not isinstance(svg, Svg):
        raise TypeError(f"only a drawing can stand in a page unescaped, not {type(svg).__name__}")
    return Markup(svg)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gopolicy.draw"),
        autoescape=lambda name: name is None or not name.endswith(".md"),
        undefined=StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=True,
    )
    filters = (percent, rounded, thousands, duration, left_out, words, plain_name)
    more = (chart_name, relative, data_uri, inline)
    environment.filters |= {each.__name__: each for each in (*filters, *more)}
    return environment
