"""The training loop: positions in, a trained network out.

Read `train` first: it begins a run or picks one up.  `_Trainer.run` then repeats what happens in
training, each thing a method: a step, an entry in the log, a measurement, a checkpoint.
"""

import time
from contextlib import ExitStack, nullcontext

import torch
from torch import nn

from gopolicy.allocator import keep_freed_memory
from gopolicy.errors import OutputError
from gopolicy.files import writing_alone
from gopolicy.nets.equivariance import share_statistics
from gopolicy.nets.folding import fold
from gopolicy.nets.outcome_head import fold_outcome
from gopolicy.nets.registry import build_network
from gopolicy.nets.seen_games import write_seen_games, write_seen_through
from gopolicy.nets.weight_info import find_weights
from gopolicy.nets.weights import describe_network, save_weights
from gopolicy.progress import SILENT, Progress
from gopolicy.timing import SpeedWatch
from gopolicy.training.averaging import WeightAverage
from gopolicy.training.batches import TrainBatch
from gopolicy.training.checkpoint import (
    Parts,
    RunFacts,
    checkpoints,
    load_checkpoint,
    save_checkpoint,
    update_facts,
)
from gopolicy.training.compute import Compute
from gopolicy.training.divergence import check_finite_weights, check_loss
from gopolicy.training.interruption import StopRequest, stop_on_signals
from gopolicy.training.journal import Journal
from gopolicy.training.measure import LossTally, validate
from gopolicy.training.objective import PROTOCOLS, Objective, make_objective, measured_text
from gopolicy.training.optimizers import descend, make_optimizer
from gopolicy.training.run_folder import announce, begin_run, begin_with, continue_run
from gopolicy.training.run_report import write_run_report
from gopolicy.training.schedule import RunClock, learning_rate
from gopolicy.training.task import Result, Task
from gopolicy.training.world import LostProcessError, World, check_shares

AGREE_EVERY = 8
"""Several GPUs agree this often, in steps, on stopping and on checkpoints: asking makes them wait.
Processes on a CPU, where a step takes longer, agree after each."""
LOOK_EVERY = 2.0
"""Seconds between two looks at the loss, for people who watch."""
REPORT_EVERY = 15.0
"""Seconds between two makings of the page of a run."""


def train_task(task: Task, *, resume: bool = False, progress: Progress = SILENT) -> Result:
    """Train a network into the folder of the run, or continue the run that is there.

    The network is saved again and again in its ``weights``.  SIGINT and SIGTERM end the sitting
    after a checkpoint.
    """
    check_shares(task.config.batch_size, task.world.size)
    with writing_alone(task.out) if task.world.leads else nullcontext():
        return _train(task, resume, progress)


def _train(task: Task, resume: bool, progress: Progress) -> Result:
    """Do what `train_task` says in a folder that nobody else writes."""
    config, source, world = task.config, task.source, task.world
    torch.manual_seed(config.seed)
    settings = config.settings
    network = build_network(config.network, planes=source.planes, size=source.size, **settings)
    starts = bool(config.start) and not (resume and checkpoints(task.out))
    if starts:
        begin_with(config, network, progress)
    objective = make_objective(config, source.size, world.device)
    learner = objective.learner(network)
    if resume:
        (compute, changed), why = continue_run(task.out, config, source, world), ""
    else:
        compute, why = begin_run(task.out, config, source, network, world)
    announce(compute, why, network, progress)
    trainer = _Trainer(task, objective, learner, compute, progress)
    trainer.origins = [name for name in (config.start if starts else "", config.teacher) if name]
    if resume:
        trainer.restore(measured=not {"validation_positions", "validation_source"} & changed)
    keep_freed_memory()
    with stop_on_signals() as request:
        return trainer.run(request)


class _Trainer:
    """One sitting of a run."""

    def __init__(
        self,
        task: Task,
        objective: Objective,
        learner: nn.Module,
        compute: Compute,
        progress: Progress,
    ) -> None:
        self.config, self.out, self.world = task.config, task.out, task.world
        self.source, self.compute, self.progress = task.source, compute, progress
        self.objective, self.learner = objective, learner
        compute.place(learner, self.world.device).train()
        self.world.share(learner.state_dict().values())
        self.optimizer = make_optimizer(self.config, learner)
        ema = self.config.ema
        self.average = WeightAverage(learner, ema) if ema else None
        self.facts = RunFacts()
        self.tally = LossTally(self.world.device)
        self.begun, self.recheck = task.begun, task.recheck
        self.speed_watch, self.relayout = SpeedWatch(), False
        self.away = 0.0  # seconds of this sitting that were not training
        self.origins: list[str] = []  # weights whose games it learns from at second hand
        self.told_games = False  # beside the weights
        self.saved_at = -1  # the step of the last checkpoint

    @property
    def positions(self) -> int:
        """Positions seen so far."""
        return self.facts.step * self.config.batch_size

    @property
    def best_learner(self) -> nn.Module:
        """What is measured and kept."""
        return self.average.network if self.average else self.learner

    def restore(self, *, measured: bool) -> None:
        """Go back to the last checkpoint, perhaps to what was measured; or to the beginning."""
        found = checkpoints(self.out)
        if not found:
            self.progress.message("no checkpoint yet: beginning again")
            return
        self.facts = load_checkpoint(found[-1], self._parts())
        self.saved_at = self.facts.step
        if not measured:
            self.facts.validation = {}
        if self.world.leads:  # the sums are over all processes
            self.tally.restore(self.facts.tally)
        self.progress.message(f"continuing after {self.positions:,} positions")

    def run(self, request: StopRequest) -> Result:
        """Train until the planned end or until a stop is asked for."""
        self.journal = Journal(self.out, self.positions) if self.world.leads else None
        self.batches = self.source.training(self.facts.step)
        planned = self.config.steps * self.config.batch_size - self.positions
        known = planned if not self.config.minutes else None
        self.progress.start("train", known, "positions")
        try:
            signal = self._run(request)
        except LostProcessError:
            self._rescue()
            raise
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
        self.clock = RunClock(self.config, self.facts.elapsed, self.begun)
        self.share = self.world.agree(self.clock.share(self.facts.step))
        self.next_look = self.started + LOOK_EVERY
        self.next_report, self.looked = 0.0, False
        stream = iter(self.batches)
        signal = 0
        while (self.share < 1.0 or not self.facts.step) and not (signal or self.relayout):
            self._step(next(stream))
            self._look()
            if self._passed(self.config.log_every):
                self._log()
            if self._passed(self.config.validation_every):
                self._validate()
            signal, save = self._agree(request)
            if save and not signal:
                self._checkpoint()
        early = bool(signal) or self.relayout
        if not early and self.logged_at != self.facts.step:
            self._log()
        self._end(early=early)
        return signal

    def _step(self, batch: TrainBatch) -> None:
        """Learn from one batch."""
        learned = self.objective.learn(self.learner, batch, self.compute, self.world.device)
        rate = learning_rate(self.config, self.facts.step, self.share)
        clip_norm = self.config.clip_norm
        descend(learned.loss, self.learner, self.optimizer, self.world, rate, clip_norm)
        if self.average:
            self.average.update(self.facts.step)
        count = len(learned.targets)
        self.tally.add(learned.loss.detach() * count, learned.logits, learned.targets)
        self.facts.step += 1
        self.progress.advance(self.config.batch_size)

    def _passed(self, every: int) -> bool:
        """Say whether the last step crossed a multiple of so many positions."""
        return self.positions // every > (self.positions - self.config.batch_size) // every

    def _log(self) -> None:
        """Write loss and speed since the last entry; stop a run whose loss is no number."""
        if (means := self.tally.take(self.world)) is None:  # no target since the last entry
            return
        loss, top1 = means
        check_loss(loss, self.positions, saved=bool(checkpoints(self.out)))
        now, waited = time.perf_counter(), self.batches.wait_seconds
        seconds = max(now - self.logged_time, 1e-9)
        speed = self.config.batch_size * (self.facts.step - self.logged_at) / seconds
        wait_share = (waited - self.logged_wait) / seconds
        self.logged_at, self.logged_time, self.logged_wait = self.facts.step, now, waited
        rate = learning_rate(self.config, self.facts.step - 1, self.share)
        self._show(loss, top1)
        if self.journal:
            figures = {"loss": loss, "top1": top1, "lr": rate}
            figures |= {"positions_per_second": speed, "wait_share": wait_share}
            self.journal.write("train", self.positions, figures)
        if self.share < 1.0:
            self._watch(speed, seconds)

    def _watch(self, speed: float, seconds: float) -> None:
        """Where the speed has halved, try again what is fastest."""
        halved = self.speed_watch.halved(speed, seconds)
        if self.recheck and self.world.agree(halved):
            start = time.perf_counter()
            self.progress.message(f"only {speed:.0f} positions/s by now: trying what is fastest")
            self.relayout = self.recheck()
            keep_freed_memory()
            self._leave_out(time.perf_counter() - start)

    def _look(self) -> None:
        """Show the loss every few seconds, and say once how fast it goes."""
        now = time.perf_counter()
        if now < self.next_look or self.facts.step == self.first_step:
            return
        self.next_look = now + LOOK_EVERY
        loss, top1 = self.tally.mean()
        if loss == loss:  # it is no number just after an entry in the log
            self._show(loss, top1)
        if not self.looked and loss == loss:
            done = (self.facts.step - self.first_step) * self.config.batch_size
            speed = done / (now - self.started)
            self.progress.message(
                f"loss {loss:.3f} after {self.positions:,} positions, {speed:.0f} positions/s"
            )
            self.looked = True

    def _show(self, loss: float, top1: float) -> None:
        """Show how it stands, and how long it will go on where no number of positions says so."""
        left = {"left": f"{self.clock.left / 60:.1f} min"} if self.config.minutes else {}
        self.progress.advance(0, loss=loss, top1=top1, **left)

    def _validate(self) -> None:
        """Measure the network on the validation positions."""
        start = time.perf_counter()
        self._share_statistics()
        batches = self.source.validation()
        if batches is not None:
            found = validate(self.best_learner, self.objective, batches, self.compute, self.world)
            self.progress.message(
                f"{self.positions:,} positions: {measured_text(found, self.config)}"
            )
            self.facts.validation = found | {"at": self.positions} if "top1" in found else {}
            if self.journal and self.facts.validation:
                figures = {name: found[name] for name in found if name != "positions"}
                self.journal.write("validation", self.positions, figures)
                self._report()
        self.clock.reserve("measurement", time.perf_counter() - start)
        self._leave_out(time.perf_counter() - start)

    def _report(self, *, complete: bool = False) -> None:
        """Make the page of the run anew, but not again and again within seconds."""
        if complete or time.perf_counter() > self.next_report:
            try:
                write_run_report(self.out, complete=complete)
            except OSError as error:
                self.progress.message(f"going on without the page of the run: {error}")
            self.next_report = time.perf_counter() + REPORT_EVERY

    def _checkpoint(self) -> None:
        """Save everything, and the network as weights."""
        start = time.perf_counter()
        self._share_statistics()
        self._note_times()
        self.facts.tally = self.tally.total(self.world)
        if self.world.leads:
            self._write_checkpoint()
        self.saved_at, self.checkpoint_time = self.facts.step, time.perf_counter()
        self.clock.reserve("checkpoint", self.checkpoint_time - start)
        self._leave_out(self.checkpoint_time - start)

    def _write_checkpoint(self) -> None:
        """Write the checkpoint and the weights, unless they are no numbers any more."""
        check_finite_weights(self.learner, self.positions, saved=bool(checkpoints(self.out)))
        save_checkpoint(self.out, self._parts(), self.facts)
        self._save_weights()

    def _rescue(self) -> None:
        """Save what this process knows after another is gone: what is lost is less than a step.

        Where the first process is gone, whoever gets hold of the folder does it.
        """
        if self.saved_at == self.facts.step or not self.facts.step:
            return
        with ExitStack() as hold:
            if not self.world.leads:
                try:
                    hold.enter_context(writing_alone(self.out))
                except OutputError:  # another one does
                    return
            self._note_times()
            self.facts.tally = self.tally.total(World(self.world.device))
            self._write_checkpoint()
        self.progress.message(
            f"saved a checkpoint after {self.positions:,} positions; go on with --resume"
        )

    def _save_weights(self) -> None:
        """Write the weight folder."""
        network, head = self.objective.parts(self.best_learner)
        network = fold(network)
        accuracy = self.facts.validation
        info = describe_network(
            network,
            self.config.planes,
            data=self.source.digest,
            positions=self.positions,
            accuracy=accuracy | {"protocol": PROTOCOLS[self.config.objective]} if accuracy else {},
        )
        outcome = fold_outcome(head) if head is not None else None
        save_weights(self.out / "weights", network, info, outcome)
        if not self.told_games:
            write_seen_games(self.out / "weights", self.source.openings)
            write_seen_through(self.out / "weights", map(find_weights, self.origins))
            self.told_games = True

    def _end(self, *, early: bool) -> None:
        """Save what is not saved; measure a run that is complete."""
        if early:
            self.progress.message("stopping early: saving a checkpoint")
        if self.saved_at != self.facts.step:  # before the measurement, which may fail
            self._checkpoint()
        if not early and self.facts.validation.get("at") != self.positions:
            self._validate()
            if self.world.leads:
                update_facts(self.out, self.facts)
        if self.world.leads:  # also since a kill may have hit between checkpoint and weights
            self._save_weights()
            self._report(complete=not early)

    def _agree(self, request: StopRequest) -> tuple[int, bool]:
        """Return the signal of any process, and whether a checkpoint is due; note the share."""
        waited = time.perf_counter() - self.checkpoint_time
        due = waited > 60.0 * self.config.checkpoint_minutes
        share = self.clock.share(self.facts.step)
        if self.world.size == 1:
            self.share = share
            return request.signal, due
        every = AGREE_EVERY if self.world.device.type == "cuda" else 1
        last = not self.config.minutes and share >= 1.0
        if self.facts.step % every and not last:
            return 0, False
        said = [request.signal, due and self.world.leads, share]
        flags = torch.tensor(said, dtype=torch.float64, device=self.world.device)
        signal, save, self.share = self.world.highest(flags).tolist()
        return int(signal), bool(save)

    def _share_statistics(self) -> None:
        """Give every process, and all images of a tied channel, the mean running statistics."""
        networks: list[nn.Module] = [self.learner]
        if self.average:
            networks.append(self.average.network)
        for network in networks:
            share_statistics(network)
        self.world.average(buffer for network in networks for buffer in network.buffers())

    def _leave_out(self, seconds: float) -> None:
        """Do not count these seconds as training."""
        self.away += seconds
        self.logged_time += seconds

    def _seconds(self) -> float:
        """Return the training time of the whole run."""
        return self.first_seconds + time.perf_counter() - self.started - self.away

    def _note_times(self) -> None:
        """Write down how long the run has taken."""
        self.facts.seconds, self.facts.elapsed = self._seconds(), self.clock.elapsed

    def _parts(self) -> Parts:
        """Return what a checkpoint is made of."""
        average = self.average.network if self.average else None
        return Parts(self.learner, self.optimizer, average)

    def _result(self, signal: int) -> Result:
        """Sum the sitting up."""
        here = max(self.facts.seconds - self.first_seconds, 1e-9)
        steps = self.facts.step - self.first_step
        return Result(
            objective=self.config.objective,
            positions=self.positions,
            seconds=self.facts.seconds,
            positions_per_second=steps * self.config.batch_size / here,
            wait_share=self.batches.wait_seconds / here if steps else 0.0,
            validation=self.facts.validation,
            weights=self.out / "weights",
            compute=self.compute,
            relayout=self.relayout,
            signal=signal,
        )
