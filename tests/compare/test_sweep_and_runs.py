"""Learning rates are searched, trainings are run once, and an interrupted comparison goes on."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from reference.fake_subject import FakeSubject, drawn, trial_result

from gopolicy import cores
from gopolicy.compare.comparison import CompareOptions, _read_probe, check_order, compare_networks
from gopolicy.compare.go_subject import read_curve
from gopolicy.compare.network_spec import NetworkSpec, Trial
from gopolicy.compare.plan import PlanOptions
from gopolicy.compare.runs import WORTH_A_TRIAL, Runs
from gopolicy.compare.subject import StoppedEarly
from gopolicy.compare.sweep import sweep
from gopolicy.compare.trial_result import RESULT, read_trial_result, write_trial_result
from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.files import MAX_JSON
from gopolicy.progress import Silent
from gopolicy.settings import Setting

ONE = NetworkSpec(title="one", network="dense", settings={"units": 3})
SIZES: dict[str, dict[str, Setting]] = {
    "alphago": {"filters": 4, "layers": 2},
    "image": {"padding": "same"},
}
SMALL = PlanOptions(matches=("parameters",), settings=SIZES)
OPTIONS = CompareOptions(examples=400, sweep_examples=40, rates=(0.005, 0.01, 0.02), plan=SMALL)


@pytest.mark.parametrize(
    ("best", "chosen", "tried"),
    [(0.01, 0.01, 3), (0.02, 0.02, 4), (0.04, 0.04, 5), (0.0025, 0.0025, 5), (9.0, 0.08, 5)],
)
def test_a_sweep_goes_on_while_the_best_rate_is_at_its_end(
    tmp_path: Path, best: float, chosen: float, tried: int
) -> None:
    found = sweep(Runs(FakeSubject(best), tmp_path), [ONE], (0.005, 0.01, 0.02), 40)[ONE.slug]
    assert found.best == pytest.approx(chosen)
    assert len(found.nll) == tried
    assert found.inside == (best < 1)


@pytest.mark.parametrize("rates", [(), (0.1, 0.1), (0.1, -1.0)])
def test_rates_that_make_no_sense_are_refused(tmp_path: Path, rates: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigError, match="learning rates"):
        sweep(Runs(FakeSubject(), tmp_path), [ONE], rates, 40)


def test_huge_measurements_of_patterns_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "patterns.json").open("wb") as file:
        file.truncate(MAX_JSON + 1)
    with pytest.raises(ConfigError, match=r"patterns\.json: cannot be read .*16,777,216 at most"):
        _read_probe(tmp_path / "patterns.json")


def test_a_comparison_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    whole = FakeSubject()
    expected = compare_networks(whole, tmp_path / "whole", OPTIONS)
    assert len(whole.ran) == len(set(whole.ran)) == 3 * 3 + 3 * 2
    stopped = FakeSubject(stop_after=11)
    with pytest.raises(StoppedEarly):
        compare_networks(stopped, tmp_path / "parts", OPTIONS)
    rest = FakeSubject()
    found = compare_networks(rest, tmp_path / "parts", OPTIONS)
    assert stopped.ran + rest.ran == whole.ran
    for ours, theirs in zip(found[0].rows, expected[0].rows, strict=True):
        assert replace(ours, served_per_second=0) == replace(theirs, served_per_second=0)


@pytest.mark.parametrize(("examples", "tried"), [(WORTH_A_TRIAL, 1), (WORTH_A_TRIAL - 1, 0)])
def test_a_long_training_that_runs_alone_finds_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples: int, tried: int
) -> None:
    class Listener(Silent):
        def message(self, text: str) -> None:
            said.append(text)

    said: list[str] = []
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    runs = Runs(FakeSubject(), tmp_path, progress=Listener())
    before = torch.get_num_threads()
    try:
        runs.trial_results([Trial(spec=ONE, lr=0.1, examples=examples, seed=1, final=True)], "x")
    finally:
        torch.set_num_threads(before)
    found = [line for line in said if line.startswith("computing with")]
    assert len(found) == tried
    assert all(" ms, 2: " in line for line in found)


def test_more_seeds_add_only_what_is_missing(tmp_path: Path) -> None:
    compare_networks(FakeSubject(), tmp_path, OPTIONS)
    more = FakeSubject()
    compare_networks(more, tmp_path, replace(OPTIONS, seeds=3))
    assert len(more.ran) == 3
    assert all(folder.endswith("/seed-3") for folder in more.ran)


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    compare_networks(FakeSubject(), tmp_path, OPTIONS)
    with pytest.raises(ConfigError, match="made with examples 40, not 80; choose another --out"):
        compare_networks(FakeSubject(), tmp_path, replace(OPTIONS, sweep_examples=80))


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    before = trial_result(drawn(0.3, 1))
    write_trial_result(tmp_path, {"lr": 0.1}, before)
    assert read_trial_result(tmp_path, {"lr": 0.1}) == before


def test_a_damaged_result_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / RESULT).write_text(json.dumps({"outcome": {}}))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_trial_result(tmp_path, {})


@pytest.mark.parametrize("damage", [{"curve": []}, {"tuning": {}}, {"curve": [{"top1": 0.5}]}])
def test_a_result_without_its_figures_is_one_clear_error(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    write_trial_result(tmp_path, {}, trial_result(drawn(0.3, 1)))
    values = json.loads((tmp_path / RESULT).read_text())
    values["outcome"] |= damage
    (tmp_path / RESULT).write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"result\.json: cannot be read .*delete the folder"):
        read_trial_result(tmp_path, {})


def test_the_result_of_a_learning_rate_that_diverged_comes_back(tmp_path: Path) -> None:
    before = replace(trial_result(drawn(0.3, 1)), tuning={"top1": 0.0, "nll": math.inf})
    write_trial_result(tmp_path, {}, before)
    assert read_trial_result(tmp_path, {}) == before


def test_a_result_that_is_no_file_or_huge_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / RESULT
    write_trial_result(tmp_path, {}, trial_result(drawn(0.3, 1)))
    monkeypatch.setattr("gopolicy.compare.trial_result.MAX_BYTES", 10)
    with pytest.raises(ConfigError, match=r"result\.json: cannot be read .*expected 10 at most"):
        read_trial_result(tmp_path, {})
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match=r"result\.json: cannot be read"):
        read_trial_result(tmp_path, {})


@pytest.mark.parametrize(
    "line",
    [
        *('{"kind": "tr', "[]", "7", "\xff", "[" * 100_000),
        '{"kind": "train", "positions": 8, "positions_per_second": 0}',
        '{"kind": "validation", "positions": 8, "top1": "x", "nll": 1.0}',
        '{"kind": "validation", "positions": 8, "top1": 0.5}',
    ],
    ids=range(8),
)
def test_a_damaged_log_of_a_training_is_one_clear_error(tmp_path: Path, line: str) -> None:
    good = '{"kind": "validation", "positions": 4, "top1": 0.5, "nll": 1.0}'
    path = tmp_path / "metrics.jsonl"
    path.write_text(f"{good}\n{line}\n", encoding="latin-1")
    with pytest.raises(ConfigError, match=r"metrics\.jsonl, line 2: cannot be read"):
        read_curve(path)
    path.write_text(f"{good}\n{good.replace('1.0', 'NaN')}\n")
    assert math.isnan(read_curve(path)[1]["nll"])
    path.write_text(f"{good}\n")
    assert read_curve(path) == [{"examples": 4.0, "seconds": 0.0, "top1": 0.5, "nll": 1.0}]


def test_networks_that_saw_other_examples_are_not_compared() -> None:
    one, other = trial_result(drawn(0.3, 1), order="a"), trial_result(drawn(0.3, 1), order="b")
    check_order([[one, other], [one, other]])
    with pytest.raises(GoPolicyError, match="seed 1 saw different examples"):
        check_order([[one, other], [other, one]])


def test_networks_of_one_size_share_their_trainings() -> None:
    same = NetworkSpec(title="another title", network="dense", settings={"units": 3})
    trials = [Trial(spec=e, lr=0.1, seed=1, examples=5, final=True) for e in (ONE, same)]
    assert trials[0].folder == trials[1].folder == "dense_units-3/seed-1"
