"""Muon for the kernels of hidden convolutions, AdamW for everything else.

Muon (Jordan et al. 2024, as `torch.optim.Muon` has it) makes the momentum of a weight matrix
orthogonal before it steps, so that no direction of the matrix is left behind.  A kernel counts as
the matrix of its outputs by everything that an output sees.  The steps are scaled to the size of
AdamW's (Liu et al. 2025), so one learning rate serves both.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

Groups = list[dict[str, Any]]


class MuonWithAdamW(Optimizer):
    """Two optimizers that step together; the groups of Muon come first."""

    def __init__(
        self,
        matrices: Groups,
        rest: Groups,
        *,
        lr: float,
        betas: tuple[float, float],
        fused: bool,
    ) -> None:
        """Take groups of parameters; those in matrices must have two dimensions or more.

        betas and fused are AdamW's.
        """
        self._kernels = [kernel for group in matrices for kernel in group["params"]]
        self._matrices = [nn.Parameter(_as_matrix(kernel.detach())) for kernel in self._kernels]
        views = iter(self._matrices)
        viewed = [group | {"params": [next(views) for _ in group["params"]]} for group in matrices]
        self._parts: list[Optimizer] = []
        if viewed:
            muon = torch.optim.Muon(viewed, lr=lr, momentum=0.95, adjust_lr_fn="match_rms_adamw")
            self._parts.append(muon)
        if rest:
            self._parts.append(AdamW(rest, lr=lr, betas=betas, fused=fused))
        super().__init__(matrices + rest, {})
        self._share_groups()

    def _share_groups(self) -> None:
        """Let the parts look at the same settings as whoever changes a learning rate here."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Step once by the gradients that the parameters have."""
        for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
            matrix.grad = None if kernel.grad is None else _as_matrix(kernel.grad, like=kernel)
        for part in self._parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none)
        for kernel in self._kernels:
            kernel.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both, their parameters numbered through."""
        state: dict[int, Any] = {}
        groups: Groups = []
        for part, first in self._numbered():
            mine = part.state_dict()
            state |= {first + index: values for index, values in mine["state"].items()}
            groups += [_renumber(group, first) for group in mine["param_groups"]]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what `state_dict` returned."""
        groups = list(state_dict["param_groups"])
        for part, first in self._numbered():
            mine = [_renumber(groups.pop(0), -first) for _ in part.param_groups]
            numbers = {index for group in mine for index in group["params"]}
            state = {i - first: v for i, v in state_dict["state"].items() if i - first in numbers}
            part.load_state_dict({"state": state, "param_groups": mine})
        self._share_groups()

    def _numbered(self) -> Iterator[tuple[Optimizer, int]]:
        """Yield the parts, each with the number of its first parameter."""
        first = 0
        for part in self._parts:
            yield part, first
            first += sum(len(group["params"]) for group in part.param_groups)


def _renumber(group: dict[str, Any], shift: int) -> dict[str, Any]:
    """Return a group of a state whose parameters have other numbers."""
    return group | {"params": [index + shift for index in group["params"]]}


def _as_matrix(kernel: Tensor, like: Tensor | None = None) -> Tensor:
    """Return a kernel as [outputs, what an output sees], in the memory order of like.

    Without like it is a view, so that a step on it is a step on the kernel.
    """
    order = kernel if like is None else like
    if kernel.ndim == 4 and not order.is_contiguous():
        kernel = kernel.permute(0, 2, 3, 1)
    return kernel.reshape(len(kernel), -1) if like is not None else kernel.view(len(kernel), -1)
