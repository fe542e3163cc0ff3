"""Folders of networks for pictures, their networks by name, and new tops."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.pictures.picture_networks import (
    IMAGE_NETWORKS,
    build_image_network,
    feature_layers,
    image_settings,
    learn_only,
    train_mode,
    with_new_top,
)
from gopolicy.pictures.picture_weights import (
    describe_image,
    find_image,
    load_image,
    load_zoo_weights,
    save_image,
)
from gopolicy.pictures.zoo import zoo_network
from gopolicy.settings import Setting

DIGIT = PictureShape(1, 28, 28)
TEN = [str(digit) for digit in range(10)]


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


def saved(
    folder: Path,
    name: str = "image",
    shape: PictureShape = DIGIT,
    classes: Sequence[str] = TEN,
    **settings: Setting,
) -> ImageNetwork:
    network = build_image_network(name, shape, len(classes), settings).eval()
    save_image(folder, network, describe_image(network, classes, pictures=7))
    return network


@pytest.mark.parametrize(
    ("name", "shape", "settings"),
    [
        ("image", DIGIT, {"subsampling": "stride", "filters": 4}),
        ("dense", PictureShape(2, 5, 7), {"units": 9}),
        ("mobilenet", PictureShape(3, 32, 40), {}),
        ("mobilenet", PictureShape(1, 33, 32), {"include_top": False}),
    ],
)
def test_what_is_saved_is_loaded(
    tmp_path: Path,
    name: str,
    shape: Any,
    settings: dict[str, str | int] | dict[str, int] | dict[str, Any] | dict[str, bool],
) -> None:
    network = saved(tmp_path / "w", name, shape, **settings)
    loaded = load_image(tmp_path / "w")
    x = torch.rand(2, shape.channels, shape.height, shape.width)
    assert torch.equal(loaded.network(x), network(x))
    assert loaded.network.shape == shape
    assert (loaded.info.pictures, loaded.info.classes) == (7, TEN)
    assert not loaded.network.training


@pytest.mark.parametrize("name", ["w", "w/weights", "w/weights/model.json"])
def test_a_run_its_weights_or_a_file_will_do(tmp_path: Path, name: str) -> None:
    saved(tmp_path / "w" / "weights")
    assert find_image(tmp_path / name) == tmp_path / "w" / "weights"


def test_networks_for_go_and_for_pictures_are_told_apart(tmp_path: Path) -> None:
    saved(tmp_path / "picture")
    policy = build_network("alphago", planes=4, size=5, filters=2, layers=1)
    save_weights(tmp_path / "go", policy, describe_network(policy, "alphago4"))
    with pytest.raises(WeightsError, match="for pictures, not for Go"):
        load_weights(tmp_path / "picture")
    with pytest.raises(WeightsError, match="for Go, not for pictures"):
        load_image(tmp_path / "go")
    with pytest.raises(WeightsError, match="expected a folder with"):
        load_image(tmp_path / "nowhere")


def test_networks_at_another_place_than_expected_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="alphago-64x8: a network for Go, not for pictures"):
        load_image("alphago-64x8")
    saved(tmp_path / "picture" / "weights")
    with pytest.raises(WeightsError, match="for pictures, not for Go; see gopolicy image"):
        load_weights(tmp_path / "picture")
    with pytest.raises(WeightsError, match=r"picture/weights: .* leave out --network"):
        load_zoo_weights("vgg16", tmp_path / "picture", TEN)
    policy = build_network("alphago", planes=4, size=5, filters=2, layers=1)
    save_weights(tmp_path / "go" / "weights", policy, describe_network(policy, "alphago4"))
    with pytest.raises(WeightsError, match=r"its weight folder is .*go/weights$"):
        load_weights(tmp_path / "go")


def test_figures_that_are_no_numbers_are_not_written(tmp_path: Path) -> None:
    network = build_image_network("image", DIGIT, 10, {})
    info = describe_image(network, TEN, accuracy={"nll": float("nan")})
    with pytest.raises(ConfigError, match="finite"):
        save_image(tmp_path / "w", network, info)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": 10}, "expected classes to be list"),
        ({"classes": [1]}, "classes to be names"),
        ({"classes": TEN[:9]}, "shape"),
        ({"height": "28"}, "expected height to be int"),
        ({"height": 10**9}, "4096x4096"),
        ({"channels": -1}, "got -1x28x28"),
        ({"network": "imagee"}, "did you mean 'image'"),
        ({"settings": {"layers": 10**6}}, "1000 layers"),
        ({"settings": {"growth": 10**6}}, "lower growth"),
        ({"settings": {"kernels": 3}}, "did you mean 'kernel'"),
        ({"sha256": "0"}, "sha256"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path: Path, changes: Any, message: str) -> None:
    saved(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(WeightsError, match=message):
        load_image(tmp_path)


def test_bare_tensors_of_a_network_of_the_zoo(tmp_path: Path) -> None:
    network = zoo_network("mobilenet", classes=3).eval()
    safetensors.torch.save_file(network.state_dict(), tmp_path / "w.safetensors")
    loaded = load_zoo_weights("mobilenet", tmp_path / "w.safetensors", ["a", "b", "c"])
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(loaded.network(x), network(x))
        features = load_zoo_weights(
            "mobilenet", tmp_path / "w.safetensors", ["a", "b", "c"], include_top=False
        )
        assert features.network(x).shape == (1, 1024, 7, 7)
    with pytest.raises(WeightsError, match=r"expected head\.conv\.weight of shape"):
        load_zoo_weights("mobilenet", tmp_path / "w.safetensors", ["a", "b"])
    (tmp_path / "w.safetensors").write_bytes(b"not tensors")
    with pytest.raises(WeightsError, match="not a file of tensors"):
        load_zoo_weights("mobilenet", tmp_path / "w.safetensors", ["a", "b", "c"])


@pytest.mark.parametrize("name", ["image", "mobilenet"])
def test_a_new_top_leaves_all_other_layers(name: str) -> None:
    shape = PictureShape(3, 32, 32)
    network = build_image_network(name, shape, 10).eval()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with_new_top(network, 4)
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 4)
    assert network.classes == 4
    same = [key for key, t in network.state_dict().items() if not key.startswith("head")]
    assert all(torch.equal(before[key], network.state_dict()[key]) for key in same)
    assert {key for key in before if not key.startswith("head")} == set(same)


def test_a_frozen_network_learns_in_its_top_only() -> None:
    network = with_new_top(build_image_network("mobilenet", PictureShape(3, 32, 32), 9), 3)
    learn_only(network, "last")
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    train_mode(network)
    torch.autograd.backward(
        torch.nn.functional.cross_entropy(
            network(torch.rand(4, 3, 32, 32)), torch.tensor([0, 1, 2, 0])
        )
    )
    optimizer.step()
    changed = {key for key, t in network.state_dict().items() if not torch.equal(before[key], t)}
    assert changed == {"head.conv.weight", "head.conv.bias"}  # and no running figure of a norm


@pytest.mark.parametrize(
    ("what", "layers"),
    [
        ("last", {"head"}),
        ("top", {"dense", "head"}),
        ("all", {"conv1", "conv2", "dense", "head"}),
    ],
)
def test_what_may_go_on_learning(what: str, layers: Any) -> None:
    network = learn_only(build_image_network("image", DIGIT, 10), what)
    learning = {name for name, p in network.named_parameters() if p.requires_grad}
    assert {name.split(".")[0] for name in learning} == layers
    with pytest.raises(ConfigError, match="got 'some'"):
        learn_only(network, "some")


@pytest.mark.parametrize(("name", "shape"), [("image", (50, 5, 5)), ("mobilenet", (1024, 1, 1))])
def test_features_are_what_the_top_stands_on(name: str, shape: tuple[int, int, int]) -> None:
    side = 28 if name == "image" else 32
    network = build_image_network(name, PictureShape(1, side, side), 10).eval()
    assert feature_layers(network)(torch.rand(2, 1, side, side)).shape == (2, *shape)


def test_features_have_no_top_to_replace() -> None:
    network = build_image_network("mobilenet", PictureShape(3, 32, 32), 0, {"include_top": False})
    with pytest.raises(ConfigError, match="no top to replace"):
        with_new_top(network, 3)


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_every_network_is_built_by_its_name(name: str) -> None:
    with torch.device("meta"):
        network = build_image_network(name, PictureShape(3, 80, 80), 6)
    assert network.name == name
    assert network.settings == image_settings(name)


def test_weights_for_pictures_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network = saved(tmp_path / "w", filters=2, units=3)
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    tensors["head.linear.bias"][4] = float("nan")
    data = safetensors.torch.save(tensors)
    (tmp_path / "w" / "model.safetensors").write_bytes(data)
    description = json.loads((tmp_path / "w" / "model.json").read_text())
    description["sha256"] = hashlib.sha256(data).hexdigest()
    (tmp_path / "w" / "model.json").write_text(json.dumps(description))
    with pytest.raises(WeightsError, match=r"tensor head\.linear\.bias holds numbers"):
        load_image(tmp_path / "w")


def test_bare_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network = zoo_network("mobilenet", PictureShape(3, 224, 224), 2)
    with torch.no_grad():
        network.get_parameter("conv1.conv.weight")[0, 0, 0, 0] = float("inf")
    safetensors.torch.save_file(network.state_dict(), tmp_path / "m.safetensors")
    with pytest.raises(WeightsError, match=r"m\.safetensors: tensor conv1\.conv\.weight holds"):
        load_zoo_weights("mobilenet", tmp_path / "m.safetensors", ["a", "b"])


@pytest.mark.parametrize(
    ("name", "shape", "settings"),
    [
        ("image", DIGIT, {"filters": 10**30}),
        ("image", PictureShape(1, 4000, 4000), {"units": 1000}),
        ("image", PictureShape(3, 4000, 4000), {"kernel": 3999, "filters": 4096, "layers": 1}),
        ("dense", DIGIT, {"units": 1 << 20}),
        ("vgg16", PictureShape(3, 4000, 4000), {}),
    ],
)
def test_a_network_of_absurd_size_is_not_built(name: str, shape: Any, settings: Any) -> None:
    with pytest.raises(ConfigError, match=r"is too large: .* parameters|1,048,576 at most"):
        build_image_network(name, shape, 10, settings)
