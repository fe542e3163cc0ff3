"""What commands print as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gopolicy.cli.options import output_file, positive_int, rank_number
from gopolicy.cli.output import print_json, printable


@dataclass
class Sample:
    share: float
    path: Path


def test_json_holds_numpy_dataclasses_paths_and_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    value = {
        "array": np.array([[1, 2]], np.int8),
        "number": np.float32(0.5),
        "missing": float("nan"),
        "sample": Sample(0.25, Path("a")),
        "name": "棋",
        "pair": (1, True),
    }
    print_json(value)
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    assert "棋" in shown.out
    assert json.loads(shown.out) == {
        "array": [[1, 2]],
        "number": 0.5,
        "missing": None,
        "sample": {"share": 0.25, "path": "a"},
        "name": "棋",
        "pair": [1, True],
    }


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", ""])
def test_a_count_must_be_a_whole_number_above_zero(text: str) -> None:
    with pytest.raises(Exception, match="whole number from 1"):
        positive_int(text)


def test_ranks_are_read_as_people_write_them() -> None:
    assert rank_number("6d") == 6
    with pytest.raises(Exception, match="expected a rank like 6d"):
        rank_number("strong")


def test_an_output_file_needs_its_folder(tmp_path: Path) -> None:
    parse = output_file(".png", ".svg")
    assert parse(str(tmp_path / "new.PNG")) == tmp_path / "new.PNG"
    with pytest.raises(Exception, match="does not exist"):
        parse(str(tmp_path / "missing" / "new.png"))
    with pytest.raises(Exception, match="is a folder"):
        parse(str(tmp_path))
    with pytest.raises(Exception, match=r"expected a file that ends in \.png, \.svg, got"):
        parse(str(tmp_path / "game.sgf"))


def test_names_from_files_steer_no_terminal() -> None:
    assert printable("b\nb \x1b[31mred 棋") == "b b \\x1b[31mred 棋"
