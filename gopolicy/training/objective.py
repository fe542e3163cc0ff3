"""What is learned from a batch: the moves, or how games end, on a trunk that stays as it is."""

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.data.outcome_targets import OutcomeTargets
from gopolicy.errors import ConfigError, StoreError
from gopolicy.nets.equivariance import IMAGES, tie
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.outcome_head import (
    OutcomeHead,
    OutcomeLogits,
    build_outcome,
    log_share_above,
    outcome_loss,
    tie_outcome,
    trunk_and_moves,
)
from gopolicy.training.batches import TrainBatch, to_tensors
from gopolicy.training.compute import Compute
from gopolicy.training.config import HITS, TrainConfig
from gopolicy.training.teacher import Teacher, make_teacher


class Learned(NamedTuple):
    """What one batch came to."""

    loss: Tensor
    """The mean over the batch, to be made smaller."""
    logits: Tensor
    """[B, A] of the moves."""
    targets: Tensor
    """[B] the points that were played."""


class OutcomeLearner(nn.Module):
    """A network with an outcome head that learns, alone or together with the network."""

    def __init__(self, network: PolicyNetwork, head: OutcomeHead, *, frozen: bool) -> None:
        super().__init__()
        self.network = network.requires_grad_(not frozen)
        self.head, self.frozen = head, frozen
        self._parts = trunk_and_moves(network)  # in a tuple: their layers are the network's, once

    def train(self, mode: bool = True) -> "OutcomeLearner":
        """Let what learns be in training mode, and nothing else."""
        super().train(mode)
        if self.frozen:
            self.network.eval()
        return self

    def forward(self, planes: Tensor, color: Tensor) -> tuple[OutcomeLogits, Tensor | None]:
        """Map planes [B, C, N, N] to what the head says; logits [B, A] where moves learn, too.

        color [B] is 1 where Black is to move and -1 where White is.
        """
        trunk, moves = self._parts
        if self.frozen:
            with torch.no_grad():
                known = trunk(planes)
            return cast(OutcomeLogits, self.head(known, color)), None
        known = trunk(planes)
        return cast(OutcomeLogits, self.head(known, color)), moves(known).float()


class Objective(Protocol):
    """What is learned, and how that is measured."""

    def learner(self, network: PolicyNetwork) -> nn.Module:
        """Return what is trained."""

    def learn(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> Learned:
        """Return the loss of a batch."""

    def measure(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> dict[str, Tensor]:
        """Return sums over a batch."""

    def figures(self, sums: dict[str, float]) -> dict[str, float]:
        """Return the figures that sums over all batches and ``positions`` make."""

    def parts(self, learner: nn.Module) -> tuple[PolicyNetwork, OutcomeHead | None]:
        """Return what a weight folder keeps."""


PROTOCOLS = {
    "moves": "validation positions of the training store, every board move, no symmetries, all"
    " points",
    "outcome": "validation positions of the training store whose game has a winner, no symmetries",
}
"""How the figures of a run are measured, by objective."""


def measured_text(figures: Mapping[str, float], config: TrainConfig) -> str:
    """Return the figures of a measurement in words."""
    if "top1" not in figures:
        return "no position for validation tells who won"
    return f"validation {HITS[config.objective]} {figures['top1']:.2%}, nll {figures['nll']:.4f}"


class Moves:
    """The point that was played next: what a policy network is for."""

    def __init__(self, config: TrainConfig, teacher: Teacher | None = None) -> None:
        self._config, self._teacher = config, teacher

    def learner(self, network: PolicyNetwork) -> nn.Module:
        """Return what is trained: the network, with the ties that the settings ask for."""
        if self._config.equivariant:
            tie(network)
        return network

    def learn(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> Learned:
        """Return the loss of a batch."""
        planes_bcnn, targets_b = to_tensors(batch, compute, device)
        logits_ba = compute.forward(learner, planes_bcnn)
        smoothing = self._config.label_smoothing
        loss = F.cross_entropy(logits_ba, targets_b, label_smoothing=smoothing)
        if self._teacher:
            loss = self._teacher.added(loss, logits_ba, batch.planes)
        return Learned(loss, logits_ba.detach(), targets_b)

    def measure(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> dict[str, Tensor]:
        """Return sums over a batch: of each figure, and of the positions that they are over."""
        planes_bcnn, targets_b = to_tensors(batch, compute, device)
        logits_ba = compute.forward(learner, planes_bcnn)
        return {
            "top1": (logits_ba.argmax(1) == targets_b).sum(),
            "nll": F.cross_entropy(logits_ba, targets_b, reduction="sum"),
        }

    def figures(self, sums: dict[str, float]) -> dict[str, float]:
        """Return top1 and nll, the loss in nats."""
        count = max(sums["positions"], 1.0)
        means = {name: sums.get(name, 0.0) / count for name in ("top1", "nll")}
        return means | {"positions": int(count)}

    def parts(self, learner: nn.Module) -> tuple[PolicyNetwork, OutcomeHead | None]:
        """Return what a weight folder keeps."""
        return cast(PolicyNetwork, learner), None


class Outcomes:
    """How the game ended: for networks that know moves already and keep them, or learn both."""

    def __init__(self, config: TrainConfig) -> None:
        if not config.start and not config.moves_weight:
            raise ConfigError(
                "objective outcome needs a network that knows moves, start=NAME, or moves_weight"
            )
        self._config = config

    def learner(self, network: PolicyNetwork) -> nn.Module:
        """Return the network with a fresh head, tied where the settings ask for it.

        A head that the network at ``start`` has does not go on learning: its normalizations are
        folded away, and without them it forgets more than it learns (weights/LOG.md).
        """
        config = self._config
        channels, pairs = config.outcome_channels, config.outcome_pairs
        wide = {"color": True, "features": IMAGES * channels}
        head = build_outcome(network, {"channels": channels, "pairs": pairs} | wide)
        if config.equivariant:
            tie_outcome(head)
            if config.moves_weight:
                tie(network)
        return OutcomeLearner(network, head, frozen=not config.moves_weight)

    def learn(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> Learned:
        """Return the loss of a batch; top1 is the share of positions whose winner it names."""
        config = self._config
        outcome, logits_ba, targets = self._see(learner, batch, compute, device)
        known = targets.won != 0
        alone = known & ~targets.counted  # a score tells more than who won, and games are few
        results = log_share_above(outcome, targets.komi, targets.won.float())
        ownership, score = outcome_loss(outcome, targets.owners, targets.scores, targets.counted)
        loss = (
            -config.result_weight * (results * alone).sum() / alone.sum().clamp(min=1)
            + config.ownership_weight * ownership
            + config.score_weight * score
        )
        if logits_ba is not None:
            played_b = torch.from_numpy(batch.targets).to(device)
            loss = loss + config.moves_weight * F.cross_entropy(logits_ba, played_b)
        lost = log_share_above(outcome, targets.komi, -torch.ones_like(targets.komi))
        won = log_share_above(outcome, targets.komi, torch.ones_like(targets.komi))
        logits = torch.stack([lost, won], 1)[known].detach()
        return Learned(loss, logits, (targets.won[known] > 0).long())

    def measure(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> dict[str, Tensor]:
        """Return sums over a batch: of each figure, and of the positions that they are over."""
        outcome, logits_ba, targets = self._see(learner, batch, compute, device)
        known = targets.won != 0
        results = log_share_above(outcome, targets.komi, targets.won.float())[known]
        owners = torch.tanh(outcome.ownership / 2)
        means = (outcome.weights.exp() * outcome.centers).sum(1)
        counted = targets.counted
        sums = {} if logits_ba is None else _move_sums(logits_ba, batch, device)
        return sums | {
            "top1": (results > math.log(0.5)).sum(),
            "nll": -results.sum(),
            "brier": ((1 - results.exp()) ** 2).sum(),
            "results": known.sum(),
            "score_error": (means - targets.scores)[counted].abs().sum(),
            "ownership_error": (owners - targets.owners)[counted].abs().mean(1).sum(),
            "counted": counted.sum(),
        }

    def figures(self, sums: dict[str, float]) -> dict[str, float]:
        """Return the means: of the winner top1, nll and brier; of the end in points.

        Where moves are learned, too, also move_top1 and move_nll.  What no position told is left
        out; positions counts those of games with a winner.
        """
        over = {"top1": "results", "nll": "results", "brier": "results"}
        over |= {"score_error": "counted", "ownership_error": "counted"}
        over |= dict.fromkeys({"move_top1", "move_nll"} & sums.keys(), "positions")
        means = {name: sums[name] / sums[of] for name, of in over.items() if sums.get(of)}
        return means | {"positions": int(sums.get("results", 0.0))}

    def parts(self, learner: nn.Module) -> tuple[PolicyNetwork, OutcomeHead | None]:
        """Return what a weight folder keeps."""
        both = cast(OutcomeLearner, learner)
        return both.network, both.head

    def _see(
        self, learner: nn.Module, batch: TrainBatch, compute: Compute, device: torch.device
    ) -> tuple[OutcomeLogits, Tensor | None, OutcomeTargets[Tensor]]:
        """Return what the head says, the logits of moves where they learn, and what was so."""
        found = batch.outcomes
        if found is None:
            raise StoreError("the store knows no outcomes; gopolicy selfplay makes one that does")
        planes_bcnn, _ = to_tensors(batch, compute, device)
        on = compute.precision == "bf16"
        targets = OutcomeTargets(*(torch.from_numpy(array).to(device) for array in found))
        with torch.autocast(planes_bcnn.device.type, torch.bfloat16, enabled=on):
            outcome, logits_ba = learner(planes_bcnn, targets.color)
        return outcome, logits_ba, targets


def _move_sums(logits_ba: Tensor, batch: TrainBatch, device: torch.device) -> dict[str, Tensor]:
    """Return what `Moves.measure` sums, under names of its own."""
    played_b = torch.from_numpy(batch.targets).to(device)
    return {
        "move_top1": (logits_ba.argmax(1) == played_b).sum(),
        "move_nll": F.cross_entropy(logits_ba, played_b, reduction="sum"),
    }


def make_objective(config: TrainConfig, size: int, device: torch.device) -> Objective:
    """Return the objective that config names, for boards of a size."""
    if config.objective == "outcome":
        return Outcomes(config)
    return Moves(config, make_teacher(config, size, device))
