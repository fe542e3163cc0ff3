"""A running average of the weights, which often plays better than the last weights."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class WeightAverage(Generic[Network]):
    """A second network whose weights and running statistics trail those of the first."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self.network.eval().requires_grad_(False)
        self.decay = decay
        self._mine = _tensors(self.network)
        self._theirs = _tensors(network)

    def update(self, step: int) -> None:
        """Move towards the network after a step, counted from 0; quickly at first."""
        decay = min(self.decay, (step + 1) / (step + 10))
        torch._foreach_lerp_(self._mine, self._theirs, 1.0 - decay)


def _tensors(network: nn.Module) -> list[Tensor]:
    """Return what is averaged: parameters and running statistics."""
    return [tensor.detach() for tensor in network.state_dict().values()]
