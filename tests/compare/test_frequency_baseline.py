"""Who never looks: the same answer to everything, scored like a network."""

import json
from math import log
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.tiny_games import write_games

from gopolicy.__main__ import main
from gopolicy.compare.frequency_baseline import FrequencyBaseline, shares_of
from gopolicy.compare.go_subject import GoOptions, GoSubject, open_go_subject
from gopolicy.evaluation.accuracy import evaluate_positions
from gopolicy.go.symmetry import symmetry_table


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> GoSubject:
    folder = tmp_path_factory.mktemp("data")
    write_games(folder / "games", 24)
    words = ["prepare", str(folder / "games"), "--out", str(folder / "store"), "--size", "9"]
    assert main([*words, "--validation", "0.4"]) == 0
    return open_go_subject(folder / "store", GoOptions(planes="alphago4", measured_positions=200))


class Seeing:
    """The blind one, asked like a network."""

    plane_set, size = "alphago4", 9

    def __init__(self, blind: FrequencyBaseline) -> None:
        self.log_probabilities = blind.log_probabilities


def test_the_blind_score_what_evaluating_them_gives(subject: GoSubject) -> None:
    blind, guesser = subject.blind(), subject.guesser()
    report = evaluate_positions(Seeing(guesser), subject.store.table, subject._measured)
    assert blind.examples == report.positions == sum(blind.units.counts) > 50
    assert blind.nll == pytest.approx(report.nll, rel=1e-5)
    assert sum(blind.units.nats) == pytest.approx(report.positions * blind.nll)


def test_the_blind_know_how_often_points_are_played_in_training(subject: GoSubject) -> None:
    store = subject.store
    counts = np.ones(81)
    turns = symmetry_table(9)
    for game in store.split("train").games:
        first, last = store.table.event_offsets[game : game + 2]
        for event in store.table.events[first:last]:
            if event & 0x3FF < 81:
                np.add.at(counts, turns[:, event & 0x3FF], 1)
    assert subject.guesser().shares == pytest.approx(counts / counts.sum())


def test_figures_are_those_of_a_slow_count() -> None:
    blind = FrequencyBaseline(shares_of(np.array([0, 0, 0, 1, 2, 2]), 4))
    assert blind.shares == pytest.approx([0.4, 0.2, 0.3, 0.1])
    found = blind.measured(np.array([0, 3, 2, 0]), np.array([0, 0, 2, 2]))
    assert found.units.counts == [2, 2]
    assert found.units.hits == [1, 1]
    assert found.units.nats == pytest.approx([-log(0.4) - log(0.1), -log(0.3) - log(0.4)])
    assert (found.top1, found.top5) == (0.5, 1.0)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for part, count in (("train", 20), ("test", 6)):
        for label in range(2):
            folder = tmp_path / "set" / part / f"class{label}"
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.full((12, 12), 90 * label + number, np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "set"


def test_other_test_pictures_are_not_measured_by_old_figures(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--digits", str(pictures), "--out", str(tmp_path / "out"), "--device"]
    words += ["cpu", "--networks", "dense", "--match", "parameters", "--epochs", "1", "--seeds"]
    words += ["1", "--learning-rates", "0.01", "--batch-size", "8", "--json"]
    capsys.readouterr()
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)["groups"][0]
    assert found["blind"]["top1"] == 0.5
    (pictures / "test" / "class1" / "3.png").unlink()
    assert main(words) == 1
    assert "was made with test pictures" in capsys.readouterr().err


def test_pictures_are_left_out_of_studies_about_games(
    subject: GoSubject, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--data", str(subject.store.path), "--digits", str(pictures), "--out"]
    words += [str(tmp_path / "out"), "--study", "same-pattern", "--positions", "16", "--device"]
    words += ["cpu", "--sweep-positions", "8", "--learning-rates", "0.01", "--batch-size", "8"]
    words += ["--planes", "alphago4", "--filters", "4", "--layers", "2", "--seeds", "1"]
    words += ["--networks", "alphago", "--set", "memory_format=contiguous"]
    assert main(words) == 0
    assert "the pictures are left out" in capsys.readouterr().err
    assert (tmp_path / "out" / "same-pattern.png").exists()
