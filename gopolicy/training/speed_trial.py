"""How fast a network trains here: a few real steps, on positions that mean nothing."""

import time

import torch
from torch.nn import functional as F

from gopolicy.allocator import keep_freed_memory
from gopolicy.nets.devices import has_fast_bfloat16
from gopolicy.nets.equivariance import tie
from gopolicy.nets.registry import build_network
from gopolicy.training.compute import Compute
from gopolicy.training.config import TrainConfig
from gopolicy.training.optimizers import descend, make_optimizer
from gopolicy.training.teacher import make_teacher
from gopolicy.training.world import World

LEAST_STEPS = 2
"""Steps that are measured however long they take."""

CLEARLY = 4.0
"""What is slower by this factor in its first step is slower.

That step takes up to 2.4 times as long as the others, because all its memory is new.
"""


class SpeedTrial:
    """Steps of training, by all processes of a world, on a network that is thrown away."""

    def __init__(self, config: TrainConfig, planes: int, size: int, world: World) -> None:
        """Build the network, which works in what is usually the fastest format."""
        self._config, self._world = config, world
        keep_freed_memory()  # as training does
        self.compute = usual_compute(config, world.device)
        state = torch.get_rng_state()  # a trial must not change the first weights of the run
        settings = config.settings
        self._network = build_network(config.network, planes=planes, size=size, **settings)
        if config.equivariant:
            tie(self._network)
        self.compute.place(self._network, world.device).train()
        self._teacher = make_teacher(config, size, world.device)
        self._optimizer = make_optimizer(config, self._network)
        count = max(config.batch_size // world.size, 1)
        bytes_bcnn = torch.randint(0, 2, (count, planes, size, size), dtype=torch.int8)
        self._bytes = bytes_bcnn.contiguous(memory_format=torch.channels_last).numpy()
        self._planes = bytes_bcnn.to(
            world.device, self.compute.dtype, memory_format=self.compute.layout
        )
        self._targets = torch.randint(0, size**2, (count,)).to(world.device)
        torch.set_rng_state(state)

    def step(self, count: int | None = None) -> None:
        """Learn from one batch, or from the first count positions of it."""
        logits = self.compute.forward(self._network, self._planes[:count])
        loss = F.cross_entropy(logits, self._targets[:count])
        if self._teacher:
            loss = self._teacher.added(loss, logits, self._bytes[:count])
        rate, clip_norm = self._config.lr, self._config.clip_norm
        descend(loss, self._network, self._optimizer, self._world, rate, clip_norm)

    def rate(self, seconds: float, rival: float = 0.0) -> float:
        """Return positions per second of all processes in about so many seconds.

        One step is enough for what is clearly slower than rival.  Every process gets the same
        answer.
        """
        count = len(self._targets) * self._world.size
        self.step(2)  # compiles what is not compiled yet, and connects the processes
        first = self._seconds(1)  # it also warms up
        if count / first < rival / CLEARLY:
            return count / first
        steps = max(LEAST_STEPS, int(seconds / first))
        return steps * count / self._seconds(steps)

    def _seconds(self, steps: int) -> float:
        """Return the seconds that so many steps take, those of the slowest process."""
        self._world.wait()
        begin = time.perf_counter()
        for _ in range(steps):
            self.step()
        if self._world.device.type == "cuda":
            torch.cuda.synchronize(self._world.device)
        taken = torch.tensor(time.perf_counter() - begin, device=self._world.device)
        return float(self._world.highest(taken))


def usual_compute(config: TrainConfig, device: torch.device) -> Compute:
    """Return the formats that a config asks for, or what is usually the fastest."""
    fast = "bf16" if has_fast_bfloat16(device) else "fp32"
    precision = fast if config.precision == "auto" else config.precision
    wanted = config.memory_format
    return Compute(precision, "channels_last" if wanted == "auto" else wanted)
