"""The LightningModule: one training step under any update order, counted as one step."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor, distributed
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.orders import Plan, Portion
from faceswap_lab.training.recent import RecentLosses
from faceswap_lab.training.step.discriminators import Discriminators
from faceswap_lab.training.step.finite import Watch
from faceswap_lab.training.step.optimizers import CAN_SKIP, STATES, OptimizerStates, Settings
from faceswap_lab.training.step.training_step import StepSettings, TrainingStep

WriteRow = Callable[[dict[str, float], int], None]
"""Takes numbers by name, and the training steps made until then."""


class FaceswapModule(pl.LightningModule):
    """Trains an Autoencoder on portions of samples, in the order and with the optimizer state it is told.

    Lightning counts optimizer steps under manual optimization, so ``max_steps``, checkpoint intervals and logger steps
    would mean something else under every update order. Here Lightning's counter is advanced once per training step.

    Args:
        autoencoder: what is trained.
        plan: the updates of every step.
        optimizer: the arithmetic of an update.
        optimizer_state: a key of ``STATES``.
        settings: how losses are taken and gradients used.
        discriminators: what learns beside the autoencoder; they need no optimizers yet.
        ema: decay of averaged weights; None: there are none.
        log_every: training steps averaged into one row.
        last_step: the step after which nothing more comes: the last row may be short, and the result's losses are those
            of the last tenth of the way.
        cuda_graphs: whether the parts of the autoencoder replay CUDA graphs; see ``compiled``.
        look_later: whether the device keeps what is not finite from the optimizers, and the host looks for it only
            where it waits anyway (``look``); see ``finite``. None: on one GPU, if the optimizer can skip an
            update.

    Attributes:
        steps_done: training steps made.
        pending: losses since the last row, by name, each the mean over all devices.
        recent: losses of the last steps, for the result.
        last_losses: the last row's losses.
        averaged: what averages the weights, if they are averaged.
        write_row: takes every row; nothing does unless it is set.
    """

    write_row: WriteRow | None = None

    def __init__(
        self,
        autoencoder: Autoencoder,
        plan: Plan,
        optimizer: Settings,
        optimizer_state: str,
        settings: StepSettings | None = None,
        discriminators: Discriminators | None = None,
        ema: float | None = None,
        log_every: int = 10,
        last_step: int = 0,
        cuda_graphs: bool = False,
        look_later: bool | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.autoencoder, self.plan, self.settings = autoencoder, plan, settings or StepSettings()
        self.optimizer_settings, self.optimizer_state = optimizer, optimizer_state
        self.discriminators = discriminators or Discriminators()
        self.averaged = _Average(autoencoder, ema) if ema is not None else None
        self.log_every, self.last_step = log_every, last_step
        self.cuda_graphs, self.look_later = cuda_graphs, look_later
        self.steps_done = 0
        self.pending: dict[str, list[Tensor]] = {}
        self.recent = RecentLosses(last_step)
        self.last_losses: dict[str, float] = {}
        self.states: OptimizerStates
        self.step: TrainingStep

    @property
    def average(self) -> Autoencoder | None:
        """The model of the averaged weights, if there is one."""
        return None if self.averaged is None else cast(Autoencoder, self.averaged.module)

    @property
    def all_optimizers(self) -> list[Optimizer]:
        """The autoencoder's, then the discriminators'."""
        return [*self.states.optimizers, *self.discriminators.states.optimizers]

    @property
    def term_weights(self) -> Mapping[str, float]:
        """The weights of terms of the loss that events have changed by the step that was made last."""
        return self.settings.events.at(self.steps_done - 1).weights

    def configure_optimizers(self) -> list[Optimizer]:
        """Build the optimizers, and what uses them, on the weights where they now lie."""
        parameters = {
            side: [p for p in self.autoencoder.parameters_of(side) if p.requires_grad]  # a part may be frozen
            for side in self.autoencoder.sides
        }
        skip = self._skip()
        self.states = STATES[self.optimizer_state](parameters, self.optimizer_settings, skip)
        self.discriminators.make_optimizers(self.optimizer_settings, skip)
        self.step = TrainingStep(
            self.autoencoder,
            self.plan,
            self.states,
            # Lightning's own prepares DDP; alone it adds hooks that nobody has: a hundredth of a step at scale=quick
            self.manual_backward if distributed.is_initialized() else Tensor.backward,
            Watch(skip),
            self.settings,
            self.discriminators,
            self.average,
        )
        return self.all_optimizers

    def _skip(self) -> Tensor | None:
        """Return what tells the optimizers on the device to skip an update, or None if the host is to look at once."""
        device, can = next(self.autoencoder.parameters()).device, self.optimizer_settings.name in CAN_SKIP
        # Of several devices all must find it in the same step, or some would wait for the others for ever
        later = device.type == "cuda" and can and not distributed.is_initialized()
        later = later if self.look_later is None else self.look_later
        return torch.zeros((), device=device) if later else None

    def on_train_start(self) -> None:
        """Start the clock of the speeds."""
        self.speed = _Speed()

    def training_step(self, batch: Sequence[SideBatch], batch_index: int) -> None:
        """Train on the portions of one step; each is a SideBatch on this device."""
        if self.cuda_graphs:
            # What graphs compute lives until the next mark. By itself torch would set one when a forward pass follows a
            # backward pass: within a step, where gradients or a code (of an encoder that is not trained) still wait.
            torch.compiler.cudagraph_mark_step_begin()
        seen = self.make_step(batch)
        losses = [(f"loss_{portion.side}", loss) for portion, loss in seen.items()]
        losses += [
            (f"loss_{portion.side}/{name}", term)
            for portion, terms in self.step.terms.items()
            for name, term in terms.items()
        ]
        losses += [("loss_tie", distance) for distance in self.step.tied]
        losses += self.step.told.items()
        self.recent.add(losses)
        for name, loss in losses:
            self.pending.setdefault(name, []).append(loss)
        self.speed.count(sum(len(portion.input) for portion in batch) * self.trainer.world_size)
        self.count_step()
        if self.steps_done % self.log_every == 0 or self.steps_done == self.last_step:
            self.log_pending()

    def make_step(self, batch: Sequence[SideBatch]) -> dict[Portion, Tensor]:
        """Make the next training step with its samples, on this device; return the unweighted losses."""
        portions = self.plan.portions(self.steps_done)
        seen = self.step.make(self.steps_done, dict(zip(portions, batch, strict=True)))
        self.steps_done += 1
        if self.averaged is not None:
            self.averaged.take(self.autoencoder, first=self.steps_done == 1)
        return seen

    def on_train_end(self) -> None:
        """Let nothing that is not finite pass for the end of a training."""
        self.look()

    def look(self) -> None:
        """Wait for the device, and see that all losses and gradients so far are finite.

        Whatever makes a step's state last (a row, a checkpoint, a score, a picture) calls it first.

        Raises:
            Diverged: the first that was not.
        """
        self.step.watch.look()

    def count_step(self) -> None:
        """Make Lightning's global_step the number of training steps made, whatever the number of optimizer steps."""
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.total.ready = progress.total.completed = self.steps_done

    def log_pending(self) -> None:
        """Write the row of the mean losses since the last one, and of the speeds."""
        self.look()
        self.last_losses = {  # on the CPU: MPS has no float64
            name: float(torch.stack(losses).cpu().double().mean()) for name, losses in sorted(self.pending.items())
        }
        if self.steps_done % self.log_every == 0:  # else it is a short last row, which a longer run fills up
            self.pending = {}
        row = self.last_losses | self.speed.read()
        if self.write_row is not None:
            self.write_row(row, self.steps_done)


class _Average(AveragedModel):
    """A model whose weights are, after each update, ``decay`` times its own and the rest the autoencoder's.

    The first update copies them.
    """

    def __init__(self, autoencoder: Autoencoder, decay: float) -> None:
        super().__init__(autoencoder, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.requires_grad_(False)  # or DDP would wait for their gradients

    @torch.no_grad()
    def take(self, autoencoder: Autoencoder, first: bool) -> None:
        """Do what ``update_parameters`` does, which asks the device whether it is the first, and waits for it."""
        own: list[Tensor] = list(self.parameters())
        others: list[Tensor] = list(autoencoder.parameters())
        if first:
            for mean, p in zip(own, others, strict=True):
                mean.copy_(p)
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn(own, others, self.n_averaged)
        for copied, buffer in zip(self.module.buffers(), autoencoder.buffers(), strict=True):
            copied.copy_(buffer)
        self.n_averaged += 1


class _Speed:
    """Training steps and faces per second of wall clock since the last reading."""

    def __init__(self) -> None:
        self.since, self.steps, self.faces = time.monotonic(), 0, 0

    def count(self, faces: int) -> None:
        self.steps, self.faces = self.steps + 1, self.faces + faces

    def read(self) -> dict[str, float]:
        seconds = max(time.monotonic() - self.since, 1e-9)
        speeds = {"steps_per_second": self.steps / seconds, "faces_per_second": self.faces / seconds}
        self.since, self.steps, self.faces = time.monotonic(), 0, 0
        return speeds
