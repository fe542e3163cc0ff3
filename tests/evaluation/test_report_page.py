"""The report folder: names that need escaping, a single game, a tiny board."""

from pathlib import Path

import numpy as np
import pytest

from gopolicy.data.table import UNKNOWN_RANK
from gopolicy.errors import OutputError
from gopolicy.evaluation.accuracy import AccuracyReport, summarize
from gopolicy.evaluation.accuracy_report import write_accuracy_report
from gopolicy.evaluation.accuracy_tally import AccuracyTally, Labels


def small_report(points: int = 4) -> AccuracyReport:
    """Return a report over three positions of one game."""
    tally = AccuracyTally(points, 1)
    labels = Labels(
        targets=np.array([0, 1, 2]),
        legal=np.ones((3, points), np.bool_),
        numbers=np.array([1, 2, 3], np.int32),
        ranks=np.full(3, UNKNOWN_RANK, np.int8),
        games=np.zeros(3, np.int64),
    )
    tally.add(np.full((3, points), -np.log(points), np.float32), labels)
    return summarize(tally, 0.1)


def test_a_single_game_on_a_tiny_board_has_a_report(tmp_path: Path) -> None:
    report = small_report()
    assert report.top1_interval is None
    assert report.top5 == report.top10 == 1.0
    page = write_accuracy_report(tmp_path / "out", report, network="x", facts={})
    assert "one game" in page.read_text("utf-8")


def test_names_are_escaped(tmp_path: Path) -> None:
    facts = {"games": "<script>alert(1)</script>"}
    page = write_accuracy_report(tmp_path, small_report(), network="a<b", facts=facts).read_text(
        "utf-8"
    )
    assert "<script>" not in page
    assert "a&lt;b" in page


def test_a_report_can_be_written_again(tmp_path: Path) -> None:
    for network in ("first", "second"):
        page = write_accuracy_report(tmp_path, small_report(), network=network, facts={})
    assert "second" in page.read_text("utf-8")
    assert len(list(tmp_path.iterdir())) == 6


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_accuracy_report(tmp_path / "file" / "report", small_report(), network="x", facts={})
