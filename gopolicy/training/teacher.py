"""A network that another one learns from, besides the moves of the games.

Letters: B batch, C planes, N board side, A = N * N points.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gopolicy.nets.weights import load_weights
from gopolicy.policy.policy import Policy
from gopolicy.training.config import TrainConfig


class Teacher:
    """A trained network whose probabilities are learned together with the moves played.

    A move that was played is one sample of what good players do here; the teacher's probabilities
    are a guess at all of it, so that less is left to chance and as many positions teach more
    (Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015; here at
    temperature 1).
    """

    def __init__(self, policy: Policy, weight: float) -> None:
        """Give its distance this weight in the loss, and the moves the rest of 1."""
        self._policy, self._weight = policy, weight

    def added(self, loss: Tensor, logits_ba: Tensor, planes_bcnn: NDArray[np.int8]) -> Tensor:
        """Return the loss of the moves and the cross-entropy to the teacher together, in nats.

        logits_ba are those of the network that learns, on the same planes.
        """
        wanted_ba = torch.from_numpy(self._policy.log_probabilities(planes_bcnn)).exp()
        distance = F.cross_entropy(logits_ba, wanted_ba.to(logits_ba.device))
        return torch.lerp(loss, distance, self._weight)


def make_teacher(config: TrainConfig, size: int, device: torch.device) -> Teacher | None:
    """Return the teacher that config names, for boards of a size, or None.

    WeightsError where there is none of that name, or where it is for other planes or boards.
    """
    if not config.teacher:
        return None
    loaded = load_weights(config.teacher, plane_set=config.planes, size=size)
    # One library all along: a run that is resumed is to go on as if it had not been stopped.
    policy = Policy(loaded, device=str(device), backend="torch")
    return Teacher(policy, config.teacher_weight)
