"""Folders of pictures with one folder per class, and single pictures, made to fit a network.

Pictures of any format that Pillow reads, and WAV sounds as their spectrograms.  Each is turned
upright if its camera says so, put on white where it is transparent, and stretched to the size asked
for, as Keras does.  Of gray in 32 bits the brightest pixel is white, for nothing tells what is.
"""

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gopolicy.errors import PictureError
from gopolicy.files import open_regular
from gopolicy.nets.network import PictureShape
from gopolicy.pictures.picture_set import PictureSet, Pixels
from gopolicy.pictures.spectrogram import read_wav, spectrogram
from gopolicy.progress import SILENT, Progress

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".tif", ".tiff"}
KINDS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
"""What is opened, whatever the name says: others, such as EPS, would start other programs."""
SOUND = ".wav"
MAX_PIXELS = 100_000_000
"""The largest picture that is opened."""
MAX_TOTAL = 1 << 32
"""The most bytes that all pictures together may take in memory."""


_PILLOW_ERRORS = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(SyntaxError, EOFError, struct.error, RuntimeError),
)
"""What Pillow raises for damaged pictures besides OSError."""


@dataclass(frozen=True, slots=True)
class Fit(PictureShape):
    """The form that pictures are given: 1 channel for gray, 3 for color."""

    def __post_init__(self) -> None:
        if self.channels not in (1, 3) or min(self.height, self.width) < 1:
            raise PictureError(f"expected 1 or 3 channels and sides of 1 or more, got {self}")


def read_picture(path: Path, fit: Fit) -> Pixels:
    """Read one picture as [C, H, W]."""
    picture = _open(path)
    if (picture.height, picture.width) != (fit.height, fit.width):
        size = fit.width, fit.height
        picture = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    array = np.asarray(picture.convert("L" if fit.channels == 1 else "RGB"))
    return array[None] if fit.channels == 1 else array.transpose(2, 0, 1)


def picture_sides(path: Path) -> tuple[int, int]:
    """Return the height and width of one picture, upright."""
    picture = _open(path)
    return picture.height, picture.width


def read_class_folders(
    root: Path, fit: Fit, *, skip_broken: bool = False, progress: Progress = SILENT
) -> PictureSet:
    """Read all pictures under a folder that holds a folder for each class, in sorted order.

    A picture that cannot be read raises PictureError, or is told to progress and left out.
    """
    classes = class_names(root)
    files = [(path, label) for label, name in enumerate(classes) for path in _files(root / name)]
    total = len(files) * fit.channels * fit.height * fit.width
    if total > MAX_TOTAL:
        raise PictureError(
            f"{root}: {len(files):,} pictures of {fit} take {total / 2**30:.1f} GiB;"
            " choose a smaller size"
        )
    pixels, labels = [], []
    progress.start("reading pictures", len(files), "pictures")
    for path, label in files:
        try:
            pixels.append(read_picture(path, fit))
            labels.append(label)
        except PictureError as error:
            if not skip_broken:
                progress.finish()
                raise
            progress.message(f"left out: {error}")
        progress.advance()
    progress.finish()
    if not pixels:
        raise PictureError(f"{root}: no picture could be read")
    return PictureSet(np.stack(pixels), np.array(labels, np.int64), tuple(classes))


def class_names(root: Path) -> list[str]:
    """Return the folders with pictures under root, which are the classes, sorted."""
    try:
        folders = sorted(child for child in root.iterdir() if child.is_dir())
    except OSError as error:
        raise PictureError(f"{root}: {error.strerror or error}") from error
    shown = (folder for folder in folders if not folder.name.startswith("."))
    names = [folder.name for folder in shown if next(_files(folder), None)]
    if len(names) < 2:
        raise PictureError(f"{root}: expected a folder of pictures for each of 2 or more classes")
    return names


def natural_form(root: Path, *, skip_broken: bool = False) -> tuple[int, int, int]:
    """Return channels, height and width of the pictures, if they agree in size, else 64x64.

    Looks at the first few of every class that can be read; channels are 1 where all of those are
    gray.  One that cannot be read raises PictureError unless it is to be skipped.
    """
    shapes, gray = set(), True
    for name in class_names(root):
        for picture in islice(_readable(root / name, skip_broken), 5):
            shapes.add((picture.height, picture.width))
            gray = gray and picture.mode == "L"
    same = len(shapes) == 1
    height, width = shapes.pop() if same else (64, 64)
    return (1 if gray else 3), min(height, 224), min(width, 224)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the pictures and sounds in a folder and below, sorted; hidden ones are left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in ENDINGS | {SOUND} and not hidden and path.is_file():
            yield path


def _readable(folder: Path, skip_broken: bool) -> Iterator[Image.Image]:
    for path in _files(folder):
        try:
            yield _open(path)
        except PictureError:
            if not skip_broken:
                raise


def _open(path: Path) -> Image.Image:
    """Open a picture or sound, upright and opaque, as gray (mode L) or color (mode RGB)."""
    if path.suffix.lower() == SOUND:
        return Image.fromarray(spectrogram(read_wav(path)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong is told by what cannot be read
            with open_regular(path) as file, Image.open(file, formats=KINDS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise PictureError(f"{path}: {picture.width}x{picture.height} is too large")
                picture.load()
                return _opaque(ImageOps.exif_transpose(picture))
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError(f"{path}: not a picture of a known kind") from error
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error
    except (*_PILLOW_ERRORS, Image.DecompressionBombError) as error:
        raise PictureError(f"{path}: damaged picture ({error})") from error


def _opaque(picture: Image.Image) -> Image.Image:
    """Return the picture on white, in mode L or RGB."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        values = np.asarray(picture, np.float64)
        if not np.isfinite(values).all():
            raise ValueError("pixels that are not finite")
        # Those of 16 bits reach from black to white; where white lies in others, nothing tells.
        top = 65535 if picture.mode.startswith("I;16") else max(values.max(initial=0.0), 1.0)
        if (clear := picture.info.get("transparency")) is not None:
            values = np.where(values == clear, top, values)
        return Image.fromarray(np.rint(np.clip(values, 0, None) * (255 / top)).astype(np.uint8))
    mode = "L" if picture.mode in ("L", "1") else "RGB"
    if picture.has_transparency_data:
        above = picture.convert("RGBA")
        paper = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(paper, above).convert(mode)
    return picture.convert(mode)
