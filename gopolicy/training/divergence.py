"""Training that has gone wrong in a way that more of it cannot mend."""

from math import isfinite

import torch
from torch import nn

from gopolicy.errors import GoPolicyError


class TrainingError(GoPolicyError):
    """Training went wrong in a way that more of it cannot mend."""


def check_loss(loss: float, positions: int, *, saved: bool) -> None:
    """Raise TrainingError unless a loss is a number; saved: there is a checkpoint."""
    if not isfinite(loss):
        raise TrainingError(
            f"the loss became {loss} after {positions:,} positions; {_advice(saved)}"
        )


def check_finite_weights(learner: nn.Module, positions: int, *, saved: bool) -> None:
    """Raise TrainingError unless all weights are numbers; saved: there is a checkpoint."""
    if not all(torch.isfinite(tensor).all() for tensor in learner.state_dict().values()):
        raise TrainingError(
            f"the weights are no numbers any more after {positions:,} positions; {_advice(saved)}"
        )


def _advice(saved: bool) -> str:
    kept = "the last checkpoint is kept; " if saved else ""
    return f"{kept}try a lower lr or clip_norm"
