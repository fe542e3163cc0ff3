"""Boards as pixels and files: the right size, stones that can be told apart, one clear error."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.drawn_size import drawn_size

from gopolicy.draw.board_files import board_image, stone_sprite, write_board
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.board_svg import board_svg
from gopolicy.draw.raster import image_of, png_of
from gopolicy.errors import OutputError
from gopolicy.go.types import BLACK, WHITE

EMPTY = BoardPicture(stones=np.zeros((9, 9), np.int8), caption="nothing yet")
CELL = 24


def test_words_are_drawn_on_a_machine_without_fonts() -> None:
    image = np.asarray(board_image(EMPTY, CELL).convert("L"))
    assert (image[-CELL // 2 - 10 :, :] < 160).any()


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_png_has_the_size_asked_for(scale: float) -> None:
    width, height = drawn_size(EMPTY, CELL)
    image = image_of(board_svg(EMPTY, CELL), scale)
    assert image.size == pytest.approx((width * scale, height * scale), abs=1)


def test_no_svg_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="unknown token"):
        png_of("no picture")


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG")]
)
def test_the_ending_chooses_the_format(tmp_path: Path, name: str, kind: str) -> None:
    write_board(tmp_path / name, EMPTY, CELL)
    with Image.open(tmp_path / name) as image:
        assert (image.format, image.size) == (kind, drawn_size(EMPTY, CELL))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_svg_is_written_as_text(tmp_path: Path) -> None:
    write_board(tmp_path / "board.svg", EMPTY, CELL)
    assert ET.parse(tmp_path / "board.svg").getroot().get("data-size") == "9"


def test_an_unknown_ending_is_one_clear_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"board\.bmp: .*\.png, \.svg, .* or \.pdf"):
        write_board(tmp_path / "board.bmp", EMPTY)
    assert not list(tmp_path.iterdir())


def test_a_stone_alone_stands_on_nothing() -> None:
    for color, dark in ((BLACK, True), (WHITE, False)):
        sprite = np.asarray(stone_sprite(10, int(color)))
        assert sprite.shape == (22, 22, 4)
        assert sprite[0, 0, 3] == 0
        assert sprite[11, 11, 3] == 255
        assert (sprite[11, 11, :3].mean() < 100) == dark
