"""The chart and the page in the folder of a run."""

import io
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from reference.fake_source import FakeSource

from gopolicy.training.config import TrainConfig, override
from gopolicy.training.loop import train_task
from gopolicy.training.run_report import draw_progress, read_log, write_run_report
from gopolicy.training.task import Task
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = override(
    TrainConfig(planes="fake", warmup=8),
    [
        *("filters=4", "layers=3", "positions=48", "batch_size=8", "log_every=8"),
        *("validation_every=16", "precision=fp32", "memory_format=channels_last"),
    ],
)


def run(out: Path) -> None:
    world = World(torch.device("cpu"))
    train_task(Task(config=TINY, source=FakeSource(), out=out, world=world))


def test_a_complete_run_has_a_page_with_its_measurements(tmp_path: Path) -> None:
    run(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "This run is complete" in page
    assert 'http-equiv="refresh"' not in page
    for entry in read_log(tmp_path)["validation"]:
        assert f"{entry['nll']:.4f}" in page
    assert "filters=4" in page
    with Image.open(tmp_path / "progress.png") as picture:
        assert picture.width > 900


def test_damaged_entries_of_the_log_are_left_out(tmp_path: Path) -> None:
    run(tmp_path)
    sound = read_log(tmp_path)
    with (tmp_path / "metrics.jsonl").open("a") as log:
        for entry in ({"kind": "train", "positions": 50}, {"kind": "other", "positions": 50}):
            log.write(json.dumps(entry) + "\n")
        log.write(json.dumps(sound["validation"][0] | {"nll": None}) + "\n")
    assert read_log(tmp_path) == sound
    write_run_report(tmp_path, complete=True)


def test_the_page_of_a_run_that_goes_on_loads_itself_again(tmp_path: Path) -> None:
    run(tmp_path)
    page = write_run_report(tmp_path, complete=False).read_text()
    assert 'http-equiv="refresh"' in page
    assert "not complete yet" in page


def test_a_page_escapes_what_files_say(tmp_path: Path) -> None:
    run(tmp_path)
    description = json.loads((tmp_path / "run.json").read_text())
    description["store_path"] = "<script>alert(1)</script>"
    (tmp_path / "run.json").write_text(json.dumps(description))
    assert "<script>" not in write_run_report(tmp_path, complete=True).read_text()


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_logs_of_any_length_are_drawn(count: int) -> None:
    learned = [
        {"positions": 8 * k, "loss": 5.0 / (k + 1), "top1": 0.1, "lr": 0.01} for k in range(count)
    ]
    measured = [{"positions": 16, "top1": 0.1, "nll": 4.0}] * (count > 0)
    picture = Image.open(io.BytesIO(draw_progress(learned, measured, "top-1")))
    colors = picture.convert("RGB").getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 10


def test_figures_that_no_chart_can_show_are_left_out(tmp_path: Path) -> None:
    run(tmp_path)
    before = read_log(tmp_path)
    with (tmp_path / "metrics.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(before["train"][-1] | {"lr": float("inf")}) + "\n")
        log.write(json.dumps(before["train"][-1] | {"loss": 10**400}) + "\n")
    assert read_log(tmp_path) == before
