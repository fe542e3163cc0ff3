"""Board pictures: the right size, stones where they belong, marks and heat that can be seen."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.diagrams import board_with
from reference.drawn_size import drawn_size

from gopolicy.draw.board_files import board_image, write_board
from gopolicy.draw.board_picture import BoardPicture
from gopolicy.draw.colors import AGAINST, heat_color, readable_on
from gopolicy.errors import OutputError
from gopolicy.go.types import Point
from gopolicy.go.vertex import parse_vertex

CELL = 24


def brightness(image: Image.Image, vertex: str, size: int = 9, top: float = 0.0) -> float:
    """Return the mean brightness around a vertex of a picture without title."""
    row, column = divmod(parse_vertex(vertex, size), size)
    x, y = CELL * (1.25 + column), top + CELL * (1.25 + row)
    box = (int(x) - 4, int(y) - 4, int(x) + 5, int(y) + 5)
    return float(np.asarray(image.convert("L").crop(box)).mean())


def test_black_stones_are_dark_white_ones_bright_and_wood_between() -> None:
    image = board_image(BoardPicture(stones=board_with("C3", "G7").stones), CELL)
    assert brightness(image, "C3") < 90
    assert brightness(image, "G7") > 215
    assert 120 < brightness(image, "E3") < 215


@pytest.mark.parametrize("size", [2, 5, 9, 13, 19, 25])
def test_every_board_size_has_a_picture_of_the_size_announced(size: int) -> None:
    heat = np.full(size * size, 1 / size**2, np.float32)
    picture = BoardPicture(stones=np.zeros((size, size), np.int8), heat=heat, title="Some title")
    assert board_image(picture, CELL).size == drawn_size(picture, CELL)
    assert drawn_size(picture, CELL)[1] >= size * CELL


def test_words_make_the_picture_wide_enough() -> None:
    stones = np.zeros((5, 5), np.int8)
    short = drawn_size(BoardPicture(stones=stones, title="a"), CELL)
    long = drawn_size(BoardPicture(stones=stones, title="a long title " * 8), CELL)
    assert long[0] > short[0]


def test_probable_points_are_darker() -> None:
    heat = np.zeros(81, np.float32)
    heat[parse_vertex("B2", 9)], heat[parse_vertex("H8", 9)] = 0.9, 0.02
    image = board_image(BoardPicture(stones=np.zeros((9, 9), np.int8), heat=heat), CELL)
    assert brightness(image, "B2") < brightness(image, "H8") < brightness(image, "B8") + 1


def test_the_scale_gets_darker_all_the_way() -> None:
    light = [sum(heat_color(share)) for share in np.linspace(0, 1, 40)]
    assert light == sorted(light, reverse=True)


def test_text_is_dark_on_bright_and_bright_on_dark() -> None:
    assert sum(readable_on((250, 240, 200))) < sum(readable_on((30, 10, 80)))


def test_marks_change_the_picture() -> None:
    board = board_with("E5")
    plain = BoardPicture(stones=board.stones)
    marked = BoardPicture(
        stones=board.stones,
        last_move=board.last_move,
        labels={Point(3): "42"},
        played=Point(60),
    )
    assert board_image(plain, CELL).tobytes() != board_image(marked, CELL).tobytes()


@pytest.mark.parametrize("full", [None, 1.0])
def test_a_disc_leaves_the_stone_to_be_seen(full: float | None) -> None:
    board = board_with("E5")
    weights = np.zeros(81, np.float32)
    weights[parse_vertex("E5", 9)] = 1.0
    picture = BoardPicture(stones=board.stones, weights=weights, full_weight=full)
    image = np.asarray(board_image(picture, CELL).convert("L")).astype(int)
    plain = np.asarray(board_image(BoardPicture(stones=board.stones), CELL).convert("L"))
    middle = round(CELL * 5.25)
    changed = np.flatnonzero(np.abs(image[middle, : CELL * 10] - plain[middle, : CELL * 10]) > 20)
    assert 0 < len(changed) <= 0.65 * CELL


def test_discs_have_one_scale_where_a_full_one_is_given() -> None:
    stones = board_with("E5").stones
    tiny, large = np.zeros(81, np.float32), np.zeros(81, np.float32)
    tiny[parse_vertex("E5", 9)], large[parse_vertex("E5", 9)] = 1e-8, 1.0

    def drawn(weights: np.ndarray, full: float | None) -> bytes:
        picture = BoardPicture(stones=stones, weights=weights, full_weight=full)
        return board_image(picture, CELL).crop((0, 0, CELL * 10, CELL * 10)).tobytes()

    assert drawn(tiny, None) == drawn(large, None) == drawn(large, 1.0)
    assert drawn(tiny, 1.0) == drawn(0 * tiny, 1.0)


def test_the_scale_of_discs_has_a_lower_half_only_where_needed() -> None:
    def orange(least: float) -> bool:
        weights = np.zeros(81, np.float32)
        weights[:2] = 1.0, least
        image = board_image(BoardPicture(stones=np.zeros((9, 9), np.int8), weights=weights), CELL)
        scale = np.asarray(image.crop((round(CELL * 10.5), 0, *image.size)))
        return bool((np.abs(scale.astype(int) - AGAINST).sum(axis=2) < 40).any())

    assert orange(-1.0)
    assert not orange(0.5)


def test_a_picture_is_written_as_png(tmp_path: Path) -> None:
    picture = BoardPicture(stones=np.zeros((9, 9), np.int8), caption="nothing yet")
    write_board(tmp_path / "board.png", picture, CELL)
    with Image.open(tmp_path / "board.png") as image:
        assert image.format == "PNG"
        assert image.size == drawn_size(picture, CELL)
    assert [path.name for path in tmp_path.iterdir()] == ["board.png"]


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    picture = BoardPicture(stones=np.zeros((9, 9), np.int8))
    with pytest.raises(OutputError, match="cannot write"):
        write_board(tmp_path / "missing" / "board.png", picture, CELL)
