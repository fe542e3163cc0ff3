"""Batch normalization, alone and together with what follows it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.nets import fused_norm


@dataclass(frozen=True, slots=True, kw_only=True)
class NormOptions:
    """How a batch normalization is set up."""

    scale: bool = True
    """Learn a factor per channel (gamma)."""
    eps: float = 1e-5
    """Added to the variance."""
    momentum: float = 0.1
    """Share of a batch in the running mean and variance."""


class BatchNorm(nn.Module):
    """Batch normalization over the channels of a picture, with or without a learned factor."""

    running_mean: Tensor
    running_var: Tensor
    weight: nn.Parameter | None

    def __init__(self, channels: int, options: NormOptions) -> None:
        super().__init__()
        self.eps, self.momentum = options.eps, options.momentum
        self.register_parameter(
            "weight", nn.Parameter(torch.ones(channels)) if options.scale else None
        )
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize by the batch while training, by the running figures otherwise."""
        if x.is_meta:  # no numbers, and torch would work out their absence slowly
            return torch.empty_like(x)
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )

    def fused(self, x: Tensor, *, relu: bool) -> Tensor:
        """Normalize by the batch, through ReLU where asked for; x must be served, scale be on."""
        assert self.weight is not None
        running = fused_norm.Running(
            mean=self.running_mean,
            variance=self.running_var,
            momentum=self.momentum,
            eps=self.eps,
        )
        return fused_norm.normalize(x, self.weight, self.bias, running, relu=relu)

    def as_affine(self) -> tuple[Tensor, Tensor]:
        """Return the factor and the offset per channel that it applies when not training."""
        factor = (self.running_var.double() + self.eps).rsqrt()
        if self.weight is not None:
            factor = factor * self.weight.double()
        return factor, self.bias.double() - self.running_mean.double() * factor
