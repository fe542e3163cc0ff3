"""How fast this machine trains, with nothing in the way and as it really does."""

import dataclasses
import tempfile
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from gopolicy.allocator import keep_freed_memory
from gopolicy.nets.equivariance import tie
from gopolicy.nets.layers import ConvBlock, Convolution, Residual
from gopolicy.nets.registry import build_network
from gopolicy.timing import SpeedRow
from gopolicy.training.compute import Compute, choose_compute
from gopolicy.training.config import TrainConfig
from gopolicy.training.loop import train_task
from gopolicy.training.optimizers import make_optimizer
from gopolicy.training.source import StoreSource
from gopolicy.training.task import Result, Task
from gopolicy.training.world import World

TIED = TrainConfig(
    network="alphago-res",
    settings={"filters": 96, "layers": 15, "normalization": "batch", "pooled": 32},
    planes="alphago48",
    equivariant=True,
    batch_size=32,
)
"""A network like the default one, in small batches: a step takes a second at most."""


def bare_rate(
    config: TrainConfig,
    source: StoreSource,
    world: World,
    seconds: float = 4.0,
    *,
    fused: bool = True,
    mirrored: bool = True,
) -> tuple[float, Compute]:
    """Return positions per second of the barest loop on fixed tensors, and its formats.

    Without fused, normalization and ReLU are those of torch (`gopolicy.nets.fused_norm`); without
    mirrored, convolutions with tied kernels are (`gopolicy.nets.mirrored_conv`).
    """
    torch.manual_seed(config.seed)
    settings = config.settings
    network = build_network(config.network, planes=source.planes, size=source.size, **settings)
    compute, _ = choose_compute(config, network, source.planes, source.size, world.device)
    if config.equivariant:
        tie(network)
    compute.place(network, world.device).train()
    for block in network.modules():
        if isinstance(block, ConvBlock | Residual):
            block.fuses &= fused
        elif isinstance(block, Convolution) and not mirrored:
            block.mirrored = None
    optimizer = make_optimizer(config, network)
    shape = (config.batch_size, source.planes, source.size, source.size)
    planes_bcnn = torch.randint(0, 2, shape).to(
        world.device, compute.dtype, memory_format=compute.layout
    )
    targets_b = torch.randint(0, source.size**2, (config.batch_size,), device=world.device)
    steps, begin = -2, 0.0
    while steps < 1 or time.perf_counter() - begin < seconds:
        if steps == 0:
            _wait(world.device)
            begin = time.perf_counter()
        loss = F.cross_entropy(compute.forward(network, planes_bcnn), targets_b)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if config.clip_norm:
            nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        optimizer.step()
        steps += 1
    _wait(world.device)
    return steps * config.batch_size / (time.perf_counter() - begin), compute


def real_rate(config: TrainConfig, source: StoreSource, world: World, seconds: float) -> Result:
    """Train for about so many seconds in a folder that is thrown away."""
    rate, compute = bare_rate(config, source, world, 1.0)
    config = dataclasses.replace(
        config,
        positions=max(8 * config.batch_size, int(rate * seconds)),
        precision=compute.precision,
        memory_format=compute.memory_format,
        validation_positions=0,
    )
    with tempfile.TemporaryDirectory() as folder:
        return train_task(Task(config=config, source=source, out=Path(folder) / "run", world=world))


def measure_train(
    config: TrainConfig, source: StoreSource, world: World, seconds: float
) -> list[SpeedRow]:
    """Compare training with a bare loop; both are measured twice, taking turns."""
    keep_freed_memory()  # as training does
    fuses = world.device.type == "cpu" and torch.get_num_threads() == 1
    bare, apart, real = 0.0, 0.0, []
    tied, whole = 0.0, 0.0
    for _ in range(2):
        rate, compute = bare_rate(config, source, world, 2 * seconds)
        bare = max(bare, rate)
        if fuses:
            apart = max(apart, bare_rate(config, source, world, 2 * seconds, fused=False)[0])
            tied = max(tied, bare_rate(TIED, source, world, 2 * seconds)[0])
            whole = max(whole, bare_rate(TIED, source, world, 2 * seconds, mirrored=False)[0])
        real.append(real_rate(config, source, world, 4 * seconds))
    best = max(real, key=lambda result: result.positions_per_second)
    kind = f"{compute.precision}, {compute.memory_format}"
    tied_row = SpeedRow(
        name="bare loop, 96 filters, 15 layers, tied kernels",
        value=tied,
        unit="positions/s",
        reference="whole convolutions by torch, time per position",
        ratio=whole / tied if tied else None,
        smaller_is_better=True,
    )
    reference = "a bare loop on fixed tensors, time per position"
    return [
        SpeedRow(
            name=f"bare loop, {kind}",
            value=bare,
            unit="positions/s",
            reference="normalization by torch, time per position" if fuses else "",
            ratio=apart / bare if fuses else None,
            smaller_is_better=True,
        ),
        *([tied_row] if fuses else []),
        SpeedRow(
            name="training, data from a store",
            value=best.positions_per_second,
            unit="positions/s",
            reference=reference,
            ratio=bare / best.positions_per_second,
            must=1.2,
            aim=1.05,
            smaller_is_better=True,
        ),
        SpeedRow(
            name="time lost waiting for data",
            value=100 * best.wait_share,
            unit="%",
            reference="the time of training",
            ratio=best.wait_share,
            must=0.05,
            aim=0.01,
            smaller_is_better=True,
        ),
    ]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
