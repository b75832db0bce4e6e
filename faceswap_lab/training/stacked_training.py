"""The training steps of several seeds, made together."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.data.faces import Side
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.stack import Stack
from faceswap_lab.training.stacked_stepper import StackedStepper

Seen = list[tuple[Side, Tensor]]


class StackedTraining:
    """Trains modules that differ in nothing but their seed, as one batch of models.

    Args:
        modules: on one device, with optimizers, after equally many steps.
    """

    def __init__(self, modules: Sequence[FaceswapModule]) -> None:
        self._put_together(modules)

    def step(
        self,
        batches: Sequence[Sequence[SideBatch]],
        step: int,
        precision: AbstractContextManager[None] | None = None,
    ) -> list[Seen | Diverged]:
        """Make one training step with each module's portions of it.

        Args:
            batches: per module its portions, (n, …) each, on the modules' device.
            step: training steps made before it.
            precision: surrounds the arithmetic; None: float32.

        Returns:
            per module (side, unweighted loss) of each portion, or what is not finite. Such a module is of no more use:
            ``keep`` the others.
        """
        portions = [_one_portion(of_each) for of_each in zip(*batches, strict=True)]
        self.stepper.begin(step)
        with precision or nullcontext():
            self.move(self.stepper, portions)
        seen, lost = self.stepper.seen.values(), self.stepper.lost
        return [lost.get(i) or [(side, loss[i]) for side, loss in seen] for i in range(len(self.modules))]

    def hand_out(self) -> None:
        """Bring the optimizers of every module up to date; their weights always are."""
        self.stack.hand_out()

    def keep(self, modules: Sequence[FaceswapModule]) -> None:
        """Go on with these of the modules alone."""
        self.hand_out()
        self._put_together(modules)

    def _put_together(self, modules: Sequence[FaceswapModule]) -> None:
        self.modules, first = list(modules), modules[0]
        self.stack = Stack(self.modules)
        self.move = first.move
        self.stepper = StackedStepper(
            self.stack, first.loss_name, first.mask_weight, first.side_weights, first.gradient_clip
        )


def _one_portion(of_each: Sequence[SideBatch]) -> SideBatch:
    """Stack the same portion of every seed: (k, n, …).

    Raises:
        ValueError: the seeds are to be trained on different sides.
    """
    if len({portion.side for portion in of_each}) > 1:
        raise ValueError("trainer.seeds_at_once: this update order's plan depends on the seed. Use seeds_at_once=1.")
    input, target, mask = (torch.stack(parts) for parts in zip(*(portion[1:] for portion in of_each), strict=True))
    return SideBatch(of_each[0].side, input, target, mask)
