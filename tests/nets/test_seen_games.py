"""The games beside the weights."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from gopolicy.errors import WeightsError
from gopolicy.nets.seen_games import FILE, read_seen_games, write_seen_games


def test_what_is_written_is_read_and_added_to(tmp_path: Path) -> None:
    assert read_seen_games(tmp_path) is None
    write_seen_games(tmp_path, np.array([7, 2**32 - 1, 3, 7], np.uint32))
    write_seen_games(tmp_path, np.array([5, 3], np.uint32))
    found = read_seen_games(tmp_path)
    assert found is not None
    assert found.tolist() == [3, 5, 7, 2**32 - 1]
    assert (tmp_path / FILE).stat().st_size < 4 * len(found) + 100


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 1000,
        safetensors.numpy.save({"other": np.zeros(3, np.uint32)}),
        safetensors.numpy.save({"openings": np.zeros(3, np.uint32)}),
        safetensors.numpy.save({"openings": np.arange(3, dtype=np.int64)}),
        safetensors.numpy.save({"openings": np.zeros((1, 1), np.uint32)}),
    ],
    ids=range(6),
)
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(WeightsError, match=r"games\.safetensors: "):
        read_seen_games(tmp_path)
