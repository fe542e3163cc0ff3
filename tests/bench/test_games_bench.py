"""Measurements of this machine: that they measure, not how fast it is."""

import re
from pathlib import Path

import pytest
from reference.tiny_games import write_games

from gopolicy.__main__ import main
from gopolicy.bench.throughput import measure_encode, measure_loader
from gopolicy.data.build import build_table
from gopolicy.data.prepare_options import PrepareOptions
from gopolicy.data.table import GameTable
from gopolicy.timing import SpeedRow, Work, best_rates


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> GameTable:
    folder: Path = tmp_path_factory.mktemp("games")
    write_games(folder, 3)
    return build_table([folder], PrepareOptions(size=9), processes=1)[0]


def test_a_rate_is_units_per_second_of_the_best_round() -> None:
    now = iter([0.0, 0.0, 2.0, 10.0, 10.0, 11.0])
    rates = best_rates(
        {"a": Work(lambda: None, 10)}, seconds=0.5, rounds=2, clock=lambda: next(now)
    )
    assert rates == {"a": 10.0}


def test_a_requirement_is_met_above_or_below() -> None:
    fast = SpeedRow(name="a", value=1, unit="x", ratio=3, must=2)
    slow = SpeedRow(name="a", value=1, unit="x", ratio=3, must=2, smaller_is_better=True)
    absolute = SpeedRow(name="a", value=90, unit="ms", must=100, smaller_is_better=True)
    assert (fast.holds, slow.holds, absolute.holds) == (True, False, True)
    assert SpeedRow(name="a", value=1, unit="x").holds is None


def test_every_row_has_a_positive_figure(table: GameTable) -> None:
    rows = measure_encode(table, 0.002) + measure_loader(table, 0.002, 2)
    assert len(rows) == 7
    assert all(row.value > 0 for row in rows)
    assert all((row.ratio is None) == (row.reference == "") for row in rows)


def test_users_see_what_a_ratio_means_and_no_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "loader", "--seconds", "0.001"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "loader"
    assert len(lines) % 2 == 1
    for figure, meaning in zip(lines[1::2], lines[2::2], strict=True):
        assert figure.endswith(" positions/s")
        assert re.fullmatch(r" +\d+\.\d\d times the same batches .*", meaning)
