"""Learning rates are searched, trainings are run once, and an interrupted comparison goes on."""

import json
from dataclasses import replace

import pytest
from reference.fake_subject import FakeSubject, drawn, outcome

from gopolicy.comparison.compare import CompareOptions, check_order, compare
from gopolicy.comparison.entrant import Entrant, Trial
from gopolicy.comparison.outcome import RESULT, read_outcome, write_outcome
from gopolicy.comparison.plan import PlanOptions
from gopolicy.comparison.runs import Runs
from gopolicy.comparison.subject import StoppedEarly
from gopolicy.comparison.sweep import sweep
from gopolicy.errors import ConfigError, GoPolicyError

ONE = Entrant(title="one", network="dense", settings={"units": 3})
SIZES = {"alphago": {"filters": 4, "layers": 2}, "image": {"padding": "same"}}
SMALL = PlanOptions(matches=("parameters",), settings=SIZES)
OPTIONS = CompareOptions(examples=400, sweep_examples=40, rates=(0.005, 0.01, 0.02), plan=SMALL)


@pytest.mark.parametrize(
    ("best", "chosen", "tried"),
    [(0.01, 0.01, 3), (0.02, 0.02, 4), (0.04, 0.04, 5), (0.0025, 0.0025, 5), (9.0, 0.08, 5)],
)
def test_a_sweep_goes_on_while_the_best_rate_is_at_its_end(tmp_path, best, chosen, tried):
    found = sweep(Runs(FakeSubject(best), tmp_path), [ONE], (0.005, 0.01, 0.02), 40)[ONE.slug]
    assert found.best == pytest.approx(chosen)
    assert len(found.nll) == tried
    assert found.inside == (best < 1)


@pytest.mark.parametrize("rates", [(), (0.1, 0.1), (0.1, -1.0)])
def test_rates_that_make_no_sense_are_refused(tmp_path, rates):
    with pytest.raises(ConfigError, match="learning rates"):
        sweep(Runs(FakeSubject(), tmp_path), [ONE], rates, 40)


def test_a_comparison_goes_on_where_it_was_stopped(tmp_path):
    whole = FakeSubject()
    expected = compare(whole, tmp_path / "whole", OPTIONS)
    assert len(whole.ran) == len(set(whole.ran)) == 3 * 3 + 3 * 2
    stopped = FakeSubject(stop_after=11)
    with pytest.raises(StoppedEarly):
        compare(stopped, tmp_path / "parts", OPTIONS)
    rest = FakeSubject()
    found = compare(rest, tmp_path / "parts", OPTIONS)
    assert stopped.ran + rest.ran == whole.ran
    for ours, theirs in zip(found[0].rows, expected[0].rows, strict=True):
        assert replace(ours, served_per_second=0) == replace(theirs, served_per_second=0)


def test_more_seeds_add_only_what_is_missing(tmp_path):
    compare(FakeSubject(), tmp_path, OPTIONS)
    more = FakeSubject()
    compare(more, tmp_path, replace(OPTIONS, seeds=3))
    assert len(more.ran) == 3
    assert all(folder.endswith("/seed-3") for folder in more.ran)


def test_a_folder_of_other_settings_is_refused(tmp_path):
    compare(FakeSubject(), tmp_path, OPTIONS)
    with pytest.raises(ConfigError, match="made with examples 40, not 80; choose another --out"):
        compare(FakeSubject(), tmp_path, replace(OPTIONS, sweep_examples=80))


def test_outcomes_come_back_as_they_were(tmp_path):
    before = outcome(drawn(0.3, 1))
    write_outcome(tmp_path, {"lr": 0.1}, before)
    assert read_outcome(tmp_path, {"lr": 0.1}) == before


def test_a_damaged_outcome_is_one_clear_error(tmp_path):
    (tmp_path / RESULT).write_text(json.dumps({"outcome": {}}))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_outcome(tmp_path, {})


def test_networks_that_saw_other_examples_are_not_compared():
    one, other = outcome(drawn(0.3, 1), order="a"), outcome(drawn(0.3, 1), order="b")
    check_order([[one, other], [one, other]])
    with pytest.raises(GoPolicyError, match="seed 1 saw different examples"):
        check_order([[one, other], [other, one]])


def test_entrants_of_one_size_share_their_trainings():
    same = Entrant(title="another title", network="dense", settings={"units": 3})
    trials = [Trial(entrant=e, lr=0.1, seed=1, examples=5, final=True) for e in (ONE, same)]
    assert trials[0].folder == trials[1].folder == "dense_units-3/seed-1"
