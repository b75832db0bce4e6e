"""Several runs that differ in nothing but their seed, trained at once; each has all that it would have had alone."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

import pytorch_lightning as pl
import torch

from faceswap_lab.data.datamodule import SideBatch, TogetherDataset, loader_of, moved
from faceswap_lab.interruption import Interrupted, interruptible
from faceswap_lab.runs.result import Result
from faceswap_lab.training.build import resident_on, samples_of
from faceswap_lab.training.callbacks import Interruptions
from faceswap_lab.training.checkpoint import BadCheckpoint, Checkpoint, restore
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.fit import prepare_process, trainer_of
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.processes import Place
from faceswap_lab.training.run import Run, callbacks_of
from faceswap_lab.training.stacked_training import StackedTraining

Ending = Result | Exception | Interrupted | None


def train_together(runs: Sequence[Run]) -> list[Ending]:
    """Train the runs from their checkpoints to the end, as one batch of models, and judge each.

    The first run leads: one that is at another step than it is left out, to be trained another time.

    Args:
        runs: of configurations that differ in the seed alone, on one device. The caller holds their locks.

    Returns:
        for each run its result, or what ended it, as its folder says too, or None if it was left out.

    Raises:
        BadCheckpoint: the first run has checkpoints, but none can be used.
    """
    prepare_process(runs[0].config)
    members = [_Member(runs[0], runs[0].look_up())]
    for run in runs[1:]:
        with suppress(BadCheckpoint):  # it will be said when it is that run's turn
            member = _Member(run, run.look_up())
            if run.first_step == runs[0].first_step:
                members.append(member)
    for member in members:
        member.run.clock.share(len(members))
    if len(members) == 1:
        return [_alone(runs[0]), *[None] * (len(runs) - 1)]
    _Gang(members).train_and_judge()
    endings = {member.run: member.ending for member in members}
    return [endings.get(run) for run in runs]


def _alone(run: Run) -> Ending:
    try:
        return run.train_and_judge()
    except Exception as error:
        return error


class _Member:
    """One of the runs.

    Attributes:
        ending: its result, or the error that ended it; None as long as it goes on.
    """

    module: FaceswapModule

    def __init__(self, run: Run, checkpoint: Checkpoint | None) -> None:
        self.run, self.checkpoint = run, checkpoint
        self.ending: Ending = None

    def begin(self, seeds: Sequence[int]) -> None:
        """Begin the run's session, and make its module."""
        self.module = self.run.begin(seeds)

    def go_to(self, device: torch.device) -> None:
        """Put the module on the device, as its checkpoint has it."""
        self.module.to(device)
        self.module.configure_optimizers()
        if self.checkpoint is not None:
            restore(self.module, self.checkpoint)
            self.checkpoint = None  # its tensors are no longer needed
        self.module.trainer = cast(pl.Trainer, _Loop(self.run.loggers))
        self.module.on_train_start()

    def act(self, action: Callable[..., Result | None], *arguments: Any) -> None:
        """Do something of this run alone; an error of it ends this run, and no other."""
        if self.ending is not None:
            return
        try:
            with self.run.ending():
                self.ending = action(*arguments)
        except Exception as error:
            self.ending = error.with_traceback(None)  # it is on file, and would keep alive whatever was at work
        except Interrupted as stop:  # concerns all
            self.ending = stop
            raise

    def end(self, error: BaseException) -> None:
        """End this run, unless it has ended."""
        with suppress(Interrupted):
            self.act(_raise, error)


class _Gang:
    def __init__(self, members: Sequence[_Member]) -> None:
        self.members = members
        first = members[0].run
        self.config, self.first_step, self.last_step = first.config, first.first_step, first.last_step
        self.label = f"{first.label} ×{len(members)} seeds"

    @property
    def going_on(self) -> list[_Member]:
        return [member for member in self.members if member.ending is None]

    def train_and_judge(self) -> None:
        """Take all members to their ends."""
        try:
            with interruptible():  # whose handlers come back when training has put its own over them
                for member in self.members:
                    member.act(member.begin, [each.run.config.seed for each in self.members])
                self._put_in_place()
                if self.going_on and self.first_step < self.last_step:
                    self._train()
            for member in self.members:
                member.run.clock.share(math.inf)  # the judging of one is no training time of another
            for member in self.going_on:
                member.act(member.run.judge_and_finish, member.module)
        except (Exception, Interrupted) as error:  # an error here is of the steps that all make together
            if isinstance(error, Interrupted) and not self.going_on and not self._any_interrupted():
                raise  # all have ended by themselves in the very step: the sweep is to hear of the signal all the same
            for member in self.going_on:
                member.end(error)
        finally:
            self._let_go()

    def _any_interrupted(self) -> bool:
        return any(isinstance(member.ending, Interrupted) for member in self.members)

    def _let_go(self) -> None:
        """Free the device for the next cell now, not when Python comes to look for circles."""
        for member in self.members:
            member.__dict__.pop("module", None)
        for name in ("training", "resident", "lead", "trainer"):
            self.__dict__.pop(name, None)

    def _put_in_place(self) -> None:
        """Let Lightning choose device and precision; the steps are made here."""
        self.trainer = trainer_of(self.config, Place())
        self.trainer.strategy.setup_environment()
        self.device = self.trainer.strategy.root_device
        if self.first_step < self.last_step:  # the faces before the models: what is free decides whether they come
            self.resident = resident_on(self.device, self.config, self.members[0].run.data)
        for member in self.going_on:
            member.act(member.go_to, self.device)

    def _train(self) -> None:
        """Make the steps, and after each what is due."""
        loop, interruptions, self.lead = _Loop(), Interruptions(), self.going_on[0].module
        callbacks = [interruptions, *self._callbacks()]
        self.training = StackedTraining([member.module for member in self._sharing_time()])
        self._each(callbacks, "on_train_start", loop)
        try:
            for batches in self._samples():
                self._step(dict(zip(self.members, batches, strict=True)))
                if not self.going_on:
                    break
                self._each(callbacks, "on_train_batch_end", loop, None, None, 0)
                if loop.should_stop:
                    break
        finally:
            self._each(callbacks, "teardown", loop, "fit")
        interruptions.tell()

    def _samples(self) -> Iterator[list[list[SideBatch]]]:
        """Return what each step needs of every member, from faces that they share."""
        modules = [samples_of(member.run.config, member.run.data, self.first_step) for member in self.members]
        for member, module in zip(self.members, modules):
            module.resident = self.resident
            member.act(member.run.note, module.sampler)
        steps = TogetherDataset([module.train_dataloader().dataset for module in modules])
        for batches in loader_of(steps, self.config.trainer.workers, self.device.type == "cuda"):
            yield [modules[0].finished(moved(batch, self.device)) for batch in batches]

    def _step(self, batches: dict[_Member, Sequence[SideBatch]]) -> None:
        members = self._sharing_time()
        if len(members) < len(self.training.modules):
            for member in self.members:
                if member.ending is not None:
                    member.__dict__.pop("module", None)  # its weights are views that would keep the larger stack
            self.training.keep([member.module for member in members])
        portions = [batches[member] for member in members]
        step = members[0].module.steps_done
        seen = self.training.step(portions, step, self.trainer.precision_plugin.train_step_context())
        for member, of_member, portion in zip(members, seen, portions, strict=True):
            if isinstance(of_member, Diverged):
                member.end(of_member)
            else:
                member.act(member.module.step_made, of_member, sum(len(part.input) for part in portion))

    def _callbacks(self) -> list[pl.Callback]:
        """Return what happens during training; the clock of the first decides for all, so all are at one step."""
        steps = (self.first_step, self.last_step)
        return callbacks_of(
            self.config, self.label, steps, self._by_all(Run.judge_on_the_way), self._by_all(Run.preview), self._save
        )

    def _by_all(self, action: Callable[[Run, FaceswapModule], None]) -> Callable[[FaceswapModule], None]:
        def act(first: FaceswapModule) -> None:
            for member in self.going_on:
                member.act(action, member.run, member.module)

        return act

    def _save(self, first: FaceswapModule) -> None:
        self.training.hand_out()
        self._by_all(Run.save)(first)

    def _each(self, callbacks: Sequence[pl.Callback], hook: str, loop: "_Loop", *rest: Any) -> None:
        self.lead = next((member.module for member in self.going_on), self.lead)
        for callback in callbacks:
            getattr(callback, hook)(loop, self.lead, *rest)

    def _sharing_time(self) -> list[_Member]:
        members = self.going_on
        for member in members:
            if member.run.clock.runs != len(members):
                member.run.clock.share(len(members))
        return members


class _Loop:
    """What our callbacks and modules ask of a Lightning trainer."""

    world_size = 1

    def __init__(self, loggers: Sequence[Any] = ()) -> None:
        self.loggers, self.should_stop = list(loggers), False


def _raise(error: BaseException) -> None:
    raise error
