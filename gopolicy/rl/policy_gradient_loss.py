"""The terms of the loss of policy gradient, over the moves that there were to choose from.

Letters: B batch, A = N * N points.
"""

import torch
from torch import Tensor

_MOST_RATIO = 3.0
"""How many times as probable a bad move may become and still count, as Ye et al. 2020 chose it."""


def masked_log_softmax(logits_ba: Tensor, choices_ba: Tensor, temperature: float) -> Tensor:
    """Return log-probabilities over the choices alone, [B, A]; -inf elsewhere."""
    scaled_ba = logits_ba / temperature
    return torch.log_softmax(scaled_ba.masked_fill(~choices_ba, float("-inf")), 1)


def entropy_of(logs_ba: Tensor) -> Tensor:
    """Return the entropy of each row of log-probabilities, [B], in nats."""
    nowhere_ba = torch.isneginf(logs_ba)
    return -(logs_ba.exp() * logs_ba.masked_fill(nowhere_ba, 0.0)).sum(1)


def divergence(logs_ba: Tensor, from_ba: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of each row of log-probabilities from another, [B].

    Both must be -inf at the same points; in nats.
    """
    nowhere_ba = torch.isneginf(logs_ba)
    gaps_ba = logs_ba.masked_fill(nowhere_ba, 0.0) - from_ba.masked_fill(nowhere_ba, 0.0)
    return (logs_ba.exp() * gaps_ba).sum(1)


def clipped_gain(growth_b: Tensor, advantages_b: Tensor, clip: float) -> Tensor:
    """Return what to increase, a mean over decisions.

    growth_b: how much the log-probability of what was played has grown since it was played.  Where
    that is 0, the gradient is that of REINFORCE.  A move whose probability has changed by more than
    the share clip in the direction of its advantage counts no more (the clipped objective of
    Schulman et al. 2017), nor does a bad move that has become many times as probable, whose loss
    would know no bounds (the second clip of Ye et al. 2020); clip 0 lets every move count.
    """
    ratios_b = growth_b.exp()
    gains_b = ratios_b * advantages_b
    if clip:
        clipped_b = ratios_b.clamp(1 - clip, 1 + clip) * advantages_b
        gains_b = torch.minimum(gains_b, clipped_b)
        gains_b = torch.maximum(gains_b, -_MOST_RATIO * advantages_b.abs())
    return gains_b.mean()
