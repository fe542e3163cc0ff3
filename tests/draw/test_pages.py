"""Pages: whole HTML, nothing from elsewhere, hostile text shown, words for numbers."""

from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from jinja2 import UndefinedError

from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import board_svg
from gopolicy.draw.pages import accuracy_page, comparison_page, comparison_text, gallery_page
from gopolicy.draw.render import inline, render_page, words

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload='alert(1)'"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Reads a page: its tags, its addresses, whether tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def check(text: str) -> Page:
    """Read a page and check what holds for every one."""
    page = Page(text)
    assert "script" not in page.tags
    assert not {name for name in page.attributes if name.startswith("on")}
    for address in page.addresses:
        beside = not set(address) & set(":/?")
        assert beside or address.startswith("data:image/png;base64,")
    assert page.tags.count("h1") == page.tags.count("title") == 1
    assert "prefers-color-scheme: dark" in text
    return page


def accuracy(text: str, facts: dict[str, object]) -> str:
    row = {"positions": 12345, "top1": 0.51234, "nll": 1.23456}
    report = {
        "protocol": text,
        "by_phase": [
            row | {"first_move": 1, "last_move": 30},
            row | {"first_move": 31, "last_move": None},
        ],
        "by_rank": [row | {"rank": text}],
    }
    return accuracy_page(
        report, {"top-k.png": b"PNG"}, [("top-1", "51.23 %", text)], network=text, facts=facts
    )


def view(text: str) -> dict[str, object]:
    group = {
        "subject": text,
        "title": text,
        "question": text,
        "findings": [text],
        "header": ["network", text],
        "rows": [[(text, text), ("1", "")]],
        "charts": ["Go-depth-top-1.png"],
    }
    return {
        "title": text,
        "method": text,
        "contrast": [text],
        "several": True,
        "groups": [group],
        "facts": {text: text},
    }


def gallery(text: str, file: str = "fool-1.png") -> str:
    section = {
        "view": "fool",
        "title": text,
        "text": text,
        "headline": {text: 0.123456},
        "pictures": [{"file": file, "caption": text}],
        "files": [file],
        "network": text,
        "command": text,
    }
    return gallery_page([section])


def test_the_accuracy_page_has_words_for_numbers() -> None:
    facts = {
        "positions_per_second": 296.90974789437337,
        "rejected_by_reason": {"no moves": 1},
        "symmetries": 8,
    }
    page = check(accuracy("A7", facts))
    for said in ("296.9", "1 game was left out: no moves", "positions per second", "12,345"):
        assert said in page.words
    for said in ("51.2 %", "1.235", "1\u201330", "31 or later", "Accuracy of A7"):
        assert said in page.words
    assert "{" not in page.words.split("Accuracy of A7")[-1]


@pytest.mark.parametrize(
    "text",
    [
        accuracy(HOSTILE, {HOSTILE: HOSTILE}),
        comparison_page(view(HOSTILE), {"Go-depth-top-1.png": b"PNG"}),
        gallery(HOSTILE),
    ],
    ids=["accuracy", "comparison", "gallery"],
)
def test_hostile_text_is_shown_not_obeyed(text: str) -> None:
    assert HOSTILE in check(text).words


@pytest.mark.parametrize("file", ["javascript:alert(1)", "https://a.b/c.png", "//a.b/c", "a?b#c"])
def test_a_gallery_links_only_to_files_beside_it(file: str) -> None:
    named = [address for address in check(gallery("A7", file)).addresses if address[0] != "#"]
    assert [unquote(address) for address in named] == [file] * 3


def test_markdown_of_a_comparison_is_not_escaped() -> None:
    text = comparison_text(view("less < more"))
    assert text.startswith("# less < more\n")
    assert "![Go-depth-top-1.png](Go-depth-top-1.png)" in text
    assert text.endswith("- less < more: less < more\n")


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_page("gallery.html", title="A7", facts={})


def test_only_drawings_stand_in_a_page_unescaped() -> None:
    svg = board_svg(BoardPicture(stones=np.zeros((9, 9), np.int8)))
    assert str(inline(svg)) == str(svg)
    with pytest.raises(TypeError):
        inline("<svg/>")  # type: ignore[arg-type]


def test_numbers_that_are_none_are_unknown() -> None:
    assert words(float("nan")) == "unknown"
    assert words(np.float32(0.25)) == "0.25"
    assert words(np.int64(1234567)) == "1,234,567"
