"""What happens around the training steps: checkpoints, previews, interruptions, and a bar that shows the losses."""

import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytorch_lightning as pl

from faceswap_lab.training.module import FaceswapModule

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class Interruptions(pl.Callback):
    """A signal ends the run after the step in hand; a second SIGINT ends it at once.

    Lightning's own handler lets SIGTERM end a whole sweep with exit code 0, so ours replaces it while training.

    Attributes:
        received: the signal's number, or None.
    """

    def __init__(self) -> None:
        self.received: int | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over the signals; Lightning puts the former handlers back when it tears down."""
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        """Stop after this step if a signal has come."""
        if self.received is not None:
            trainer.should_stop = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number
        print(f"\n{signal.Signals(number).name}: finishing this step and saving …", file=sys.stderr, flush=True)


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
            self.action(pl_module)
            self.last = time.monotonic()


class Bar(pl.Callback):
    """Steps, losses and speed: a bar on a terminal, a line now and then elsewhere.

    Args:
        label: what is trained.
        total: training steps in all.
        first: where this session begins.
        seconds_between: between two lines, where there is no terminal.
    """

    def __init__(self, label: str, total: int, first: int, seconds_between: float = 15.0) -> None:
        self.label, self.total, self.first, self.seconds_between = label, total, first, seconds_between
        self.bar: Any = None
        self.shown = self.started = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the bar."""
        self.started = self.shown = time.monotonic()
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            TextColumn("{task.fields[speed]}", style="dim"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=Console(stderr=True), refresh_per_second=4)
        self.task = self.bar.add_task(self.label, total=self.total, completed=self.first, losses="", speed="")
        self.bar.start()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        """Move the bar; its numbers change when a row of metrics is written."""
        assert isinstance(pl_module, FaceswapModule)
        now, step = time.monotonic(), pl_module.steps_done
        if self.bar is not None:
            if now - self.shown >= 0.25 or step == self.total:
                self.shown = now
                self.bar.update(self.task, completed=step, losses=self._losses(pl_module), speed=self._speed(step, now))
        elif now - self.shown >= self.seconds_between or step == self.total:
            self.shown = now
            print(
                f"{self.label}: step {step} of {self.total}  {self._losses(pl_module)}  {self._speed(step, now)}",
                file=sys.stderr,
                flush=True,
            )

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Leave the finished bar on the screen."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _losses(self, module: FaceswapModule) -> str:
        return "  ".join(f"{name} {value:.4f}" for name, value in module.last_losses.items())

    def _speed(self, step: int, now: float) -> str:
        return f"{(step - self.first) / max(now - self.started, 1e-9):.1f} steps/s"
