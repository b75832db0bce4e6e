"""Shows how far training is, the losses, the speed and the time left."""

import sys
import time
from html import escape
from typing import Any

import pytorch_lightning as pl
from rich.console import Console

from faceswap_lab.training.module import FaceswapModule


class Bar(pl.Callback):
    """Steps, losses and speed: a bar on a terminal or in a notebook, a line now and then elsewhere.

    Args:
        label: what is trained.
        total: training steps in all.
        first: where this session begins.
    """

    def __init__(self, label: str, total: int, first: int) -> None:
        self.label, self.total, self.first = label, total, first
        self.place: _Lines | None = None
        self.shown = self.started = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the bar."""
        self.started = self.shown = time.monotonic()
        console = Console(stderr=True)
        if console.is_jupyter:
            self.place = _Notebook(self.label, self.total)
        elif sys.stderr.isatty():
            self.place = _Terminal(console, self.label, self.total, self.first)
        else:
            self.place = _Lines(self.label, self.total)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        """Move the bar; its numbers change when a row of metrics is written."""
        assert isinstance(pl_module, FaceswapModule)
        now, step = time.monotonic(), pl_module.steps_done
        if self.place is not None and (now - self.shown >= self.place.seconds_between or step == self.total):
            self.shown = now
            whole = {name: value for name, value in pl_module.last_losses.items() if "/" not in name}  # not their terms
            losses = "  ".join(f"{name} {value:.4f}" for name, value in whole.items())
            speed = f"{(step - self.first) / max(now - self.started, 1e-9):.1f} steps/s"
            self.place.show(step, losses, speed)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Leave the finished bar on the screen."""
        if self.place is not None:
            self.place.close()
            self.place = None


class _Lines:
    seconds_between = 15.0

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total = label, total

    def show(self, step: int, losses: str, speed: str) -> None:
        print(f"{self.label}: step {step} of {self.total}  {losses}  {speed}", file=sys.stderr, flush=True)

    def close(self) -> None:
        pass


class _Terminal(_Lines):
    seconds_between = 0.25

    def __init__(self, console: Console, label: str, total: int, first: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            TextColumn("{task.fields[speed]}", style="dim"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=console, refresh_per_second=4)
        self.task = self.bar.add_task(label, total=total, completed=first, losses="", speed="")
        self.bar.start()

    def show(self, step: int, losses: str, speed: str) -> None:
        self.bar.update(self.task, completed=step, losses=losses, speed=speed)

    def close(self) -> None:
        self.bar.stop()


class _Notebook(_Lines):
    """One output of the cell, changed in place. rich's own bar would need ipywidgets."""

    seconds_between = 0.5

    def __init__(self, label: str, total: int) -> None:
        from IPython.display import HTML, display

        super().__init__(label, total)
        self.html = HTML
        self.output = display(HTML(""), display_id=True)

    def show(self, step: int, losses: str, speed: str) -> None:
        bar = f'<progress value="{step}" max="{self.total}"></progress>'
        self.output.update(
            self.html(f"{escape(self.label)} {bar} {step} of {self.total} &nbsp; {losses} &nbsp; {speed}")
        )
