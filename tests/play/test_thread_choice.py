"""A bot finds its number of threads by trying; time here is what a made-up machine says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gopolicy import cores
from gopolicy.nets import thread_trial
from gopolicy.play.bot import Bot, BotOptions
from gopolicy.play.thread_choice import ThreadChoice


class Machine:
    """A look takes so many seconds with so many threads."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds, self.now = seconds, 0.0

    def perf_counter(self) -> float:
        return self.now

    def look(self) -> None:
        self.now += self.seconds[torch.get_num_threads()]


@pytest.fixture(autouse=True)
def threads_again() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def choice(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float]
) -> tuple[ThreadChoice, Machine, list[str]]:
    machine: Any = Machine(seconds)
    said: list[str] = []
    monkeypatch.setattr(cores, "usable_cores", lambda: max(seconds))
    monkeypatch.setattr(thread_trial, "time", machine)
    return ThreadChoice(machine.look, said.append), machine, said


@pytest.mark.parametrize(
    ("seconds", "best"),
    [({1: 0.04, 2: 0.4}, 1), ({1: 0.04, 2: 0.02}, 2), ({1: 0.04, 2: 0.038}, 1)],
    ids=["busy", "idle", "hardly faster"],
)
def test_more_threads_are_taken_where_they_are_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float], best: int
) -> None:
    _, _, said = choice(monkeypatch, seconds)
    assert torch.get_num_threads() == best
    words = {1: "1 thread", 2: "2 threads"}[best]
    listed = ", ".join(f"{count}: {1000 * each:.0f} ms" for count, each in seconds.items())
    assert said == [f"computing with {words} (by threads: {listed})"]


def test_all_are_tried_again_once_looks_take_twice_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, machine, said = choice(monkeypatch, {1: 0.04, 2: 0.02})
    found.timed(0.02)
    machine.seconds = {1: 0.05, 2: 1.0}
    for _ in range(14):
        found.timed(1.0)
    assert len(said) == 1  # a moment's trouble changes nothing
    found.timed(1.0)
    assert len(said) == 2
    assert torch.get_num_threads() == 1


def test_one_core_has_nothing_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    found, machine, said = choice(monkeypatch, {1: 0.04})
    for _ in range(100):
        found.timed(1.0)
    assert (machine.now, said) == (0.0, [])


def test_a_bot_tries_unless_it_is_told(monkeypatch: pytest.MonkeyPatch, tiny_weights: Path) -> None:
    said: list[str] = []
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    options = {"weights": str(tiny_weights), "device": "cpu", "remark": said.append}
    Bot(BotOptions(threads=2, **options))  # type: ignore[arg-type]
    assert (torch.get_num_threads(), said) == (2, [])
    Bot(BotOptions(**options))  # type: ignore[arg-type]
    assert [line.partition(" thread")[0] for line in said] in (
        ["computing with 1"],
        ["computing with 2"],
    )
