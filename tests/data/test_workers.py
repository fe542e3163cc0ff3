"""Ordered work over processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gopolicy.cores import usable_cores
from gopolicy.data.workers import ordered_map
from gopolicy.errors import GoPolicyError


def square(x: int) -> int:
    return x * x


def die_at_nine(x: int) -> int:
    if x == 9:
        os._exit(3)
    return x


def fail_at_nine(x: int) -> int:
    if x == 9:
        raise ValueError("nine")
    return x


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("count", [0, 3, 4, 5, 40])
def test_results_come_in_the_order_of_the_work(processes: int, count: int) -> None:
    expected = [x * x for x in range(count)]
    assert list(ordered_map(square, range(count), processes)) == expected


def test_little_work_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopolicy.data.workers.ProcessPoolExecutor", None)
    assert list(ordered_map(square, range(4), 8)) == [0, 1, 4, 9]


def test_a_dead_worker_is_one_clear_error() -> None:
    with pytest.raises(GoPolicyError, match="worker process ended unexpectedly"):
        list(ordered_map(die_at_nine, range(12), 2))


def test_an_error_in_a_worker_is_raised_here() -> None:
    with pytest.raises(ValueError, match="nine"):
        list(ordered_map(fail_at_nine, range(12), 2))


def test_at_least_one_core_is_usable() -> None:
    assert usable_cores() >= 1


SLEEPER = """
import os, time
from gopolicy.data.workers import ordered_map
if __name__ == "__main__":
    import sys
    sys.path.insert(0, {folder!r})
    from sleeper_work import work
    for pid in ordered_map(work, iter(range(100)), 2, inline=0):
        print(pid, flush=True)
"""
WORK = "import os, time\ndef work(x):\n    time.sleep(0.2)\n    return os.getpid()\n"


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "sleeper_work.py").write_text(WORK)
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER.format(folder=str(tmp_path)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if _is_zombie(worker):
            return
        time.sleep(0.05)
    pytest.fail("the worker lives on")


def _is_zombie(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False
