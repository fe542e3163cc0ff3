"""The policy network of Silver et al. 2016, and the same frame with residual joins.

A 5x5 convolution, then 3x3 convolutions, all zero padded and followed by ReLU, never pooled; a 1x1
convolution to a single plane; a bias per point.  A normalization, where asked for, sits between a
convolution and its ReLU; once trained it can be folded away, which gives the published form.
"""

from torch import nn

from gopolicy.nets.layers import ConvBlock, ConvOptions, GlobalBias, PositionBias, Residual
from gopolicy.nets.network_settings import AlphaGoResSettings, AlphaGoSettings
from gopolicy.nets.norm import NormOptions


def alphago(planes: int, size: int, settings: AlphaGoSettings) -> dict[str, nn.Module]:
    """Return the published stack: hidden convolutions and the head."""
    filters, options = settings.filters, _hidden(settings.normalization)
    first = ConvBlock(planes, filters, settings.first_kernel, options)
    stack: dict[str, nn.Module] = {"conv1": first}
    for number in range(2, settings.layers + 1):
        stack[f"conv{number}"] = ConvBlock(filters, filters, 3, options)
    return stack | _head(filters, size)


def alphago_res(planes: int, size: int, settings: AlphaGoResSettings) -> dict[str, nn.Module]:
    """Return the same frame with 3x3 convolutions joined in pairs; an odd one stays plain.

    With pooled channels the head also looks at the whole board (`GlobalBias`).
    """
    filters, layers, pooled = settings.filters, settings.layers, settings.pooled
    options = _hidden(settings.normalization)
    stack: dict[str, nn.Module] = {"conv1": ConvBlock(planes, filters, 5, options)}
    for number in range(2, layers, 2):
        stack[f"pair{number // 2}"] = _pair(filters, options)
    if layers % 2 == 0:
        stack[f"conv{layers}"] = ConvBlock(filters, filters, 3, options)
    if pooled:
        stack["whole"] = GlobalBias(filters, pooled, options)
    return stack | _head(pooled or filters, size)


def _pair(filters: int, options: ConvOptions) -> Residual:
    second = ConvOptions(norm=options.norm, activation="none")
    return Residual(ConvBlock(filters, filters, 3, options), ConvBlock(filters, filters, 3, second))


def _head(filters: int, size: int) -> dict[str, nn.Module]:
    options = ConvOptions(bias=False, activation="none")
    return {"head": ConvBlock(filters, 1, 1, options), "position_bias": PositionBias(size)}


def _hidden(normalization: str) -> ConvOptions:
    return ConvOptions(norm=NormOptions() if normalization == "batch" else None)
