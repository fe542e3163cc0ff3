"""The training loop: positions in, a trained network out.

Read `train` first: it begins a run or picks one up.  `_Trainer.run` then repeats what happens in
training, each thing a method: a step, an entry in the log, a measurement, a checkpoint.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from gopolicy.errors import ConfigError, GoPolicyError
from gopolicy.nets.equivariance import share_statistics, tie
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network, fold
from gopolicy.nets.weights import describe, load_weights, save_weights
from gopolicy.progress import SILENT, Progress
from gopolicy.train.averaging import WeightAverage
from gopolicy.train.batches import Batch, Source, to_tensors
from gopolicy.train.checkpoint import Facts, Parts, checkpoints, load_checkpoint, save_checkpoint
from gopolicy.train.compute import Compute
from gopolicy.train.config import TrainConfig
from gopolicy.train.interruption import StopRequest, stop_on_signals
from gopolicy.train.journal import Journal
from gopolicy.train.measure import Tally, validate
from gopolicy.train.optimizers import make_optimizer, set_learning_rate
from gopolicy.train.run_folder import announce, begin_run, continue_run
from gopolicy.train.schedule import learning_rate
from gopolicy.train.world import World

AGREE_EVERY = 8
"""Several processes agree this often, in steps, on stopping and on checkpoints."""
PROTOCOL = "validation positions of the training store, every board move, no symmetries, all points"


class TrainingError(GoPolicyError):
    """Training went wrong in a way that more of it cannot mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a sitting of training came to."""

    positions: int
    """Positions seen in the whole run so far."""
    seconds: float
    """Time spent training in the whole run so far, measurements left out."""
    positions_per_second: float
    """Speed of this sitting."""
    wait_share: float
    """Share of this sitting's training time lost in waiting for data."""
    validation: dict[str, float]
    """The last measurement: top1, nll, positions."""
    weights: Path
    """The weight folder."""
    compute: Compute
    """The formats it computed in."""
    signal: int = 0
    """The signal that ended the sitting early, or 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to train on what, and where it goes."""

    config: TrainConfig
    """The settings."""
    source: Source
    """The positions."""
    out: Path
    """The folder of the run."""
    world: World
    """The processes that share the work."""


def train(task: Task, *, resume: bool = False, progress: Progress = SILENT) -> Result:
    """Train a network into the folder of the run, or continue the run that is there.

    The network is saved again and again in its ``weights``.  SIGINT and SIGTERM end the sitting
    after a checkpoint.
    """
    config, source, world = task.config, task.source, task.world
    if config.batch_size % world.size:
        raise ConfigError(f"cannot split batch_size {config.batch_size} over {world.size}")
    torch.manual_seed(config.seed)
    settings = config.settings
    network = build_network(config.network, planes=source.planes, size=source.size, **settings)
    if config.start and not resume:
        network.load_state_dict(load_weights(config.start).network.state_dict())
    if config.equivariant:
        tie(network)
    if resume:
        compute, why = continue_run(task.out, config, source, world), ""
    else:
        compute, why = begin_run(task.out, config, source, network, world)
    announce(compute, why, network, progress)
    trainer = _Trainer(task, network, compute, progress)
    if resume:
        trainer.restore()
    with stop_on_signals() as request:
        return trainer.run(request)


class _Trainer:
    """One sitting of a run."""

    def __init__(
        self, task: Task, network: PolicyNetwork, compute: Compute, progress: Progress
    ) -> None:
        self.config, self.out, self.world = task.config, task.out, task.world
        self.source, self.compute, self.progress = task.source, compute, progress
        self.network = network
        compute.place(network, self.world.device).train()
        self.optimizer = make_optimizer(self.config, network)
        ema = self.config.ema
        self.average = WeightAverage(network, ema) if ema else None
        self.model: nn.Module = network
        if self.world.size > 1:
            self.model = DistributedDataParallel(network, broadcast_buffers=False)
        self.facts = Facts()
        self.tally = Tally(self.world.device)
        self.away = 0.0  # seconds of this sitting that were not training
        self.saved_at = -1  # the step of the last checkpoint

    @property
    def positions(self) -> int:
        """Positions seen so far."""
        return self.facts.step * self.config.batch_size

    @property
    def best_network(self) -> PolicyNetwork:
        """The network that is measured and kept."""
        return self.average.network if self.average else self.network

    def restore(self) -> None:
        """Go back to the last checkpoint; without one, to the beginning."""
        found = checkpoints(self.out)
        if not found:
            self.progress.message("no checkpoint yet: beginning again")
            return
        self.facts = load_checkpoint(found[-1], self._parts())
        self.saved_at = self.facts.step
        self.progress.message(f"continuing after {self.positions:,} positions")

    def run(self, request: StopRequest) -> Result:
        """Train until the planned end or until a stop is asked for."""
        self.journal = Journal(self.out, self.positions) if self.world.leads else None
        self.batches = self.source.training(self.facts.step)
        planned = self.config.steps * self.config.batch_size
        self.progress.start("train", planned - self.positions, "positions")
        try:
            signal = self._run(request)
        finally:
            self.batches.close()
            self.progress.finish()
            if self.journal:
                self.journal.close()
        return self._result(signal)

    def _run(self, request: StopRequest) -> int:
        """Repeat steps; return the signal that asked for an end, or 0."""
        self.first_step = self.logged_at = self.facts.step
        self.first_seconds, self.logged_wait = self.facts.seconds, 0.0
        self.started = self.logged_time = self.checkpoint_time = time.perf_counter()
        stream = iter(self.batches)
        signal = 0
        while self.facts.step < self.config.steps and not signal:
            self._step(next(stream))
            if self._passed(self.config.log_every):
                self._log()
            if self._passed(self.config.validation_every):
                self._validate()
            signal, save = self._agree(request)
            if save and not signal:
                self._checkpoint()
        self._end(signal)
        return signal

    def _step(self, batch: Batch) -> None:
        """Learn from one batch."""
        planes_bcnn, targets_b = to_tensors(batch, self.compute, self.world.device)
        logits_ba = self.compute.forward(self.model, planes_bcnn)
        loss = F.cross_entropy(logits_ba, targets_b, label_smoothing=self.config.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip_norm)
        set_learning_rate(self.optimizer, learning_rate(self.config, self.facts.step))
        self.optimizer.step()
        if self.average:
            self.average.update(self.facts.step)
        self.tally.add(loss.detach() * len(targets_b), logits_ba.detach(), targets_b)
        self.facts.step += 1
        self.progress.advance(self.config.batch_size)

    def _passed(self, every: int) -> bool:
        """Say whether the last step crossed a multiple of so many positions."""
        return self.positions // every > (self.positions - self.config.batch_size) // every

    def _log(self) -> None:
        """Write loss and speed since the last entry; stop a run whose loss is no number."""
        loss, top1 = self.tally.take(self.world)
        if loss != loss or loss in (float("inf"), float("-inf")):
            raise TrainingError(
                f"the loss became {loss} after {self.positions:,} positions; the last checkpoint"
                " is kept; try a lower lr or clip_norm"
            )
        now, waited = time.perf_counter(), self.batches.wait_seconds
        seconds = max(now - self.logged_time, 1e-9)
        speed = self.config.batch_size * (self.facts.step - self.logged_at) / seconds
        wait_share = (waited - self.logged_wait) / seconds
        self.logged_at, self.logged_time, self.logged_wait = self.facts.step, now, waited
        rate = learning_rate(self.config, self.facts.step - 1)
        self.progress.advance(0, loss=loss, top1=top1)
        if self.journal:
            figures = {"loss": loss, "top1": top1, "lr": rate}
            figures |= {"positions_per_second": speed, "wait_share": wait_share}
            self.journal.write("train", self.positions, figures)

    def _validate(self) -> None:
        """Measure the network on the validation positions."""
        start = time.perf_counter()
        self._share_statistics()
        batches = self.source.validation()
        if batches is not None:
            found = validate(self.best_network, batches, self.compute, self.world)
            self.facts.validation = found | {"at": self.positions}
            self.progress.message(
                f"{self.positions:,} positions: validation top-1 {found['top1']:.2%},"
                f" nll {found['nll']:.4f}"
            )
            if self.journal:
                figures = {name: found[name] for name in ("top1", "nll")}
                self.journal.write("validation", self.positions, figures)
        self._leave_out(time.perf_counter() - start)

    def _checkpoint(self) -> None:
        """Save everything, and the network as weights."""
        start = time.perf_counter()
        self._share_statistics()
        self.facts.seconds = self._seconds()
        if self.world.leads:
            if not all(torch.isfinite(t).all() for t in self.network.state_dict().values()):
                raise TrainingError(
                    f"the weights are no numbers any more after {self.positions:,} positions;"
                    " the last checkpoint is kept; try a lower lr or clip_norm"
                )
            save_checkpoint(self.out, self._parts(), self.facts)
            self._save_weights()
        self.saved_at, self.checkpoint_time = self.facts.step, time.perf_counter()
        self._leave_out(self.checkpoint_time - start)

    def _save_weights(self) -> None:
        """Write the weight folder."""
        network = fold(self.best_network)
        accuracy = self.facts.validation
        info = describe(
            network,
            self.config.planes,
            data=self.source.digest,
            positions=self.positions,
            accuracy=accuracy | {"protocol": PROTOCOL} if accuracy else {},
        )
        save_weights(self.out / "weights", network, info)

    def _end(self, signal: int) -> None:
        """Save what is not saved; measure a run that is complete."""
        if signal:
            self.progress.message("asked to stop: saving a checkpoint")
        elif self.facts.validation.get("at") != self.positions:
            self._validate()
            self.saved_at = -1
        if self.saved_at != self.facts.step:
            self._checkpoint()
        elif self.world.leads:  # a kill may have hit between the checkpoint and the weights
            self._save_weights()

    def _agree(self, request: StopRequest) -> tuple[int, bool]:
        """Return the signal of any process, and whether a checkpoint is due."""
        waited = time.perf_counter() - self.checkpoint_time
        due = waited > 60.0 * self.config.checkpoint_minutes
        if self.world.size == 1:
            return request.signal, due
        if self.facts.step % AGREE_EVERY and self.facts.step < self.config.steps:
            return 0, False
        flags = torch.tensor([request.signal, due and self.world.leads], dtype=torch.int64)
        signal, save = self.world.highest(flags.to(self.world.device)).tolist()
        return int(signal), bool(save)

    def _share_statistics(self) -> None:
        """Give every process, and all images of a tied channel, the mean running statistics."""
        networks: list[nn.Module] = [self.network]
        if self.average:
            networks.append(self.average.network)
        for network in networks:
            share_statistics(network)
        self.world.average([buffer for network in networks for buffer in network.buffers()])

    def _leave_out(self, seconds: float) -> None:
        """Do not count these seconds as training."""
        self.away += seconds
        self.logged_time += seconds

    def _seconds(self) -> float:
        """Return the training time of the whole run."""
        return self.first_seconds + time.perf_counter() - self.started - self.away

    def _parts(self) -> Parts:
        """Return what a checkpoint is made of."""
        average = self.average.network if self.average else None
        return Parts(self.network, self.optimizer, average)

    def _result(self, signal: int) -> Result:
        """Sum the sitting up."""
        here = max(self.facts.seconds - self.first_seconds, 1e-9)
        steps = self.facts.step - self.first_step
        return Result(
            positions=self.positions,
            seconds=self.facts.seconds,
            positions_per_second=steps * self.config.batch_size / here,
            wait_share=self.batches.wait_seconds / here if steps else 0.0,
            validation=self.facts.validation,
            weights=self.out / "weights",
            compute=self.compute,
            signal=signal,
        )
