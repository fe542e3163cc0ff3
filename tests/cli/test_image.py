"""``gopolicy image``, action by action, on pictures made here."""

import json
import shutil
import signal
import subprocess
import sys
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from reference.made_pictures import bars

from gopolicy.__main__ import main
from gopolicy.nets.network import PictureShape
from gopolicy.nets.weight_info import shipped_root, shipped_weights
from gopolicy.nets.weights import load_weights
from gopolicy.pictures.picture_networks import build_image_network
from gopolicy.pictures.picture_set import PictureSet
from gopolicy.pictures.picture_weights import describe_image, load_image, save_image
from gopolicy.pictures.transfer import (
    WAYS,
    Mean,
    TransferResult,
    TransferTrial,
    write_transfer_chart,
)
from gopolicy.pictures.zoo import zoo_network

pytestmark = pytest.mark.usefixtures("one_thread")


def write(root: Path, pictures: PictureSet, start: int = 0) -> None:
    for number, (picture, label) in enumerate(zip(pictures.pixels, pictures.labels, strict=True)):
        folder = root / pictures.classes[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[0]).save(folder / f"{start + number}.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of pictures with a folder per class."""
    root = tmp_path_factory.mktemp("pictures")
    write(root, bars(40))
    return root


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return a trained run and what training printed."""
    out = tmp_path_factory.mktemp("runs") / "run"
    command = [
        "image",
        "train",
        "--data",
        folder,
        "--out",
        out,
        "--set",
        "filters=8",
        "--epochs",
        10,
    ]
    done = gopolicy(*command, "--batch-size", 16, "--lr", 0.01, "--json")
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def gopolicy(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gopolicy", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_the_table_lists_every_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["image", "--list", "--json"]) == 0
    rows = {row["name"]: row for row in printed(capsys)["networks"]}
    assert rows["image"]["parameters"] == 137_660
    assert rows["vgg16"] == {
        "name": "vgg16",
        "title": "VGG16",
        "parameters": 138_357_544,
        "trainable": 138_357_544,
        "depth": 23,
        "weighted_layers": 16,
        "input": [3, 224, 224],
        "classes": 1000,
        "bytes": 4 * 138_357_544,
    }
    assert {name: rows[name]["depth"] for name in ("xception", "resnet50", "mobilenet")} == {
        "xception": 126,
        "resnet50": 168,
        "mobilenet": 88,
    }
    assert len(rows) == 14


@pytest.mark.parametrize("what", ["image", "alphago"])
@pytest.mark.parametrize("ending", ["png", "svg", "dot"])
def test_a_network_is_drawn(
    what: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"x.{ending}"
    assert main(["image", "--plot", what, "--out", str(out), "--json"]) == 0
    found = printed(capsys)
    assert found["parameters"] == {"image": 137_660, "alphago": 3_882_793}[what]
    assert out.stat().st_size > 500


def test_a_trained_network_is_drawn(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.svg"
    assert main(["image", "--plot", str(trained[0]), "--out", str(out)]) == 0
    assert "pictures of 1x12x12 to 3 classes" in out.read_text()


@pytest.mark.parametrize("name", shipped_weights())
def test_every_shipped_network_is_drawn(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.svg"
    assert main(["image", "--plot", name, "--out", str(out), "--json"]) == 0
    assert printed(capsys)["parameters"] == load_weights(name).network.parameter_count
    assert ("maximum of the board" in out.read_text()) == name.startswith("alphago-res")


@pytest.mark.parametrize("what", ["alphago-64x8", "weights/alphago-64x8", "run"])
def test_a_trained_network_for_go_is_drawn(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shipped_root()
    given = {"weights/alphago-64x8": root / "alphago-64x8", "run": tmp_path / "run"}.get(what, what)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "weights").symlink_to(root / "alphago-64x8")
    out = tmp_path / "x.svg"
    assert main(["image", "--plot", str(given), "--out", str(out)]) == 0
    assert "planes of 19x19 to 361 points" in out.read_text()


def test_what_cannot_be_drawn_is_told_with_all_that_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["image", "--plot", "nothing", "--out", str(tmp_path / "x.png")]) == 1
    said = capsys.readouterr().err
    assert "no network or weight folder called 'nothing'" in said
    for name in ("alphago-res", "vgg16", *shipped_weights()):
        assert f" {name}" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected --list, --plot or an action"),
        (["--list", "--plot", "vgg16"], "not allowed with"),
        (["--list", "--out", "x.png"], "--out goes with --plot"),
        (["--list", "transfer", "--data", "digits"], "stand alone, without transfer"),
        (["--out", "x.png", "evaluate", "digits", "--weights", "w"], "without evaluate"),
        (["--out", "x.png", "train", "--data", "digits", "--out", "w"], "without train"),
        (["transfer", "--data", "digits", "--seed", "-1"], "whole number from 0"),
        (["train", "--data", "digits", "--out", "w", "--seed", str(2**64)], "whole number from 0"),
        (["transfer", "--data", "digits", "--chart", "/nope/c.png"], "does not exist"),
        (["transfer", "--data", "digits", "--chart", "."], "is a folder"),
        (["transfer", "--data", "digits", "--chart", "c.bmp"], "ends in .png, .svg, .pdf"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(
    words: Any, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["image", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("action", ["train", "evaluate", "predict", "transfer"])
def test_every_action_explains_itself(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["image", action, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"usage: gopolicy image {action}" in shown
    assert "archives" not in shown  # --skip-broken speaks of pictures here
    assert "examples:" in shown


def test_training_learns_and_says_how_well(trained: tuple[Path, dict[str, Any]]) -> None:
    out, found = trained
    assert found["accuracy"] > 0.85
    assert found["interval"][0] < found["accuracy"] <= found["interval"][1]
    assert found["complete"] is True
    assert found["classes"] == ["lying", "slanting", "standing"]
    info = load_image(out).info
    assert info.accuracy["accuracy"] == found["accuracy"]
    assert info.settings["filters"] == 8
    assert len((out / "training.csv").read_text().splitlines()) == 11
    with Image.open(out / "training.png") as chart:
        assert chart.width > 500


def test_a_run_is_not_overwritten(
    trained: tuple[Path, dict[str, Any]], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = trained
    assert main(["image", "train", "--data", str(folder), "--out", str(out)]) == 1
    assert "already holds a run" in capsys.readouterr().err


def test_evaluate_finds_what_training_said(
    trained: tuple[Path, dict[str, Any]],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, found = trained
    words = ["image", "evaluate", str(folder), "--weights", str(out)]
    assert main([*words, "--json", "--report", str(tmp_path / "report")]) == 0
    report = printed(capsys)
    assert report["accuracy"] == found["accuracy"]
    assert report["protocol"] == found["protocol"].partition(" on ")[2]
    assert report["pictures"] == 24
    assert sum(map(sum, report["confusion"])) == 24
    for name in ("confusion.png", "mistakes.png"):
        with Image.open(tmp_path / "report" / name) as picture:
            picture.load()
    assert main([*words, "--split", "all", "--json"]) == 0
    assert printed(capsys)["pictures"] == 120


def test_evaluate_says_where_the_data_are_others(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, bars(5, seed=9))
    assert main(["image", "evaluate", str(tmp_path), "--weights", str(trained[0])]) == 0
    assert "not the data it was trained on; the two may overlap" in capsys.readouterr().out


def test_evaluate_matches_classes_by_name(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = trained
    write(tmp_path / "two" / "train", bars(3).only([1, 2]))
    write(tmp_path / "two" / "test", bars(3, seed=9).only([1, 2]))
    words = ["image", "evaluate", str(tmp_path / "two"), "--weights", str(out), "--json"]
    assert main(words) == 0
    by_class = {row["name"]: row["pictures"] for row in printed(capsys)["by_class"]}
    assert by_class == {"lying": 0, "slanting": 3, "standing": 3}
    write(tmp_path / "two" / "train", bars(3, classes=4).only([3]))
    assert main(words) == 1
    assert "does not know the class 'empty'" in capsys.readouterr().err


def test_predict_names_pictures(
    trained: tuple[Path, dict[str, Any]], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = trained
    files = [str(next((folder / name).iterdir())) for name in ("lying", "standing")]
    assert main(["image", "predict", *files, "--weights", str(out), "--json", "--top", "2"]) == 0
    pictures = printed(capsys)["pictures"]
    assert [picture["classes"][0]["name"] for picture in pictures] == ["lying", "standing"]
    assert all(len(picture["classes"]) == 2 for picture in pictures)
    assert main(["image", "predict", files[0], "--weights", str(out)]) == 0
    assert "lying" in capsys.readouterr().out
    assert main(["image", "--json", "predict", files[0], "--weights", str(out)]) == 0
    assert len(printed(capsys)["pictures"]) == 1


def test_names_of_classes_steer_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "r\x1b[31mred\nblue"
    pictures = replace(bars(4), classes=(name, "b", "c"))
    write(tmp_path / "data", pictures)
    network = build_image_network("image", PictureShape(1, 12, 12), 3, {"filters": 2})
    weights = tmp_path / "weights"
    save_image(weights, network, describe_image(network, sorted(pictures.classes)))
    picture = next((tmp_path / "data" / "b").iterdir())
    for words in (["evaluate", str(tmp_path / "data")], ["predict", str(picture)]):
        assert main(["image", *words, "--weights", str(weights)]) == 0
        said = capsys.readouterr().out
        assert "r\\x1b[31mred blue"[:19] in said
        assert "\x1b" not in said


def test_of_equally_probable_classes_the_first_is_named(
    trained: tuple[Path, dict[str, Any]],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    loaded = load_image(trained[0])
    with torch.no_grad():
        for parameter in loaded.network.parameters():
            parameter.zero_()
    weights = tmp_path / "undecided"
    save_image(weights, loaded.network, loaded.info)
    picture = next((folder / "lying").iterdir())
    assert main(["image", "predict", str(picture), "--weights", str(weights), "--json"]) == 0
    named = [each["label"] for each in printed(capsys)["pictures"][0]["classes"]]
    assert named == [0, 1, 2]
    assert main(["image", "evaluate", str(folder), "--weights", str(weights), "--json"]) == 0
    assert all(row[1:] == [0, 0] for row in printed(capsys)["confusion"])


def test_features_are_written(
    trained: tuple[Path, dict[str, Any]],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _ = trained
    files = [str(path) for path in sorted((folder / "lying").iterdir())[:3]]
    words = ["image", "predict", *files, "--weights", str(out), "--features"]
    assert main([*words, str(tmp_path / "f.npy"), "--json"]) == 0
    assert printed(capsys)["shape"] == [3, 16, 1, 1]
    assert np.load(tmp_path / "f.npy").shape == (3, 16, 1, 1)


def test_training_goes_on_with_a_new_top(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = trained
    write(tmp_path / "data", bars(20, classes=4, seed=3).only([3, 1]))
    words = ["image", "train", "--data", str(tmp_path / "data"), "--start", str(out), "--json"]
    assert main([*words, "--out", str(tmp_path / "new"), "--learn", "last", "--epochs", "3"]) == 0
    assert printed(capsys)["classes"] == ["empty", "standing"]
    before, after = load_image(out).network.state_dict(), load_image(tmp_path / "new").network
    for name, tensor in after.state_dict().items():
        assert name.startswith("head") or torch.equal(tensor, before[name])
    assert after.classes == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--learn", "top"], "--learn goes with --start"),
        (["--set", "filterz=3"], "did you mean 'filters'"),
        (["--set", "filters"], "KEY=VALUE"),
        (["--network", "vgg61"], "did you mean 'vgg1"),
        (["--set", "layers=9", "--set", "pools=9"], "too small for this network"),
        (["--network", "vgg16", "--size", "3x8x8"], "32x32 or more"),
    ],
)
def test_settings_that_cannot_be_are_told_in_one_line(
    folder: Path, tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["image", "train", "--data", str(folder), "--out", str(out), *words]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert message in said
    assert not out.exists()


def test_a_size_that_is_none_is_wrong_usage(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["image", "train", "--data", str(folder), "--out", str(tmp_path / "run")]
    assert main([*words, "--size", "2x8x8"]) == 2
    assert "3x64x64" in capsys.readouterr().err


def test_bare_weights_of_a_published_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import safetensors.torch

    network = zoo_network("mobilenet", classes=3).eval()
    safetensors.torch.save_file(network.state_dict(), tmp_path / "w.safetensors")
    (tmp_path / "names.txt").write_text("cat\ndog\nbird\n")
    Image.new("RGB", (40, 30), (250, 20, 20)).save(tmp_path / "x.png")
    words = ["image", "predict", str(tmp_path / "x.png"), "--json", "--network", "mobilenet"]
    words += ["--weights", str(tmp_path / "w.safetensors")]
    assert main([*words, "--names", str(tmp_path / "names.txt")]) == 0
    (picture,) = printed(capsys)["pictures"]
    x = torch.zeros(1, 3, 224, 224)
    x[0] = (torch.tensor([250, 20, 20]) / 255).view(3, 1, 1)
    with torch.no_grad():
        expected = network(x).softmax(1)[0]
    names = ["cat", "dog", "bird"]
    for entry in picture["classes"]:
        assert entry["probability"] == pytest.approx(
            float(expected[names.index(entry["name"])]), abs=1e-4
        )
    assert (
        main([*words[:-1], str(tmp_path / "names.txt"), "--names", str(tmp_path / "names.txt")])
        == 1
    )
    assert "not a file of tensors" in capsys.readouterr().err


def write_idx(folder: Path, name: str, pictures: PictureSet) -> None:
    """Write pictures and labels as IDX files."""
    for what, array in (
        ("images-idx3-ubyte", pictures.pixels[:, 0]),
        ("labels-idx1-ubyte", pictures.labels.astype(np.uint8)),
    ):
        sides = np.array(array.shape, ">u4").tobytes()
        header = bytes([0, 0, 8, array.ndim]) + sides
        (folder / f"{name}-{what}").write_bytes(header + array.tobytes())


def test_idx_files_are_trained_on_and_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_idx(tmp_path, "train", bars(30))
    write_idx(tmp_path, "t10k", bars(5, seed=2))
    run = str(tmp_path / "run")
    words = ["image", "train", "--data", str(tmp_path), "--out", run, "--json", "--shift", "1"]
    assert main([*words, "--epochs", "2", "--set", "subsampling=stride"]) == 0
    found = printed(capsys)
    assert (found["held_out"], found["classes"]) == (15, ["0", "1", "2"])
    assert main(["image", "evaluate", str(tmp_path), "--weights", run, "--json"]) == 0
    assert printed(capsys)["accuracy"] == found["accuracy"]


@pytest.mark.parametrize("top", [True, False])
def test_transfer_from_a_published_network(
    top: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import safetensors.torch

    network = zoo_network("mobilenet", include_top=top)
    safetensors.torch.save_file(network.state_dict(), tmp_path / "w.safetensors")
    write(tmp_path / "data", bars(4, classes=2))
    words = ["image", "train", "--data", str(tmp_path / "data"), "--network", "mobilenet"]
    words += ["--start", str(tmp_path / "w.safetensors"), "--learn", "last", "--epochs", "1"]
    assert main([*words, "--batch-size", "4", "--out", str(tmp_path / "run"), "--json"]) == 0
    shown = capsys.readouterr()
    assert ("the whole top starts fresh" in shown.err) is not top
    trained = load_image(tmp_path / "run").network
    assert trained.classes == 2
    state = trained.state_dict()
    same = [name for name in network.state_dict() if not name.startswith("head")]
    assert all(torch.equal(state[name], network.state_dict()[name]) for name in same)


def test_transfer_reports_means_with_intervals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "data", bars(25, classes=4))
    words = ["image", "transfer", "--data", str(tmp_path / "data"), "--set", "filters=8"]
    words += ["--repeats", "2", "--per-class", "3", "--epochs", "3", "--few-epochs", "3"]
    assert main([*words, "--json", "--chart", str(tmp_path / "x.png")]) == 0
    found = printed(capsys)
    assert set(found["accuracy"]) == {"scratch", "last", "top", "all"}
    assert set(found["gain"]) == {"last", "top", "all"}
    assert len(found["trials"]) == 2
    low, high = found["gain"]["all"]["interval"]
    assert low <= found["gain"]["all"]["mean"] <= high
    with Image.open(tmp_path / "x.png") as chart:
        assert chart.width > 500
    assert main(words) == 0
    assert "from scratch" in capsys.readouterr().out


def test_transfer_needs_pictures_to_test_every_class_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "data" / "train", bars(9, classes=4))
    write(tmp_path / "data" / "test", bars(2, classes=4))
    shutil.rmtree(min((tmp_path / "data" / "test").iterdir()))
    words = ["image", "transfer", "--data", str(tmp_path / "data"), "--set", "filters=8"]
    assert main([*words, "--repeats", "2", "--per-class", "3"]) == 1
    assert "has no picture to test on, expected 1 or more" in capsys.readouterr().err


def test_the_chart_of_transfer_shows_no_more_than_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mean = Mean(0.9, (-0.2, 1.3))
    accuracy = dict.fromkeys(WAYS, 0.9)
    trials = [TransferTrial(("a", "b"), ("c", "d"), 1.0, accuracy)] * 2
    result = TransferResult(trials, dict.fromkeys(WAYS, mean), {})
    limits = []
    monkeypatch.setattr(Figure, "savefig", lambda f, *_, **__: limits.append(f.axes[0].get_ylim()))
    write_transfer_chart(tmp_path / "x.png", result, 3)
    assert limits == [(0.0, 1.0)]


def test_an_interrupted_training_keeps_what_it_learned(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "gopolicy", "image", "train", "--data", folder, "--out", out]
    command += ["--epochs", "100000"]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("epoch 2:" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "is kept" in said
    assert load_image(out).network.classes == 3


def write_whistle(path: Path, generator: np.random.Generator, rising: bool) -> None:
    """Write half a second of a tone that rises or falls, somewhere, in noise."""
    rate, low, rise = 8000, generator.uniform(500, 1500), generator.uniform(800, 1600)
    seconds = np.arange(rate // 2) / rate
    heights = low + rise * (seconds if rising else seconds[::-1]) * 2
    sound = 0.5 * np.sin(2 * np.pi * np.cumsum(heights) / rate)
    sound += generator.normal(0, 0.02, len(sound))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def test_whistles_are_learned_from_their_spectrograms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = np.random.default_rng(1)
    for number in range(40):
        for name in ("rising", "falling"):
            write_whistle(tmp_path / "data" / name / f"{number}.wav", generator, name == "rising")
    words = ["image", "train", "--data", str(tmp_path / "data"), "--size", "1x24x24", "--json"]
    words += ["--out", str(tmp_path / "run"), "--epochs", "8", "--batch-size", "16"]
    assert main(words) == 0
    assert printed(capsys)["accuracy"] > 0.9
    write_whistle(tmp_path / "new.wav", np.random.default_rng(9), rising=False)
    words = ["image", "predict", str(tmp_path / "new.wav"), "--weights", str(tmp_path / "run")]
    assert main([*words, "--json"]) == 0
    assert printed(capsys)["pictures"][0]["classes"][0]["name"] == "falling"


@pytest.mark.slow
def test_digits_of_a_package_are_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason="needs the digits of scikit-learn")
    words = ["image", "train", "--data", "digits", "--out", str(tmp_path / "run"), "--json"]
    assert main([*words, "--epochs", "12", "--batch-size", "32"]) == 0
    assert printed(capsys)["accuracy"] > 0.95
