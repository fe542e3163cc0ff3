"""Answers of layers are those of the network itself; receptive fields are what can be felt."""

import numpy as np
import pytest
import torch
from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import (
    AveragePool,
    Branches,
    ConvBlock,
    ConvOptions,
    Dense,
    Flatten,
    MaxPool,
    Residual,
    Separable,
)
from gopolicy.nets.norm import NormOptions
from gopolicy.nets.probe import answers, hidden_layers, layer_of, leaking
from gopolicy.nets.receptive import receptive_field
from gopolicy.nets.registry import build_network

SIDE = 13


def network(name: str) -> nn.Module:
    torch.manual_seed(1)
    if name == "pooled":
        return nn.Sequential(
            ConvBlock(2, 3, 3, ConvOptions(padding="valid")),
            MaxPool(2),
            ConvBlock(3, 4, 3, ConvOptions(stride=2, padding=(0, 1, 1, 0))),
            Flatten(),
            Dense(4 * 3 * 3, 5),
        )
    if name == "same":
        return nn.Sequential(
            ConvBlock(2, 3, 3, ConvOptions(stride=2)),
            MaxPool(3, 2, padding="same"),
            AveragePool(2, 1),
            Branches(
                ConvBlock(3, 2, 1), Separable(3, 2, 3, NormOptions(), activations=("none", "relu"))
            ),
        )
    if name == "shortcut":
        return nn.Sequential(
            Residual(
                ConvBlock(2, 4, 3, ConvOptions(activation="none")),
                shortcut=ConvBlock(2, 4, 5, ConvOptions(activation="none")),
            ),
            ConvBlock(4, 4, 3),
        )
    layers = 2 if name == "image" else 4
    return build_network(name, planes=2, size=SIDE, filters=4, layers=layers)


def felt_area(net: nn.Module, layer: str, row: int, column: int) -> tuple[int, int, int, int]:
    """Return which inputs change one unit's answer, by changing every input in turn."""
    x = torch.randn(1, 2, SIDE, SIDE)
    changed = x.repeat(SIDE * SIDE, 1, 1, 1)
    for point in range(SIDE * SIDE):
        changed[point, :, point // SIDE, point % SIDE] += 5.0
    with torch.no_grad():
        out = answers(net, torch.cat([x, changed]), [layer])[layer][:, :, row, column]
    felt = (out[1:] != out[0]).any(dim=1).view(SIDE, SIDE).numpy()
    rows, columns = np.flatnonzero(felt.any(axis=1)), np.flatnonzero(felt.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]), int(columns[-1])


@pytest.mark.parametrize(
    ("name", "layer", "place"),
    [
        ("alphago", "conv1", (6, 6)),
        ("alphago", "conv3", (6, 5)),
        ("alphago", "conv3", (0, 12)),
        ("alphago-res", "pair1", (6, 6)),
        ("alphago-res", "conv4", (5, 1)),
        ("pooled", "0", (10, 3)),
        ("pooled", "1", (4, 2)),
        ("pooled", "2", (1, 1)),
        ("pooled", "2", (0, 0)),
        ("same", "0", (2, 3)),
        ("same", "1", (1, 2)),
        ("same", "2", (2, 1)),
        ("same", "3", (1, 1)),
        ("image", "pool1", (1, 3)),
        ("image", "conv2", (2, 2)),
        ("shortcut", "0", (6, 6)),
        ("shortcut", "1", (6, 6)),
    ],
)
def test_the_receptive_field_is_what_changes_the_answer(
    name: str, layer: str, place: tuple[int, int]
) -> None:
    net = network(name).eval()
    for block in net.modules():  # a ReLU at 0 would feel nothing
        if hasattr(block, "activation"):
            block.activation = nn.Identity()
    field = receptive_field(net, layer, SIDE)
    assert field is not None
    assert field.area(*place, SIDE, SIDE) == felt_area(net, layer, *place)


def test_dense_layers_see_everything() -> None:
    net = network("pooled")
    assert receptive_field(net, "3", SIDE) is None
    assert receptive_field(net, "4", SIDE) is None


def test_answers_are_the_outputs_of_the_layers_in_order() -> None:
    net = network("alphago").eval()
    x = torch.randn(2, 2, SIDE, SIDE)
    found = answers(net, x, ["conv2", "position_bias", "conv1"])
    step = x
    for name, layer in net.named_children():
        step = layer(step)
        if name in found:
            assert torch.equal(found[name], step)
    assert torch.equal(found["position_bias"], net(x))


def test_layers_behind_the_last_one_asked_for_are_not_run() -> None:
    net = network("alphago")
    calls: list[str] = []
    for name, layer in net.named_children():
        layer.register_forward_pre_hook(lambda *_, name=name: calls.append(name))
    answers(net, torch.randn(1, 2, SIDE, SIDE), ["conv2"])
    assert calls == ["conv1", "conv2"]


def test_no_hook_stays_behind() -> None:
    net = network("alphago")
    answers(net, torch.randn(1, 2, SIDE, SIDE), ["conv2"])
    assert not any(module._forward_hooks for module in net.modules())


def test_the_hidden_layers_are_those_that_learn_but_for_the_last() -> None:
    assert hidden_layers(network("alphago")) == ["conv1", "conv2", "conv3", "conv4"]
    assert hidden_layers(network("pooled")) == ["0", "2"]


def test_an_unknown_layer_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="no layer called 'conv22'; did you mean 'conv2'"):
        layer_of(network("alphago"), "conv22")


def test_leaking_gives_silent_channels_a_gradient_and_is_undone() -> None:
    net = network("alphago").eval()
    with torch.no_grad():
        layer_of(net, "conv1").get_parameter("conv.bias").fill_(-100.0)
    x = torch.randn(1, 2, SIDE, SIDE, requires_grad=True)
    silent = answers(net, x, ["conv1"])["conv1"]
    assert not torch.autograd.grad(silent.sum(), x)[0].any()
    with leaking(net, "conv1"):
        leaky = answers(net, x, ["conv1"])["conv1"]
        assert torch.autograd.grad(leaky.sum(), x)[0].any()
    assert torch.equal(answers(net, x, ["conv1"])["conv1"], silent)
