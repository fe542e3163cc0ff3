"""The policy network of Silver et al. 2016, and the same frame with residual joins.

A 5x5 convolution, then 3x3 convolutions, all zero padded and followed by ReLU, never pooled; a 1x1
convolution to a single plane; a bias per point.  A normalization, where asked for, sits between a
convolution and its ReLU; once trained it can be folded away, which gives the published form.
"""

from torch import nn

from gopolicy.errors import ConfigError
from gopolicy.nets.layers import ConvBlock, ConvOptions, GlobalBias, PositionBias, Residual
from gopolicy.nets.norm import NormOptions

MAX_LAYERS = 1000
"""More than anybody trains; a guard against a damaged description."""


def alphago(
    planes: int,
    size: int,
    *,
    filters: int = 192,
    layers: int = 12,
    normalization: str = "none",
    first_kernel: int = 5,
) -> dict[str, nn.Module]:
    """Return the published stack: layers hidden convolutions and the head.

    first_kernel, an odd number, is the side of the first filters; 5 as published.
    """
    options = _hidden(filters, layers, normalization)
    stack: dict[str, nn.Module] = {"conv1": ConvBlock(planes, filters, first_kernel, options)}
    for number in range(2, layers + 1):
        stack[f"conv{number}"] = ConvBlock(filters, filters, 3, options)
    return stack | _head(filters, size)


def alphago_res(
    planes: int,
    size: int,
    *,
    filters: int = 192,
    layers: int = 12,
    normalization: str = "batch",
    pooled: int = 0,
) -> dict[str, nn.Module]:
    """Return the same frame with 3x3 convolutions joined in pairs; an odd one stays plain.

    With pooled channels the head also looks at the whole board (`GlobalBias`).
    """
    options = _hidden(filters, layers, normalization)
    stack: dict[str, nn.Module] = {"conv1": ConvBlock(planes, filters, 5, options)}
    for number in range(2, layers, 2):
        stack[f"pair{number // 2}"] = _pair(filters, options)
    if layers % 2 == 0:
        stack[f"conv{layers}"] = ConvBlock(filters, filters, 3, options)
    if pooled < 0:
        raise ConfigError(f"expected pooled 0 or more, got {pooled}")
    if pooled:
        stack["whole"] = GlobalBias(filters, pooled, options)
    return stack | _head(pooled or filters, size)


def _pair(filters: int, options: ConvOptions) -> Residual:
    """Return two 3x3 convolutions and the way around them."""
    second = ConvOptions(norm=options.norm, activation="none")
    return Residual(ConvBlock(filters, filters, 3, options), ConvBlock(filters, filters, 3, second))


def _head(filters: int, size: int) -> dict[str, nn.Module]:
    """Return the layers from the last hidden plane to the logits."""
    options = ConvOptions(bias=False, activation="none")
    return {"head": ConvBlock(filters, 1, 1, options), "position_bias": PositionBias(size)}


def _hidden(filters: int, layers: int, normalization: str) -> ConvOptions:
    """Check the settings; return the options of a hidden convolution."""
    if filters < 1 or not 1 <= layers <= MAX_LAYERS:
        raise ConfigError(f"expected 1 filter or more and 1 to {MAX_LAYERS} layers")
    if normalization not in ("none", "batch"):
        raise ConfigError(f"expected normalization none or batch, got {normalization!r}")
    return ConvOptions(norm=NormOptions() if normalization == "batch" else None)
