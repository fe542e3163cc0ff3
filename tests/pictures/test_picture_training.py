"""Training on pictures, and what having learned other classes is worth."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference.image_networks import image_network
from reference.made_pictures import bars

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.network_settings import ImageSettings
from gopolicy.pictures.open_pictures import Pictures
from gopolicy.pictures.picture_accuracy import judge_pictures, log_probabilities
from gopolicy.pictures.picture_networks import build_image_network, learn_only, with_new_top
from gopolicy.pictures.picture_run import PictureRun
from gopolicy.pictures.picture_set import PictureSet, hold_out
from gopolicy.pictures.picture_training import PicturePlan, _moved, measure_pictures, train_pictures
from gopolicy.pictures.picture_weights import load_image
from gopolicy.pictures.transfer import WAYS, TransferPlan, mean_of, try_transfer
from gopolicy.progress import Silent
from gopolicy.training.divergence import TrainingError
from gopolicy.training.interruption import StopRequest

SHAPE = PictureShape(1, 12, 12)
SMALL = ImageSettings(filters=8, units=16)
PLAN = PicturePlan(epochs=12, batch_size=16, lr=0.01)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


def accuracy(network: ImageNetwork, pictures: PictureSet) -> float:
    return judge_pictures(log_probabilities(network, pictures.pixels), pictures).accuracy


def test_a_network_learns_what_it_has_not_seen() -> None:
    train, test = hold_out(bars(60), 0.25)
    network = image_network(SHAPE, 3, SMALL)
    before = accuracy(network, test)
    history = train_pictures(network, train, PLAN)
    assert before < 0.7
    assert accuracy(network, test) > 0.9
    assert history[-1].loss < history[0].loss / 4
    assert [epoch.number for epoch in history] == list(range(1, 13))


def test_wrong_labels_teach_nothing() -> None:
    train, test = hold_out(bars(60), 0.25)
    generator = np.random.default_rng(1)
    shuffled = replace(train, labels=generator.permutation(train.labels))
    network = image_network(SHAPE, 3, SMALL)
    train_pictures(network, shuffled, replace(PLAN, epochs=3))
    assert accuracy(network, test) < 0.7


def test_the_same_seed_learns_the_same() -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(2)
        networks.append(image_network(SHAPE, 3, SMALL))
        train_pictures(networks[-1], bars(10), replace(PLAN, epochs=2, shift=1))
    one, two = (network.state_dict() for network in networks)
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_frozen_layers_stay_as_they_are() -> None:
    network = with_new_top(image_network(SHAPE, 7, replace(SMALL, normalization="batch")), 3)
    learn_only(network, "top")
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    train_pictures(network, bars(10), replace(PLAN, epochs=1))
    changed = {
        key.split(".")[0] for key, t in network.state_dict().items() if not t.equal(before[key])
    }
    assert changed == {"dense", "head"}


def test_a_request_ends_training_after_a_step() -> None:
    request, seen = StopRequest(), list[Any]()
    request.signal = 2
    network = image_network(SHAPE, 3, SMALL)
    history = train_pictures(network, bars(20), PLAN, request=request, after_epoch=seen.append)
    assert len(history) == 1
    assert history[0].pictures == 16
    assert seen == history


def test_a_request_at_the_very_end_of_an_epoch_loses_nothing(tmp_path: Path) -> None:
    request = StopRequest()

    class Impatient(Silent):
        def message(self, text: str) -> None:  # the last thing that happens in an epoch
            request.signal = 2

    train, test = hold_out(bars(10), 0.25)
    network = image_network(SHAPE, 3, SMALL)
    task = PictureRun(
        network=network, pictures=Pictures(train, test, "some"), plan=PLAN, out=tmp_path / "run"
    )
    found = task.run(torch.device("cpu"), request, Impatient())
    assert found["epochs"] == 1
    kept = load_image(tmp_path / "run").network.state_dict()
    assert all(torch.equal(kept[key], tensor) for key, tensor in network.state_dict().items())
    assert (tmp_path / "run" / "training.png").is_file()


def test_fewer_pictures_than_a_batch_are_one_batch() -> None:
    told = []

    class Counting(Silent):
        def start(self, label: str, total: int | None, unit: str) -> None:
            told.append(total)

        def advance(self, count: int = 1, **figures: object) -> None:
            told.append(count)

    network = image_network(SHAPE, 3, SMALL)
    history = train_pictures(network, bars(2), replace(PLAN, epochs=2), progress=Counting())
    assert [epoch.pictures for epoch in history] == [6, 12]
    assert told == [12, 6, 6]


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(ConfigError, match="got none"):
        train_pictures(image_network(SHAPE, 3, SMALL), bars(0), PLAN)


def test_a_run_that_diverges_is_no_success(tmp_path: Path) -> None:
    train, test = hold_out(bars(10), 0.25)
    network = image_network(SHAPE, 3, SMALL)
    plan = replace(PLAN, lr=1000.0)
    pictures = Pictures(train, test, "some")
    task = PictureRun(network=network, pictures=pictures, plan=plan, out=tmp_path / "run")
    ended = []

    class Ending(Silent):
        def finish(self) -> None:
            ended.append(True)

    with pytest.raises(TrainingError, match="lower lr"):
        task.run(torch.device("cpu"), StopRequest(), Ending())
    assert ended == [True]  # the message stands on a line of its own
    assert not (tmp_path / "run").exists()


def test_transfer_that_diverges_is_no_result() -> None:
    train, test = hold_out(bars(10, classes=4), 0.25)
    plan = TransferPlan(
        per_class=2, repeats=2, first=PLAN, second=replace(PLAN, lr=1000.0, weight_decay=1000.0)
    )
    with pytest.raises(TrainingError, match="lower lr"):
        try_transfer(lambda n: image_network(SHAPE, n, SMALL), Pictures(train, test, ""), plan)


def test_pictures_are_moved_and_nothing_else() -> None:
    pixels = torch.zeros(200, 2, 9, 9, dtype=torch.uint8)
    pixels[:, 0, 4, 4], pixels[:, 1, 5, 3] = 7, 9
    moved = _moved(pixels, 2, torch.Generator().manual_seed(1))
    first, second = (moved[:, channel].flatten(1) for channel in (0, 1))
    assert (first.sum(1) == 7).all()
    assert (second.sum(1) == 9).all()
    rows, columns = first.argmax(1) // 9, first.argmax(1) % 9
    assert set(rows.tolist()) == set(columns.tolist()) == {2, 3, 4, 5, 6}
    assert (second.argmax(1) - first.argmax(1) == 9 - 1).all()  # both channels move alike


@pytest.mark.parametrize(
    ("shape", "classes", "message"),
    [((1, 12, 13), 3, "1x12x13, got 1x12x12"), ((1, 12, 12), 4, "4 classes, got 3")],
)
def test_pictures_that_do_not_fit_are_refused(
    shape: tuple[int, int, int], classes: int, message: str
) -> None:
    network = image_network(PictureShape(*shape), classes, SMALL)
    with pytest.raises(ConfigError, match=message):
        train_pictures(network, bars(2), PLAN)


def test_a_network_without_its_top_is_refused_by_what_to_change() -> None:
    pictures = replace(bars(2), pixels=np.zeros((6, 3, 32, 32), np.uint8))
    network = build_image_network("mobilenet", PictureShape(3, 32, 32), 3, {"include_top": False})
    with pytest.raises(ConfigError, match="without its top tells no classes; leave include_top"):
        train_pictures(network, pictures, PLAN)


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"lr": 0.0}, {"lr": float("inf")}, {"shift": -1}, {"batch_size": 0}]
)
def test_impossible_plans_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        PicturePlan(**wrong)


def test_transfer_measures_every_way_on_classes_not_learned_before() -> None:
    train, test = hold_out(bars(40, classes=4), 0.25)
    sizes = []

    def build(classes: int) -> ImageNetwork:
        sizes.append(classes)
        return image_network(SHAPE, classes, SMALL)

    plan = TransferPlan(
        per_class=3, repeats=2, first=replace(PLAN, epochs=6), second=replace(PLAN, epochs=10)
    )
    result = try_transfer(build, Pictures(train, test, ""), plan)
    assert sizes == [2] * 10
    for trial in result.trials:
        assert not set(trial.first) & set(trial.second)
        assert set(trial.first) | set(trial.second) == set(train.classes)
        assert set(trial.accuracy) == set(WAYS)
        assert all(0 <= value <= 1 for value in trial.accuracy.values())
        assert trial.first_accuracy > 0.8
    gains = [trial.accuracy["all"] - trial.accuracy["scratch"] for trial in result.trials]
    assert result.gain["all"].mean == pytest.approx(sum(gains) / 2)


def test_transfer_needs_classes_and_repeats() -> None:
    train, test = hold_out(bars(10), 0.25)
    plan = TransferPlan(first=PLAN, second=PLAN)
    with pytest.raises(ConfigError, match="4 classes"):
        try_transfer(lambda n: image_network(SHAPE, n, SMALL), Pictures(train, test, ""), plan)
    with pytest.raises(ConfigError, match="2 repeats"):
        replace(plan, repeats=1)


def test_transfer_from_more_pictures_than_there_are_is_refused_before_training() -> None:
    train, test = hold_out(bars(10, classes=4), 0.25)
    plan = TransferPlan(per_class=9, repeats=2, first=PLAN, second=PLAN)
    with pytest.raises(ConfigError, match="class lying has 8 pictures to train on, expected 9"):
        try_transfer(lambda n: pytest.fail("built"), Pictures(train, test, ""), plan)


def test_intervals_hold_the_mean_as_often_as_they_say() -> None:
    generator = np.random.default_rng(1)
    for count in (3, 10, 40):
        hits = 0
        for _ in range(2000):
            low, high = mean_of(generator.normal(5, 2, count).tolist()).interval
            hits += low <= 5 <= high
        assert hits / 2000 == pytest.approx(0.95, abs=0.02)


def test_figures_by_hand() -> None:
    pictures = PictureSet(np.zeros((4, 1, 1, 1), np.uint8), np.array([0, 0, 1, 2]), ("a", "b", "c"))
    probability = np.array(
        [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.5, 0.1, 0.4]], np.float32
    )
    report = judge_pictures(np.log(probability), pictures)
    assert report.accuracy == 0.5
    assert report.confusion == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert [(f.pictures, f.recall, f.precision) for f in report.by_class] == [
        (2, 0.5, 0.5), (1, 1.0, 0.5), (1, 0.0, None)
    ]  # fmt: skip
    assert report.nll == pytest.approx(-np.log([0.7, 0.3, 0.8, 0.4]).mean(), rel=1e-6)
    assert report.top5 == 1.0
    low, high = report.interval
    assert low < 0.5 < high


def test_only_the_five_most_probable_count_for_top5() -> None:
    labels = np.array([5, 4])
    names = tuple("abcdef")
    pictures = PictureSet(np.zeros((2, 1, 1, 1), np.uint8), labels, names)
    row = np.array([0.3, 0.25, 0.2, 0.1, 0.1, 0.05], np.float32)
    assert judge_pictures(np.log(np.stack([row, row])), pictures).top5 == 0.5


def test_far_and_equal_classes_are_not_counted_as_found() -> None:
    labels = np.array([0, 5, 11])
    names = tuple("abcdefghijkl")
    pictures = PictureSet(np.zeros((3, 1, 1, 1), np.uint8), labels, names)
    logits = np.stack([np.zeros(12), np.zeros(12), -1000.0 * np.arange(12)])
    logs = logits - np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True))
    report = judge_pictures(logs.astype(np.float32), pictures)
    assert report.accuracy == report.top5 == pytest.approx(1 / 3)
    assert report.nll == pytest.approx((2 * np.log(12) + 11000) / 3)


def test_probabilities_do_not_depend_on_the_batch() -> None:
    network = image_network(SHAPE, 3, SMALL)
    pixels = bars(5).pixels
    one, many = (np.exp(log_probabilities(network, pixels, batch_size=k)) for k in (1, 15))
    assert np.allclose(one, many, atol=1e-6)
    assert np.allclose(many.sum(1), 1, atol=1e-5)


def test_finite_weights_that_answer_no_numbers_give_no_figures() -> None:
    network = image_network(SHAPE, 3, SMALL)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(3e38)
    with pytest.raises(WeightsError, match="answers with numbers that are not finite"):
        log_probabilities(network, bars(2).pixels)
    with pytest.raises(TrainingError, match="lower lr"):
        measure_pictures(network, bars(2), torch.device("cpu"))
