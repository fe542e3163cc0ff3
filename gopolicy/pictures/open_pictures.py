"""One door to all labelled pictures: the name of a packaged set, IDX files, or class folders."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from gopolicy.errors import PictureError
from gopolicy.pictures.class_folders import Fit, natural_form, read_class_folders
from gopolicy.pictures.idx import holds_idx, read_idx_archive
from gopolicy.pictures.packages import PACKAGES, read_package
from gopolicy.pictures.picture_set import PictureSet, hold_out, joined, renumbered
from gopolicy.progress import SILENT, Progress

TRAIN, TEST = "train", "test"
TEST_FOLDERS = (TEST, "validation", "valid", "val")
"""What the folder of held out pictures may be called; the first one that is there counts."""
HELD_OUT = 0.2
"""The share held out where a source has no test part of its own."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Labelled pictures to train on, and others to measure on."""

    train: PictureSet
    test: PictureSet
    protocol: str
    """How the held out pictures were chosen, in words."""


@dataclass(frozen=True, slots=True)
class PictureSelection:
    """The form that pictures shall have; None leaves it to the source."""

    channels: int | None = None
    height: int | None = None
    width: int | None = None

    def fit(self, natural: tuple[int, int, int]) -> Fit:
        """Return the form, completed by the natural one."""
        own = (self.channels, self.height, self.width)
        filled = (n if o is None else o for o, n in zip(own, natural, strict=True))
        return Fit(*filled)


def open_pictures(
    source: str | os.PathLike[str],
    wish: PictureSelection | None = None,
    *,
    skip_broken: bool = False,
    progress: Progress = SILENT,
) -> Pictures:
    """Return the pictures of a source.

    source: `mnist-5k` or `digits` from an installed package (`./digits` is a folder); a folder,
    `.tar` or `.tgz` with IDX files; a folder with one folder per class, or with such folders under
    `train` and `test` (or `validation`).
    A source without a test part has a fifth of every class held out.
    """
    parts = _parts(
        str(source), wish or PictureSelection(), skip_broken=skip_broken, progress=progress
    )
    try:
        if TRAIN in parts and TEST in parts:
            train, test = parts[TRAIN], renumbered(parts[TEST], parts[TRAIN].classes)
            return Pictures(train, test, f"the {len(test):,} pictures of the test part of {source}")
        train, test = hold_out(joined(*parts.values()), HELD_OUT)
    except PictureError as error:
        raise PictureError(f"{source}: {error}") from error
    words = f"{len(test):,} pictures of {source}, a fifth of every class, chosen by their hash"
    return Pictures(train, test, words)


def all_pictures(
    source: str | os.PathLike[str],
    wish: PictureSelection | None = None,
    *,
    skip_broken: bool = False,
    progress: Progress = SILENT,
) -> PictureSet:
    """Return all pictures of a source, whatever parts it has; see `open_pictures`."""
    parts = _parts(
        str(source), wish or PictureSelection(), skip_broken=skip_broken, progress=progress
    )
    names = sorted({name for part in parts.values() for name in part.classes})
    same = {part.classes for part in parts.values()}
    classes = same.pop() if len(same) == 1 else tuple(names)
    return joined(*(renumbered(part, classes) for part in parts.values()))


def _parts(
    source: str, wish: PictureSelection, *, skip_broken: bool, progress: Progress
) -> dict[str, PictureSet]:
    if source in PACKAGES:
        return {"all": _refit(read_package(source), wish)}
    path = Path(source)
    if not path.exists():
        known = ", ".join(PACKAGES)
        raise PictureError(f"no folder or file {source!r}, and no packaged set ({known})")
    if holds_idx(path):
        return {name: _refit(part, wish) for name, part in read_idx_archive(path).items()}
    if path.is_file():
        raise PictureError(f"{path}: expected a folder of pictures or of IDX files, or a .tgz")
    tests = [path / name for name in TEST_FOLDERS if (path / name).is_dir()]
    split = (path / TRAIN).is_dir() and tests
    roots = {TRAIN: path / TRAIN, TEST: tests[0]} if split else {"all": path}
    fit = wish.fit(natural_form(next(iter(roots.values())), skip_broken=skip_broken))
    return {
        name: read_class_folders(root, fit, skip_broken=skip_broken, progress=progress)
        for name, root in roots.items()
    }


def _refit(pictures: PictureSet, wish: PictureSelection) -> PictureSet:
    fit = wish.fit(pictures.shape)
    if (fit.channels, fit.height, fit.width) == pictures.shape:
        return pictures
    size = fit.width, fit.height
    resized = [
        np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BILINEAR))
        for gray in pictures.pixels[:, 0]
    ]
    pixels = np.repeat(np.stack(resized)[:, None], fit.channels, axis=1)
    return replace(pictures, pixels=pixels)
