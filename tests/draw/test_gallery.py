"""Galleries: views gather on one page, old pictures go, strangers' files are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from gopolicy.draw.gallery import Section, Shown, read_sections, write_section
from gopolicy.errors import OutputError
from gopolicy.files import MAX_JSON


def section(view: str, *names: str, **more: Any) -> Section:
    return Section(
        view=view,
        title=f"Title of {view}",
        text="Some words.",
        network="<b>tiny</b>",
        pictures=[Shown(name, b"png", f"picture {name}") for name in names],
        **more,
    )


def test_views_of_one_folder_share_a_page_in_a_fixed_order(tmp_path: Path) -> None:
    write_section(tmp_path, section("fool", "a", files={"x.sgf": b"(;)"}))
    written = write_section(tmp_path, section("filters", "b"))
    page = Path(written["page"]).read_text("utf-8")
    assert 0 < page.index("Title of filters") < page.index("Title of fool")
    for name in ("filters-b.png", "fool-a.png", "fool-x.sgf"):
        assert f'"{name}"' in page
        assert (tmp_path / name).is_file()


def test_words_of_networks_cannot_become_part_of_the_page(tmp_path: Path) -> None:
    page = Path(write_section(tmp_path, section("fool"))["page"]).read_text("utf-8")
    assert "<b>tiny" not in page


def test_a_view_made_again_leaves_none_of_its_old_pictures(tmp_path: Path) -> None:
    write_section(tmp_path, section("fool", "a", "b"))
    write_section(tmp_path, section("filters", "a"))
    (tmp_path / "fool-mine.txt").write_text("a user's own file")
    write_section(tmp_path, section("fool", "b"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "filters-a.png",
        "filters.json",
        "fool-b.png",
        "fool-mine.txt",
        "fool.json",
        "index.html",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '{"format": "gopolicy gallery", "view": "fool"}', "\0"],
    ids=["empty", "no gallery", "a list", "incomplete", "garbage"],
)
def test_a_damaged_description_is_refused_and_nothing_changes(tmp_path: Path, text: str) -> None:
    (tmp_path / "fool.json").write_text(text)
    with pytest.raises(OutputError, match=r"fool\.json"):
        write_section(tmp_path, section("filters", "a"))
    assert [path.name for path in tmp_path.iterdir()] == ["fool.json"]


def test_a_huge_description_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "fool.json").open("wb") as file:
        file.truncate(MAX_JSON + 1)
    with pytest.raises(OutputError, match=r"fool\.json cannot be read .*16,777,216 at most"):
        read_sections(tmp_path)


def test_a_description_cannot_have_files_elsewhere_removed(tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    (tmp_path / "fool-precious").write_text("kept")
    write_section(folder, section("fool", "a"))
    described = json.loads((folder / "fool.json").read_text())
    described["files"] = ["../fool-precious", "filters.json"]
    (folder / "fool.json").write_text(json.dumps(described))
    write_section(folder, section("filters"))
    write_section(folder, section("fool", "b"))
    assert (tmp_path / "fool-precious").is_file()
    assert (folder / "filters.json").is_file()


def test_sections_are_read_back_as_written(tmp_path: Path) -> None:
    write_section(tmp_path, section("fool", "a", findings={"found": [1, 2]}))
    (found,) = read_sections(tmp_path)
    assert found["findings"] == {"found": [1, 2]}
    assert found["pictures"] == [{"file": "fool-a.png", "caption": "picture a"}]
