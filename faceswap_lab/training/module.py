"""The LightningModule: one training step under any update order, counted as one step."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.data.faces import SIDES, Side
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.losses import loss_of
from faceswap_lab.training.optimizers import STATES, OptimizerStates, Settings
from faceswap_lab.training.orders import ORDERS


class Diverged(RuntimeError):
    """A loss or a gradient is not finite. Raised before the optimizer would have used it."""

    def __init__(self, step: int, what: str, value: float) -> None:
        self.step = step
        super().__init__(
            f"step {step}: {what} is {value}. The weights before this step are kept. "
            "Try a smaller optimizer.lr, or training.gradient_clip=1."
        )


class FaceswapModule(pl.LightningModule):
    """Trains an Autoencoder on portions of samples, in the order and with the optimizer state it is told.

    Lightning counts optimizer steps under manual optimization, so ``max_steps``, checkpoint intervals and logger steps
    would mean something else under every update order. Here Lightning's counter is advanced once per training step.

    Args:
        autoencoder: what is trained.
        order: a key of ``ORDERS``.
        optimizer: the arithmetic of an update.
        optimizer_state: a key of ``STATES``.
        loss: a key of ``LOSSES``.
        mask_weight: see ``loss_of``.
        side_weights: factor of each side's loss.
        gradient_clip: largest norm of the gradient of one update; None: not clipped.
        log_every: training steps averaged into one row of the loggers.
        last_step: the step after which nothing more comes, so that the last row may be short.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        order: str,
        optimizer: Settings,
        optimizer_state: str,
        loss: str = "mae",
        mask_weight: float = 0.0,
        side_weights: dict[Side, float] | None = None,
        gradient_clip: float | None = None,
        log_every: int = 10,
        last_step: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.autoencoder = autoencoder
        self.move = ORDERS[order].move
        self.optimizer_settings, self.optimizer_state = optimizer, optimizer_state
        self.loss_name, self.mask_weight = loss, mask_weight
        self.side_weights = side_weights or dict.fromkeys(SIDES, 1.0)
        self.gradient_clip = gradient_clip
        self.log_every, self.last_step = log_every, last_step
        self.steps_done = 0
        self.pending: dict[Side, list[Tensor]] = {side: [] for side in SIDES}  # losses since the last row
        self.last_losses: dict[str, float] = {}
        self.states: OptimizerStates

    def configure_optimizers(self) -> list[Optimizer]:
        """Build the optimizers on the weights where they now lie."""
        parameters = {side: list(self.autoencoder.parameters_of(side)) for side in SIDES}
        self.states = STATES[self.optimizer_state](parameters, self.optimizer_settings)
        return self.states.optimizers

    def training_step(self, batch: Sequence[SideBatch], batch_index: int) -> None:
        """Train on the portions of one step; each is a SideBatch on this device."""
        stepper = _Stepper(self)
        self.move(stepper, batch)
        for side, loss in stepper.seen.values():
            self.pending[side].append(loss)
        self.steps_done += 1
        self.count_step()
        if self.steps_done % self.log_every == 0 or self.steps_done == self.last_step:
            self.log_pending()

    def count_step(self) -> None:
        """Make Lightning's global_step the number of training steps made, whatever the number of optimizer steps."""
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.total.ready = progress.total.completed = self.steps_done

    def log_pending(self) -> None:
        """Send the mean losses since the last row to every logger; the only place that waits for the device."""
        self.last_losses = {f"loss_{side}": self._mean(losses) for side, losses in self.pending.items() if losses}
        self.pending = {side: [] for side in SIDES}
        for logger in self.loggers:
            logger.log_metrics(self.last_losses, step=self.steps_done)

    def _mean(self, losses: Sequence[Tensor]) -> float:
        mean = torch.stack(list(losses)).double().mean()
        return float(self.trainer.strategy.reduce(mean, reduce_op="mean"))


class _Stepper:
    """What an update order's move may do, on a module in training (see ``orders.Stepper``)."""

    def __init__(self, module: FaceswapModule) -> None:
        self.module = module
        self.parameters = list(module.autoencoder.parameters())
        self.seen: dict[int, tuple[Side, Tensor]] = {}  # per portion: its loss as last taken, unweighted

    def loss(self, portion: Any) -> Tensor:
        m = self.module
        target = _picture(portion.target)
        output = m.autoencoder.reconstruct(portion.side, _picture(portion.input)).float()
        mask = portion.mask.unsqueeze(1).float().div(255)
        loss = loss_of(output, target, mask, m.loss_name, m.mask_weight)
        self._finite(f"loss_{portion.side}", loss)
        self.seen[id(portion)] = portion.side, loss.detach()
        return loss * m.side_weights[portion.side]

    def backward(self, loss: Tensor) -> None:
        self.module.manual_backward(loss)

    def update(self, sides: Sequence[Side]) -> None:
        m = self.module
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        self._finite(f"the gradient's norm in the update of {' and '.join(sides)}", norm)
        if m.gradient_clip is not None:
            nn.utils.clip_grads_with_norm_(self.parameters, m.gradient_clip, norm)
        m.states.step(sides)
        for p in self.parameters:
            p.grad = None

    def larger(self, first: Tensor, second: Tensor) -> bool:
        reduce = self.module.trainer.strategy.reduce
        return bool(reduce(first.detach(), reduce_op="mean") > reduce(second.detach(), reduce_op="mean"))

    def _finite(self, what: str, value: Tensor) -> None:
        if not torch.isfinite(value):
            raise Diverged(self.module.steps_done, what, float(value))


def _picture(pixels: Tensor) -> Tensor:
    """(N, r, r, 3) uint8 -> (N, 3, r, r) float32 in [0, 1], channels last in memory: a fifth faster on a CPU."""
    return pixels.permute(0, 3, 1, 2).float().div(255)
