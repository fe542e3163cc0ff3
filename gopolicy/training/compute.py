"""Number format and memory format: what this machine computes fastest in."""

import copy
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gopolicy.errors import ConfigError
from gopolicy.nets.devices import has_fast_bfloat16
from gopolicy.training.config import TrainConfig

_TRIAL_BATCH, _ROUNDS = 32, 2


@dataclass(frozen=True, slots=True)
class Compute:
    """How the numbers of a run are kept while computing."""

    precision: str
    """fp32, or bf16 by autocast with weights in fp32."""
    memory_format: str
    """channels_last or contiguous."""

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the planes."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    @property
    def layout(self) -> torch.memory_format:
        """The order of planes and weights in memory."""
        last = self.memory_format == "channels_last"
        return torch.channels_last if last else torch.contiguous_format

    def place(self, network: nn.Module, device: torch.device) -> nn.Module:
        """Move the network to the device and order its weights."""
        return network.to(device).to(memory_format=self.layout)  # type: ignore[call-overload, no-any-return]

    def forward(self, network: nn.Module, planes_bcnn: Tensor) -> Tensor:
        """Return the logits as fp32."""
        on = self.precision == "bf16"
        with torch.autocast(planes_bcnn.device.type, torch.bfloat16, enabled=on):
            logits: Tensor = network(planes_bcnn)
        return logits.float()


def compute_from_json(values: Mapping[str, Any]) -> Compute:
    """Return the formats that a run wrote down; ConfigError where they are none."""
    precision, memory_format = values.get("precision"), values.get("memory_format")
    if precision not in ("fp32", "bf16") or memory_format not in ("channels_last", "contiguous"):
        raise ConfigError(f"the run computed in {precision!r:.40}, {memory_format!r:.40}")
    return Compute(precision, memory_format)


def choose_compute(
    config: TrainConfig, network: nn.Module, planes: int, size: int, device: torch.device
) -> tuple[Compute, str]:
    """Return the formats to train in, measured where the config says auto, and a line on why."""
    choices = [
        Compute(p, m) for p, m in itertools.product(_precisions(config, device), _formats(config))
    ]
    if len(choices) == 1:
        chosen = choices[0]
        return chosen, f"computing in {chosen.precision}, {chosen.memory_format}"
    state = torch.get_rng_state()
    batch = min(config.batch_size, _TRIAL_BATCH)
    speeds = _measure(choices, network, torch.zeros(batch, planes, size, size), device)
    torch.set_rng_state(state)
    chosen = max(speeds, key=lambda choice: speeds[choice])
    listed = ", ".join(f"{c.precision} {c.memory_format} {v:.0f}" for c, v in speeds.items())
    return chosen, (
        f"computing in {chosen.precision}, {chosen.memory_format}"
        f" (positions/s in a short trial: {listed})"
    )


def _precisions(config: TrainConfig, device: torch.device) -> tuple[str, ...]:
    if config.precision != "auto":
        return (config.precision,)
    return ("fp32", "bf16") if has_fast_bfloat16(device) else ("fp32",)


def _formats(config: TrainConfig) -> tuple[str, ...]:
    both = ("channels_last", "contiguous")
    return both if config.memory_format == "auto" else (config.memory_format,)


def _measure(
    choices: list[Compute], network: nn.Module, planes_bcnn: Tensor, device: torch.device
) -> dict[Compute, float]:
    """Return positions per second of a training step for each choice, best of some rounds."""
    best = dict.fromkeys(choices, float("inf"))
    networks = [copy.deepcopy(network).requires_grad_() for _ in choices]  # some are frozen
    copies = {c: c.place(n, device).train() for c, n in zip(choices, networks, strict=True)}
    for _ in range(_ROUNDS + 1):  # the first round only warms up
        for choice, trial in copies.items():
            best[choice] = min(best[choice], _step_seconds(choice, trial, planes_bcnn, device))
    return {choice: len(planes_bcnn) / seconds for choice, seconds in best.items()}


def _step_seconds(
    compute: Compute, network: nn.Module, planes_bcnn: Tensor, device: torch.device
) -> float:
    planes = planes_bcnn.to(device, compute.dtype).contiguous(memory_format=compute.layout)
    targets = torch.zeros(len(planes), dtype=torch.int64, device=device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    network.zero_grad(set_to_none=True)
    loss = F.cross_entropy(compute.forward(network, planes), targets)
    loss.backward()  # type: ignore[no-untyped-call]
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
