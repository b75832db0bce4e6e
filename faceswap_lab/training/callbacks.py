"""What happens around the training steps: going on from a checkpoint, interruptions, and what is due every so often."""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytorch_lightning as pl
import torch
from torch import distributed

from faceswap_lab.interruption import SIGNALS, Interrupted, ignore_signals
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.saved.checkpoint import Checkpoint, restore


class Resume(pl.Callback):
    """Puts a checkpoint's state into the module as soon as its optimizers exist."""

    def __init__(self, checkpoint: Checkpoint | None) -> None:
        self.checkpoint = checkpoint

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Load weights, optimizer state, the step, and the losses that wait for their row."""
        assert isinstance(pl_module, FaceswapModule)
        if self.checkpoint is not None:
            restore(pl_module, self.checkpoint)
            pl_module.count_step()


class Interruptions(pl.Callback):
    """A signal ends the run after the step in hand; a second SIGINT ends it at once.

    Lightning's own handler lets SIGTERM end a whole sweep with exit code 0, so ours replaces it while training; before
    and after, ``faceswap_lab.interruption`` has it.

    Args:
        listening: False in the further processes of a run on several devices: they hear of it from the first one.

    Attributes:
        received: the signal's number, or None.
    """

    def __init__(self, listening: bool = True) -> None:
        self.listening = listening
        self.received: int | None = None
        self.hosts: distributed.ProcessGroup | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over the signals; Lightning puts the former handlers back when it tears down."""
        if distributed.is_initialized():
            self.hosts = distributed.new_group(backend="gloo")  # NCCL would have every step wait for the device
        if not self.listening:
            ignore_signals()
            return
        if threading.current_thread() is threading.main_thread():  # signals are its business, as in ``interruption``
            for number in SIGNALS:
                signal.signal(number, self._note)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        """Stop after this step if a signal has come, in all processes alike."""
        if self._has_come():
            trainer.should_stop = True

    def tell(self, failure: Exception | None = None) -> None:
        """Raise Interrupted if a signal has come, be it in the last step: whoever sent it waits for the end.

        ``failure``, which ended the training all the same, such as a full disk, becomes its cause.
        """
        if self.received is not None:
            raise Interrupted(self.received) from failure

    def _has_come(self) -> bool:
        if self.hosts is None:
            return self.received is not None
        heard = torch.tensor(self.received is not None, dtype=torch.uint8)
        distributed.all_reduce(heard, distributed.ReduceOp.MAX, group=self.hosts)
        return bool(heard)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise Interrupted(number)
        self.received = number
        said = f"\n{signal.Signals(number).name}: finishing this step and saving …\n"
        os.write(2, said.encode())  # print may be at work at this moment, and cannot be called twice


class Every(pl.Callback):
    """Does something every so many training steps, or seconds, and when training ends early.

    Args:
        steps: training steps between two times; None: not by steps.
        seconds: seconds between two times; None: not by the clock.
        action: called with the module, after the step.
        at_stop: also when training is stopped before its last step.
    """

    def __init__(
        self, steps: int | None, seconds: float | None, action: Callable[[FaceswapModule], None], at_stop: bool = False
    ) -> None:
        self.steps, self.seconds, self.action, self.at_stop = steps, seconds, action, at_stop
        self.last = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.last = time.monotonic()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        """Do it if it is due."""
        assert isinstance(pl_module, FaceswapModule)
        by_steps = self.steps is not None and pl_module.steps_done % self.steps == 0
        by_clock = self.seconds is not None and time.monotonic() - self.last >= self.seconds
        if by_steps or by_clock or (self.at_stop and trainer.should_stop):
            pl_module.look()
            self.action(pl_module)
            self.last = time.monotonic()
