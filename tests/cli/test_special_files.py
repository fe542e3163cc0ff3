"""Pipes where files are expected: refused in one line, never waited for."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from reference.tiny_games import write_games, write_weights

from gopolicy.__main__ import main
from gopolicy.cli.gtp_files import SgfFiles
from gopolicy.data.store import open_store
from gopolicy.errors import PictureError, SgfError, StoreError, WeightsError
from gopolicy.nets.weights import load_weights
from gopolicy.pictures.class_folders import Fit, read_picture
from gopolicy.pictures.class_names import read_names
from gopolicy.pictures.idx import read_idx_archive
from gopolicy.pictures.picture_weights import load_zoo_weights

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def pipe(path: Path) -> Path:
    """Put a pipe at a path, in place of what is there, and return the path."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def read_small(path: Path) -> object:
    return read_picture(path, Fit(1, 8, 8))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.png", read_small),
        ("a.wav", read_small),
        ("a.tar", read_idx_archive),
        ("a.tgz", read_idx_archive),
        ("names.txt", read_names),
    ],
)
def test_pictures_sounds_and_names(
    name: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    path = pipe(tmp_path / name)
    with pytest.raises(PictureError, match=f"{name}: it is a pipe, expected a regular file"):
        read(path)


@pytest.mark.parametrize("name", ["vgg16.h5", "vgg16.safetensors"])
def test_bare_weights(name: str, tmp_path: Path) -> None:
    if name.endswith(".h5"):
        pytest.importorskip("h5py")
    with pytest.raises(WeightsError, match="it is a pipe"):
        load_zoo_weights("vgg16", pipe(tmp_path / name), [])


def test_the_tensors_of_a_weight_folder(tmp_path: Path) -> None:
    folder = write_weights(tmp_path / "weights")
    pipe(folder / "model.safetensors")
    with pytest.raises(WeightsError, match=r"model\.safetensors: it is a pipe"):
        load_weights(folder)


@pytest.mark.parametrize("name", ["events.npy", "rejected.tsv"])
def test_the_files_of_a_store(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, weights = tmp_path / "store", str(write_weights(tmp_path / "weights"))
    write_games(tmp_path / "games", 2)
    assert main(["prepare", str(tmp_path / "games"), "--out", str(store), "--size", "9"]) == 0
    capsys.readouterr()
    pipe(store / name)
    assert main(["evaluate", str(store), "--split", "all", "--weights", weights]) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert name in shown


def test_the_description_of_a_store(tmp_path: Path) -> None:
    pipe(tmp_path / "meta.json")
    with pytest.raises(StoreError, match=r"meta\.json cannot be read: it is a pipe"):
        open_store(tmp_path)


def test_games_that_an_engine_is_told_to_load(tmp_path: Path) -> None:
    with pytest.raises(SgfError, match="it is a pipe"):
        SgfFiles().read(str(pipe(tmp_path / "a.sgf")))


def test_a_log_is_no_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gtp", "--log", str(pipe(tmp_path / "log"))]) == 2
    assert "is a pipe, expected a file to write" in capsys.readouterr().err


def test_files_that_are_no_pipes_are_still_read(tmp_path: Path) -> None:
    from PIL import Image

    target = io.BytesIO()
    Image.new("L", (8, 8), 7).save(target, format="PNG")
    (tmp_path / "a.png").write_bytes(target.getvalue())
    (tmp_path / "link.png").symlink_to("a.png")
    assert (read_picture(tmp_path / "link.png", Fit(1, 8, 8)) == 7).all()
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    assert read_names(tmp_path / "names.txt") == ["cat", "dog"]
