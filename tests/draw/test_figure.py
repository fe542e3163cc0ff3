"""Figures: PNG of the size asked for, the same every time, written whole."""

import io
from pathlib import Path

from matplotlib import rcParams
from PIL import Image

from gopolicy.draw.figure import figure_png, new_axes, new_figure, write_figure


def drawn() -> bytes:
    figure = new_figure(4, 2, dpi=100)
    left, right = new_axes(figure, 1, 2)
    left.plot([1, 2, 3])
    right.set_title("a title")
    return figure_png(figure)


def test_a_figure_has_its_size_and_the_same_bytes_every_time() -> None:
    with Image.open(io.BytesIO(drawn())) as image:
        assert (image.format, image.size) == ("PNG", (400, 200))
        assert image.convert("RGB").getpixel((0, 0)) == (250, 248, 244)
    assert drawn() == drawn()


def test_the_style_does_not_leak() -> None:
    before = dict(rcParams)
    drawn()
    assert dict(rcParams) == before


def test_a_figure_is_written_whole(tmp_path: Path) -> None:
    write_figure(tmp_path / "a.png", new_figure(2, 1))
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (300, 150)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
