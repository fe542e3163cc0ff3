"""The bricks, one by one."""

from typing import Any, Literal

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import (
    AveragePool,
    Branches,
    ConvBlock,
    ConvOptions,
    Dense,
    Flatten,
    GlobalAverage,
    MaxPool,
    PositionBias,
    Residual,
    SamePad,
    Separable,
    make_activation,
)
from gopolicy.nets.norm import BatchNorm, NormOptions


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(3)
    torch.set_num_threads(1)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def used(channels: int, options: NormOptions) -> BatchNorm:
    norm = BatchNorm(channels, options)
    with torch.no_grad():
        norm.bias.normal_()
        if norm.weight is not None:
            norm.weight.uniform_(0.5, 2)
    for _ in range(3):
        norm(torch.randn(4, channels, 5, 5) * 3 + 1)
    return norm


def test_batch_norm_is_the_one_of_torch() -> None:
    ours, theirs = BatchNorm(6, NormOptions()), nn.BatchNorm2d(6)
    for _ in range(3):
        x = torch.randn(4, 6, 5, 5) * 2 + 1
        assert torch.equal(ours(x), theirs(x))
    ours.eval(), theirs.eval()
    assert torch.equal(ours(x), theirs(x))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_batch_norm_without_a_factor_still_learns_its_offset(layout: torch.memory_format) -> None:
    norm = BatchNorm(3, NormOptions(scale=False))
    x = torch.randn(2, 3, 5, 5).contiguous(memory_format=layout)
    out = norm(x)
    assert torch.allclose(out, F.batch_norm(x, None, None, training=True), atol=1e-6)
    (out * torch.arange(3.0).view(1, 3, 1, 1)).sum().backward()
    assert norm.bias.grad is not None
    assert torch.allclose(norm.bias.grad, torch.tensor([0.0, 50.0, 100.0]))
    assert norm.weight is None
    assert count(norm) == 3


@pytest.mark.parametrize("scale", [True, False])
def test_batch_norm_is_a_factor_and_an_offset_when_not_training(scale: bool) -> None:
    norm = used(4, NormOptions(scale=scale, eps=1e-3)).eval()
    factor, offset = norm.as_affine()
    x = torch.randn(2, 4, 3, 3)
    expected = x.double() * factor.view(-1, 1, 1) + offset.view(-1, 1, 1)
    assert torch.allclose(norm(x).double(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        (ConvOptions(), 3 * 3 * 4 * 6 + 6),
        (ConvOptions(bias=False), 3 * 3 * 4 * 6),
        (ConvOptions(norm=NormOptions()), 3 * 3 * 4 * 6 + 2 * 6),
        (ConvOptions(norm=NormOptions(scale=False)), 3 * 3 * 4 * 6 + 6),
        (ConvOptions(norm=NormOptions(), bias=True), 3 * 3 * 4 * 6 + 3 * 6),
        (ConvOptions(norm=NormOptions(), preactivation=True), 3 * 3 * 4 * 6 + 2 * 4),
        (ConvOptions(groups=2), 3 * 3 * 2 * 6 + 6),
    ],
)
def test_a_block_has_the_parameters_of_its_options(options: ConvOptions, parameters: int) -> None:
    assert count(ConvBlock(4, 6, 3, options)) == parameters


@pytest.mark.parametrize(
    ("options", "side"),
    [
        (ConvOptions(), 9),
        (ConvOptions(padding="valid"), 7),
        (ConvOptions(padding=2), 11),
        (ConvOptions(stride=2), 5),
        (ConvOptions(stride=2, padding=(0, -1, 0, -1)), 3),
        (ConvOptions(stride=2, padding=(0, 1, 0, 1)), 4),
    ],
)
def test_a_block_pads_and_strides(options: ConvOptions, side: int) -> None:
    assert ConvBlock(4, 6, 3, options)(torch.randn(2, 4, 9, 9)).shape == (2, 6, side, side)


def test_uneven_padding_goes_left_right_top_bottom() -> None:
    block = ConvBlock(1, 1, 2, ConvOptions(padding=(1, 0, 0, 0), bias=False, activation="none"))
    nn.init.ones_(block.conv.weight)
    out = block(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    assert out.tolist() == [[[[4.0, 10.0]]]]


def test_the_order_of_normalization_activation_and_convolution() -> None:
    x = torch.randn(2, 4, 5, 5)
    post = ConvBlock(4, 4, 3, ConvOptions(norm=NormOptions()))
    pre = ConvBlock(4, 4, 3, ConvOptions(norm=NormOptions(), preactivation=True))
    assert torch.equal(post(x), F.relu(post.norm(post.conv(x))))
    assert torch.equal(pre(x), pre.conv(F.relu(pre.norm(x))))


@pytest.mark.parametrize("norm", [None, NormOptions()])
@pytest.mark.parametrize("preactivation", [False, True])
def test_a_block_leaves_its_input_alone(norm: Any, preactivation: bool) -> None:
    block = ConvBlock(4, 4, 3, ConvOptions(norm=norm, preactivation=preactivation))
    x = torch.randn(2, 4, 5, 5)
    before = x.clone()
    block(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_folding_keeps_the_function(bias: bool, padding: Literal["same", "valid"]) -> None:
    options = ConvOptions(norm=NormOptions(), bias=bias, padding=padding)
    block = ConvBlock(4, 6, 3, options)
    block.norm = used(6, NormOptions())
    block.eval()
    weight, offset = block.folded()
    x = torch.randn(2, 4, 7, 7)
    plain = F.relu(F.conv2d(x, weight, offset, padding=padding))
    assert torch.allclose(plain, block(x), atol=1e-5)


def test_a_normalization_before_the_convolution_cannot_be_folded() -> None:
    with pytest.raises(ConfigError, match="folded"):
        ConvBlock(4, 6, 3, ConvOptions(norm=NormOptions(), preactivation=True)).folded()


def test_weights_are_drawn_as_he_et_al_do() -> None:
    block = ConvBlock(32, 64, 3)
    assert block.conv.weight.std().item() == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.05)
    assert block.conv.bias is not None
    assert not block.conv.bias.any()
    assert Dense(1000, 100, "none").linear.weight.std().item() == pytest.approx(
        (1 / 1000) ** 0.5, rel=0.05
    )


def test_residual_adds_the_way_around() -> None:
    block = ConvBlock(4, 4, 3, ConvOptions(activation="none"))
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(Residual(block)(x), F.relu(block(x) + x))
    assert torch.equal(Residual(block, activation="none")(x), block(x) + x)
    shortcut = ConvBlock(4, 4, 1, ConvOptions(activation="none"))
    assert torch.equal(Residual(block, shortcut=shortcut)(x), F.relu(block(x) + shortcut(x)))


def test_flatten_does_not_depend_on_the_order_in_memory() -> None:
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(Flatten()(x.contiguous(memory_format=torch.channels_last)), x.reshape(2, 60))


def test_position_bias_gives_float_logits_per_point() -> None:
    head = PositionBias(3)
    with torch.no_grad():
        head.bias.copy_(torch.arange(9.0))
    out = head(torch.zeros(2, 1, 3, 3, dtype=torch.bfloat16))
    assert out.dtype == torch.float32
    assert out.tolist() == [[float(point) for point in range(9)]] * 2


def test_max_pool_takes_the_largest_of_each_window() -> None:
    assert MaxPool(2)(torch.arange(16.0).view(1, 1, 4, 4)).flatten().tolist() == [5, 7, 13, 15]


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "around"),
    [(5, 3, 2, (1, 1)), (6, 3, 2, (0, 1)), (6, 5, 2, (1, 2)), (6, 3, 1, (1, 1)), (6, 1, 2, (0, 0))],
)
def test_same_padding_puts_an_odd_row_last(
    side: int, kernel: int, stride: int, around: tuple[int, int]
) -> None:
    out = SamePad(kernel, stride)(torch.ones(1, 1, side, side))
    rows = out[0, 0].any(1).tolist()
    assert rows == [False] * around[0] + [True] * side + [False] * around[1]


def test_a_strided_block_sees_the_last_row_of_an_even_picture() -> None:
    block = ConvBlock(1, 1, 3, ConvOptions(stride=2, bias=False, activation="none"))
    nn.init.ones_(block.conv.weight)
    assert block(torch.ones(1, 1, 4, 4)).flatten().tolist() == [9, 6, 6, 4]


def test_kernels_need_not_be_square() -> None:
    block = ConvBlock(2, 3, (1, 7))
    assert block(torch.randn(1, 2, 5, 8)).shape == (1, 3, 5, 8)
    assert block.conv.weight.shape == (3, 2, 1, 7)


def test_pools_with_padding_look_at_the_picture_only() -> None:
    x = -1 - torch.arange(16.0).view(1, 1, 4, 4)
    assert MaxPool(3, 2, "same")(x).flatten().tolist() == [-1, -3, -9, -11]
    assert MaxPool(3, 2, padding=1)(x).flatten().tolist() == [-1, -2, -5, -6]
    assert AveragePool(3, 2, "same")(x).flatten().tolist() == [-6, -7.5, -12, -13.5]
    assert torch.equal(AveragePool(3, 1, "same")(torch.ones(1, 2, 3, 3)), torch.ones(1, 2, 3, 3))


def test_global_average() -> None:
    x = torch.arange(8.0).view(1, 2, 2, 2)
    assert GlobalAverage()(x).tolist() == [[1.5, 5.5]]
    assert GlobalAverage(flat=False)(x).shape == (1, 2, 1, 1)


def test_a_separable_convolution_is_one_by_channel_and_one_across() -> None:
    layer = Separable(3, 5, 3, NormOptions(), stride=2, activations=("relu", "relu6")).eval()
    x = torch.randn(2, 3, 7, 7) * 5
    weight = layer.depthwise.conv.weight
    alone = [F.conv2d(F.relu(x[:, [c]]), weight[[c]], stride=2, padding=1) for c in range(3)]
    across = F.conv2d(torch.cat(alone, 1), layer.pointwise.conv.weight)
    expected = layer.pointwise.norm(across).clamp(0, 6)
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert count(layer) == 3 * 9 + 3 * 5 + 2 * 5


def test_a_residual_may_scale_its_layers() -> None:
    block = ConvBlock(4, 4, 3, ConvOptions(activation="none"))
    x = torch.randn(2, 4, 5, 5)
    expected = x + 0.25 * block(x)
    assert torch.allclose(Residual(block, scale=0.25, activation="none")(x), expected, atol=1e-6)


def test_branches_put_their_channels_in_order() -> None:
    branches = Branches(nn.Identity(), ConvBlock(2, 3, 1))
    x = torch.randn(2, 2, 5, 5)
    assert torch.equal(branches(x), torch.cat([x, branches.branches[1](x)], 1))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="'swoosh'"):
        make_activation("swoosh")
    with pytest.raises(ConfigError, match="odd kernel"):
        ConvBlock(1, 1, 2)
