"""Accuracy and loss, in training and on the validation positions."""

import torch
from torch import Tensor, nn

from gopolicy.training.batches import Batches
from gopolicy.training.compute import Compute
from gopolicy.training.objective import Objective
from gopolicy.training.world import World


class LossTally:
    """Sums of loss and hits that stay on the device until somebody asks."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(3, dtype=torch.float64, device=device)

    def add(self, loss_sum: Tensor, logits_ba: Tensor, targets_b: Tensor) -> None:
        """Count one batch; loss_sum is over its positions."""
        hits = (logits_ba.argmax(1) == targets_b).sum()
        self._sums[0] += loss_sum.detach()
        self._sums[1] += hits
        self._sums[2] += len(targets_b)

    def total(self, world: World) -> list[float]:
        """Return the sums of loss, hits and positions over all processes."""
        exact = self._sums.device.type != "mps"  # which knows no doubles
        return world.total(self._sums.clone() if exact else self._sums.float()).tolist()

    def mean(self) -> tuple[float, float]:
        """Return mean loss and top-1 of this process alone."""
        loss, hits, count = self._sums.tolist()
        return (loss / count, hits / count) if count else (float("nan"), float("nan"))

    def restore(self, sums: list[float]) -> None:
        """Go on from sums that `total` returned."""
        self._sums += torch.tensor(sums, dtype=self._sums.dtype, device=self._sums.device)

    def take(self, world: World) -> tuple[float, float] | None:
        """Return mean loss and top-1 over all processes, and start again; None without any."""
        loss, hits, count = self.total(world)
        self._sums.zero_()
        return (loss / count, hits / count) if count else None


@torch.inference_mode()
def validate(
    learner: nn.Module, objective: Objective, batches: Batches, compute: Compute, world: World
) -> dict[str, float]:
    """Return the figures of the objective on batches, and how many positions these are."""
    was_training = learner.training
    learner.eval()
    sums: dict[str, float] = {"positions": 0.0}
    try:
        for batch in batches:
            sums["positions"] += len(batch.targets)
            for name, part in objective.measure(learner, batch, compute, world.device).items():
                sums[name] = sums.get(name, 0.0) + part.item()
    finally:
        batches.close()
        learner.train(was_training)
    totals = world.total(torch.tensor(list(sums.values()), dtype=torch.float64).to(world.device))
    return objective.figures(dict(zip(sums, totals.tolist(), strict=True)))
