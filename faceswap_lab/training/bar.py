"""A bar that shows how far training is, the losses, the speed and the time left."""

import sys
import time
from typing import Any

import pytorch_lightning as pl

from faceswap_lab.training.module import FaceswapModule


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
