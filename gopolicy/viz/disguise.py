"""Pictures that a network takes for something else: small changes that nobody would notice.

Every step moves each pixel a little in the direction of the gradient and stays within a budget
around the original (projected gradient ascent: Madry et al. 2018); the budget grows until the
network is sure of the wrong class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gopolicy.viz.picture_subject import PictureSubject

BUDGETS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
"""How far a pixel may move, of 255; tried in this order."""
STEPS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disguise:
    """A picture changed so that it is taken for another class."""

    target: int
    """The class that the network is to see."""
    picture: Tensor
    """[C, H, W] from 0 to 1."""
    probability: float
    """Of the target."""
    budget: int
    """How far pixels were allowed to move, of 255."""
    fooled: bool
    """Whether the network is as sure as was asked for."""


def disguise(
    subject: PictureSubject, picture: Tensor, targets: Sequence[int], sure: float = 0.5
) -> list[Disguise]:
    """Return the picture [1, C, H, W] disguised as each of the targets, all of them in one batch.

    With the smallest of `BUDGETS` at which the network gives the target at least the probability
    sure, or the largest where none does: then it is not fooled.
    """
    done: dict[int, Disguise] = {}
    for budget in BUDGETS:
        left = [target for target in targets if target not in done]
        if not left:
            break
        changed = _within(subject, picture, left, budget / 255)
        for row, target in enumerate(left):
            share = float(subject.probabilities(changed[row : row + 1])[0, target])
            if share >= sure or budget == BUDGETS[-1]:
                done[target] = Disguise(
                    target=target,
                    picture=changed[row],
                    probability=share,
                    budget=budget,
                    fooled=share >= sure,
                )
    return [done[target] for target in targets]


def _within(
    subject: PictureSubject, picture: Tensor, targets: Sequence[int], reach: float
) -> Tensor:
    """Return the picture moved toward each target, no pixel further than reach, [T, C, H, W]."""
    base = picture.expand(len(targets), -1, -1, -1)
    low, high = (base - reach).clamp(0, 1), (base + reach).clamp(0, 1)
    wanted = torch.tensor(list(targets), device=subject.device)
    x = base.clone().requires_grad_()
    for _ in range(STEPS):
        logits = torch.log_softmax(subject.network(x), 1)
        (slope,) = torch.autograd.grad(logits.gather(1, wanted[:, None]).sum(), x)
        moved = x.detach() + reach / 8 * torch.sign(slope)
        x = torch.minimum(torch.maximum(moved, low), high).requires_grad_()
    return x.detach()
