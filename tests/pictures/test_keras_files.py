"""Weights from Keras files, without Keras: a stand-in for an HDF5 file, laid out as Keras does."""

import contextlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from reference.image_networks import image_network
from torch import nn

from gopolicy.errors import WeightsError
from gopolicy.nets.layers import Dense, Separable
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.norm import BatchNorm
from gopolicy.pictures import keras_files
from gopolicy.pictures.keras_files import load_keras_weights
from gopolicy.pictures.keras_names import keras_layers
from gopolicy.pictures.zoo import zoo_network


class HardLink:
    """What h5py says of a member that the file itself holds."""


class ExternalLink:
    """What h5py says of a member that lies in another file."""


Fill = Callable[[ImageNetwork, object], ImageNetwork]
"""Fills a network from a stand-in for a file."""


class FakeGroup(dict[str, Any]):
    """Groups and arrays by name, with attributes."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__()
        self.attrs = attributes

    def get(self, name: str, default: Any = None, getlink: bool = False) -> Any:
        found = super().get(name, default)
        if not getlink or found is None:
            return found
        return found if isinstance(found, ExternalLink) else HardLink()


class Counted:
    """An array on disk that notes when it is read."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.dtype, self.read = array, array.shape, array.dtype, False

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.read = True
        return np.asarray(self.array, dtype)


def fake_file(layers: list[tuple[str, list[np.ndarray]]]) -> FakeGroup:
    """Return layers as Keras Applications keep them."""
    file = FakeGroup(layer_names=[name.encode() for name, _ in layers])
    for name, arrays in layers:
        names = [f"{name}/{number}:0" for number in range(len(arrays))]
        file[name] = FakeGroup(weight_names=[text.encode() for text in names])
        file[name][name] = FakeGroup()
        for number, array in enumerate(arrays):
            file[name][name][f"{number}:0"] = Counted(array)
    return file


@pytest.fixture
def from_file(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Return a function that fills a network from a stand-in."""

    def load(network: ImageNetwork, file: object) -> ImageNetwork:
        monkeypatch.setattr(keras_files, "_open", lambda path: contextlib.nullcontext(file))
        load_keras_weights(network, "weights.h5")
        return network.eval()

    return load


def draw(generator: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return generator.normal(0, 0.05, shape).astype(np.float32)


def mobilenet_layers(seed: int = 1) -> list[Any]:
    """Return the layers of MobileNet by name, with arrays in the order of Keras."""
    generator = np.random.default_rng(seed)
    network = zoo_network("mobilenet", PictureShape(3, 32, 32), 5)
    layers = []
    for name, _, layer in keras_layers(network):
        if isinstance(layer, BatchNorm):
            size = layer.bias.numel()
            arrays = [draw(generator, size) for _ in range(3)] + [np.ones(size, np.float32)]
        else:
            assert isinstance(layer, nn.Conv2d)
            outputs, inputs, height, width = layer.weight.shape
            depthwise = layer.groups > 1
            swapped = (outputs, inputs) if depthwise else (inputs, outputs)
            arrays = [draw(generator, height, width, *swapped)]
            if layer.bias is not None:
                arrays.append(draw(generator, outputs))
        layers.append(("conv_preds" if name == "head" else name, arrays))
    return layers


def test_the_names_are_those_of_keras() -> None:
    names = [name for name, _ in mobilenet_layers()]
    assert names[:6] == [
        "conv1",
        "conv1_bn",
        "conv_dw_1",
        "conv_dw_1_bn",
        "conv_pw_1",
        "conv_pw_1_bn",
    ]
    assert len(names) == 2 * 27 + 1


def test_arrays_land_where_they_belong(from_file: Fill) -> None:
    layers = mobilenet_layers()
    network = from_file(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), fake_file(layers))
    arrays, state = dict(layers), network.state_dict()
    for point in ((0, 1), (2, 0)):
        for inputs, outputs in ((0, 0), (2, 31)):
            found = state["conv1.conv.weight"][outputs, inputs, *point]
            assert found == arrays["conv1"][0][*point, inputs, outputs]
        assert state["depthwise3.conv.weight"][7, 0, *point] == arrays["conv_dw_3"][0][*point, 7, 0]
    assert torch.equal(state["head.conv.bias"], torch.from_numpy(arrays["conv_preds"][1]))
    for place, name in enumerate(("weight", "bias", "running_mean", "running_var")):
        expected = torch.from_numpy(arrays["conv_pw_13_bn"][place])
        assert torch.equal(state[f"pointwise13.norm.{name}"], expected)


def test_a_network_on_the_meta_device_gets_real_numbers(from_file: Fill) -> None:
    with torch.device("meta"):
        network = zoo_network("mobilenet", PictureShape(3, 32, 32), 5)
    from_file(network, fake_file(mobilenet_layers()))
    assert torch.isfinite(network(torch.rand(1, 3, 32, 32))).all()


def test_a_network_without_its_top_takes_the_same_file(from_file: Fill) -> None:
    network = zoo_network("mobilenet", PictureShape(3, 32, 32), include_top=False)
    from_file(network, fake_file(mobilenet_layers()))
    assert network(torch.rand(1, 3, 32, 32)).shape == (1, 1024, 1, 1)


def test_a_flattened_picture_is_reordered() -> None:
    """Keras flattens height, width, channels: the matrix must answer alike."""
    generator = np.random.default_rng(1)
    picture = draw(generator, 2, 3, 4)  # height, width, channels
    matrix = draw(generator, 24, 5)
    turned = keras_files._flattened(4)(matrix)
    ours = turned @ picture.transpose(2, 0, 1).reshape(-1)
    assert np.allclose(ours, picture.reshape(-1) @ matrix, atol=1e-6)


def test_layers_without_names_are_taken_in_the_order_they_were_made() -> None:
    names = ["conv2d_10", "conv2d_9", "batch_normalization", "conv2d_101", "dense"]
    layers = keras_files._Layers(fake_file([(name, []) for name in names]), "w.h5")
    assert [layers.find(f"conv2d#{n}") for n in range(3)] == ["conv2d_9", "conv2d_10", "conv2d_101"]
    assert layers.find("batch_normalization#0") == "batch_normalization"
    with pytest.raises(WeightsError, match="more layers conv2d than 3"):
        layers.find("conv2d#3")


def count(layers: Iterable[nn.Module]) -> int:
    return sum(t.numel() for layer in layers for t in layer.state_dict().values())


@pytest.mark.parametrize(
    "name", ["xception", "nasnet-mobile", "inception-resnet-v2", "densenet121", "resnet50", "vgg19"]
)
def test_every_layer_with_weights_has_a_name_of_its_own(name: str) -> None:
    with torch.device("meta"):
        network = zoo_network(name)
    found = list(keras_layers(network))
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names)
    parts = (layer.pointwise.norm for _, _, layer in found if isinstance(layer, Separable))
    assert count(layer for _, _, layer in found) - count(parts) == network.total_count
    kinds = (nn.Conv2d, BatchNorm, Dense, Separable)
    assert all(isinstance(layer, kinds) for _, _, layer in found)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda layers: layers.pop(3), "no layer conv_dw_1_bn; is it"),
        (lambda layers: layers[0][1].append(np.zeros(1, np.float32)), "conv1: expected 1 arrays"),
        (lambda layers: layers[0][1].__setitem__(0, np.zeros((3, 3, 3, 31), np.float32)), "864"),
        (lambda layers: layers[0][1].__setitem__(0, np.zeros((3, 32, 3, 3), np.float32)), r"\(3, "),
        (lambda layers: layers[0][1].__setitem__(0, np.zeros((864, 1), np.float32)), "axes"),
        (lambda layers: layers[0][1].__setitem__(0, np.zeros((3, 3, 3, 32), np.int8)), "int8"),
        (lambda layers: layers.clear(), "no layer"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    from_file: Fill, spoil: Callable[..., object], message: str
) -> None:
    layers = mobilenet_layers()
    spoil(layers)
    with pytest.raises(WeightsError, match=message):
        from_file(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), fake_file(layers))


def test_an_array_of_another_size_is_not_even_read(from_file: Fill) -> None:
    file = fake_file([("conv1", [np.zeros((3, 3, 3, 33), np.float32)])])
    with pytest.raises(WeightsError, match="864 numbers"):
        from_file(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), file)
    assert not file["conv1"]["conv1"]["0:0"].read


def test_a_file_of_another_kind_is_refused(from_file: Fill) -> None:
    with pytest.raises(WeightsError, match="layer_names"):
        from_file(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), FakeGroup())


def test_a_network_that_keras_does_not_have_is_refused(from_file: Fill) -> None:
    with pytest.raises(WeightsError, match="'image'"):
        from_file(image_network(PictureShape(1, 28, 28), 10), fake_file([("conv1", [])]))


def test_without_h5py_one_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(WeightsError, match="pip install h5py"):
        load_keras_weights(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), tmp_path / "w.h5")


def broken(spoil: Callable[[Any], object]) -> Any:
    """Return a file of MobileNet that is spoiled."""
    file = fake_file(mobilenet_layers())
    spoil(file)
    return file


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda file: file.pop("conv1"), "expected a group for layer conv1"),
        (lambda file: file.update(conv1=np.zeros(3)), "expected a group for layer conv1"),
        (lambda file: file.update(model_weights=np.zeros(3)), "expected model_weights to be a"),
        (lambda file: file["conv1"].pop("conv1"), "layer conv1: expected an array conv1/0:0"),
        (lambda file: file["conv1"]["conv1"].clear(), "layer conv1: expected an array conv1/0:0"),
        (lambda file: file["conv1"]["conv1"].update({"0:0": FakeGroup()}), "expected an array"),
        (lambda file: file["conv1"].attrs.clear(), "expected weight_names in layer conv1"),
        (lambda file: file["conv1"].attrs.update(weight_names=7), "expected weight_names in layer"),
        (lambda file: file["conv1"].attrs.update(weight_names=[[b"a"]]), "expected weight_names"),
        (lambda file: file["conv1"].attrs.update(weight_names=[1]), "expected weight_names"),
        (lambda file: file["conv1"].attrs.update(weight_names=[b""]), "expected an array"),
        (lambda file: file.attrs.update(layer_names=b"conv1"), "expected layer_names in the file"),
        (lambda file: file.attrs.update(layer_names=None), "expected layer_names in the file"),
        (lambda file: file.update(conv1=ExternalLink()), "conv1 is a link"),
        (lambda file: file["conv1"].update(conv1=ExternalLink()), "conv1/0:0 is a link"),
    ],
)
def test_a_file_without_what_keras_writes_is_one_clear_line(
    from_file: Fill, spoil: Callable[..., object], message: str
) -> None:
    network = zoo_network("mobilenet", PictureShape(3, 32, 32), 5)
    with pytest.raises(WeightsError, match=rf"^weights\.h5: .*{message}"):
        from_file(network, broken(spoil))


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e300])
def test_numbers_that_are_not_finite_are_refused(from_file: Fill, number: float) -> None:
    layers = mobilenet_layers()
    layers[0][1][0] = layers[0][1][0].astype(np.float64)
    layers[0][1][0][1, 2, 0, 3] = number
    with pytest.raises(WeightsError, match=r"h5: tensor conv1\.conv\.weight holds numbers"):
        from_file(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), fake_file(layers))


def test_an_array_that_cannot_be_read_is_one_clear_line(from_file: Fill) -> None:
    class Damaged(Counted):
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            raise OSError("Can't synchronously read data (filter returned failure)")

    file = fake_file(mobilenet_layers())
    file["conv1"]["conv1"]["0:0"] = Damaged(np.zeros((3, 3, 3, 32), np.float32))
    with pytest.raises(WeightsError, match=r"a damaged HDF5 file \(Can't synchronously read"):
        from_file(zoo_network("mobilenet", PictureShape(3, 32, 32), 5), file)
