"""The optimizers by name."""

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from gopolicy.training.config import TrainConfig
from gopolicy.training.muon import Groups, MuonWithAdamW
from gopolicy.training.world import World


def make_optimizer(config: TrainConfig, *networks: nn.Module) -> Optimizer:
    """Return the optimizer that config names, over the parameters of networks."""
    return OPTIMIZERS[config.optimizer](parameter_groups(config, *networks), config)


def parameter_groups(config: TrainConfig, *networks: nn.Module) -> Groups:
    """Split the parameters: matrices decay; biases and normalizations do not.

    Each network has groups of its own: one may begin to learn later, and a group has one state.
    """
    groups = []
    for matrices, decay in ((True, config.weight_decay), (False, 0.0)):
        for network in networks:
            parameters = [p for p in network.parameters() if p.requires_grad]
            mine = [p for p in parameters if (p.ndim >= 2) == matrices]
            groups.append({"params": mine, "weight_decay": decay})
    return [group for group in groups if group["params"]]


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Let the next step use rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def descend(
    loss: torch.Tensor,
    learner: nn.Module,
    optimizer: Optimizer,
    world: World,
    rate: float,
    clip_norm: float,
) -> None:
    """Take one step down the gradient of a loss; the processes of a world average it."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    parameters = list(learner.parameters())
    world.average(p.grad for p in parameters if p.grad is not None)
    if clip_norm:
        nn.utils.clip_grad_norm_(parameters, clip_norm)
    set_learning_rate(optimizer, rate)
    optimizer.step()


def _sgd(groups: Groups, config: TrainConfig) -> Optimizer:
    """Return SGD with Nesterov momentum."""
    return SGD(
        groups,
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.momentum > 0,
        fused=_can_fuse(groups),
    )


def _adamw(groups: Groups, config: TrainConfig) -> Optimizer:
    return AdamW(
        groups, lr=config.lr, betas=(config.momentum, config.beta2), fused=_can_fuse(groups)
    )


def _muon(groups: Groups, config: TrainConfig) -> Optimizer:
    """Return Muon for kernels and matrices of several outputs, AdamW for the rest."""
    kernels, rest = (
        [
            group | {"params": [p for p in group["params"] if _is_matrix(p) == wanted]}
            for group in groups
        ]
        for wanted in (True, False)
    )
    return MuonWithAdamW(
        [group for group in kernels if group["params"]],
        [group for group in rest if group["params"]],
        lr=config.lr,
        betas=(config.momentum, config.beta2),
        fused=_can_fuse(groups),
    )


def _is_matrix(parameter: torch.Tensor) -> bool:
    return parameter.ndim >= 2 and len(parameter) > 1


def _can_fuse(groups: Groups) -> bool:
    """Say whether torch has single-kernel steps where the parameters live."""
    device: torch.device = groups[0]["params"][0].device
    return device.type in ("cpu", "cuda")


OPTIMIZERS: dict[str, Callable[[Groups, TrainConfig], Optimizer]] = {
    "sgd": _sgd,
    "adamw": _adamw,
    "muon": _muon,
}
"""Functions of (parameter groups, config) that return an optimizer."""
