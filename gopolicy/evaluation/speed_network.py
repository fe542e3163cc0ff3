"""How fast this machine asks a network: one move at a time, and in batches."""

import time

import numpy as np
import torch

from gopolicy.engine.predictor import Predictor
from gopolicy.evaluation.speed import Row, Work, best_rates
from gopolicy.features.planes import plane_set
from gopolicy.go.board import Board
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe

BATCH = 64
LIMIT_MS, AIM_MS = 100.0, 40.0


def fresh_network(size: int = 19, filters: int = 192, layers: int = 12) -> LoadedNetwork:
    """Return an `alphago` network of 48 planes with random weights."""
    planes = plane_set("alphago48").count
    network = build_network("alphago", planes=planes, size=size, filters=filters, layers=layers)
    return LoadedNetwork(network.eval(), describe(network, "alphago48"))


def measure_inference(loaded: LoadedNetwork, name: str, device: str = "auto") -> list[Row]:
    """Measure the time for one move and positions per second in batches."""
    exact = Predictor(loaded, device=device, precision="fp32")
    fast = Predictor(loaded, device=device)
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
        Row(
            name=f"one move, {name}",
            value=1000 / rates["move"],
            unit="ms",
            must=LIMIT_MS if published else None,
            aim=AIM_MS if published else None,
            smaller_is_better=True,
        ),
        Row(
            name=f"the same against its bare forward pass, {name}",
            value=1000 / rates["forward"],
            unit="ms",
            reference="the bare forward pass, time",
            ratio=rates["forward"] / rates["move"],
            smaller_is_better=True,
        ),
        Row(
            name=f"batches of {BATCH} in {fast.precision_for(BATCH)}, {name}",
            value=rates["auto"],
            unit="positions/s",
            reference="the same batches in fp32",
            ratio=rates["auto"] / rates["fp32"],
        ),
    ]
