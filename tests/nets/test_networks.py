"""The networks by name."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gopolicy.errors import ConfigError
from gopolicy.nets.folding import fold
from gopolicy.nets.layers import ConvBlock
from gopolicy.nets.registry import NETWORKS, build_network
from gopolicy.settings import Setting

SMALL: dict[str, dict[str, Setting]] = {
    "alphago": {"filters": 6, "layers": 4},
    "alphago-res": {"filters": 6, "layers": 4},
    "dense": {"units": 12, "layers": 2},
    "image": {"filters": 6, "layers": 2, "padding": "same", "units": 20},
}


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


def by_hand(planes: int, filters: int, layers: int) -> int:
    """Silver et al. 2016: 5x5, then 3x3, each with biases; 1x1 without; one bias per point."""
    first = 5 * 5 * planes * filters + filters
    others = (layers - 1) * (3 * 3 * filters * filters + filters)
    return first + others + filters + 19 * 19


@pytest.mark.parametrize("filters", [128, 192, 256])
def test_alphago_has_the_published_number_of_parameters(filters: int) -> None:
    with torch.device("meta"):
        network = build_network("alphago", planes=48, size=19, filters=filters)
    assert network.parameter_count == by_hand(48, filters, 12)


def test_the_default_alphago_has_3_882_793_parameters() -> None:
    with torch.device("meta"):
        assert build_network("alphago", planes=48, size=19).parameter_count == 3_882_793


def test_alphago_is_convolutions_with_relu_a_sum_of_planes_and_a_bias_per_point() -> None:
    network = build_network("alphago", planes=3, size=9, filters=5, layers=4)
    x = hidden = torch.randn(2, 3, 9, 9)
    state = network.state_dict()
    with torch.no_grad():
        state["position_bias.bias"].normal_()
    for number, pad in ((1, 2), (2, 1), (3, 1), (4, 1)):
        weight, bias = state[f"conv{number}.conv.weight"], state[f"conv{number}.conv.bias"]
        hidden = F.relu(F.conv2d(hidden, weight, bias, padding=pad))
    one_plane = F.conv2d(hidden, state["head.conv.weight"]).flatten(1)
    assert torch.equal(network(x), one_plane + state["position_bias.bias"])


def test_dense_is_flatten_and_dense_layers() -> None:
    network = build_network("dense", planes=2, size=5, units=7, layers=2)
    assert network.parameter_count == 50 * 7 + 7 + 7 * 7 + 7 + 7 * 25 + 25


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5])
def test_the_residual_network_has_as_many_convolutions_as_the_plain_one(layers: int) -> None:
    plain = build_network("alphago", planes=3, size=5, filters=4, layers=layers)
    joined = build_network(
        "alphago-res", planes=3, size=5, filters=4, layers=layers, normalization="none"
    )
    assert joined.parameter_count == plain.parameter_count
    blocks = [module for module in joined.modules() if isinstance(module, ConvBlock)]
    assert len(blocks) == layers + 1


def test_a_pair_joins_before_its_last_relu() -> None:
    network = build_network("alphago-res", planes=3, size=5, filters=4, layers=3)
    pair = network.get_submodule("pair1")
    x = torch.randn(2, 4, 5, 5)
    first, second = pair.get_submodule("layers").children()
    assert torch.equal(pair(x), F.relu(x + second(first(x))))


@pytest.mark.parametrize("name", NETWORKS)
class TestEveryNetwork:
    @pytest.mark.parametrize("size", [5, 19])
    def test_gives_a_finite_logit_per_point(self, name: str, size: int) -> None:
        network = build_network(name, planes=4, size=size, **SMALL[name])
        logits = network(torch.randn(3, 4, size, size))
        assert logits.shape == (3, size * size)
        assert torch.isfinite(logits).all()

    def test_passes_a_gradient_to_every_parameter(self, name: str) -> None:
        network = build_network(name, planes=4, size=5, **SMALL[name])
        torch.autograd.backward(F.cross_entropy(network(torch.randn(8, 4, 5, 5)), torch.arange(8)))
        assert all(
            parameter.grad is not None and parameter.grad.any()
            for parameter in network.parameters()
        )

    def test_does_not_depend_on_the_memory_format(self, name: str) -> None:
        network = build_network(name, planes=4, size=5, **SMALL[name]).eval()
        x = torch.randn(3, 4, 5, 5)
        expected = network(x)
        last = torch.channels_last
        network.to(memory_format=last)  # type: ignore[call-overload]
        found = network(x.contiguous(memory_format=last))
        assert torch.allclose(found, expected, atol=1e-5)

    def test_is_the_same_again_for_the_same_seed(self, name: str) -> None:
        torch.manual_seed(1)
        one = build_network(name, planes=4, size=5, **SMALL[name]).state_dict()
        torch.manual_seed(1)
        two = build_network(name, planes=4, size=5, **SMALL[name]).state_dict()
        assert all(torch.equal(one[key], two[key]) for key in one)

    def test_refuses_a_setting_it_does_not_have(self, name: str) -> None:
        with pytest.raises(ConfigError, match=r"no setting .* 'layerz'; did you mean 'layers'"):
            build_network(name, planes=4, size=5, layerz=3)

    def test_refuses_a_setting_of_another_kind(self, name: str) -> None:
        with pytest.raises(ConfigError, match=r"layers of network .* int, got '3'"):
            build_network(name, planes=4, size=5, layers="3")


@pytest.mark.parametrize("name", ["alphago", "alphago-res", "image"])
def test_a_trained_network_folds_into_the_published_form(name: str) -> None:
    network = build_network(name, planes=4, size=7, normalization="batch", **SMALL[name])
    stir(network)
    plain = fold(network.eval())
    assert plain.settings["normalization"] == "none"
    assert not any("norm" in key for key in plain.state_dict())
    x = torch.randn(5, 4, 7, 7)
    expected, found = network(x), plain(x)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_folding_a_plain_network_changes_nothing() -> None:
    network = build_network("dense", planes=4, size=5, **SMALL["dense"])
    assert fold(network) is network


def test_an_unknown_network_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="'alphago_res'; did you mean 'alphago-res'"):
        build_network("alphago_res", planes=4, size=5)


@pytest.mark.parametrize(
    "settings", [{"filters": 0}, {"layers": 0}, {"normalization": "layer"}, {"filters": True}]
)
def test_impossible_settings_are_refused(
    settings: dict[str, int] | dict[str, str] | dict[str, bool],
) -> None:
    with pytest.raises(ConfigError):
        build_network("alphago", planes=4, size=5, **settings)


def stir(network: nn.Module) -> None:
    """Give every normalization a factor, an offset and statistics of its own."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if "norm" in name:
                tensor.uniform_(0.5, 2.0)
