"""Folders of pictures with a folder per class, good and bad pictures."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from gopolicy.errors import PictureError
from gopolicy.pictures import class_folders as folders
from gopolicy.pictures.class_folders import Fit, natural_form, read_class_folders, read_picture

RED = (200, 30, 10)


def save(path: Path, array: npt.ArrayLike, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, np.uint8)).save(path, **options)


def plain(
    height: int = 6, width: int = 8, color: tuple[int, int, int] = RED
) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), color, np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(3):
        save(tmp_path / "dog" / f"{number}.png", plain(color=(number, 0, 0)))
        save(tmp_path / "cat" / "deep" / f"{number}.bmp", plain(color=(0, number, 0)))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.txt").write_text("no picture")
    return tmp_path


def test_folders_are_classes(root: Path) -> None:
    pictures = read_class_folders(root, Fit(3, 6, 8))
    assert pictures.classes == ("cat", "dog")
    assert pictures.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert pictures.pixels[2, :, 0, 0].tolist() == [0, 2, 0]
    assert pictures.pixels[5, :, 5, 7].tolist() == [2, 0, 0]


def test_the_natural_form(root: Path, tmp_path: Path) -> None:
    assert natural_form(root) == (3, 6, 8)
    save(root / "cat" / "other.png", plain(9, 9))
    assert natural_form(root) == (3, 64, 64)
    for name in ("a", "b"):
        save(tmp_path / "gray" / name / "x.png", np.zeros((5, 7)))
    assert natural_form(tmp_path / "gray") == (1, 5, 7)


def test_the_natural_form_is_that_of_pictures_that_can_be_read(root: Path) -> None:
    for number in range(7):
        (root / "cat" / f"{number}.png").write_bytes(b"nothing")
    with pytest.raises(PictureError, match=r"0\.png"):
        natural_form(root)
    assert natural_form(root, skip_broken=True) == (3, 6, 8)


def test_a_picture_is_stretched(tmp_path: Path) -> None:
    left = plain(4, 8, (0, 0, 0))
    left[:, :4] = 255
    save(tmp_path / "x.png", left)
    small = read_picture(tmp_path / "x.png", Fit(1, 6, 2))
    assert small.shape == (1, 6, 2)
    assert small[0, :, 0].min() > 180
    assert small[0, :, 1].max() < 75


def test_gray_is_what_weighs_red_green_and_blue(tmp_path: Path) -> None:
    save(tmp_path / "x.png", plain())
    gray = read_picture(tmp_path / "x.png", Fit(1, 6, 8))[0, 0, 0]
    assert gray == pytest.approx(0.299 * 200 + 0.587 * 30 + 0.114 * 10, abs=1)


def test_a_transparent_picture_lies_on_white(tmp_path: Path) -> None:
    array = np.zeros((4, 4, 4), np.uint8)
    array[:, 2:] = (0, 0, 0, 255)
    save(tmp_path / "x.png", array)
    assert read_picture(tmp_path / "x.png", Fit(1, 4, 4))[0, 0].tolist() == [255, 255, 0, 0]


def test_a_camera_that_was_turned_is_turned_back(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the picture must be turned clockwise by a quarter
    wide = plain(4, 8, (0, 0, 0))
    wide[:, :2] = 255
    save(tmp_path / "x.png", wide, exif=exif)
    upright = read_picture(tmp_path / "x.png", Fit(1, 8, 4))[0]
    assert upright[:2].min() == 255
    assert upright[2:].max() == 0


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    values = np.array([[0, 1000], [30000, 60000]], np.uint16)
    Image.fromarray(values).save(tmp_path / "x.png")
    assert read_picture(tmp_path / "x.png", Fit(1, 2, 2))[0].tolist() == [[0, 4], [117, 233]]


def test_gray_pictures_are_put_on_white_where_they_are_transparent(tmp_path: Path) -> None:
    ink = Image.fromarray(np.array([[0, 1], [0, 1]], np.uint8))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ink.save(tmp_path / name / "x.png", transparency=1)
    assert read_picture(tmp_path / "a" / "x.png", Fit(1, 2, 2))[0].tolist() == [[0, 255], [0, 255]]
    assert natural_form(tmp_path) == (1, 2, 2)


def test_sixteen_bits_of_gray_are_put_on_white_where_they_are_transparent(tmp_path: Path) -> None:
    plain = io.BytesIO()
    Image.fromarray(np.array([[0, 1000], [30000, 60000]], np.uint16)).save(plain, "png")
    # Pillow writes no transparency of 16 bits: it goes between the header and the pixels.
    clear = b"tRNS" + struct.pack(">H", 1000)
    part = struct.pack(">I", 2) + clear + struct.pack(">I", zlib.crc32(clear))
    data, header = plain.getvalue(), 8 + 25
    (tmp_path / "x.png").write_bytes(data[:header] + part + data[header:])
    assert read_picture(tmp_path / "x.png", Fit(1, 2, 2))[0].tolist() == [[0, 255], [117, 233]]


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_broken_picture_stops_or_is_told(root: Path, content: bytes) -> None:
    (root / "dog" / "bad.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"bad\.png"):
        read_class_folders(root, Fit(1, 6, 8))

    class Listener:
        said: list[str] = []  # noqa: RUF012

        def start(self, label: str, total: int | None, unit: str) -> None:
            assert total == 7

        def advance(self, count: int = 1, **figures: object) -> None:
            pass

        def message(self, text: str) -> None:
            self.said.append(text)

        def finish(self) -> None:
            pass

    pictures = read_class_folders(root, Fit(1, 6, 8), skip_broken=True, progress=Listener())
    assert len(pictures) == 6
    assert "bad.png" in Listener.said[-1]


def test_a_cut_picture_is_refused(root: Path) -> None:
    save(root / "dog" / "cut.png", np.random.default_rng(1).integers(0, 255, (50, 50, 3)))
    path = root / "dog" / "cut.png"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(PictureError, match=r"cut\.png"):
        read_picture(path, Fit(3, 6, 8))


def test_a_picture_of_too_many_pixels_is_not_opened(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAX_PIXELS", 40)
    with pytest.raises(PictureError, match=r"^\S*0\.png: 8x6 is too large$"):
        read_picture(root / "dog" / "0.png", Fit(3, 6, 8))


def test_more_than_memory_may_hold_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_TOTAL", 500)
    with pytest.raises(PictureError, match="choose a smaller size"):
        read_class_folders(root, Fit(3, 6, 8))


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "only" / "x.png", plain())
    with pytest.raises(PictureError, match="2 or more classes"):
        read_class_folders(tmp_path, Fit(3, 6, 8))
    with pytest.raises(PictureError, match="nowhere"):
        read_class_folders(tmp_path / "nowhere", Fit(3, 6, 8))


def test_impossible_forms_are_refused() -> None:
    with pytest.raises(PictureError, match="2x5x5"):
        Fit(2, 5, 5)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_refused(tmp_path: Path, number: float) -> None:
    pixels = np.ones((6, 8), np.float32)
    pixels[2, 3] = number
    Image.fromarray(pixels).save(tmp_path / "x.tif")
    with pytest.raises(PictureError, match=r"x\.tif: damaged picture \(pixels that are not finite"):
        read_picture(tmp_path / "x.tif", Fit(1, 6, 8))


@pytest.mark.parametrize("error", [TypeError, IndexError, KeyError, OverflowError, AttributeError])
def test_whatever_pillow_says_of_a_damaged_picture_is_one_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(file: object, formats: object) -> None:
        raise error("'IFDRational' object cannot be interpreted as an integer")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(PictureError, match=r"0\.png: damaged picture .*IFDRational"):
        read_picture(root / "dog" / "0.png", Fit(1, 6, 8))


def test_a_picture_that_another_program_would_have_to_open_is_none(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, seen = tmp_path / "gs", tmp_path / "seen"
    program.write_text(f"#!/bin/sh\necho called >> {seen}\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    bad = root / "dog" / "bad.png"
    bad.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\nshowpage\n")
    with pytest.raises(PictureError, match=r"bad\.png: not a picture of a known kind"):
        read_picture(bad, Fit(3, 6, 8))
    assert not seen.exists()
