"""A little of every target of tools/fuzz, always the same; the long runs are started by hand."""

import importlib
import random
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz.harness import Counts, Finding, keep, run_one
from fuzz.mutate import damaged, flipped, shortened, with_wrong_field

from gopolicy.errors import SgfError

EXECUTIONS = {
    "sgf": 300,
    "archives": 250,
    "stores": 80,
    "weights": 100,
    "checkpoints": 12,
    "gtp": 6,
    "numbers": 4,
    "pictures": 60,
    "idx": 150,
    "keras": 60,
}


@pytest.mark.parametrize("target", EXECUTIONS)
def test_random_damage_is_refused_or_does_no_harm(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if target == "keras":
        pytest.importorskip("h5py")
    monkeypatch.chdir(tmp_path)
    execute = importlib.import_module(f"fuzz.targets.{target}").make(tmp_path)
    counts = Counts()
    found = [run_one(execute, 2, number, counts) for number in range(EXECUTIONS[target])]
    assert not "".join(found)
    assert counts.executions == EXECUTIONS[target]


def test_a_bug_a_warning_and_a_wrong_answer_are_findings_and_a_refusal_is_none() -> None:
    def refuse(dice: random.Random) -> None:
        raise SgfError("damaged")

    def fail(dice: random.Random) -> None:
        empty: dict[str, int] = {}
        empty["missing"]

    def warn(dice: random.Random) -> None:
        warnings.warn("odd", RuntimeWarning, stacklevel=1)

    def answer_wrong(dice: random.Random) -> None:
        raise Finding("another game")

    counts = Counts()
    assert not run_one(refuse, 1, 0, counts)
    assert not run_one(lambda dice: None, 1, 1, counts)
    assert "KeyError: 'missing'" in run_one(fail, 1, 2, counts)
    assert "RuntimeWarning: odd" in run_one(warn, 1, 3, counts)
    assert "another game" in run_one(answer_wrong, 1, 4, counts)
    assert (counts.accepted, counts.refused, counts.findings.total()) == (1, 1, 3)
    assert len(counts.findings) == 3


def test_a_finding_is_kept_with_its_input_and_the_command_that_repeats_it(tmp_path: Path) -> None:
    (tmp_path / "work" / "input").mkdir(parents=True)
    (tmp_path / "work" / "input" / "x.sgf").write_bytes(b"(;")
    keep("what was found", tmp_path, "1-7", "python run.py sgf --only 7")
    kept = tmp_path / "findings" / "1-7"
    assert (kept / "input" / "x.sgf").read_bytes() == b"(;"
    assert (kept / "found.txt").read_text() == "python run.py sgf --only 7\n\nwhat was found"


@pytest.mark.parametrize("damage", [damaged, flipped, shortened])
def test_damage_depends_on_the_dice_alone(
    damage: Callable[[random.Random, bytes], bytes],
) -> None:
    data = bytes(range(256))
    results = [damage(random.Random(seed), data) for seed in range(20)]
    assert results == [damage(random.Random(seed), data) for seed in range(20)]
    assert sum(result != data for result in results) > 15


def test_a_wrong_field_is_one_field_and_the_value_stays_as_it_was() -> None:
    value = {"a": 1, "b": {"c": [1, 2]}}
    for seed in range(50):
        changed = with_wrong_field(random.Random(seed), value)
        assert value == {"a": 1, "b": {"c": [1, 2]}}
        assert changed.get("a") == 1 or changed.get("b") == value["b"]
