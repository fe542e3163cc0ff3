"""Boards as SVG: everything at its place, escaped, the same every time."""

import dataclasses
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from reference.diagrams import board_with
from reference.drawn_size import drawn_size

from gopolicy.draw.board_picture import Area, BoardPicture
from gopolicy.draw.board_svg import board_svg
from gopolicy.draw.heat_map import heat_on_wood
from gopolicy.draw.svg import Svg
from gopolicy.go.types import Point
from gopolicy.go.vertex import parse_vertex

SVG = "{http://www.w3.org/2000/svg}"
CELL = 20
HOSTILE = "<script>alert('x')</script> & \"quoted\" \x00\x1b]]>"


def parsed(picture: BoardPicture) -> ET.Element:
    return ET.fromstring(board_svg(picture, CELL))


def group(root: ET.Element, name: str) -> list[ET.Element]:
    return list(root.iterfind(f".//{SVG}g[@class='{name}']/*"))


def vertices(elements: list[ET.Element]) -> list[str]:
    return [element.get("data-vertex", "") for element in elements]


def full_picture(text: str = "words") -> BoardPicture:
    board = board_with("C3", "G7", "E5")
    heat = np.zeros(81, np.float32)
    heat[:4] = 0.5, 0.3, 0.02, 0.001
    return BoardPicture(
        stones=board.stones,
        last_move=board.last_move,
        heat=heat,
        labels={Point(0): text},
        played=Point(1),
        weights=np.linspace(-1, 1, 81, dtype=np.float32),
        areas=[Area(1, 1, 3, 3)],
        title=text,
        caption=text,
    )


def test_every_stone_is_at_its_point() -> None:
    root = parsed(BoardPicture(stones=board_with("C3", "G7", "A9").stones))
    stones = group(root, "stones")
    assert {s.get("data-vertex"): s.get("class") for s in stones} == {
        "A9": "black",
        "C3": "black",
        "G7": "white",
    }
    left, top = float(root.get("data-left", "")), float(root.get("data-top", ""))
    for stone in stones:
        row, column = divmod(parse_vertex(stone.get("data-vertex", ""), 9), 9)
        assert float(stone.get("cx", "")) == left + CELL * column
        assert float(stone.get("cy", "")) == top + CELL * row


def test_an_empty_board_has_no_stones_and_no_shadows() -> None:
    root = parsed(BoardPicture(stones=np.zeros((9, 9), np.int8)))
    assert not group(root, "stones")
    assert not group(root, "shadows")
    assert len(root.findall(f".//{SVG}text")) == 4 * 9


def test_heat_is_drawn_on_empty_points_from_the_faintest_on() -> None:
    board = board_with("A9")
    heat = np.zeros(81, np.float32)
    heat[[0, 1, 2, 3]] = 0.4, 0.5, 0.01, 0.001
    root = parsed(BoardPicture(stones=board.stones, heat=heat))
    assert vertices(group(root, "heat")) == ["B9"]
    assert vertices(group(root, "heat faint")) == ["C9"]
    (rect,) = group(root, "heat")
    assert rect.get("fill") == "#{:02x}{:02x}{:02x}".format(*heat_on_wood(0.5))
    assert rect.findtext(f"{SVG}title") == "B9 50.0%"
    ticks = [text.text for text in root.iterfind(f".//{SVG}g[@class='legend']/{SVG}text")]
    assert ticks == ["1%", "5%", "20%", "50%", "100%"]


def test_marks_are_where_they_belong() -> None:
    marks = group(parsed(full_picture("42")), "marks")
    found = {(m.get("class"), m.get("data-vertex")) for m in marks if m.get("class")}
    assert found == {("last-move", "E5"), ("label", "A9"), ("played", "B9")}


def test_passes_have_no_mark() -> None:
    picture = BoardPicture(stones=np.zeros((9, 9), np.int8), last_move=Point(-1), played=Point(-1))
    assert not group(parsed(picture), "marks")


def test_signed_values_are_discs_whose_area_is_the_amount() -> None:
    weights = np.zeros(81, np.float32)
    weights[:4] = 1.0, -0.25, 0.5, 0.001
    root = parsed(BoardPicture(stones=np.zeros((9, 9), np.int8), weights=weights))
    discs = [d for d in group(root, "weights") if d.get("data-vertex")]
    assert vertices(discs) == ["A9", "B9", "C9"]
    radii = [float(disc.get("r", "")) for disc in discs]
    assert radii[1] / radii[0] == pytest.approx(0.5, abs=0.01)
    assert discs[0].get("fill") == discs[2].get("fill") != discs[1].get("fill")


def test_the_veil_covers_all_but_the_areas() -> None:
    areas = [Area(0, 0, 1, 2), Area(1, 1, 2, 3)]
    picture = BoardPicture(stones=np.zeros((9, 9), np.int8), areas=areas)
    veil, *frames = group(parsed(picture), "areas")
    assert veil.get("d", "").count("M") == 81 - (6 + 6 - 2)
    assert [float(frame.get("width", "")) for frame in frames] == [3 * CELL, 3 * CELL]


def test_hostile_text_is_shown_not_obeyed() -> None:
    svg = board_svg(full_picture(HOSTILE), CELL)
    root = ET.fromstring(svg)
    assert "<script" not in svg
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "defs", "radialGradient", "linearGradient", "stop"),
        *("rect", "g", "path", "circle", "text"),
    }
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert root.findtext(f"{SVG}title") == shown
    assert [text.text for text in root.iter(f"{SVG}text")].count(shown) == 3


def test_a_lone_surrogate_does_not_stop_the_picture() -> None:
    assert "\ufffd" in board_svg(full_picture("\ud800")).encode("utf-8").decode("utf-8")


@pytest.mark.parametrize("size", [2, 5, 9, 13, 19, 25])
def test_the_picture_is_as_large_as_its_points_need(size: int) -> None:
    heat = np.full(size * size, 1 / size**2, np.float32)
    picture = BoardPicture(stones=np.zeros((size, size), np.int8), heat=heat, title="Some title")
    assert min(drawn_size(picture)) >= size * CELL


def test_words_make_the_picture_wide_enough() -> None:
    plain = BoardPicture(stones=np.zeros((5, 5), np.int8))
    long = dataclasses.replace(plain, title="a long title " * 8)
    wide = dataclasses.replace(plain, title="\u56f2\u7881" * 50)
    sizes = [drawn_size(picture, CELL)[0] for picture in (plain, long, wide)]
    assert sizes == sorted(set(sizes))


def test_the_picture_is_told_to_those_who_hear_it() -> None:
    told = parsed(full_picture()).findtext(f"{SVG}desc") or ""
    assert "9x9 board, 2 black and 1 white stones; last move E5; played B9" in told
    assert "most probable A9, 50.0%" in told


def test_the_same_picture_gives_the_same_text_which_a_notebook_shows() -> None:
    svg = board_svg(full_picture())
    assert svg == board_svg(full_picture())
    assert isinstance(svg, Svg)
    assert svg._repr_svg_() == svg


def test_the_text_needs_no_library_for_pixels() -> None:
    # On its own, because other tests load those libraries.
    code = "import sys, gopolicy.draw.board_svg; print({'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_owned_points_are_squares_of_their_owner_and_dead_stones_fade() -> None:
    owners = np.zeros(81, np.float32)
    owners[:3] = 1.0, -0.25, 0.05
    board = board_with("C3", "G7")
    root = parsed(BoardPicture(stones=board.stones, owners=owners, faded=[parse_vertex("G7", 9)]))
    black, white = group(root, "owners")  # the third is hardly anybody's
    assert vertices([black, white]) == ["A9", "B9"]
    assert black.get("fill") != white.get("fill")
    assert float(black.get("width", 0)) == pytest.approx(2 * float(white.get("width", 0)), abs=0.02)
    faded = {stone.get("data-vertex"): stone.get("opacity") for stone in group(root, "stones")}
    assert faded["C3"] is None
    assert float(faded["G7"] or 1) < 1


def test_without_a_legend_the_picture_is_the_square_of_the_board() -> None:
    picture = dataclasses.replace(full_picture(""), legend=False)
    root = parsed(picture)
    assert root.get("width") == root.get("height")
    assert group(root, "legend") == []
