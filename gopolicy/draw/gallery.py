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

from gopolicy.draw.pages import gallery_page
from gopolicy.errors import OutputError
from gopolicy.files import MAX_JSON, filling, read_limited, write_text

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

_PARTS = {
    **dict.fromkeys(("title", "text", "network", "command"), str),
    **{"headline": dict, "pictures": list, "files": list},
}
"""What the page needs of a description."""


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
    with filling(target) as beside:
        for picture in section.pictures:
            (beside / _picture_file(section, picture)).write_bytes(picture.data)
        for name, data in section.files.items():
            (beside / f"{section.view}-{name}").write_bytes(data)
        text = json.dumps({"format": FORMAT, **described}, indent=1, ensure_ascii=False)
        write_text(beside / f"{section.view}.json", text + "\n")
        write_text(beside / "index.html", gallery_page(sections))
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
            section = json.loads(read_limited(path, MAX_JSON))
            _check(section, view)
        except (OSError, ValueError, RecursionError) as error:
            reason = f"cannot be read ({error}); remove it or use another folder"
            raise OutputError(f"{path} {reason}") from error
        sections.append(section)
    return sections


def _check(section: Any, view: str) -> None:
    if not isinstance(section, dict) or section.get("format") != FORMAT:
        raise ValueError("it is no part of a gallery")
    if section.get("view") != view:
        raise ValueError("it belongs to another view")
    for name, kind in _PARTS.items():
        if not isinstance(section.get(name), kind):
            raise ValueError(f"its part {name!r} is missing or damaged")
    for picture in section["pictures"]:
        if not isinstance(picture, dict) or not isinstance(picture.get("caption"), str):
            raise ValueError("its part 'pictures' is damaged")
    if not all(map(_is_file_name, (picture.get("file") for picture in section["pictures"]))):
        raise ValueError("its part 'pictures' is damaged")
    if not all(map(_is_file_name, section["files"])):
        raise ValueError("its part 'files' is damaged")


def _is_file_name(name: object) -> bool:
    """Return whether a page can link to this name; pages quote it, so that no link leads away."""
    return isinstance(name, str) and bool(os.fsencode(name))


def _files_of(section: Mapping[str, Any]) -> set[str]:
    return {str(picture["file"]) for picture in section["pictures"]} | set(section["files"])


def _described(section: Section) -> dict[str, Any]:
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
    return ORDER.index(view) if view in ORDER else len(ORDER)


def _remove_old(folder: Path, old: Sequence[Mapping[str, Any]], new: Mapping[str, Any]) -> None:
    for section in old:
        for name in _files_of(section) - _files_of(new):
            if Path(name).name == name and name.startswith(f"{new['view']}-"):
                (folder / name).unlink(missing_ok=True)
