"""The processes that train together: one, or several under torchrun or `training.launch`."""

import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.nets.devices import pick_device

MEETING = "GOPOLICY_MEETING"
"""The variable that names the file through which processes of one machine find each other."""


class LostProcessError(GoPolicyError):
    """A process that shared the work has ended or cannot be reached any more."""


@dataclass(frozen=True, slots=True)
class World:
    """This process among all that train together."""

    device: torch.device
    """Where this process computes."""
    rank: int = 0
    """Its number, from 0."""
    size: int = 1
    """How many there are."""

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and talks."""
        return self.rank == 0

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes."""
        if self.size > 1:
            with _answered():
                dist.all_reduce(tensor)
        return tensor

    def highest(self, tensor: Tensor) -> Tensor:
        """Return the elementwise maximum of a tensor over all processes."""
        if self.size > 1:
            with _answered():
                dist.all_reduce(tensor, dist.ReduceOp.MAX)
        return tensor

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace numbers by their mean over all processes; whole numbers are left as they are.

        Whole numbers in a network count or point to something: all processes have the same, and a
        mean of them would mean nothing.
        """

        def average(flat: Tensor) -> None:
            dist.all_reduce(flat)
            flat /= self.size

        if self.size > 1:
            _as_one(tensors, average)

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Replace numbers by those of the first process; whole numbers are left as they are."""
        if self.size > 1:
            _as_one(tensors, lambda flat: dist.broadcast(flat, src=0))

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.size > 1:
            with _answered():
                dist.barrier()

    def agree(self, value: Any) -> Any:
        """Return the value of the first process."""
        if self.size == 1:
            return value
        box = [value]
        with _answered():
            dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]


def check_shares(batch_size: int, processes: int) -> None:
    """Raise ConfigError unless so many processes can share each batch."""
    if batch_size % processes:
        raise ConfigError(f"cannot split batch_size {batch_size} over {processes} processes")


@contextmanager
def _answered() -> Iterator[None]:
    """Turn what torch raises where another process is gone into one clear error."""
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(
            "another process of this run has ended or does not answer; its own message says why"
        ) from error


def _as_one(tensors: Iterable[Tensor], change: Callable[[Tensor], Any]) -> None:
    """Change all tensors of floats as one row of numbers: one message instead of many."""
    floats = [tensor.detach() for tensor in tensors if tensor.is_floating_point()]
    if floats:
        flat = torch.cat([tensor.reshape(-1) for tensor in floats])
        with _answered():  # nothing is changed where the others do not answer
            change(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in floats])
        for tensor, part in zip(floats, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))


@contextmanager
def open_world(device: str = "auto") -> Iterator[World]:
    """Join the processes that were started together, if several were; leave them at the end.

    The threads of the group end with it: one that runs on into the end of Python can abort it.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World(pick_device(device))
        return
    # Optimizers load this module, whose functions keep the group that is there by then, and with it
    # the threads; so it is loaded before.
    importlib.import_module("torch.distributed.nn")
    rank, local = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    chosen = pick_device(device)
    if chosen.type == "cuda":
        chosen = torch.device("cuda", local)
        torch.cuda.set_device(chosen)
    backend = "nccl" if chosen.type == "cuda" else "gloo"
    meeting = os.environ.get(MEETING)  # a file; torchrun gives an address instead
    if meeting:
        dist.init_process_group(backend, f"file://{meeting}", rank=rank, world_size=size)
    else:
        dist.init_process_group(backend)
    try:
        yield World(chosen, rank, size)
    finally:
        dist.destroy_process_group()
