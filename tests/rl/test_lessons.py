"""Lessons that are learned from again: what they amount to, resuming, and damaged ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from reference.listener import Listener
from reference.tiny_games import write_outcome_weights

from gopolicy.nets.weights import load_weights
from gopolicy.rl.decisions import DecisionEncoder
from gopolicy.rl.lessons import Lesson, RecentLessons, joined_lessons
from gopolicy.rl.mirrored_games import play_settings
from gopolicy.rl.reinforce_config import ReinforceConfig, override_reinforce
from gopolicy.rl.reinforce_run import Limits, reinforce

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE, GAMES, EACH = 5, 4, 6


@pytest.fixture(autouse=True)
def _without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopolicy.rl.reinforce_run.draw_learning_curves", lambda run: None)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained network that says how games end."""
    return write_outcome_weights(tmp_path_factory.mktemp("judge"), SIZE, "alphago4")


def config_of(judge: Path, *changes: str) -> ReinforceConfig:
    """Return settings of a run that takes no time."""
    settings = [
        *("size=5", "planes=alphago4", "filters=8", "layers=3", f"games={GAMES}", "batch_size=8"),
        *("precision=fp32", "measure_every=0", "candidates=3", f"judge={judge}", "plies=20"),
        *("pool_share=0", f"positions_per_game={EACH}", "replay=2"),
    ]
    return override_reinforce(ReinforceConfig(), [*settings, *changes])


@pytest.fixture(scope="module")
def run(judge: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of four iterations."""
    out = tmp_path_factory.mktemp("run") / "run"
    reinforce(out, config_of(judge), limits=Limits(iterations=4), device="cpu")
    return out


def read(run: Path, keep: int = 2) -> tuple[list[Lesson], Listener]:
    """Return the lessons that a run would learn from again, and what is said of them."""
    listener = Listener()
    recent = RecentLessons(run / "lessons", SIZE, keep, 0, listener)
    recent.restore(4)
    return list(recent._lessons.values()), listener


def test_each_decision_is_learned_from_in_the_iterations_after_it(run: Path) -> None:
    lines = (run / "metrics.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line)["decisions"] for line in lines]
    most = 2 * GAMES * EACH
    assert found == [most, 2 * most, 3 * most, 3 * most]
    assert sorted(p.name for p in (run / "lessons").iterdir()) == [
        f"00000{number}-0.safetensors" for number in (2, 3)
    ]


def test_lessons_that_are_joined_are_what_they_were(run: Path, judge: Path) -> None:
    lessons, listener = read(run)
    assert listener.said == []
    together = joined_lessons(lessons)
    encoder = DecisionEncoder("alphago4", play_settings(config_of(judge)))
    first = 0
    for each in lessons:
        part = together.take(np.arange(first, first + len(each)))
        first += len(each)
        mine, theirs = (
            encoder.encode(one.decisions, one.choices, one.symmetries) for one in (each, part)
        )
        assert np.array_equal(mine.planes, theirs.planes)
        assert np.array_equal(mine.points, theirs.points)
        assert np.array_equal(mine.choices, theirs.choices)
        assert each.shares is not None
        assert part.shares is not None
        assert np.array_equal(each.shares, part.shares)
        assert each.shares[~mine.choices].max() == 0
        np.testing.assert_allclose(each.shares.sum(1), 1, rtol=1e-4)
    assert first == len(together)
    assert len(np.unique(together.decisions.games)) == len(lessons) * GAMES


@pytest.mark.parametrize("minutes", ["0", "60"])
def test_a_run_that_goes_on_equals_one_that_never_stopped(
    tmp_path: Path, run: Path, judge: Path, minutes: str
) -> None:
    out, config = tmp_path / "run", config_of(judge, f"checkpoint_minutes={minutes}")
    for sitting in range(2):
        limits = Limits(iterations=2)
        reinforce(out, config, limits=limits, resume=sitting > 0, device="cpu")
    assert load_weights(out / "weights").info.sha256 == load_weights(run / "weights").info.sha256


Change = Callable[[dict[str, Any]], object]


def put(name: str, at: Any, value: float) -> Change:
    """Return what changes an array."""
    return lambda arrays: arrays[name].__setitem__(at, value)


DAMAGE: dict[str, Change] = {
    "a move beyond the games": put("moves", 0, 1 << 40),
    "a move before its game": put("starts", 0, 79),
    "a negative start": put("starts", 0, -1),
    "a color that is none": put("colors", 0, 3),
    "the other color": lambda arrays: arrays["colors"].__setitem__(0, 3 - arrays["colors"][0]),
    "an unknown turn": put("symmetries", 0, 8),
    "a share that is no number": put("shares", (0, 0), float("nan")),
    "a negative share": put("shares", (0, 0), -0.5),
    "a move on a stone": lambda arrays: arrays["events"].__setitem__(2, arrays["events"][0]),
    "a point off the board": put("events", 0, 0x400 + 700),
    "no games": lambda arrays: arrays.pop("events"),
    "another kind of number": lambda arrays: arrays.update(moves=arrays["moves"].astype(np.int32)),
    "too few choices": lambda arrays: arrays.update(choices=arrays["choices"][1:]),
    "too few points": lambda arrays: arrays.update(shares=arrays["shares"][:, 1:].copy()),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_lesson_that_is_not_sound_is_named_and_left_out(
    run: Path, tmp_path: Path, what: str
) -> None:
    (tmp_path / "lessons").mkdir()
    arrays = safetensors.numpy.load_file(run / "lessons" / "000003-0.safetensors")
    arrays = {name: array.copy() for name, array in arrays.items()}
    DAMAGE[what](arrays)
    safetensors.numpy.save_file(arrays, tmp_path / "lessons" / "000003-0.safetensors")
    lessons, listener = read(tmp_path, keep=1)
    assert lessons == []
    (said,) = listener.said
    assert "the lesson of iteration 3 is left out" in said
    assert "not a lesson on 5x5 boards" in said


@pytest.mark.parametrize(("data", "why"), [(b"nothing", "000003-0"), (None, "No such file")])
def test_a_lesson_that_cannot_be_read_is_named_and_left_out(
    run: Path, judge: Path, tmp_path: Path, data: bytes | None, why: str
) -> None:
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "000003-0.safetensors"
    if data is not None:
        path.write_bytes(data)
    lessons, listener = read(tmp_path, keep=1)
    assert lessons == []
    (said,) = listener.said
    assert why in said
