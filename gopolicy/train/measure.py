"""Accuracy and loss, in training and on the validation positions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.train.batches import Batches, to_tensors
from gopolicy.train.compute import Compute
from gopolicy.train.world import World


class Tally:
    """Sums of loss and hits that stay on the device until somebody asks."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(3, dtype=torch.float64, device=device)

    def add(self, loss_sum: Tensor, logits_ba: Tensor, targets_b: Tensor) -> None:
        """Count one batch; loss_sum is over its positions."""
        hits = (logits_ba.argmax(1) == targets_b).sum()
        self._sums[0] += loss_sum.detach()
        self._sums[1] += hits
        self._sums[2] += len(targets_b)

    def take(self, world: World) -> tuple[float, float]:
        """Return mean loss and top-1 over all processes, and start again."""
        sums = world.total(self._sums.float() if self._sums.device.type == "mps" else self._sums)
        loss, hits, count = sums.tolist()
        self._sums.zero_()
        return (loss / count, hits / count) if count else (float("nan"), float("nan"))


@torch.inference_mode()
def validate(
    network: nn.Module, batches: Batches, compute: Compute, world: World
) -> dict[str, float]:
    """Return top1 and nll of the network on batches, and how many positions these are."""
    was_training = network.training
    network.eval()
    sums = torch.zeros(3, dtype=torch.float64)
    try:
        for batch in batches:
            planes_bcnn, targets_b = to_tensors(batch, compute, world.device)
            logits_ba = compute.forward(network, planes_bcnn)
            sums[0] += F.cross_entropy(logits_ba, targets_b, reduction="sum").item()
            sums[1] += (logits_ba.argmax(1) == targets_b).sum().item()
            sums[2] += len(targets_b)
    finally:
        batches.close()
        network.train(was_training)
    nll, hits, count = world.total(sums.to(world.device)).tolist()
    count = max(count, 1.0)
    return {"top1": hits / count, "nll": nll / count, "positions": int(count)}
