"""The published networks: totals and depths of the lecture's table, shapes, one kind of block."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import gopolicy
from gopolicy.errors import ConfigError
from gopolicy.nets import layers
from gopolicy.nets.graph import GraphNode, depth, trace, trace_image, weighted_depth
from gopolicy.nets.network import ImageNetwork, PictureShape
from gopolicy.nets.norm import BatchNorm
from gopolicy.nets.registry import NETWORKS, build_network
from gopolicy.nets.scaling import Scaling
from gopolicy.pictures.zoo import ZOO, zoo_network

LECTURE = {  # parameters with running figures, depth
    "xception": (22_910_480, 126),
    "vgg16": (138_357_544, 23),
    "vgg19": (143_667_240, 26),
    "resnet50": (25_636_712, 168),
    "inception-v3": (23_851_784, 159),
    "inception-resnet-v2": (55_873_736, 572),
    "mobilenet": (4_253_864, 88),
}
KERAS = {  # parameters with running figures, of which trainable; features of the default picture
    "xception": (22_910_480, 22_855_952, (2048, 10, 10)),
    "vgg16": (138_357_544, 138_357_544, (512, 7, 7)),
    "vgg19": (143_667_240, 143_667_240, (512, 7, 7)),
    "resnet50": (25_636_712, 25_583_592, (2048, 7, 7)),
    "inception-v3": (23_851_784, 23_817_352, (2048, 8, 8)),
    "inception-resnet-v2": (55_873_736, 55_813_192, (1536, 8, 8)),
    "mobilenet": (4_253_864, 4_231_976, (1024, 7, 7)),
    "densenet121": (8_062_504, 7_978_856, (1024, 7, 7)),
    "densenet169": (14_307_880, 14_149_480, (1664, 7, 7)),
    "densenet201": (20_242_984, 20_013_928, (1920, 7, 7)),
    "nasnet-large": (88_949_818, 88_753_150, (4032, 11, 11)),
    "nasnet-mobile": (5_326_716, 5_289_978, (1056, 7, 7)),
}
QUICK = ("mobilenet", "resnet50", "vgg16", "vgg19", "inception-v3")


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def whole() -> dict[str, ImageNetwork]:
    """Return every network, without memory."""
    with torch.device("meta"):
        return {name: zoo_network(name) for name in ZOO}


@pytest.fixture(scope="module")
def graphs(whole: dict[str, ImageNetwork]) -> dict[str, list[GraphNode]]:
    """Return the graph of every network."""
    return {name: trace_image(network) for name, network in whole.items()}


@pytest.mark.parametrize("name", KERAS)
def test_the_number_of_parameters_is_the_published_one(
    whole: dict[str, ImageNetwork], name: str
) -> None:
    total, trainable, _ = KERAS[name]
    assert (whole[name].total_count, whole[name].parameter_count) == (total, trainable)


@pytest.mark.parametrize("name", LECTURE)
def test_the_total_and_the_depth_are_those_of_the_lectures_table(
    graphs: dict[str, list[GraphNode]], name: str
) -> None:
    total, published = LECTURE[name]
    assert sum(node.parameters for node in graphs[name]) == total
    assert depth(graphs[name]) + ZOO[name].extra_depth == published


@pytest.mark.parametrize("layers", [121, 169, 201])
def test_densenets_are_named_after_their_layers_with_weights(
    graphs: dict[str, list[GraphNode]], layers: int
) -> None:
    assert weighted_depth(graphs[f"densenet{layers}"]) == layers


@pytest.mark.parametrize(("name", "layers"), [("vgg16", 16), ("vgg19", 19), ("resnet50", 50)])
def test_other_networks_are_too(graphs: dict[str, list[GraphNode]], name: str, layers: int) -> None:
    assert weighted_depth(graphs[name]) == layers


@pytest.mark.parametrize("name", KERAS)
def test_its_top_stands_on_features_of_the_published_shape(
    graphs: dict[str, list[GraphNode]], name: str
) -> None:
    nodes = graphs[name]
    top = next(n for n in nodes if n.name in ("global_average", "flatten"))
    assert [nodes[source].shape for source in top.sources] == [KERAS[name][2]]
    assert nodes[-1].shape == (1000,)


@pytest.mark.parametrize("name", QUICK)
def test_without_its_top_a_network_gives_features(
    whole: dict[str, ImageNetwork], name: str
) -> None:
    with torch.device("meta"):
        network = zoo_network(name, include_top=False)
    assert trace_image(network)[-1].shape == KERAS[name][2]
    assert network.state_dict().keys() < whole[name].state_dict().keys()


def test_vgg_without_its_top_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        counts = [zoo_network(name, include_top=False).total_count for name in ("vgg16", "vgg19")]
    assert counts == [14_714_688, 20_024_384]


@pytest.mark.parametrize("name", ZOO)
def test_the_graph_holds_every_number_of_the_network(
    whole: dict[str, ImageNetwork], graphs: dict[str, list[GraphNode]], name: str
) -> None:
    nodes = graphs[name]
    assert sum(node.parameters for node in nodes) == whole[name].total_count
    assert len({node.name for node in nodes}) == len(nodes)


@pytest.mark.parametrize("name", QUICK)
def test_other_pictures_and_classes(name: str) -> None:
    shape = PictureShape(1, 96, 107)
    with torch.device("meta"):
        network = zoo_network(name, shape, 7)
    assert trace_image(network)[-1].shape == (7,)


@pytest.mark.parametrize("name", ["mobilenet", "nasnet-mobile"])
def test_a_network_of_numbers_gives_finite_logits(name: str) -> None:
    network = zoo_network(name, PictureShape(3, 32, 32), 5).eval()
    logits = network(torch.rand(2, 3, 32, 32))
    assert logits.shape == (2, 5)
    assert torch.isfinite(logits).all()


def test_a_picture_that_is_too_small_is_refused() -> None:
    with torch.device("meta"), pytest.raises(ConfigError, match="75x75 or more, got 3x40x80"):
        zoo_network("xception", PictureShape(3, 40, 80))


def test_depth_is_the_longest_way() -> None:
    short, long = layers.ConvBlock(4, 4, 1), nn.Sequential(*(layers.ConvBlock(4, 4, 1),) * 1)
    joined = nn.Sequential(
        layers.Branches(short, nn.Sequential(long, layers.ConvBlock(4, 4, 3))),
        layers.Residual(layers.ConvBlock(8, 8, 3), activation="relu"),
    )
    nodes = trace(joined, (4, 6, 6))
    assert depth(nodes) == 2 + 1 + 1 + 1 + 1  # two convolutions, join, convolution, sum, ReLU
    assert weighted_depth(nodes) == 3


def test_the_graph_leaves_the_network_as_it_was() -> None:
    network = build_network("alphago-res", planes=4, size=9, filters=4, layers=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    nodes = trace(network, (4, 9, 9))
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    assert nodes[-1].shape == (81,)
    network(torch.rand(1, 4, 9, 9))
    assert len(nodes) == len(trace(network, (4, 9, 9)))


def test_scales_are_those_of_the_published_weights() -> None:
    x = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)  # red 0, green 127.5, blue 255
    assert Scaling("unit")(x).flatten().tolist() == [0.0, 0.5, 1.0]
    assert Scaling("signed")(x).flatten().tolist() == [-1.0, 0.0, 1.0]
    caffe = Scaling("caffe")(x).flatten().tolist()
    assert caffe == pytest.approx([255 - 103.939, 127.5 - 116.779, -123.68], abs=1e-4)
    imagenet = Scaling("imagenet")(x).flatten().tolist()
    assert imagenet == pytest.approx([-0.485 / 0.229, 0.044 / 0.224, 0.594 / 0.225], abs=1e-5)
    with pytest.raises(ConfigError, match="scale"):
        Scaling("percent")  # type: ignore[arg-type]


def bare(network: nn.Module) -> list[str]:
    """Return the convolutions and matrices that are in no brick, and foreign normalizations."""
    inside = {
        id(part)
        for module in network.modules()
        if type(module) in (layers.ConvBlock, layers.Dense)
        for part in module.modules()
    }
    foreign = (nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear)
    return [
        name
        for name, module in network.named_modules()
        if (isinstance(module, foreign) and id(module) not in inside)
        or isinstance(module, nn.modules.batchnorm._NormBase)
        or type(module) is nn.Conv2d
    ]


@pytest.mark.parametrize("name", ZOO)
def test_every_published_network_is_made_of_the_one_convolution_block(
    whole: dict[str, ImageNetwork], name: str
) -> None:
    assert bare(whole[name]) == []
    assert any(type(module) is layers.ConvBlock for module in whole[name].modules())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_for_go_is_made_of_the_one_convolution_block(name: str) -> None:
    with torch.device("meta"):
        network = build_network(name, planes=4, size=19)
    assert bare(network) == []


def test_no_module_of_the_package_makes_a_convolution_of_its_own() -> None:
    """The only one is the class inside the block."""
    package = Path(gopolicy.__file__).parent
    uses = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"Conv(Transpose)?[123]d\(|\(nn\.(Lazy)?Conv", line)
    ]
    assert uses == ["nets/layers.py: class Convolution(nn.Conv2d):"]


def test_a_bare_convolution_would_be_found() -> None:
    assert bare(nn.Sequential(layers.ConvBlock(1, 1, 1), nn.Conv2d(1, 1, 1))) == ["1"]
    assert bare(nn.Sequential(nn.Linear(1, 1), nn.BatchNorm2d(3))) == ["0", "1"]


@pytest.mark.parametrize("name", ZOO)
def test_only_bricks_hold_parameters(whole: dict[str, ImageNetwork], name: str) -> None:
    network = whole[name]
    paths = {path.rpartition(".")[0] for path, _ in network.named_parameters()}
    owners = {type(network.get_submodule(path)) for path in paths}
    assert owners <= {layers.Convolution, layers._Linear, BatchNorm}
