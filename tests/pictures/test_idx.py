"""IDX files, whole, packed and damaged."""

import gzip
import io
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gopolicy.errors import PictureError
from gopolicy.pictures import idx as idx_files
from gopolicy.pictures.idx import read_idx_archive


def idx(array: np.ndarray) -> bytes:
    """Return an array as an IDX file, by the letter of the format."""
    header = bytes([0, 0, 8, array.ndim])
    return header + b"".join(struct.pack(">I", side) for side in array.shape) + array.tobytes()


@pytest.fixture
def arrays() -> dict[str, npt.NDArray[np.uint8]]:
    generator = np.random.default_rng(1)
    return {
        "train-images-idx3-ubyte": generator.integers(0, 256, (7, 4, 5)).astype(np.uint8),
        "train-labels-idx1-ubyte": np.array([0, 1, 2, 0, 1, 2, 2], np.uint8),
        "t10k-images-idx3-ubyte": generator.integers(0, 256, (2, 4, 5)).astype(np.uint8),
        "t10k-labels-idx1-ubyte": np.array([1, 0], np.uint8),
    }


def write(folder: Path, arrays: dict[str, npt.NDArray[np.uint8]], packed: bool = False) -> None:
    for name, array in arrays.items():
        data = idx(array)
        path = folder / (name + ".gz" * packed)
        path.write_bytes(gzip.compress(data) if packed else data)


def write_tar(path: Path, arrays: dict[str, npt.NDArray[np.uint8]]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, array in arrays.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(idx(array))
            archive.addfile(member, io.BytesIO(idx(array)))


@pytest.mark.parametrize("form", ["plain", "packed", "tar"])
def test_both_parts_are_read(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]], form: str
) -> None:
    path = tmp_path
    if form == "tar":
        path = tmp_path / "mnist.tgz"
        write_tar(path, arrays)
    else:
        write(tmp_path, arrays, packed=form == "packed")
    parts = read_idx_archive(path)
    assert set(parts) == {"train", "test"}
    assert np.array_equal(parts["train"].pixels[:, 0], arrays["train-images-idx3-ubyte"])
    assert parts["train"].labels.tolist() == [0, 1, 2, 0, 1, 2, 2]
    assert parts["train"].classes == ("0", "1", "2")
    assert parts["test"].shape == (1, 4, 5)


def test_other_files_are_left_alone(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]]
) -> None:
    write(tmp_path, arrays)
    (tmp_path / "train-notes.txt").write_text("no pictures")
    assert len(read_idx_archive(tmp_path)["train"]) == 7


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut short"),
        (b"\0\0\x08", "cut short"),
        (b"PNG\x03" + bytes(16), "not an IDX file"),
        (bytes([0, 0, 13, 3]) + bytes(12), "not an IDX file"),
        (bytes([0, 0, 8, 9]) + bytes(40), "not an IDX file"),
        (idx(np.zeros((2, 3, 3), np.uint8))[:-1], "1 of 18 bytes are missing"),
        (idx(np.zeros((2, 3, 3), np.uint8)) + b"x", "there are more"),
        (struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31), "allowed"),
        (struct.pack(">HBB3I", 0, 8, 3, 60000, 28, 28), "47,040,000 bytes are missing"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_refused(tmp_path: Path, data: bytes, message: str, packed: bool) -> None:
    path = tmp_path / ("train-images-idx3-ubyte" + ".gz" * packed)
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(PictureError, match=message) as caught:
        read_idx_archive(tmp_path)
    assert f"{tmp_path}: {path.name}: " in str(caught.value)


@pytest.mark.parametrize("cut", [5, -9])
def test_a_damaged_packing_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(np.arange(200, dtype=np.uint8)))[:cut])
    with pytest.raises(PictureError, match="gzip"):
        read_idx_archive(tmp_path)


def test_a_file_that_unpacks_without_end_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(np.zeros(4, np.uint8)) + bytes(50_000_000)))
    with pytest.raises(PictureError, match="there are more"):
        read_idx_archive(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("train-labels-idx1-ubyte"), "file of labels is missing"),
        (lambda a: a.pop("t10k-images-idx3-ubyte"), "file of images is missing"),
        (lambda a: a.update({"train-labels-idx1-ubyte": np.zeros(3, np.uint8)}), "3 labels"),
        (lambda a: a.update({"train-images-idx3-ubyte": np.zeros(3, np.uint8)}), "shape"),
        (lambda a: a.clear(), "expected files like"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    tmp_path: Path,
    arrays: dict[str, npt.NDArray[np.uint8]],
    change: Callable[..., object],
    message: str,
) -> None:
    change(arrays)
    write(tmp_path, arrays)
    with pytest.raises(PictureError, match=message):
        read_idx_archive(tmp_path)


def test_an_archive_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(b"nothing")
    with pytest.raises(PictureError, match="not a readable archive"):
        read_idx_archive(tmp_path / "x.tgz")


def tar_of(arrays: dict[str, npt.NDArray[np.uint8]]) -> bytes:
    """Return an unpacked archive."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, array in arrays.items():
            member = tarfile.TarInfo(name)
            member.size = len(idx(array))
            archive.addfile(member, io.BytesIO(idx(array)))
    return target.getvalue()


def test_an_archive_that_unpacks_without_end_is_not_followed(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx_files, "FREE_BYTES", 1 << 16)
    path = tmp_path / "bomb.tgz"
    arrays["train-images-idx3-ubyte"] = np.zeros((4000, 28, 28), np.uint8)
    write_tar(path, arrays)
    assert path.stat().st_size < 20_000
    with pytest.raises(PictureError, match=r"bomb\.tgz: more than the .* bytes allowed inside"):
        read_idx_archive(path)


@pytest.mark.parametrize("form", ["file", "member", "notes"])
def test_a_packed_file_that_unpacks_without_end_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(idx_files, "FREE_BYTES", 1 << 16)
    packed = gzip.compress(idx(np.zeros((4000, 28, 28), np.uint8)))
    path = tmp_path / "train-images-idx3-ubyte.gz"
    if form != "file":
        path = tmp_path / "x.tar"
        name = "train-images-idx3-ubyte.gz"
        packed = packed if form == "member" else packed * 2
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(packed)
            archive.addfile(member, io.BytesIO(packed))
    else:
        path.write_bytes(packed)
    with pytest.raises(PictureError, match=r"\(4000, 28, 28\) is more than the .* bytes allowed"):
        read_idx_archive(path if form != "file" else tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda tar: tar[:1100] + b"\xff" + tar[1101:], "no file begins at byte 1,024"),
        (lambda tar: tar + b"x", "no file begins at byte"),
        (lambda tar: tar.rstrip(b"\0") + bytes(-len(tar.rstrip(b"\0")) % 512), "has no end"),
        (lambda tar: tar + tar, "no file begins at byte"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_that_is_damaged_inside_is_refused(
    tmp_path: Path,
    arrays: dict[str, npt.NDArray[np.uint8]],
    damage: Callable[[bytes], bytes],
    message: str,
    packed: bool,
) -> None:
    path = tmp_path / "x.tgz"
    data = damage(tar_of(arrays))
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(PictureError, match=message):
        read_idx_archive(path)


def test_a_checksum_behind_an_archive_is_read(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]]
) -> None:
    path = tmp_path / "x.tgz"
    data = bytearray(gzip.compress(tar_of(arrays)))
    data[-6] ^= 1
    path.write_bytes(data)
    with pytest.raises(PictureError, match="CRC check failed"):
        read_idx_archive(path)


def test_a_sparse_member_is_not_blown_up(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]]
) -> None:
    del arrays["t10k-images-idx3-ubyte"], arrays["t10k-labels-idx1-ubyte"]
    header = bytearray(tar_of({"t10k-images-idx3-ubyte": np.zeros(4, np.uint8)})[:512])
    header[156:157] = b"S"
    header[483:495] = b"%011o\0" % (1 << 32)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "x.tar"
    path.write_bytes(bytes(header) + bytes(512) + tar_of(arrays))
    assert set(read_idx_archive(path)) == {"train"}


def test_pictures_that_were_read_may_be_written_to(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]]
) -> None:
    write(tmp_path, arrays)
    read_idx_archive(tmp_path)["train"].pixels[0, 0, 0, 0] = 7
