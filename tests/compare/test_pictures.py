"""The same comparison on pictures, and what the board and pictures say together."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.fake_subject import measured, trial_result
from reference.made_pictures import bars

from gopolicy.__main__ import main
from gopolicy.compare import picture_subject
from gopolicy.compare.findings import contrast, moved_pictures
from gopolicy.compare.matching import Cost
from gopolicy.compare.network_spec import Group, NetworkSpec
from gopolicy.compare.picture_subject import PictureOptions, PictureSubject, shift
from gopolicy.compare.results import ResultRow, Results
from gopolicy.compare.sweep import Sweep
from gopolicy.pictures.picture_accuracy import probabilities
from gopolicy.pictures.picture_weights import load_image
from gopolicy.training.divergence import TrainingError

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bars")
    for part, per_class, seed in (("train", 40, 1), ("test", 15, 2)):
        pictures = bars(per_class, 14, seed=seed)
        for number, (pixels, label) in enumerate(
            zip(pictures.pixels, pictures.labels, strict=True)
        ):
            folder = root / part / pictures.classes[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[0]).save(folder / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def done(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    words = ["compare", "--digits", str(source), "--out", str(out), "--study"]
    words += ["networks,subsampling", "--match", "parameters", "--epochs", "2", "--seeds", "1"]
    words += ["--learning-rates", "0.01", "--batch-size", "16", "--device", "cpu"]
    words += ["--set", "image.filters=4", "--set", "image.units=10"]
    assert main(words) == 0
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_pictures_are_compared_like_games(done: Path) -> None:
    found = rows(done / "results.csv")
    assert [row["title"] for row in found] == [
        "image",
        "dense",
        "max pooling",
        "stride 2",
        "no subsampling",
        "one mean per filter",
        "max pooling, as many parameters as without",
    ]
    assert {row["examples"] for row in found} == {str(2 * (108 // 16) * 16)}
    parameters = {row["title"]: int(row["parameters"]) for row in found}
    assert parameters["max pooling"] == parameters["stride 2"] < parameters["no subsampling"]
    assert parameters["image"] == parameters["max pooling"]
    for name in ("equal-parameters-by-shift.png", "subsampling-by-shift.png", "index.html"):
        assert (done / name).stat().st_size > 1000
    assert len(list((done / "runs" / "pictures").iterdir())) == 6  # image and max pooling are one


def test_pictures_that_are_not_moved_are_the_pictures(done: Path) -> None:
    top1 = {(r["group"], r["title"]): float(r["top1"]) for r in rows(done / "results.csv")}
    parts = rows(done / "parts.csv")
    assert {row["pixels"] for row in parts} == set("01234")
    assert "hits" not in parts[0]
    for row in parts:
        if row["pixels"] == "0":
            assert float(row["top1"]) == pytest.approx(top1[row["group"], row["title"]])


def test_kept_weights_give_the_kept_figures(done: Path, source: Path) -> None:
    subject = PictureSubject(str(source), PictureOptions())
    for folder in done.glob("runs/pictures/*/seed-1"):
        kept = json.loads((folder / "result.json").read_text())["outcome"]["measured"]
        network = load_image(folder / "weights").network
        hits = probabilities(network, subject.test.pixels).argmax(1) == subject.test.labels
        assert kept["units"]["hits"] == hits.astype(int).tolist()
        assert kept["top1"] == pytest.approx(hits.mean())


def test_tuning_pictures_are_neither_trained_on_nor_measured_on(source: Path) -> None:
    subject = PictureSubject(str(source), PictureOptions())
    parts = [
        {picture.tobytes() for picture in part.pixels}
        for part in (subject.train, subject.tuning, subject.test)
    ]
    assert all(parts)
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_a_moved_picture_is_the_picture_elsewhere() -> None:
    picture = np.arange(1, 26, dtype=np.uint8).reshape(1, 1, 5, 5)
    moved = shift(picture, 1, -2)
    assert moved[0, 0, 1:, :3].tolist() == picture[0, 0, :4, 2:].tolist()
    assert moved[0, 0, 0].sum() == moved[0, 0, :, 3:].sum() == 0
    assert (shift(picture, 0, 0) == picture).all()
    assert not shift(picture, 5, 0).any()
    assert not shift(picture, 0, -9).any()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--networks", "image,alphago"], "no network for pictures called 'alphago'"),
        (["--study", "small-patterns"], "needs games of Go: give --data"),
        (["--measured-positions", "zzz"], "--measured-positions is about games: give --data"),
        (["--positions", "9"], "--positions is about games: give --data"),
        (["--layers", "9"], "--layers is about games: give --data"),
        (["--planes", "stones"], "--planes is about games: give --data"),
        (["--set", "clip_norm=2"], "clip_norm is about games: give --data"),
        (["--learning-rates", "1e30,2e30"], "expected lr above 0"),
        (["--digits", "nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_one_clear_line(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    out = str(tmp_path / "out")
    assert main(["compare", "--digits", str(source), "--out", out, *more]) == 1
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_training_that_diverges_at_every_rate_is_one_clear_line(
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def diverged(*_: object) -> None:
        raise TrainingError("the answers are no numbers any more")

    monkeypatch.setattr(picture_subject, "measure_pictures", diverged)
    words = ["--out", str(tmp_path / "out"), "--learning-rates", "0.01,0.02"]
    assert main(["compare", "--digits", str(source), *words]) == 1
    assert "diverged at every learning rate tried (0.005" in capsys.readouterr().err


def test_nothing_to_train_on_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--out", str(tmp_path)]) == 1
    assert "give --data, --digits or both" in capsys.readouterr().err


def row(title: str, level: int, moved: int) -> ResultRow:
    """Return a network that finds level of 50 in each of 40 units, less when moved."""
    figures = measured([level] * 20 + [level + 1] * 20, [1.0] * 40)
    shifts = [
        {"pixels": k, "top1": hits / 50, "hits": [hits] * 40, "of": 50}
        for k, hits in enumerate([level] + [moved] * 4)
    ]
    figures.by_shift.extend(shifts)
    return ResultRow(
        spec=NetworkSpec(title=title, network="image"),
        cost=Cost(parameters=1, multiply_adds=1),
        sweep=Sweep(nll={0.1: 1.0}),
        trial_results=(trial_result(figures),),
    )


def results(*found: ResultRow) -> Results:
    specs = tuple(r.spec for r in found)
    group = Group(
        key="subsampling", title="S", question="?", specs=specs, reference=specs[-1].title
    )
    return Results(group=group, rows=found, blind=measured([5] * 40, [2.0] * 40))


def test_what_hurts_and_what_helps_follows_the_numbers() -> None:
    go = results(row("max pooling", 10, 10), row("none", 20, 20))
    pictures = results(row("max pooling", 40, 35), row("none", 40, 30))
    (said,) = contrast(go, pictures)
    assert said.startswith("max pooling hurts on the board (-20.00 points")
    assert "makes no clear difference on pictures as they are (+0.00 points" in said
    assert "and helps on pictures moved by 2 pixels (+10.00 points" in said
    (said,) = contrast(
        results(row("max pooling", 30, 10), row("none", 20, 20)),
        results(row("max pooling", 30, 20), row("none", 40, 30)),
    )
    assert said.startswith("max pooling helps on the board (+20.00 points")
    assert "hurts on pictures as they are (-20.00 points" in said
    assert "hurts on pictures moved by 2 pixels (-20.00 points" in said


def test_moved_pictures_in_words() -> None:
    pictures = results(row("max pooling", 40, 35), row("none", 40, 30))
    said = moved_pictures(pictures, *pictures.rows)
    assert said.startswith("Top-1 of max pooling on moved pictures, against none: by 1 px 70.0")
    assert "by 4 px 70.0 % (+10.0 points, +10.0 to +10.0)" in said
