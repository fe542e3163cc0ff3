"""A folder of pictures with one page that shows them all.

Every view writes its pictures, what it found as ``VIEW.json``, and ``index.html`` anew, which shows
the views of that folder one after the other, so that several commands fill one gallery.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment

from gopolicy.errors import OutputError
from gopolicy.evaluation.page import PAGE_STYLE
from gopolicy.files import filling

FORMAT = "gopolicy gallery"
ORDER = (
    "filters",
    "channels",
    "maximize",
    "activations",
    "saliency",
    "symmetries",
    "fool",
    "dream",
    "style",
)
"""The views in the order of the page."""

_PARTS = {"title": str, "text": str, "headline": dict, "pictures": list, "files": list}
"""What the page needs of a description."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What a network has learned</title>
<style>
{{ style|safe }}
  body { max-width: 76rem; }
  figure { margin: 1.5rem 0; } figure img { max-width: 100%; border: 1px solid #e4ded2; }
  figcaption { color: #69645c; max-width: 62rem; }
  nav a { margin-right: 1rem; }
</style>
</head>
<body>
<h1>What a network has learned</h1>
<nav>
{%- for section in sections %}
<a href="#{{ section.view }}">{{ section.view }}</a>
{%- endfor %}
</nav>
{%- for section in sections %}
<section id="{{ section.view }}">
<h2>{{ section.title }}</h2>
<p>{{ section.text }}</p>
{%- if section.headline %}
<ul class="figures">
{%- for name, value in section.headline.items() %}
<li>{{ name }}<b>{{ value }}</b></li>
{%- endfor %}
</ul>
{%- endif %}
{%- for picture in section.pictures %}
<figure>
<a href="{{ picture.file }}"><img src="{{ picture.file }}" alt="{{ picture.caption }}"></a>
<figcaption>{{ picture.caption }}</figcaption>
</figure>
{%- endfor %}
{%- if section.files %}
<p>Files:
{%- for name in section.files %}
<a href="{{ name }}">{{ name }}</a>
{%- endfor %}
</p>
{%- endif %}
<p><small>{{ section.network }}; {{ section.command }}</small></p>
</section>
{%- endfor %}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a section."""

    name: str
    """Its file is called VIEW-name.png."""
    data: bytes
    """PNG."""
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one view shows of one network."""

    view: str
    title: str
    text: str
    """What is to be seen, and how far it may be believed."""
    network: str
    command: str = ""
    """The command that made it."""
    headline: Mapping[str, str] = field(default_factory=dict)
    """The figures that matter most."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    """Everything found, as plain values."""
    pictures: Sequence[Shown] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """More files by their ending of the name: they are called VIEW-key."""


def write_section(folder: str | os.PathLike[str], section: Section) -> dict[str, Any]:
    """Write a section into a gallery, replacing the same view there; return its description.

    All files appear, or none.  The description has the names of all files under ``pictures``,
    ``files`` and ``page``.
    """
    target = Path(folder)
    described = _described(section)
    others = [other for other in read_sections(target) if other["view"] != section.view]
    old = [other for other in read_sections(target) if other["view"] == section.view]
    sections = sorted([*others, described], key=lambda each: _place(each["view"]))
    page = Environment(autoescape=True).from_string(_PAGE)
    with filling(target) as beside:
        for picture in section.pictures:
            (beside / _picture_file(section, picture)).write_bytes(picture.data)
        for name, data in section.files.items():
            (beside / f"{section.view}-{name}").write_bytes(data)
        text = json.dumps({"format": FORMAT, **described}, indent=1, ensure_ascii=False)
        (beside / f"{section.view}.json").write_text(text + "\n", encoding="utf-8")
        html = page.render(sections=sections, style=PAGE_STYLE)
        (beside / "index.html").write_text(html, encoding="utf-8")
    _remove_old(target, old, described)
    return described | {"page": str(target / "index.html")}


def read_sections(folder: Path) -> list[dict[str, Any]]:
    """Return the descriptions of the sections in a folder; OutputError if one is damaged."""
    sections = []
    for view in ORDER:
        path = folder / f"{view}.json"
        if not path.is_file():
            continue
        try:
            section = json.loads(path.read_text(encoding="utf-8"))
            _check(section, view)
        except (OSError, ValueError, RecursionError) as error:
            reason = f"cannot be read ({error}); remove it or use another folder"
            raise OutputError(f"{path} {reason}") from error
        sections.append(section)
    return sections


def _check(section: Any, view: str) -> None:
    """Raise ValueError unless a description read from a file is one of this view."""
    if not isinstance(section, dict) or section.get("format") != FORMAT:
        raise ValueError("it is no part of a gallery")
    if section.get("view") != view:
        raise ValueError("it belongs to another view")
    for name, kind in _PARTS.items():
        if not isinstance(section.get(name), kind):
            raise ValueError(f"its part {name!r} is missing or damaged")
    if not all(isinstance(each, dict) and "file" in each for each in section["pictures"]):
        raise ValueError("its part 'pictures' is damaged")
    if not all(isinstance(name, str) for name in section["files"]):
        raise ValueError("its part 'files' is damaged")


def _files_of(section: Mapping[str, Any]) -> set[str]:
    """Return the names of the files of a described section."""
    return {str(picture["file"]) for picture in section["pictures"]} | set(section["files"])


def _described(section: Section) -> dict[str, Any]:
    """Return what is kept about a section beside its pictures."""
    kept = {
        key: value
        for key, value in asdict(section).items()
        if key in ("view", "title", "text", "network", "command", "headline", "findings")
    }
    pictures = [{"file": _picture_file(section, p), "caption": p.caption} for p in section.pictures]
    return kept | {"pictures": pictures, "files": [f"{section.view}-{n}" for n in section.files]}


def _picture_file(section: Section, picture: Shown) -> str:
    return f"{section.view}-{picture.name}.png"


def _place(view: str) -> int:
    """Return where a view stands on the page."""
    return ORDER.index(view) if view in ORDER else len(ORDER)


def _remove_old(folder: Path, old: Sequence[Mapping[str, Any]], new: Mapping[str, Any]) -> None:
    """Remove files of an earlier section of the same view that the new one does not have."""
    for section in old:
        for name in _files_of(section) - _files_of(new):
            if Path(name).name == name and name.startswith(f"{new['view']}-"):
                (folder / name).unlink(missing_ok=True)
