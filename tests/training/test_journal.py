"""What a run logs, and what happens when logging fails."""

import threading
from pathlib import Path

import pytest

from gopolicy.errors import ConfigError
from gopolicy.training.journal import MAX_LOG, Journal, read_run


def fail_in_a_thread(error: Exception) -> None:
    def work() -> None:
        raise error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_full_disk_in_the_background_is_not_told_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda error: seen.append(error.exc_type))
    usual = threading.excepthook
    journal = Journal(tmp_path, 0)
    fail_in_a_thread(OSError("No space left on device"))
    fail_in_a_thread(ZeroDivisionError("a bug"))
    journal.close()
    assert seen == [ZeroDivisionError]
    assert threading.excepthook is usual


def test_entries_after_the_checkpoint_are_dropped_when_a_run_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 0)
    for positions in (10, 20, 30):
        journal.write("train", positions, {"loss": 1.0})
    journal.close()
    with (tmp_path / "metrics.jsonl").open("a") as log:
        log.write('{"kind": "train", "posi')
    Journal(tmp_path, 20).close()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [line for line in lines if '"positions": 30' in line or not line.endswith("}")] == []
    assert len(lines) == 2


def test_a_spoilt_log_does_not_keep_a_run_from_going_on(tmp_path: Path) -> None:
    good = '{"kind": "train", "positions": 10}\n'
    huge = b'{"kind": "train", "positions": 1' + bytes([48]) * 400 + b"}\n"
    (tmp_path / "metrics.jsonl").write_bytes(b"\0\0\xff\n[1]\nnonsense}\n" + good.encode() + huge)
    Journal(tmp_path, 20).close()
    assert (tmp_path / "metrics.jsonl").read_text() == good


def test_a_huge_log_is_left_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "metrics.jsonl").open("wb") as file:
        file.truncate(MAX_LOG + 1)
    with pytest.raises(ConfigError, match=r"metrics\.jsonl: cannot be read \(it has 1,073,741,825"):
        Journal(tmp_path, 0)
    assert (tmp_path / "metrics.jsonl").stat().st_size == MAX_LOG + 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "[" * 100_000], ids=range(5))
def test_a_damaged_description_of_a_run_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ConfigError, match=r"run\.json"):
        read_run(tmp_path)
