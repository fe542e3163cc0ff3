"""The number of threads is found on the work itself; time here is what a made-up policy says."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gopolicy import cores
from gopolicy.cli import thread_switch
from gopolicy.cli.thread_switch import ThreadSwitch

BATCH = np.zeros((100, 4, 5, 5), np.int8)


class Machine:
    """A policy that computes so many positions per second with so many threads."""

    plane_set, size = "alphago4", 5

    def __init__(self, rates: dict[int, float]) -> None:
        self.rates, self.now = rates, 0.0
        self.threads: list[int] = []

    def perf_counter(self) -> float:
        return self.now

    def log_probabilities(self, planes_bcnn: NDArray[np.int8]) -> NDArray[np.float32]:
        self.threads.append(torch.get_num_threads())
        self.now += len(planes_bcnn) / self.rates[self.threads[-1]]
        return np.full((len(planes_bcnn), 25), len(self.threads), np.float32)


@pytest.fixture(autouse=True)
def threads_again() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def switch(
    monkeypatch: pytest.MonkeyPatch, rates: dict[int, float]
) -> tuple[ThreadSwitch, Machine, list[str]]:
    machine: Any = Machine(rates)
    said: list[str] = []
    monkeypatch.setattr(cores, "usable_cores", lambda: max(rates))
    monkeypatch.setattr(thread_switch, "time", machine)
    return ThreadSwitch(machine, said.append), machine, said


@pytest.mark.parametrize(("rates", "best"), [({1: 637.0, 2: 85.0}, 1), ({1: 100.0, 2: 190.0}, 2)])
def test_the_faster_number_of_threads_stays(
    monkeypatch: pytest.MonkeyPatch, rates: dict[int, float], best: int
) -> None:
    asked, machine, said = switch(monkeypatch, rates)
    answers = [asked.log_probabilities(BATCH)[0, 0] for _ in range(7)]
    assert answers == [1, 2, 3, 4, 5, 6, 7]
    assert machine.threads == [2, 2, 1, 2, best, best, best]
    listed = ", ".join(f"{count}: {rate:.0f}" for count, rate in rates.items())
    words = {1: "1 thread", 2: "2 threads"}[best]
    assert said == [f"computing with {words} (positions/s by threads: {listed})"]


def test_all_numbers_are_tried_again_once_the_speed_has_halved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, machine, said = switch(monkeypatch, {1: 10.0, 2: 20.0})
    for _ in range(6):
        asked.log_probabilities(BATCH)
    machine.rates = {1: 9.0, 2: 2.0}
    while len(said) < 3:
        asked.log_probabilities(BATCH)
        assert len(machine.threads) < 20
    assert machine.threads[-1] == 2
    assert torch.get_num_threads() == 1
    assert said[1] == "only 2 positions/s by now: trying other numbers of threads"


def test_one_core_has_nothing_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, machine, said = switch(monkeypatch, {1: 10.0})
    torch.set_num_threads(1)
    for _ in range(5):
        asked.log_probabilities(BATCH)
    assert machine.threads == [1] * 5
    assert said == []
