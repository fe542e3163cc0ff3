"""The general image network: the lecture's digit network, its worked example, and Go planes."""

import pytest
import torch
from reference.image_networks import image_network
from torch import nn
from torch.nn import functional as F

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import AveragePool, ConvBlock, ConvOptions, MaxPool
from gopolicy.nets.network import PictureShape
from gopolicy.nets.network_settings import ImageSettings, default_settings
from gopolicy.nets.registry import build_network

DIGIT = PictureShape(1, 28, 28)
LECTURE_PICTURE = """
1 0 0 0 0 1
0 1 0 0 1 0
0 0 1 1 0 0
1 0 0 0 1 0
0 1 0 0 1 0
0 0 1 0 1 0
"""
FILTERS = ["1 -1 -1 / -1 1 -1 / -1 -1 1", "-1 1 -1 / -1 1 -1 / -1 1 -1"]


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


def matrix(text: str) -> torch.Tensor:
    rows = text.strip().replace("/", "\n").splitlines()
    return torch.tensor([[float(value) for value in row.split()] for row in rows])


def lecture_convolution(stride: int) -> ConvBlock:
    options = ConvOptions(stride=stride, padding="valid", bias=False, activation="none")
    block = ConvBlock(1, 2, 3, options)
    with torch.no_grad():
        block.conv.weight.copy_(torch.stack([matrix(text) for text in FILTERS]).unsqueeze(1))
    return block


def test_the_worked_example_of_the_lecture() -> None:
    picture = matrix(LECTURE_PICTURE).view(1, 1, 6, 6)
    out = lecture_convolution(stride=1)(picture)
    first = "3 -1 -3 -1 / -3 1 0 -3 / -3 -3 0 1 / 3 -2 -2 -1"
    second = "-1 -1 -1 -1 / -1 -1 -2 1 / -1 -1 -2 1 / -1 0 -4 3"
    assert torch.equal(out[0], torch.stack([matrix(first), matrix(second)]))
    pooled = torch.stack([matrix("3 0 / 3 1"), matrix("-1 1 / 0 3")])
    assert torch.equal(MaxPool(2)(out)[0], pooled)


def test_the_worked_example_with_stride_2() -> None:
    out = lecture_convolution(stride=2)(matrix(LECTURE_PICTURE).view(1, 1, 6, 6))
    assert torch.equal(out[0, 0], matrix("3 -3 / -3 0"))


def test_the_digit_network_layer_by_layer() -> None:
    network = image_network(DIGIT, 10)
    x = torch.rand(2, 1, 28, 28)
    shapes = {}
    for name, layer in network.named_children():
        x = layer(x)
        shapes[name] = tuple(x.shape[1:])
    assert shapes == {
        "conv1": (25, 26, 26),
        "pool1": (25, 13, 13),
        "conv2": (50, 11, 11),
        "pool2": (50, 5, 5),
        "flatten": (1250,),
        "dense": (100,),
        "head": (10,),
    }
    parameters = [sum(p.numel() for p in layer.parameters()) for layer in network]
    assert [count for count in parameters if count] == [250, 11_300, 125_100, 1_010]
    assert network.parameter_count == 137_660


def test_the_digit_network_is_what_torch_computes_by_hand() -> None:
    network, x = image_network(DIGIT, 10), torch.rand(3, 1, 28, 28)
    state = network.state_dict()
    hidden = x
    for name in ("conv1", "conv2"):
        weight, bias = state[f"{name}.conv.weight"], state[f"{name}.conv.bias"]
        hidden = F.max_pool2d(F.relu(F.conv2d(hidden, weight, bias)), 2)
    dense = [
        state[f"{name}.linear.{what}"] for name in ("dense", "head") for what in ("weight", "bias")
    ]
    expected = F.linear(F.relu(F.linear(hidden.flatten(1), dense[0], dense[1])), dense[2], dense[3])
    assert torch.allclose(network(x), expected, atol=1e-5)


def test_the_same_network_on_planes_has_a_class_per_point() -> None:
    network = build_network("image", planes=48, size=19)
    assert network(torch.rand(2, 48, 19, 19)).shape == (2, 361)
    convolutions = 48 * 9 * 25 + 25 + 25 * 9 * 50 + 50
    assert network.parameter_count == convolutions + 450 * 100 + 100 + 100 * 361 + 361


def test_it_takes_pictures_that_are_not_square() -> None:
    assert image_network(PictureShape(3, 20, 33), 4)(torch.rand(2, 3, 20, 33)).shape == (2, 4)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("side", [19, 22, 28])
def test_a_stride_has_the_shapes_and_parameters_of_pooling(padding: str, side: int) -> None:
    shape = PictureShape(2, side, side)
    pooled, strided, averaged = (
        image_network(shape, 5, ImageSettings(subsampling=how, padding=padding))
        for how in ("max", "stride", "average")
    )
    x = torch.rand(2, 2, side, side)
    assert strided[0](x).shape == pooled[1](pooled[0](x)).shape
    assert pooled.parameter_count == strided.parameter_count == averaged.parameter_count


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("side", [10, 11])
def test_a_stride_keeps_the_first_value_of_each_window(padding: str, side: int) -> None:
    shape = PictureShape(1, side, side)
    strided = image_network(
        shape, 5, ImageSettings(subsampling="stride", padding=padding, pools=1, layers=1)
    )
    full = image_network(
        shape, 5, ImageSettings(subsampling="none", padding=padding, pools=1, layers=1)
    )
    full[0].load_state_dict(strided[0].state_dict())
    x = torch.rand(1, 1, side, side)
    everywhere, kept = full[0](x), strided[0](x)
    half = everywhere.shape[-1] // 2
    assert torch.allclose(kept, everywhere[..., : 2 * half : 2, : 2 * half : 2], atol=1e-6)


def test_all_ways_of_subsampling_have_the_same_convolutions() -> None:
    shapes = set()
    for how in ("max", "average", "stride", "none", "global"):
        network = image_network(
            DIGIT, 10, ImageSettings(subsampling=how, layers=4, pools=2, padding="same")
        )
        assert network(torch.rand(1, 1, 28, 28)).shape == (1, 10)
        blocks = [m for m in network.modules() if isinstance(m, ConvBlock)]
        shapes.add(tuple(tuple(block.conv.weight.shape) for block in blocks))
    assert shapes == {((25, 1, 3, 3), (25, 25, 3, 3), (50, 25, 3, 3), (50, 50, 3, 3))}


def test_global_pooling_forgets_where_things_are() -> None:
    settings = ImageSettings(subsampling="global", padding="same")
    network = image_network(PictureShape(1, 20, 20), 3, settings)
    x = torch.zeros(1, 1, 20, 20)
    x[..., 5:9, 5:9] = torch.rand(4, 4)
    assert torch.allclose(network(x), network(x.roll((6, 3), (2, 3))), atol=1e-6)


def test_average_pooling_is_the_mean_of_each_window() -> None:
    assert AveragePool(2)(torch.arange(16.0).view(1, 1, 4, 4)).flatten().tolist() == [
        2.5, 4.5, 10.5, 12.5
    ]  # fmt: skip


def test_pools_are_spread_over_the_layers() -> None:
    network = image_network(DIGIT, 10, ImageSettings(layers=6, pools=2, padding="same"))
    names = [name for name, _ in network.named_children()]
    assert names[:8] == ["conv1", "conv2", "conv3", "pool3", "conv4", "conv5", "conv6", "pool6"]


def test_a_picture_that_is_too_small_is_refused() -> None:
    with pytest.raises(ConfigError, match="2x2 before convolution 3 is too small"):
        image_network(PictureShape(1, 14, 14), 10, ImageSettings(layers=3, pools=3))


@pytest.mark.parametrize(
    "settings",
    [
        {"subsampling": "median"},
        {"filters": 0},
        {"layers": 0},
        {"layers": 40, "pools": 40, "padding": "same", "subsampling": "none"},
        {"kernel": 2, "padding": "same"},
    ],
)
def test_impossible_settings_are_refused(
    settings: dict[str, str] | dict[str, int] | dict[str, int | str],
) -> None:
    with torch.device("meta"), pytest.raises(ConfigError):
        build_network("image", planes=4, size=19, **settings)


def test_its_settings_are_listed_with_their_defaults() -> None:
    assert default_settings("image")["subsampling"] == "max"
    assert build_network("image", planes=4, size=19, filters=3).settings["filters"] == 3


def test_batch_normalization_on_request() -> None:
    network = image_network(DIGIT, 10, ImageSettings(normalization="batch"))
    assert network.parameter_count == 137_660 + 25 + 50
    assert not isinstance(network.get_submodule("conv1.norm"), nn.Identity)
