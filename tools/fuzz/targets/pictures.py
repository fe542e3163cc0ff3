"""Pictures and sounds in folders of classes: what is read has the form that was asked for."""

import io
import random
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from fuzz.harness import Execution, Finding, fresh
from fuzz.mutate import damaged, flipped
from gopolicy.pictures.class_folders import Fit, picture_sides, read_picture
from gopolicy.pictures.open_pictures import PictureSelection, open_pictures

_FORMATS = {
    ".png": ("RGBA", "PNG"),
    ".palette.png": ("P", "PNG"),
    ".deep.png": ("I;16", "PNG"),
    ".jpg": ("RGB", "JPEG"),
    ".bmp": ("RGB", "BMP"),
    ".gif": ("P", "GIF"),
    ".webp": ("RGB", "WEBP"),
    ".pgm": ("L", "PPM"),
    ".tif": ("RGB", "TIFF"),
    ".float.tiff": ("F", "TIFF"),
}
"""By the ending of the name: the mode of the picture, and the format as Pillow calls it."""
_HEADER = 64
"""The first bytes say how large a picture is; much of the damage is done there."""


def make(folder: Path) -> Execution:
    """Return one execution."""
    files = {ending: _picture(mode, kind) for ending, (mode, kind) in _FORMATS.items()}
    files[".wav"] = _sound()

    def execute(dice: random.Random) -> None:
        ending = dice.choice(sorted(files))
        data = files[ending]
        if dice.random() < 0.4:
            data = flipped(dice, data, 0, _HEADER)
        else:
            data = damaged(dice, data, others=tuple(files.values()))
        place = fresh(folder)
        for name in ("a", "b"):
            (place / name).mkdir(parents=True)
            for whole in (".png", ".jpg"):
                (place / name / f"sound{whole}").write_bytes(files[whole])
        path = place / "a" / f"damaged{ending}"
        path.write_bytes(data)
        _read_folders(dice, place)
        _read_alone(path)

    return execute


def _read_folders(dice: random.Random, place: Path) -> None:
    """Read all classes, leaving out what is broken: the sound pictures have to be there."""
    wish = PictureSelection(*dice.choice(((None, None, None), (1, 5, 6), (3, 8, 8))))
    found = open_pictures(place, wish, skip_broken=True)
    count = len(found.train) + len(found.test)
    if count not in (4, 5) or found.train.shape != found.test.shape:
        raise Finding(f"{count} pictures, expected 4 or 5 of one shape")


def _read_alone(path: Path) -> None:
    """Read the damaged picture; if that is possible, it is of the form asked for."""
    for channels in (1, 3):
        pixels = read_picture(path, Fit(channels, 6, 4))
        if pixels.shape != (channels, 6, 4) or pixels.dtype != np.uint8:
            raise Finding(f"pixels {pixels.dtype} of shape {pixels.shape}")
    if min(picture_sides(path)) < 1:
        raise Finding("a picture without pixels")


def _picture(mode: str, kind: str) -> bytes:
    """Return a small picture of random pixels."""
    pixels = np.random.default_rng(1).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    gray = pixels[:, :, 0]
    if mode == "I;16":
        picture = Image.fromarray(gray.astype(np.uint16) * 200)
    elif mode == "F":
        picture = Image.fromarray(gray.astype(np.float32))
    else:
        picture = Image.fromarray(pixels).convert(mode)
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    more = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    picture.save(file, kind, **more)
    return file.getvalue()


def _sound() -> bytes:
    """Return a short sound of two channels."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(np.random.default_rng(1).integers(-999, 999, 1600).astype("<i2").tobytes())
    return file.getvalue()
