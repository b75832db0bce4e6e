"""The moves of an update order for several seeds at once: as ``TorchStepper``, with a loss and a gradient per seed."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.data.faces import Side
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.losses import loss_of
from faceswap_lab.training.stack import Stack
from faceswap_lab.training.stepper import picture

_TINY = 1e-6  # beside the norm by which a gradient is divided, as torch's clip_grads_with_norm_ has it


class StackedStepper:
    """Carries out the moves of ``orders`` (see ``orders.Stepper``) on a ``Stack``; portions are (k, n, …), losses (k,).

    The forward pass is the one of a single model under ``torch.vmap``, which makes grouped convolutions of its
    convolutions. No seed's loss depends on another's weights, so the gradient of the sum is that of each.

    Args:
        stack: what is trained.
        loss: a key of ``LOSSES``.
        mask_weight: see ``loss_of``.
        side_weights: factor of each side's loss.
        gradient_clip: largest norm of the gradient of one update, of each seed by itself; None: not clipped.

    Attributes:
        seen: per portion of the step its side and its unweighted losses, (k,).
        lost: by place in the stack, why a seed cannot go on. Its optimizers have seen zeros since.
    """

    def __init__(
        self,
        stack: Stack,
        loss: str,
        mask_weight: float,
        side_weights: Mapping[Side, float],
        gradient_clip: float | None,
    ) -> None:
        self.stack, self.side_weights, self.gradient_clip = stack, side_weights, gradient_clip
        self.single = _Losses(stack.bare, loss, mask_weight)
        self.weights = {f"autoencoder.{name}": p for name, p in stack.weights.items()}
        self.buffers = {f"autoencoder.{name}": buffer for name, buffer in stack.buffers.items()}
        self.lost: dict[int, Diverged] = {}
        self.begin(0)

    def begin(self, step: int) -> None:
        """Begin a training step, ``step`` being made already."""
        self.step = step
        self.seen: dict[int, tuple[Side, Tensor]] = {}

    def losses(self, portions: Sequence[SideBatch], train_encoders: bool = True) -> list[Tensor]:
        """Return the weighted losses (k,) of each portion at the present weights, with their graph."""
        sides = [portion.side for portion in portions]

        def of_one(weights: dict[str, Tensor], buffers: dict[str, Tensor], pixels: list[Tensor]) -> tuple[Tensor, ...]:
            return functional_call(self.single, (weights, buffers), (sides, pixels, train_encoders))

        pixels = [part for portion in portions for part in portion[1:]]
        losses = torch.vmap(of_one)(self.weights, self.buffers, pixels)
        self.seen |= {id(p): (p.side, loss.detach()) for p, loss in zip(portions, losses)}
        return [loss * self.side_weights[side] for side, loss in zip(sides, losses)]

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of the k losses to those that wait."""
        loss.sum().backward()

    def larger(self, first: SideBatch, second: SideBatch) -> bool:
        """Refuse: the answer is each seed's own. Of our orders the configuration's rules let none come here.

        Raises:
            ValueError: always.
        """
        raise ValueError("trainer.seeds_at_once: this update order depends on each seed's losses. Use seeds_at_once=1.")

    def update(self, sides: Sequence[Side]) -> None:
        """Let the optimizers of ``sides`` use the gradients that wait; a seed that is not finite gets zeros instead."""
        gradients = [p.grad for p in self.weights.values() if p.grad is not None]
        if not self._all_finite(gradients):
            self._note_lost(_norms(gradients), sides)
        for g in gradients if self.lost else ():
            g[list(self.lost)] = 0
        if self.gradient_clip is not None:
            factors = (self.gradient_clip / (_norms(gradients) + _TINY)).clamp(max=1.0)
            for g in gradients:
                g.mul_(factors.view(-1, *[1] * (g.dim() - 1)))
        self.stack.states.step(sides)
        for p in self.weights.values():
            p.grad = None

    def _all_finite(self, gradients: Sequence[Tensor]) -> bool:
        """Wait for the device, once per update. One norm of all seeds costs far fewer operations than one of each."""
        values = [nn.utils.get_total_norm(gradients).double().view(1), *(x.double() for _, x in self.seen.values())]
        return bool(torch.isfinite(torch.cat(values)).all())

    def _note_lost(self, norms: Tensor, sides: Sequence[Side]) -> None:
        """Note each seed's first thing that is not finite."""
        named = [(f"loss_{side}", losses) for side, losses in self.seen.values()]
        named.append((f"the gradient's norm in the update of {' and '.join(sides)}", norms))
        values = torch.stack([value.double() for _, value in named])
        for i, of_seed in enumerate(values.T.tolist()):
            bad = [(what, value) for (what, _), value in zip(named, of_seed) if not math.isfinite(value)]
            if bad:
                self.lost.setdefault(i, Diverged(self.step, *bad[0]))


def _norms(gradients: Sequence[Tensor]) -> Tensor:
    """Return the norm of each seed's gradient, (k,)."""
    return torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients]).norm(dim=0)


class _Losses(nn.Module):
    """The losses of one seed as a module's forward pass, which is what ``functional_call`` calls."""

    def __init__(self, autoencoder: Autoencoder, loss: str, mask_weight: float) -> None:
        super().__init__()
        self.autoencoder, self.loss_name, self.mask_weight = autoencoder, loss, mask_weight

    def forward(self, sides: Sequence[Side], pixels: Sequence[Tensor], train_encoders: bool) -> tuple[Tensor, ...]:
        """Return the unweighted loss of each portion; ``pixels`` holds input, target and mask of each, uint8."""
        inputs, targets, masks = pixels[::3], pixels[1::3], pixels[2::3]
        drawn = self.autoencoder.reconstruct_all([(s, picture(x)) for s, x in zip(sides, inputs)], train_encoders)
        return tuple(self._loss(*of_portion) for of_portion in zip(drawn, targets, masks))

    def _loss(self, drawn: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        weight = mask.unsqueeze(1) / 255 if self.mask_weight else None
        return loss_of(drawn, picture(target), weight, self.loss_name, self.mask_weight)
