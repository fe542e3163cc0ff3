"""How fast this machine asks a network: one move at a time, and in batches."""

import time
from functools import partial

import numpy as np
import torch

from gopolicy.features.planes import plane_set
from gopolicy.go.board import Board
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network
from gopolicy.policy.backends import BACKENDS, missing
from gopolicy.policy.policy import Policy
from gopolicy.timing import SpeedRow, Work, best_rates

BATCH = 64
_BATCHES = (1, 8, 64, 256)
LIMIT_MS, AIM_MS = 100.0, 40.0


def fresh_network(size: int = 19, filters: int = 192, layers: int = 12) -> LoadedNetwork:
    """Return an `alphago` network of 48 planes with random weights."""
    planes = plane_set("alphago48").count
    network = build_network("alphago", planes=planes, size=size, filters=filters, layers=layers)
    return LoadedNetwork(network.eval(), describe_network(network, "alphago48"))


def measure_inference(loaded: LoadedNetwork, name: str, device: str = "auto") -> list[SpeedRow]:
    """Measure the time for one move and positions per second in batches."""
    exact = Policy(loaded, device=device, precision="fp32", backend="torch")
    fast = Policy(loaded, device=device, backend="torch")
    board = Board(exact.size)
    one = exact.planes_of(board.arrays, board.to_move)[None]
    many = np.repeat(one, BATCH, axis=0)
    bare = torch.from_numpy(one).to(exact.device, torch.float32)
    bare = bare.contiguous(memory_format=torch.channels_last)

    def forward() -> None:
        with torch.inference_mode():
            exact.network(bare).cpu()

    works = {
        "move": Work(lambda: fast.predict(board), 1),
        "forward": Work(forward, 1),
        "fp32": Work(lambda: exact.log_probabilities(many), BATCH),
        "auto": Work(lambda: fast.log_probabilities(many), BATCH),
    }
    rates = best_rates(works, seconds=0.5, clock=time.perf_counter)
    published = loaded.info.settings.get("filters") == 192
    return [
        SpeedRow(
            name=f"one move, {name}",
            value=1000 / rates["move"],
            unit="ms",
            must=LIMIT_MS if published else None,
            aim=AIM_MS if published else None,
            smaller_is_better=True,
        ),
        SpeedRow(
            name=f"the same against its bare forward pass, {name}",
            value=1000 / rates["forward"],
            unit="ms",
            reference="the bare forward pass, time",
            ratio=rates["forward"] / rates["move"],
            smaller_is_better=True,
        ),
        SpeedRow(
            name=f"batches of {BATCH} in {fast.precision_for(BATCH)}, {name}",
            value=rates["auto"],
            unit="positions/s",
            reference="the same batches in fp32",
            ratio=rates["auto"] / rates["fp32"],
        ),
    ]


def measure_backends(loaded: LoadedNetwork, name: str) -> list[SpeedRow]:
    """Measure every installed library against torch, in the number format that each batch gets."""
    installed = [backend for backend in BACKENDS if backend != "auto" and not missing(backend)]
    policies = {backend: Policy(loaded, device="cpu", backend=backend) for backend in installed}
    encoder = policies["torch"].encoder
    board = Board(encoder.size)
    one = encoder.board(board.arrays, int(board.to_move))[None]
    rows = []
    for batch in _BATCHES:
        planes = np.repeat(one, batch, axis=0)
        works = {
            backend: Work(partial(policy.log_probabilities, planes), batch)
            for backend, policy in policies.items()
        }
        rates = best_rates(works, seconds=0.3, clock=time.perf_counter)
        rows += [
            SpeedRow(
                name=f"batches of {batch}, {backend}"
                f" {policies[backend].precision_for(batch)}, {name}",
                value=rates[backend],
                unit="positions/s",
                reference="the same batches with torch",
                ratio=rates[backend] / rates["torch"],
            )
            for backend in installed
        ]
    return rows
