"""What an update order's moves are made of: losses, backward passes and updates of an autoencoder."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, distributed, nn

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.data.faces import Side
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.finite import Watch
from faceswap_lab.training.losses import loss_of
from faceswap_lab.training.optimizers import OptimizerStates


class TorchStepper:
    """Carries out the moves of ``orders`` (see ``orders.Stepper``), on one device or on this process's part of several.

    Args:
        autoencoder: what is trained, on its device.
        states: its optimizers.
        backward: computes the gradients of a loss, averaged over the devices.
        loss: a key of ``LOSSES``.
        mask_weight: see ``loss_of``.
        side_weights: factor of each side's loss.
        gradient_clip: largest norm of the gradient of one update; None: not clipped.
        channels_last: how pictures lie in memory, as the autoencoder's weights do.
        watch: sees that every update's numbers are finite; its ``skip`` is what the optimizers read, if they do.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        states: OptimizerStates,
        backward: Callable[[Tensor], None],
        loss: str,
        mask_weight: float,
        side_weights: Mapping[Side, float],
        gradient_clip: float | None,
        channels_last: bool,
        watch: Watch,
    ) -> None:
        self.autoencoder, self.states, self.backward = autoencoder, states, backward
        self.loss_name, self.mask_weight, self.side_weights = loss, mask_weight, side_weights
        self.gradient_clip, self.channels_last, self.watch = gradient_clip, channels_last, watch
        self.parameters = list(autoencoder.parameters())
        self.begin(0)

    def begin(self, step: int) -> None:
        """Begin a training step, ``step`` being made already."""
        self.step = step
        self.seen: dict[int, tuple[Side, Tensor]] = {}  # per portion: its unweighted loss as last taken, of all devices

    def losses(self, portions: Sequence[SideBatch], train_encoders: bool = True) -> list[Tensor]:
        """Return the weighted loss of each portion at the present weights, with their graph."""
        outputs = self.autoencoder.reconstruct_all([(p.side, self._picture(p.input)) for p in portions], train_encoders)
        return [self._loss(portion, output) for portion, output in zip(portions, outputs)]

    def larger(self, first: SideBatch, second: SideBatch) -> bool:
        """Return whether the first portion's unweighted loss, as last taken, exceeds the second's.

        What the host does next depends on it, so the host waits for the device here, once per step of ``worse_first``.
        """
        return bool(self.seen[id(first)][1] > self.seen[id(second)][1])

    def update(self, sides: Sequence[Side]) -> None:
        """Let the optimizers of ``sides`` use the gradients that wait, in that order, then drop the gradients.

        Raises:
            Diverged: something is not finite, and the watch looks at once; no optimizer has been called.
        """
        norm = _norm([p.grad for p in self.parameters if p.grad is not None])
        losses = [(f"loss_{side}", loss) for side, loss in self.seen.values()]
        self.watch.take(self.step, [*losses, (f"the gradient's norm in the update of {' and '.join(sides)}", norm)])
        if self.gradient_clip is not None:
            nn.utils.clip_grads_with_norm_(self.parameters, self.gradient_clip, norm)
        self.states.step(sides)
        for p in self.parameters:
            p.grad = None

    def _loss(self, portion: SideBatch, output: Tensor) -> Tensor:
        mask = portion.mask.unsqueeze(1) / 255 if self.mask_weight else None
        loss = loss_of(output, self._picture(portion.target), mask, self.loss_name, self.mask_weight)
        self.seen[id(portion)] = portion.side, _mean_over_devices(loss.detach())
        return loss * self.side_weights[portion.side]

    def _picture(self, pixels: Tensor) -> Tensor:
        seen = picture(pixels)
        return seen if self.channels_last else seen.contiguous()


def _norm(gradients: list[Tensor]) -> Tensor:
    """torch.nn.utils.get_total_norm for tensors of one device and type: it sorts them first, a quarter of its time."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))


def picture(pixels: Tensor) -> Tensor:
    """(N, r, r, 3) uint8 -> (N, 3, r, r) float32 in [0, 1], channels last in memory: a fifth faster on a CPU."""
    return pixels.permute(0, 3, 1, 2) / 255


def _mean_over_devices(value: Tensor) -> Tensor:
    if not distributed.is_initialized():
        return value
    total = value.clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
