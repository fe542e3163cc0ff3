"""``gopolicy visualize`` for networks that look at pictures, from end to end on tiny ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from reference.commands import object_of, only_complaint
from reference.image_networks import image_network

from gopolicy.__main__ import main
from gopolicy.nets.network import PictureShape
from gopolicy.nets.network_settings import ImageSettings
from gopolicy.pictures.picture_weights import describe_image, save_image

torch.set_num_threads(1)

QUICK = {
    "filters": [],
    "maximize": ["--count", "2", "--steps", "3"],
    "activations": ["PICTURE"],
    "saliency": ["PICTURE"],
    "fool": ["--picture", "PICTURE"],
    "dream": ["PICTURE", "--steps", "2", "--side", "40"],
    "style": ["PICTURE", "OTHER", "--steps", "2", "--side", "40"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with networks for gray and for color pictures, and two pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    torch.manual_seed(1)
    for name, channels in (("gray", 1), ("color", 3)):
        settings = ImageSettings(filters=4, units=8, padding="same")
        network = image_network(PictureShape(channels, 12, 12), 3, settings)
        save_image(folder / name, network, describe_image(network, ["ant", "bee", "cat"]))
    rng = np.random.default_rng(0)
    for name in ("one.png", "other.png"):
        pixels = rng.integers(0, 256, (50, 60, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    Image.new("RGB", (200, 1)).save(folder / "thin.png")
    return folder


def words_for(view: str, place: Path, network: str, out: Path) -> list[str]:
    files = {"PICTURE": str(place / "one.png"), "OTHER": str(place / "other.png")}
    words = [files.get(word, word) for word in QUICK[view]]
    weights = ["--weights", str(place / network), "--out", str(out), "--device", "cpu"]
    return [view, *words, *weights]


def visualized(capsys: pytest.CaptureFixture[str], words: list[str]) -> dict[str, Any]:
    """Run the command with ``--json`` and return the object."""
    return object_of(capsys, "visualize", *words)


@pytest.mark.parametrize("network", ["gray", "color"])
@pytest.mark.parametrize("view", list(QUICK))
def test_every_view(
    view: str, network: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = visualized(capsys, words_for(view, place, network, tmp_path))
    assert (found["view"], found["weights"]) == (view, network)
    page = Path(found["page"]).read_text("utf-8")
    assert found["pictures"]
    for name in found["pictures"]:
        with Image.open(name) as image:
            assert image.format == "PNG"
        assert f'"{Path(name).name}"' in page


def test_a_painted_picture_keeps_its_proportions(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visualized(capsys, words_for("dream", place, "color", tmp_path))
    with Image.open(tmp_path / "dream-result.png") as image:
        assert image.size == (40, 33)


def test_classes_are_maximized_and_explained_by_name(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_for("maximize", place, "gray", tmp_path)
    at = words.index("--count")
    del words[at : at + 2]  # it has no meaning there
    found = visualized(capsys, [*words, "--classes", "bee"])
    (bee,) = found["layers"]["head"]
    assert (bee["class"], bee["unit"]) == ("bee", 1)
    assert 0 <= bee["l1"]["probability"] <= 1
    words = words_for("saliency", place, "gray", tmp_path)
    assert visualized(capsys, [*words, "--at", "cat"])["class"] == "cat"


def test_bare_weights_of_a_published_network_can_dream(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gopolicy.pictures.zoo import zoo_network

    torch.manual_seed(0)
    network = zoo_network("mobilenet", PictureShape(3, 32, 32), include_top=False)
    path = tmp_path / "mobilenet.safetensors"
    safetensors.torch.save_file(network.state_dict(), path)
    picture = str(place / "one.png")
    words = ["dream", picture, "--network", "mobilenet", "--weights", str(path), "--side", "48"]
    found = visualized(capsys, [*words, "--steps", "1", "--out", str(tmp_path / "out")])
    assert found["weights"] == "mobilenet"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["channels"], "the view channels is for networks that play Go"),
        (["symmetries"], "the view symmetries is for networks that play Go"),
        (["filters", "--games", "x"], "--games is for networks that play Go"),
        (["maximize", "--moves", "D4"], "--moves is for networks that play Go"),
        (["maximize", "--positions", "9"], "--positions is for networks that play Go"),
        (["fool", "--rounds", "0"], "--rounds is for networks that play Go"),
        (["maximize", "--classes", "bee", "--layer", "head"], "--layer has no meaning beside"),
        (["dream", "PICTURE", "--side", "1"], "one.png, painted at 1x1 pixels, is too small"),
        (["style", "PICTURE", "THIN"], "thin.png, painted at 200x1 pixels, is too small"),
        (["dream", "THIN"], "thin.png, painted at 200x1 pixels, is too small"),
        (["maximize", "--classes", "dog"], "no class called 'dog'"),
        (["maximize", "--layer", "conv9"], "no layer called 'conv9'"),
        (["saliency"], "expected a picture"),
        (["saliency", "missing.png"], "missing.png"),
        (["dream", "PICTURE", "--layer", "dense"], "layer dense gives no map of a picture"),
        (["dream", "PICTURE", "--layer", "conv9"], "no layer called 'conv9'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_nothing_is_written(
    words: list[str],
    message: str,
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {"PICTURE": str(place / "one.png"), "THIN": str(place / "thin.png")}
    words = [files.get(word, word) for word in words]
    out = ["--weights", str(place / "gray"), "--out", str(tmp_path / "out")]
    assert main(["visualize", *words, *out]) == 1
    assert message in only_complaint(capsys)
    assert not (tmp_path / "out").exists()


def test_dreams_need_weights_and_go_networks_refuse_pictures(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(place / "one.png")
    assert main(["visualize", "dream", picture, "--out", str(tmp_path / "out")]) == 1
    assert "none is shipped" in capsys.readouterr().err
    words = ["fool", "--picture", picture, "--weights", "alphago-64x8"]
    assert main(["visualize", *words, "--out", str(tmp_path / "out")]) == 1
    assert "--picture is for networks that look at pictures" in capsys.readouterr().err


def test_a_picture_is_not_replaced_by_what_is_made_of_it(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = tmp_path / "dream-dream.png"
    earlier.write_bytes((place / "one.png").read_bytes())
    words = ["dream", str(earlier), "--weights", str(place / "color"), "--steps", "1"]
    assert main(["visualize", *words, "--out", str(tmp_path), "--device", "cpu"]) == 1
    assert "is a picture that this view replaces; use another --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [earlier.name]
    assert earlier.read_bytes() == (place / "one.png").read_bytes()
